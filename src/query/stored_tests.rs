//! Memory and disk together against the model.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::asked::Asked;
use super::model::{Question, groups, question};
use super::model_tests::{FIELDS, order, owned};
use super::stored_rig::{LOG, Seal, Step, Trail, directory, filled, step};
use super::{Cursor, Order, Page, Stored, View};
use crate::event::{AuditEvent, Sequence};
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::history::{EventIndexer, History};

fn check_all(trail: &mut Trail, question: &Question, order: Order) -> usize {
    let view = trail.view();
    let query = || question.ask(view.query()).order(order);
    let mut expected = question.answer(&trail.held);
    for field in FIELDS {
        assert_eq!(query().group_by(field).unwrap(), groups(&expected, field), "{field:?}");
    }
    if order == Order::NewestFirst {
        expected.reverse();
    }
    let page = query().run().unwrap();
    assert_eq!(page.events, owned(&expected));
    assert_eq!((&page.next, page.released_before), (&None, None));
    assert_eq!(query().snapshot().unwrap(), page);
    assert_eq!(crate::channel::block_on(query().into_future()).unwrap(), page);
    assert_eq!(query().count().unwrap(), expected.len() as u64);
    let ids: Vec<_> = expected.iter().map(|event| event.event_id).collect();
    assert_eq!(query().ids().unwrap(), ids);
    assert_eq!(query().limit(3).ids().unwrap(), ids[..ids.len().min(3)]);
    expected.len()
}

/// Page after page, while events come, go from memory, and are sealed.
fn check_pages(
    trail: &mut Trail,
    question: &Question,
    order: Order,
    limit: usize,
    steps: Vec<Step>,
) {
    let mut steps = steps.into_iter();
    let mut cursor: Option<Cursor> = None;
    let mut seen: Vec<AuditEvent> = Vec::new();
    let before = trail.buffer.next_sequence().0;
    loop {
        let query = question.ask(trail.view().query()).order(order).limit(limit).after(cursor);
        let Page { events, next, released_before } = query.run().unwrap();
        assert_eq!(released_before, None, "nothing is ever gone");
        assert!(events.len() == limit || next.is_none());
        seen.extend(events);
        let Some(next) = next else { break };
        cursor = Some(next.to_string().parse().unwrap());
        trail.run(steps.next().into_iter().collect());
    }
    // Newest first, a walk sees what was there when it began. The trail of an
    // event is what it is at each page.
    let mut expected = question.answer(&trail.held);
    if order == Order::NewestFirst {
        expected.retain(|event| event.sequence.unwrap().0 < before);
        expected.reverse();
    }
    if question.trail_of.is_none() {
        assert_eq!(seen, owned(&expected));
    }
}

proptest! {
    #![proptest_config(crate::soak::cases(60))]

    #[test]
    fn memory_and_disk_answer_as_a_plain_list_does(
        steps in vec(step(), 0..16),
        segment_events_max in 1..40_usize,
        keep in 0..40_u64,
        questions in vec((question(), order()), 4),
    ) {
        let mut trail = filled(steps, segment_events_max);
        trail.release(keep);
        for (question, order) in questions {
            check_all(&mut trail, &question, order);
        }
    }

    #[test]
    fn pages_go_on_into_the_log(
        steps in vec(step(), 0..10),
        question in question(),
        order in order(),
        limit in 1..12_usize,
        more in vec(step(), 0..12),
    ) {
        let mut trail = filled(steps, 10);
        check_pages(&mut trail, &question, order, limit, more);
    }
}

/// Five segments of every kind; only the newest events are in memory.
fn sample() -> Trail {
    let events = |from: usize| {
        let event = |number: usize| {
            AuditEvent::builder("store")
                .user_id(if number % 50 == 7 { "rare".into() } else { format!("u{}", number % 5) })
                .entry_ids([format!("entry-{number}")])
                .build()
        };
        Step::Push((from..from + 60).map(event).collect())
    };
    let seals = [Seal::PackedAlone, Seal::Packed, Seal::PackedAlone, Seal::Raw];
    let mut steps = vec![events(0)];
    for (at, seal) in seals.into_iter().enumerate() {
        steps.extend([Step::Seal(seal), events(60 * (at + 1))]);
    }
    let mut trail = filled(steps, 10);
    trail.release(10);
    trail
}

