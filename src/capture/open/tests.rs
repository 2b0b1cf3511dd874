//! Slots: what several threads and several spans do to one.

use super::*;
use crate::capture::message::WhileOpen;

/// Spans whose slots are the same.
const ONE: u64 = 7;
const OTHER: u64 = 7 + SLOTS as u64;

fn open(spans: &OpenSpans, span: u64) {
    let capture = pool::take();
    let open = WhileOpen { span, ..WhileOpen::default() };
    capture.restart(0, local::with(Thread::next_key), open);
    spans.insert(0, capture);
}

fn note_exit(spans: &OpenSpans, span: u64, busy_ticks: u64, at_ticks: u64) {
    if !spans.slot_of(span).unwrap().note_exit(span, busy_ticks, at_ticks) {
        spans.with(span, |capture| {
            capture.busy_ticks += busy_ticks;
            capture.open.last_exit = capture.open.last_exit.max(LastExit::at(at_ticks));
        });
    }
}

fn close(spans: &OpenSpans, span: u64) -> Option<(u64, u64)> {
    let (capture, times) = spans.remove(span)?;
    let end = times.end_or_else(capture, || u64::MAX);
    Some((end.busy_ticks, end.ended_ticks))
}

#[test]
fn what_callers_look_at_first_is_one_line() {
    assert_eq!(size_of::<Slot>(), 64);
}

#[test]
fn success_is_noted_before_what_comes_after_it() {
    let spans = OpenSpans::new();
    open(&spans, ONE);
    let slot = spans.slot_of(ONE).unwrap();
    assert_eq!(slot.status_field_of_own(ONE), 0);
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(slot.status_field_of_own(ONE), NO_FIELD, "another's span"));
    });
    slot.succeed();
    let failure = |capture: &mut Capture| capture.note_statement(Some(Status::Failure), false);
    spans.with(ONE, failure);
    assert_eq!(spans.with(ONE, |capture| capture.seen.stated), Some(Some(Status::Failure)));
    slot.succeed();
    let (capture, _) = slot.remove_alone(ONE).unwrap();
    assert_eq!(capture.seen.stated, Some(Status::Success));
    open(&spans, ONE);
    assert_eq!(spans.with(ONE, |capture| capture.seen.stated), Some(None), "of the one before");
}

#[test]
fn the_times_of_all_threads_add_up() {
    let spans = OpenSpans::new();
    open(&spans, ONE);
    note_exit(&spans, ONE, 1, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(!spans.slot_of(ONE).unwrap().note_exit(ONE, 0, 0), "another's span");
            note_exit(&spans, ONE, 10, 50);
        });
    });
    note_exit(&spans, ONE, 100, 40);
    spans.disown(ONE);
    note_exit(&spans, ONE, 1_000, 30);
    assert_eq!(close(&spans, ONE), Some((1_111, 50)));
    assert_eq!(close(&spans, ONE), None);
    open(&spans, ONE);
    assert_eq!(close(&spans, ONE), Some((0, u64::MAX)), "never left");
}

#[test]
fn an_id_whose_bits_another_has_is_not_taken_for_it() {
    let (held, covered) = (ONE + 3 * SLOTS as u64, ONE + SLOTS as u64);
    let spans = OpenSpans::new();
    open(&spans, held);
    assert!(spans.slot_of(covered).is_some_and(|slot| !slot.holds(covered)));
    assert!(!spans.contains(covered) && spans.contains(held));
    assert!(spans.with(covered, |_| ()).is_none());
    assert_eq!(close(&spans, covered), None);
    assert!(spans.slot_of(ONE + 4 * SLOTS as u64).is_none(), "for certain");
    assert!(close(&spans, held).is_some());
}

#[test]
fn spans_that_share_a_slot_are_kept_apart() {
    for (first, second) in [(ONE, OTHER), (OTHER, ONE)] {
        let spans = OpenSpans::new();
        open(&spans, ONE);
        note_exit(&spans, ONE, 1, 10);
        assert!(spans.contains(ONE) && !spans.contains(OTHER));
        open(&spans, OTHER);
        assert!(spans.contains(ONE) && spans.contains(OTHER));
        note_exit(&spans, ONE, 2, 20);
        note_exit(&spans, OTHER, 4, 30);
        let mut seen = Vec::new();
        spans.for_each(|capture, _| seen.push(capture.open.span));
        assert_eq!(seen, [ONE, OTHER]);
        let expected = |span| if span == ONE { Some((3, 20)) } else { Some((4, 30)) };
        assert_eq!(close(&spans, first), expected(first));
        assert!(spans.contains(second) && !spans.contains(first));
        note_exit(&spans, second, 0, 5);
        assert_eq!(close(&spans, second), expected(second));
        assert!(spans.slot_of(ONE).is_none() && spans.slot_of(OTHER).is_none());
    }
}
