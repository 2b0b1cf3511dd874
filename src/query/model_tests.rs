//! The implementation against the model.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::model::{Question, groups, question};
use super::{Cursor, Field, Order, Page, View};
use crate::buffer::rotation::{Keep, Rotation, RotationReason};
use crate::buffer::samples::{event, push};
use crate::buffer::{Buffer, BufferConfig};
use crate::event::{AuditEvent, Sequence};

pub(super) const FIELDS: [Field; 9] = [
    Field::User,
    Field::Actor,
    Field::Session,
    Field::Operation,
    Field::Org,
    Field::Resource,
    Field::Source,
    Field::Status,
    Field::StatusSource,
];

/// The trail, twice.
struct Both {
    buffer: Buffer,
    held: Vec<AuditEvent>,
}

impl Both {
    fn new(segment_events_max: usize) -> Self {
        let config = BufferConfig { segment_events_max, ..BufferConfig::default() };
        Both { buffer: Buffer::new(config), held: Vec::new() }
    }

    fn push(&mut self, mut event: AuditEvent) {
        event.sequence = Some(self.buffer.next_sequence());
        push(&mut self.buffer, &event);
        self.held.push(event);
    }

    /// Releases segments until at most so many events remain.
    fn release(&mut self, events_max: u64) {
        let keep = Keep::Events(events_max);
        self.buffer.begin_release(Rotation { reason: RotationReason::Events, keep });
        let released = self.buffer.finish_release();
        self.held.drain(..released as usize);
    }

    fn view(&mut self) -> View {
        View::new(self.buffer.publish())
    }

    fn first(&self) -> u64 {
        self.held.first().map_or(self.buffer.next_sequence().0, sequence)
    }
}

fn sequence(event: &AuditEvent) -> u64 {
    event.sequence.unwrap().0
}

pub(super) fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::NewestFirst), Just(Order::OldestFirst)]
}

pub(super) fn owned(events: &[&AuditEvent]) -> Vec<AuditEvent> {
    events.iter().map(|event| (*event).clone()).collect()
}

/// Everything that can be asked at one moment.
fn check_all(both: &mut Both, question: &Question, order: Order) -> usize {
    let view = both.view();
    let query = || question.ask(view.query()).order(order);
    let mut expected = question.answer(&both.held);
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
    assert_eq!(query().count().unwrap(), expected.len() as u64);
    let ids: Vec<_> = expected.iter().map(|event| event.event_id).collect();
    assert_eq!(query().ids().unwrap(), ids);
    assert_eq!(query().limit(3).ids().unwrap(), ids[..ids.len().min(3)]);
    expected.len()
}

#[derive(Debug, Clone)]
enum Step {
    Push(Vec<AuditEvent>),
    Release(u64),
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        vec(event(), 0..20).prop_map(Step::Push),
        (0..80_u64).prop_map(Step::Release),
        Just(Step::Nothing),
    ]
}

/// What the next page has to be, by the model.
fn expected_page<'a>(
    both: &'a Both,
    question: &Question,
    order: Order,
    limit: usize,
    seen: Option<(u64, u64)>,
) -> (Vec<&'a AuditEvent>, bool, Option<Sequence>) {
    let first = both.first();
    let mut ahead = question.answer(&both.held);
    let mut released = false;
    match order {
        Order::NewestFirst => {
            ahead.reverse();
            if let Some((last, first_then)) = seen {
                ahead.retain(|event| sequence(event) < last);
                released = first > first_then;
            }
        }
        Order::OldestFirst => {
            if let Some((last, _)) = seen {
                ahead.retain(|event| sequence(event) > last);
                released = first > last + 1;
            }
        }
    }
    let more = ahead.len() > limit;
    ahead.truncate(limit);
    (ahead, more, released.then_some(Sequence(first)))
}

fn check_pages(
    both: &mut Both,
    question: &Question,
    order: Order,
    limits: &[usize],
    steps: Vec<Step>,
) {
    let mut steps = steps.into_iter();
    let mut cursor: Option<Cursor> = None;
    let mut seen = None;
    let mut places: Vec<u64> = Vec::new();
    for limit in limits.iter().cycle() {
        let view = both.view();
        let query = question.ask(view.query()).order(order).limit(*limit).after(cursor);
        let Page { events, next, released_before } = query.run().unwrap();
        let (expected, more, released) = expected_page(both, question, order, *limit, seen);
        assert_eq!(events, owned(&expected));
        assert_eq!((next.is_some(), released_before), (more, released));
        places.extend(events.iter().map(sequence));
        let Some(next) = next else { break };
        seen = places.last().map(|last| (*last, both.first()));
        cursor = Some(next.to_string().parse().unwrap());
        match steps.next().unwrap_or(Step::Nothing) {
            Step::Push(events) => events.into_iter().for_each(|event| both.push(event)),
            Step::Release(events_max) => both.release(events_max),
            Step::Nothing => {}
        }
    }
    if order == Order::NewestFirst {
        places.reverse();
    }
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "no event twice: {places:?}");
}

fn filled(events: Vec<AuditEvent>, segment_events_max: usize, publish_every: usize) -> Both {
    let mut both = Both::new(segment_events_max);
    for (at, event) in events.into_iter().enumerate() {
        both.push(event);
        if at % publish_every == 0 {
            both.view();
        }
    }
    both
}

proptest! {
    #![proptest_config(crate::soak::cases(200))]

    #[test]
    fn every_answer_is_that_of_a_plain_list(
        events in vec(event(), 0..150),
        segment_events_max in 1..100_usize,
        publish_every in 1..40_usize,
        questions in vec((question(), order()), 5),
    ) {
        let mut both = filled(events, segment_events_max, publish_every);
        for (question, order) in questions {
            check_all(&mut both, &question, order);
        }
    }

    #[test]
    fn pages_stay_stable_while_events_come_and_go(
        events in vec(event(), 0..100),
        segment_events_max in 1..40_usize,
        question in question(),
        order in order(),
        limits in vec(1..12_usize, 1..4),
        steps in vec(step(), 0..20),
    ) {
        let mut both = filled(events, segment_events_max, 13);
        check_pages(&mut both, &question, order, &limits, steps);
    }
}

/// The same questions on every run: enough of them find something, and each
/// filter is among those that matter.
#[test]
fn random_questions_are_worth_asking() {
    let mut runner = TestRunner::deterministic();
    let sample = |runner: &mut TestRunner| {
        let events = vec(event(), 50..150).new_tree(runner).unwrap().current();
        let questions = vec((question(), order()), 10).new_tree(runner).unwrap().current();
        (events, questions)
    };
    let (mut asked, mut answered) = (0, 0);
    for _ in 0..200 {
        let (events, questions) = sample(&mut runner);
        let mut both = filled(events, 40, 17);
        for (question, order) in questions {
            asked += 1;
            answered += usize::from(check_all(&mut both, &question, order) > 0);
        }
    }
    assert!(answered * 3 >= asked, "{answered} of {asked} questions found something");
}
