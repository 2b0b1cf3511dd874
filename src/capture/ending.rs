//! The end of an operation: reported, sent, collapsed, or still open at shutdown.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing_core::Event;
use tracing_core::field::{Field, Visit};

use crate::channel::LossReason;

use super::ahead::ask_for_at;
use super::callsite::Callsite;
use super::intake::Intake;
use super::local;
use super::message::{Capture, LastExit, Sent};
use super::open::{End, OpenSlot, Times};
use super::outcome::Reported;
use super::place::Report;
use super::pool::{self, Parcel};
use super::reading::{Read, read};
use super::ruled::settle_finally;

impl Intake {
    /// A span that may be tracked was left.
    ///
    /// Whether the thread unwinds is asked apart from the rest, which has nothing to
    /// keep while that is found out.
    #[inline(never)]
    pub(super) fn tracked_left(&self, span: u64, slot: OpenSlot<'_>) {
        if std::thread::panicking() {
            return self.left_unusually(span, slot);
        }
        self.left_calmly(span, slot);
    }

    /// A span was left, and not by unwinding.
    ///
    /// What is unusual is left to others at once, so that nothing has to be kept
    /// for afterwards.
    #[inline(never)]
    fn left_calmly(&self, span: u64, slot: OpenSlot<'_>) {
        ask_for_place();
        self.note_trace(span);
        let Some(counter) = self.clock.counter() else {
            return self.left_unusually(span, slot);
        };
        let entered = local::with(|thread| thread.pop_innermost(self.instance, span));
        let Some(at_ticks) = entered else {
            return self.left_unusually(span, slot);
        };
        let now_ticks = counter.ticks();
        let busy_ticks = now_ticks.saturating_sub(at_ticks);
        if !slot.note_exit(span, busy_ticks, now_ticks) {
            self.left_under_lock(span, busy_ticks, false, now_ticks);
        }
    }