fn of(question: Question) -> [(Question, Order); 2] {
    [(question.clone(), Order::NewestFirst), (question, Order::OldestFirst)]
}

fn rare() -> Question {
    Question { user: Some("rare".into()), ..Question::default() }
}

fn segment_files(fs: &SimulatedFs, ending: &str) -> Vec<PathBuf> {
    let directory = directory().join("segments");
    let names = fs.names(&directory);
    let of_kind = names.iter().filter(|name| name.ends_with(ending));
    of_kind.map(|name| directory.join(name)).collect()
}

fn flip(fs: &SimulatedFs, path: &Path, bit: usize) {
    let mut bytes = fs.bytes(path);
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs.tamper(path, &bytes);
}

#[test]
fn a_rare_user_is_found_wherever_the_events_are() {
    let mut trail = sample();
    for (question, order) in of(rare()) {
        assert_eq!(check_all(&mut trail, &question, order), 6);
    }
    assert!(trail.damaged.lock().unwrap().is_empty());
}

#[test]
fn no_flipped_bit_of_an_index_changes_an_answer() {
    let mut trail = sample();
    let paths = segment_files(&trail.fs, ".idx");
    let first = Sequence(0);
    let path = &paths[0];
    let bits = trail.fs.bytes(path).len() * 8;
    let mut told = 0;
    for bit in (0..bits).step_by(7) {
        flip(&trail.fs, path, bit);
        let shared: Arc<dyn JournalFs> = Arc::new(trail.fs.clone());
        let damaged = Arc::clone(&trail.damaged);
        let tell = Arc::new(move |first, _| damaged.lock().unwrap().push(first));
        trail.history = Arc::new(History::new(shared, directory(), LOG, Sequence(0), tell));
        let view = trail.view();
        assert_eq!(view.query().user("rare").count().unwrap(), 6, "bit {bit}");
        assert_eq!(view.query().entry_id("entry-3").count().unwrap(), 1, "bit {bit}");
        told += usize::from(trail.damaged.lock().unwrap().drain(..).any(|told| told == first));
        flip(&trail.fs, path, bit);
    }
    assert!(told * 7 > bits * 9 / 10, "{told} of {} flips were told", bits / 7);
}

#[test]
fn a_damaged_index_is_told_once_and_made_again_byte_for_byte() {
    let mut trail = sample();
    let path = segment_files(&trail.fs, ".idx").remove(0);
    let bytes = trail.fs.bytes(&path);
    trail.fs.tamper(&path, &bytes[..bytes.len() - 1]);
    for (question, order) in of(rare()) {
        check_all(&mut trail, &question, order);
    }
    assert_eq!(*trail.damaged.lock().unwrap(), [Sequence(0)]);
    let repair = || {
        crate::journal::repair_index(&trail.fs, &directory(), Sequence(0), &EventIndexer).unwrap()
    };
    assert!(repair() && !repair());
    assert_eq!(trail.fs.bytes(&path), bytes);
}

#[test]
fn what_a_writer_wrote_in_the_place_of_what_was_seen_is_found() {
    let by = |user: &str, count: usize| {
        let event = |id: usize| {
            AuditEvent::builder("store").user_id(user).entry_ids([id.to_string()]).build()
        };
        Step::Push((0..count).map(event).collect())
    };
    let trail = filled(vec![by("old", 2_000)], 10);
    let seen = View::on_disk(Stored::new(Arc::clone(&trail.history)), 2_000);
    assert_eq!(seen.query().user("old").count().unwrap(), 2_000);
    // The writer could not write all of a group, went back to its begin, and had others to write.
    let again = filled(vec![by("old", 100), by("new", 2_500)], 10);
    let path = segment_files(&again.fs, ".open").remove(0);
    trail.fs.tamper(&path, &again.fs.bytes(&path));
    let now = View::on_disk(Stored::new(Arc::clone(&trail.history)), 2_600);
    assert_eq!(now.query().user("new").count().unwrap(), 2_500);
    assert_eq!(now.query().user("old").count().unwrap(), 100);
}

