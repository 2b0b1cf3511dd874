//! Several logs as one trail, against plain lists.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::model::{Question, groups, question};
use super::model_tests::{FIELDS, order, owned};
use super::stored_rig::{Step, Trail, step};
use super::view::{FreshView, Source};
use super::{Cursor, Order, Query, View};
use crate::Result;
use crate::event::encode::{encode, split::Split};
use crate::event::row::RowScratch;
use crate::event::{AuditEvent, Sequence};
use crate::journal::{Journal, LogId};
use crate::redaction::HashKeys;

/// Logs of which the first has a buffer, and the others are on disk alone.
struct Several(Vec<View>);

impl Source for Several {
    fn fresh(&self) -> Result<View> {
        Ok(self.snapshot())
    }

    fn snapshot(&self) -> View {
        self.0[0].clone()
    }

    fn fresh_async(&self) -> FreshView {
        Box::pin(std::future::ready(self.fresh()))
    }

    fn hash_keys(&self) -> HashKeys {
        HashKeys::default()
    }

    fn every_log(&self, _: View) -> Result<Vec<View>> {
        Ok(self.0.clone())
    }
}

fn opened(number: usize) -> Trail {
    Trail::of_log(LogId([number as u8 + 1; 16]), 10)
}

fn logs(histories: Vec<Vec<Step>>) -> Vec<Trail> {
    let filled = histories.into_iter().enumerate().map(|(number, steps)| {
        let mut trail = opened(number);
        trail.run(steps);
        trail
    });
    filled.collect()
}

fn every_log(trails: &mut [Trail]) -> Query {
    let views = trails.iter_mut().enumerate().map(|(number, trail)| {
        let view = trail.view();
        match number {
            0 => view,
            _ => View::on_disk(view.stored().clone(), trail.history.sequences().unwrap().end),
        }
    });
    Query::new(Arc::new(Several(views.collect()))).every_log()
}

/// The nearest of the next events of each log, again and again. The ids of the logs are in
/// the order of their numbers.
fn merged(mut logs: Vec<Vec<AuditEvent>>, order: Order) -> Vec<AuditEvent> {
    if order == Order::NewestFirst {
        logs.iter_mut().for_each(|log| log.reverse());
    }
    let mut all = Vec::new();
    loop {
        let heads = logs.iter().enumerate().filter_map(|(number, log)| {
            let head = log.first()?;
            Some((head.recorded_at.unwrap(), number))
        });
        let nearest = match order {
            Order::NewestFirst => heads.max(),
            Order::OldestFirst => heads.min(),
        };
        let Some((_, number)) = nearest else { return all };
        all.push(logs[number].remove(0));
    }
}

fn answers(trails: &[Trail], question: &Question) -> Vec<Vec<AuditEvent>> {
    trails.iter().map(|trail| owned(&question.answer(&trail.held))).collect()
}

fn check_all(trails: &mut [Trail], question: &Question, order: Order) {
    let query = question.ask(every_log(trails)).order(order);
    let expected = merged(answers(trails, question), order);
    let page = query.run().unwrap();
    assert_eq!(page.events, expected);
    assert_eq!((&page.next, page.released_before), (&None, None));
    assert_eq!(query.snapshot().unwrap(), page);
    assert_eq!(crate::channel::block_on(query.clone().into_future()).unwrap(), page);
    assert_eq!(query.count().unwrap(), expected.len() as u64);
    let ids: Vec<_> = expected.iter().map(|event| event.event_id).collect();
    assert_eq!(query.ids().unwrap(), ids);
    assert_eq!(query.clone().limit(3).ids().unwrap(), ids[..ids.len().min(3)]);
    let mut each = Vec::new();
    query.clone().limit(2).each(|event| each.push(event)).unwrap();
    assert_eq!(each, expected);
    let references: Vec<_> = expected.iter().collect();
    for field in FIELDS {
        assert_eq!(query.group_by(field).unwrap(), groups(&references, field), "{field:?}");
    }
}

/// Page after page, while events come to all logs and a new log begins.
fn check_pages(trails: &mut Vec<Trail>, question: &Question, order: Order, more: Vec<Vec<Step>>) {
    let limit = 4;
    let before = answers(trails, question);
    let (mut cursor, mut seen) = (None::<Cursor>, Vec::new());
    let mut more = more.into_iter();
    loop {
        let query = question.ask(every_log(trails)).order(order).limit(limit).after(cursor);
        let page = query.run().unwrap();
        assert_eq!(page.released_before, None, "nothing is ever gone");
        assert!(page.events.len() == limit || page.next.is_none());
        seen.extend(page.events);
        let Some(next) = page.next else { break };
        cursor = Some(next.to_string().parse().unwrap());
        let Some(steps) = more.next() else { continue };
        let number = (seen.len() / limit) % (trails.len() + 1);
        if number == trails.len() {
            trails.push(opened(number));
        }
        trails[number].run(steps);
    }
    let expected = match order {
        // A walk sees what was there when it began.
        Order::NewestFirst => merged(before, order),
        Order::OldestFirst => {
            // What came later stands wherever its log had got to.
            assert!(answers(trails, question).iter().all(|log| is_within(log, &seen)));
            assert_eq!(sorted(&seen), sorted(&answers(trails, question).concat()));
            return;
        }
    };
    assert_eq!(seen, expected);
}

