//! Memory and disk together against the model.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::prelude::*;

use super::asked::Asked;
use super::model::{Question, groups, question};
use super::model_tests::{FIELDS, order, owned};
use super::{Cursor, Order, Page, Stored, View};
use crate::buffer::rotation::{Keep, Rotation, RotationReason};
use crate::buffer::samples::{ENTRY_IDS, event, push_taking};
use crate::buffer::{Buffer, BufferConfig};
use crate::event::encode::{encode, split::Split};
use crate::event::limits::PARTS_MISSING_KEY;
use crate::event::row::RowScratch;
use crate::event::{AuditEvent, Sequence};
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::history::{EventIndexer, History};
use crate::journal::{Journal, JournalConfig, LogId, pack, remove_raw};

const LOG: LogId = LogId([9; 16]);

/// The trail, in memory, on disk, and as a plain list.
struct Trail {
    fs: SimulatedFs,
    journal: Journal,
    buffer: Buffer,
    history: Arc<History>,
    held: Vec<AuditEvent>,
    /// Segments whose index was found damaged.
    damaged: Arc<Mutex<Vec<Sequence>>>,
}

/// What is done with the segment that was written to.
#[derive(Debug, Clone, Copy)]
enum Seal {
    Raw,
    /// Both forms are there.
    Packed,
    PackedAlone,
    WithoutIndex,
}

/// An event of which the entry ids are in several entries.
#[derive(Debug, Clone)]
struct Long {
    event: AuditEvent,
    /// How many entry ids are in each of its entries.
    counts: Vec<usize>,
    /// So many of the entries are there: a crash took the others.
    written: usize,
    /// What is done behind the first of them.
    seal: Option<Seal>,
}

#[derive(Debug, Clone)]
enum Step {
    Push(Vec<AuditEvent>),
    Long(Box<Long>),
    Seal(Seal),
    Release(u64),
}

fn directory() -> PathBuf {
    PathBuf::from("/log")
}

impl Trail {
    fn new(segment_events_max: usize) -> Self {
        let fs = SimulatedFs::default();
        let config = JournalConfig { reserve_bytes: 0, ..JournalConfig::new(directory(), LOG) };
        let (journal, _) = Journal::open(config, Arc::new(fs.clone()), 0).unwrap();
        let damaged = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&damaged);
        let tell = Box::new(move |first, _| telling.lock().unwrap().push(first));
        let shared: Arc<dyn JournalFs> = Arc::new(fs.clone());
        let history = History::new(shared, directory(), LOG, Sequence(0), tell);
        let config = BufferConfig { segment_events_max, ..BufferConfig::default() };
        let (buffer, held) = (Buffer::new(config), Vec::new());
        Trail { fs, journal, buffer, history: Arc::new(history), held, damaged }
    }

    fn run(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Push(events) => events.into_iter().for_each(|event| self.push(event)),
                Step::Long(long) => self.push_long(*long),
                Step::Seal(seal) => self.seal(seal),
                Step::Release(events_max) => self.release(events_max),
            }
        }
    }

    fn push(&mut self, event: AuditEvent) {
        let counts = vec![event.entry_ids.len()];
        self.push_long(Long { event, counts, written: 1, seal: None });
    }

    fn push_long(&mut self, Long { event, counts, written, seal }: Long) {
        let sequence = self.buffer.next_sequence();
        let recorded_at = event.recorded_at.or(Some(event.timestamp));
        let event = AuditEvent { sequence: Some(sequence), recorded_at, ..event };
        // As an entry gives it back.
        let entry = serde_json::to_vec(&event).unwrap();
        let mut event: AuditEvent = serde_json::from_slice(&entry).unwrap();
        let (mut scratch, mut entry) = (RowScratch::default(), Vec::new());
        let row = scratch.row(&event, 0);
        let split = Split::at_will(event.clone(), counts.clone());
        for (number, row) in split.rows(row).take(written).enumerate() {
            let place = Sequence(sequence.0 + number as u64);
            entry.clear();
            encode(&row, place, &mut entry);
            assert_eq!(self.journal.append(&entry).unwrap(), place);
            self.journal.sync(0).unwrap();
            seal.filter(|_| number == 0).into_iter().for_each(|seal| self.seal(seal));
        }
        if written < counts.len() {
            event.entry_ids.truncate(counts[..written].iter().sum());
            event.metadata.insert(PARTS_MISSING_KEY, counts.len() - written);
        }
        push_taking(&mut self.buffer, &event, written as u64);
        self.held.push(event);
    }

    fn seal(&mut self, seal: Seal) {
        let Some(sealed) = self.journal.seal(0).unwrap() else { return };
        if matches!(seal, Seal::Raw) {
            return;
        }
        let packed = pack(&self.fs, &directory(), sealed.first, &EventIndexer).unwrap();
        assert_eq!((packed.next, packed.raw_bytes), (sealed.next, sealed.bytes));
        if !matches!(seal, Seal::Packed) {
            remove_raw(&self.fs, &directory(), sealed.first).unwrap();
        }
        if matches!(seal, Seal::WithoutIndex) {
            self.fs.remove_file(&packed.index.path).unwrap();
        }
    }

    /// Releases segments from memory until at most so many events remain.
    fn release(&mut self, events_max: u64) {
        let keep = Keep::Events(events_max);
        self.buffer.begin_release(Rotation { reason: RotationReason::Events, keep });
        self.buffer.finish_release();
    }

    fn view(&mut self) -> View {
        View::new(self.buffer.publish()).with_stored(Stored::new(Arc::clone(&self.history)))
    }
}

fn seal() -> impl Strategy<Value = Seal> {
    prop_oneof![
        Just(Seal::Raw),
        Just(Seal::Packed),
        Just(Seal::PackedAlone),
        Just(Seal::WithoutIndex)
    ]
}

fn long() -> impl Strategy<Value = Long> {
    let more = vec(proptest::sample::select(&ENTRY_IDS[..]), 0..4);
    let written = prop_oneof![4 => Just(usize::MAX), 1 => 1..4_usize];
    (event(), more, vec(0..3_usize, 1..4), written, proptest::option::of(seal())).prop_map(
        |(mut event, more, mut counts, written, seal)| {
            event.entry_ids.extend(more.into_iter().map(str::to_owned));
            let mut rest = event.entry_ids.len();
            for count in &mut counts {
                *count = rest.min(*count);
                rest -= *count;
            }
            counts.push(rest);
            let written = written.min(counts.len());
            Long { event, counts, written, seal }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => vec(event(), 0..20).prop_map(Step::Push),
        3 => long().prop_map(|long| Step::Long(Box::new(long))),
        2 => seal().prop_map(Step::Seal),
        1 => (0..30_u64).prop_map(Step::Release),
    ]
}

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
    assert_eq!((page.next, page.released_before), (None, None));
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

fn filled(steps: Vec<Step>, segment_events_max: usize) -> Trail {
    let mut trail = Trail::new(segment_events_max);
    trail.run(steps);
    trail
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
        let tell = Box::new(move |first, _| damaged.lock().unwrap().push(first));
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