#[test]
fn an_index_of_another_segment_is_not_believed() {
    let mut trail = sample();
    let paths = segment_files(&trail.fs, ".idx");
    let other = trail.fs.bytes(&paths[1]);
    trail.fs.tamper(&paths[0], &other);
    for (question, order) in of(rare()) {
        check_all(&mut trail, &question, order);
    }
    assert_eq!(*trail.damaged.lock().unwrap(), [Sequence(0)]);
}

#[test]
fn a_flipped_bit_of_a_compressed_segment_is_an_error_or_changes_nothing() {
    let mut trail = sample();
    let path = segment_files(&trail.fs, ".zst").remove(0);
    let all = Question::default();
    let expected = owned(&all.answer(&trail.held));
    let view = trail.view();
    let mut errors = 0;
    let bits = trail.fs.bytes(&path).len() * 8;
    for bit in (0..bits).step_by(11) {
        flip(&trail.fs, &path, bit);
        match view.query().order(Order::OldestFirst).run() {
            Ok(page) => {
                assert_eq!(page.events.len(), expected.len(), "bit {bit}");
                for (found, expected) in page.events.iter().zip(&expected) {
                    assert_eq!(found, expected, "bit {bit}");
                }
            }
            Err(error) => {
                errors += 1;
                let said = error.to_string();
                assert!(said.contains(".zst") && said.contains("sequence"), "{said}");
            }
        }
        flip(&trail.fs, &path, bit);
    }
    assert!(errors * 11 > bits * 9 / 10, "{errors} of {}", bits / 11);
}

#[test]
fn a_segment_that_is_missing_in_between_is_an_error_and_one_at_the_beginning_was_pruned() {
    let mut trail = sample();
    let files = segment_files(&trail.fs, ".zst");
    trail.fs.remove_file(&files[2]).unwrap();
    let error = trail.view().query().count().unwrap_err();
    assert!(error.to_string().contains("sequence 120"), "{error}");
    for path in segment_files(&trail.fs, ".seg").iter().chain(&files[..2]) {
        let _ = trail.fs.remove_file(path);
    }
    assert_eq!(trail.view().query().count().unwrap(), 60);
}

#[test]
fn a_page_says_what_was_pruned_since_its_cursor_was_made() {
    let mut trail = sample();
    let page = trail.view().query().limit(30).run().unwrap();
    trail.fs.remove_file(&segment_files(&trail.fs, ".zst")[0]).unwrap();
    let page = trail.view().query().after(page.next).run().unwrap();
    assert_eq!((page.len(), page.released_before), (300 - 30 - 60, Some(Sequence(60))));
}

#[test]
fn one_organisation_sees_nothing_of_others_on_disk() {
    let mut trail = Trail::new(10);
    let events = ["a", "b"].map(|org| AuditEvent::builder("store").org_id(org).build());
    trail.run(vec![Step::Push(events.to_vec()), Step::Seal(Seal::PackedAlone), Step::Release(0)]);
    let view = trail.view().scoped_to_org("a");
    assert_eq!(view.query().count().unwrap(), 1);
    assert_eq!(view.query().org("b").count().unwrap(), 0);
}

/// What retention removes while an answer is made is missing from its middle or
/// its end, and the page says so, though there was no cursor.
#[test]
fn a_page_says_what_was_pruned_while_it_was_made() {
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let mut trail = sample();
        let (view, mut seen) = (trail.view(), Vec::new());
        let query = view.query().order(order);
        let asked = Asked::new(&query, &view, 0..u64::MAX).unwrap();
        let flow = asked.each_stored(|event| {
            if seen.is_empty() {
                for path in segment_files(&trail.fs, ".zst").iter().take(2) {
                    let _ = trail.fs.remove_file(path);
                    let _ = trail.fs.remove_file(&path.with_extension("seg"));
                }
            }
            seen.push(event.sequence().0);
            Ok(ControlFlow::Continue(()))
        });
        assert!(flow.unwrap().is_continue());
        let whole: Vec<u64> = match order {
            Order::OldestFirst => (0..60).chain(120..290).collect(),
            Order::NewestFirst => (120..290).rev().collect(),
        };
        assert_eq!(seen, whole);
        assert_eq!(asked.released_before(), Some(Sequence(120)));
        assert_eq!(view.stored().first_sequence(290), 120);
    }
}