#[test]
fn the_last_parts_of_an_event_are_waited_for() {
    let mut trail = opened(0);
    let event = AuditEvent::builder("STORE").user_id("u").entry_ids(["a", "b", "c"]).build();
    let (mut scratch, mut entries) = (RowScratch::default(), Vec::new());
    let split = Split::at_will(event.clone(), vec![1, 1, 1]);
    for row in split.rows(scratch.row(&event, 0)) {
        let mut entry = Vec::new();
        encode(&row, Sequence(entries.len() as u64), &mut entry);
        entries.push(entry);
    }
    let write = |journal: &mut Journal, entry: &[u8]| {
        journal.append(entry).unwrap();
        journal.sync(0).unwrap();
    };
    write(&mut trail.journal, &entries[0]);
    assert_eq!(trail.history.sequences().unwrap(), 0..1, "what a crash left is there");
    write(&mut trail.journal, &entries[1]);
    let (history, journal) = (Arc::clone(&trail.history), &mut trail.journal);
    std::thread::scope(|scope| {
        let asked = scope.spawn(move || history.sequences().unwrap());
        std::thread::sleep(std::time::Duration::from_millis(20));
        write(journal, &entries[2]);
        assert_eq!(asked.join().unwrap(), 0..3);
    });
}

fn sorted(events: &[AuditEvent]) -> Vec<String> {
    let mut texts: Vec<_> =
        events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    texts.sort_unstable();
    texts
}

/// Whether the events of a log are among those that were seen, in their order.
fn is_within(log: &[AuditEvent], seen: &[AuditEvent]) -> bool {
    let mut seen = seen.iter();
    log.iter().all(|event| seen.any(|seen| seen == event))
}

proptest! {
    #![proptest_config(crate::soak::cases(40))]

    #[test]
    fn several_logs_answer_as_their_merged_lists_do(
        histories in vec(vec(step(), 0..8), 1..4),
        questions in vec((question(), order()), 3),
    ) {
        let mut trails = logs(histories);
        for (question, order) in questions {
            check_all(&mut trails, &question, order);
        }
        check_all(&mut trails, &Question::default(), Order::NewestFirst);
    }

    #[test]
    fn pages_of_several_logs_leave_nothing_out_and_repeat_nothing(
        histories in vec(vec(step(), 0..6), 1..4),
        question in question(),
        order in order(),
        more in vec(vec(step(), 0..3), 0..6),
    ) {
        // What belongs to the trail of an event may change from page to page.
        let question = Question { trail_of: None, ..question };
        let mut trails = logs(histories);
        check_pages(&mut trails, &question, order, more.clone());
        check_pages(&mut trails, &Question::default(), order, more);
    }
}

/// A log with so many events, one a second from this second on.
fn of_seconds(number: usize, seconds: std::ops::Range<i64>) -> Trail {
    let mut trail = opened(number);
    for second in seconds {
        let at = chrono::DateTime::from_timestamp(1_750_000_000 + second, 0).unwrap();
        let mut event = AuditEvent::builder("store").timestamp(at).build();
        event.recorded_at = Some(at);
        trail.run(vec![Step::Push(vec![event])]);
    }
    trail
}

#[test]
fn more_than_is_held_ahead_of_each_log_is_merged_as_well() {
    let mut trails = [of_seconds(0, 0..600), of_seconds(1, 300..700), of_seconds(2, 0..20)];
    for order in [Order::NewestFirst, Order::OldestFirst] {
        check_all(&mut trails, &Question::default(), order);
    }
}

#[test]
fn a_log_that_begins_between_two_pages_is_behind_what_comes_last() {
    let rest_of = |order| {
        let mut trails = vec![of_seconds(0, 0..5)];
        let query = |trails: &mut Vec<Trail>| every_log(trails).order(order).limit(3);
        let cursor = query(&mut trails).run().unwrap().next;
        trails.push(of_seconds(1, 10..12));
        query(&mut trails).limit(9).after(cursor).run().unwrap().len()
    };
    assert_eq!((rest_of(Order::OldestFirst), rest_of(Order::NewestFirst)), (4, 2));
}

#[test]
fn newest_first_a_cursor_names_the_logs_that_have_something_left() {
    let mut trails = [of_seconds(0, 0..9), of_seconds(1, 20..22), of_seconds(2, 30..31)];
    let cursor = every_log(&mut trails).limit(5).run().unwrap().next.unwrap();
    let one = trails[0].view().query().limit(5).run().unwrap().next.unwrap();
    assert_eq!(cursor.to_string().len(), one.to_string().len());
    assert_eq!(every_log(&mut trails).limit(9).after(cursor).run().unwrap().len(), 7);
}

#[test]
fn a_cursor_is_of_these_logs_and_of_every_log() {
    let mut trails = [of_seconds(0, 0..5), of_seconds(1, 0..5)];
    let query = every_log(&mut trails).limit(2);
    let cursor = query.run().unwrap().next.unwrap();
    assert_eq!(query.clone().after(cursor.clone()).run().unwrap().len(), 2);
    let refused = |query: Query| query.limit(2).after(cursor.clone()).run().unwrap_err();
    let own = trails[0].view().query();
    let error = refused(own);
    assert!(error.to_string().contains("other filters"), "{error}");
    let error = refused(every_log(&mut [of_seconds(7, 0..5)]));
    assert!(error.to_string().contains("another audit log"), "{error}");
    // One of the logs is enough: the other may have been removed.
    assert_eq!(every_log(&mut trails[1..]).limit(9).after(cursor).run().unwrap().len(), 4);
}

#[test]
fn a_view_is_of_one_log() {
    let view = of_seconds(0, 0..1).view();
    let error = view.query().every_log().run().unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("Audit::query"), "{error}");
}