    /// A span was left, not as usual.
    #[cold]
    #[inline(never)]
    fn left_unusually(&self, span: u64, slot: OpenSlot<'_>) {
        let now_ticks = self.clock.ticks();
        self.note_trace(span);
        if let Some(entered) = local::with(|thread| thread.pop_entered(self.instance, span)) {
            let busy_ticks = now_ticks.saturating_sub(entered.at_ticks);
            let panicked = std::thread::panicking() && !entered.panicking;
            if panicked || !slot.note_exit(span, busy_ticks, now_ticks) {
                self.left_under_lock(span, busy_ticks, panicked, now_ticks);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn left_under_lock(&self, span: u64, busy_ticks: u64, panicked: bool, now_ticks: u64) {
        let is_due = self.open.with(span, |open| {
            open.busy_ticks += busy_ticks;
            open.open.last_exit = open.open.last_exit.max(LastExit::at(now_ticks));
            open.seen.panicked |= panicked;
            open.open.is_reported && open.is_unsent_operation()
        });
        if is_due == Some(true) {
            self.send_reported(span);
        }
    }

    /// A span that may be tracked was closed.
    ///
    /// As when one is [left](Self::tracked_left).
    #[inline(never)]
    pub(super) fn tracked_closed(&self, span: u64, slot: OpenSlot<'_>) {
        if std::thread::panicking() {
            return self.closed_beside(span, slot);
        }
        self.closed_calmly(span, slot);
    }

    /// A span was closed, and not by unwinding.
    #[inline(never)]
    fn closed_calmly(&self, span: u64, slot: OpenSlot<'_>) {
        self.note_trace(span);
        match slot.remove_alone(span) {
            Some((capture, times)) if capture.is_unsent_operation() => {
                self.complete_usual(capture, times);
            }
            Some((capture, times)) => self.closed_otherwise(capture, times),
            None => self.closed_beside(span, slot),
        }
    }

    /// A span was closed, not as usual: it may share its slot with others.
    #[cold]
    #[inline(never)]
    fn closed_beside(&self, span: u64, slot: OpenSlot<'_>) {
        self.note_trace(span);
        match slot.remove(span) {
            Some((capture, times)) if capture.is_unsent_operation() => {
                self.complete(capture, times, std::thread::panicking());
            }
            Some((capture, times)) => self.closed_otherwise(capture, times),
            None => {}
        }
    }

    /// A span was closed that is no operation, or whose event was sent.
    #[inline(never)]
    fn closed_otherwise(&self, capture: Parcel, times: Times) {
        if capture.open.sent == Sent::AtShutdown {
            self.losses.add(LossReason::AfterShutdown, 1, self.clock.monotonic_ns());
        }
        if capture.ruled.is_some() {
            return self.close_undecided(capture, times);
        }
        pool::give(capture);
    }

    /// `#[instrument]` reported how the function of `span` ended.
    pub(super) fn report(&self, callsite: &Callsite, report: Report, event: &Event<'_>, span: u64) {
        let Some(owner) = self.open.with(span, |open| open.callsite) else { return };
        let Some(owner) = self.callsites.by_index(owner) else { return };
        if !Arc::ptr_eq(&owner.place, &callsite.place) || !callsite.place.ties(report) {
            return;
        }
        let mut text = ReportText::default();
        event.record(&mut text);
        let (reported, error) = match (report, text.0.strip_prefix("Err(")) {
            (Report::Error, _) => (Reported::Error, Some(text.0.as_str())),
            (Report::Return, Some(error)) => {
                (Reported::ErrValue, Some(error.strip_suffix(')').unwrap_or(error)))
            }
            (Report::Return, None) => (Reported::Value, None),
        };
        if report == Report::Return {
            self.callsites.note_return(owner);
        }
        self.open.with(span, |open| {
            open.note_report(reported, error);
            open.open.is_reported = true;
        });
        self.open.disown(span);
    }

    /// Sends the event of a span that stays open, and leaves its identity
    /// behind for the spans inside it.
    pub(super) fn send_reported(&self, span: u64) {
        let sent = self.open.with_times(span, |open, times| {
            open.open.sent = Sent::AtReport;
            (copy(open), times)
        });
        if let Some((sent, times)) = sent {
            self.complete(sent, times, false);
        }
    }

    /// Completes an operation and sends it, if all is as usual.
    #[inline(always)]
    fn complete_usual(&self, capture: Parcel, times: Times) {
        if self.may_report(capture) || capture.has_extras() || self.may_fill_from_late(capture) {
            return self.complete(capture, times, false);
        }
        match times.end(capture) {
            Some(end) => self.send(capture, end),
            None => self.complete(capture, times, false),
        }
    }

    /// Completes an operation and sends it.
    #[inline(never)]
    pub(super) fn complete(&self, capture: Parcel, times: Times, panicking: bool) {
        let end = times.end_or_else(capture, || self.clock.ticks());
        if panicking {
            capture.seen.unwound = true;
        }
        if self.usually_reports(capture) {
            capture.seen.usually_reports = true;
        }
        if capture.ruled.is_some() {
            self.finish_by_rule(capture);
        }
        self.fill_from_late(capture);
        match capture.collapse_into() {
            Some(outer) if self.absorb(outer, capture) => pool::give(capture),
            _ => self.send(capture, end),
        }
    }

    /// Whether the function of the span may be one that usually reports its return.
    #[inline(always)]
    fn may_report(&self, capture: &Capture) -> bool {
        let callsite = || self.callsites.by_first_index(capture.callsite);
        self.callsites.some_report() && callsite().is_none_or(Callsite::reports_return)
    }

    #[inline]
    fn usually_reports(&self, capture: &Capture) -> bool {
        self.callsites.by_index(capture.callsite).is_some_and(Callsite::reports_return)
    }

    /// Makes an operation a part of the outer one, unless that has ended.
    fn absorb(&self, outer: u64, nested: &Capture) -> bool {
        let absorbed = self.open.with(outer, |outer| {
            let takes_in = outer.open.sent == Sent::No;
            if takes_in {
                outer.absorb(nested);
            }
            takes_in
        });
        absorbed == Some(true)
    }

    #[inline(always)]
    pub(super) fn send(&self, capture: Parcel, end: End) {
        (capture.ended_ticks, capture.busy_ticks) = (end.ended_ticks, end.busy_ticks);
        if self.closed.load(Ordering::Acquire) {
            return self.lose_after_shutdown(capture);
        }
        match self.data.send_at_once(capture) {
            Ok(place) => local::with(|thread| thread.place.set(place)),
            Err(unsent) => self.send_slowly(unsent),
        }
    }

    /// Sends what could not be sent at once, or settles what became of it.
    #[cold]
    #[inline(never)]
    fn send_slowly(&self, unsent: Option<Parcel>) {
        if let Err(lost) = self.data.send(unsent, || self.clock.monotonic_ns()) {
            pool::give(lost);
        }
    }

    #[cold]
    #[inline(never)]
    fn lose_after_shutdown(&self, capture: Parcel) {
        self.losses.add(LossReason::AfterShutdown, 1, self.clock.monotonic_ns());
        pool::give(capture);
    }

    /// Takes nothing in any more; what ends later is counted.
    pub(crate) fn close_intake(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// The operations that are still open, as they are to be written by a
    /// shutdown. Each is given once.
    pub(crate) fn take_open_operations(&self) -> Vec<Parcel> {
        let now_ticks = self.clock.ticks();
        let mut taken = Vec::new();
        self.open.for_each(|open, times| {
            if open.open.sent == Sent::No && open.ruled.is_some() {
                settle_finally(open);
            }
            if open.is_unsent_operation() {
                open.open.sent = Sent::AtShutdown;
                let capture = copy(open);
                let end = times.end_or_else(open, || now_ticks);
                (capture.ended_ticks, capture.busy_ticks) = (end.ended_ticks, end.busy_ticks);
                capture.seen.still_open = true;
                taken.push(capture);
            }
        });
        for capture in &mut taken {
            if capture.ruled.is_some() {
                self.finish_by_rule(capture);
            }
            self.fill_from_late(capture);
        }
        taken
    }

    /// The operations that have been open for longer than `open_ns`.
    pub(crate) fn operations_open_longer_than(&self, open_ns: u64) -> Vec<OpenCapture> {
        let now_ns = self.clock.monotonic_ns();
        let mut found = Vec::new();
        self.open.for_each(|open, _| {
            let age_ns = self.age_ns(open, now_ns);
            if open.is_unsent_operation() && age_ns > open_ns {
                found.push(OpenCapture { capture: open.clone(), age_ns });
            }
        });
        found
    }

    /// How many operations are open, and for how long the oldest has been, in
    /// nanoseconds.
    pub(crate) fn open_operations(&self) -> (u64, Option<u64>) {
        let now_ns = self.clock.monotonic_ns();
        let (mut count, mut oldest_ns) = (0, None);
        self.open.for_each(|open, _| {
            if open.is_unsent_operation() {
                count += 1;
                oldest_ns = oldest_ns.max(Some(self.age_ns(open, now_ns)));
            }
        });
        (count, oldest_ns)
    }

    fn age_ns(&self, open: &Capture, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.clock.ticks_to_ns(open.opened_ticks))
    }
}

/// Asks for about where the next capture of this thread will be put, which another
/// thread may have written last. The tail, which knows, is not to be waited for: so it
/// is the place after next to the last one, as if one other thread sent captures too.
#[inline(always)]
fn ask_for_place() {
    const AFTER_NEXT: usize = 2 * size_of::<Parcel>();
    ask_for_at::<AFTER_NEXT>(local::with(|thread| thread.place.get()).address());
}

/// A copy that can be sent.
fn copy(capture: &Capture) -> Parcel {
    let copy = pool::take();
    copy.clone_from(capture);
    copy
}

/// An operation that is open, and for how long it has been.
pub(crate) struct OpenCapture {
    pub(crate) capture: Capture,
    pub(crate) age_ns: u64,
}

/// The text of a report event's one field.
#[derive(Default)]
struct ReportText(String);

impl Visit for ReportText {
    fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
        read(value, |value| {
            if let Read::Text(text) | Read::Json(text) = value {
                self.0.push_str(text);
            }
        });
    }
}
