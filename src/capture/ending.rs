//! The end of an operation: reported, sent, collapsed, or still open at shutdown.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing_core::Event;
use tracing_core::field::{Field, Visit};

use crate::channel::LossReason;
use crate::event::limits::FIELD_BYTES_MAX;

use super::callsite::Callsite;
use super::intake::Intake;
use super::message::Capture;
use super::open::{OpenSpan, Sent};
use super::outcome::Reported;
use super::parcel::Parcel;
use super::place::Report;
use super::pool::CAPTURES;
use super::value::{Read, read};

impl Intake {
    /// `#[instrument]` reported how the function of `span` ended.
    pub(super) fn report(&self, callsite: &Callsite, report: Report, event: &Event<'_>, span: u64) {
        let Some(owner) = self.open.with(span, |open| open.capture.callsite) else { return };
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
            owner.reports_return.store(true, Ordering::Relaxed);
        }
        self.open.with(span, |open| {
            open.capture.note_report(reported, error);
            open.is_reported = true;
        });
    }

    /// Sends the event of a span that stays open, and leaves its identity
    /// behind for the spans inside it.
    pub(super) fn send_reported(&self, span: u64) {
        let sent = self.open.with(span, |open| {
            open.sent = Sent::AtReport;
            OpenSpan { capture: open.capture.clone(), late: Vec::new(), ..*open }
        });
        if let Some(sent) = sent {
            self.complete(sent, false);
        }
    }

    pub(super) fn complete(&self, mut open: OpenSpan, panicking: bool) {
        let capture = &mut open.capture;
        let ended_ns = open.last_exit_ns.unwrap_or_else(|| self.clock.monotonic_ns());
        capture.ended_ns = ended_ns;
        capture.seen.unwound = panicking;
        if let Some(callsite) = self.callsites.by_index(capture.callsite) {
            capture.note_end(callsite);
        }
        if let Some(parent) = open.parent {
            self.fill_from_late(capture, open.epoch, parent);
        }
        if let Some(outer) = open.collapse_into {
            let absorbed = self.open.with(outer, |outer| {
                let takes_in = outer.sent == Sent::No;
                if takes_in {
                    outer.capture.absorb(capture);
                }
                takes_in
            });
            if absorbed == Some(true) {
                return CAPTURES.give_cleared(open.capture);
            }
        }
        self.send(open.capture, ended_ns);
    }

    pub(super) fn send(&self, capture: Box<Capture>, now_ns: u64) {
        if self.closed.load(Ordering::Acquire) {
            self.losses.add(LossReason::AfterShutdown, 1, now_ns);
            return CAPTURES.give_cleared(capture);
        }
        if let Err(lost) = self.data.send(Parcel::of(capture), now_ns) {
            lost.reuse();
        }
    }

    /// Takes nothing in any more; what ends later is counted.
    pub(crate) fn close_intake(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// The operations that are still open, as they are to be written by a
    /// shutdown. Each is given once.
    #[expect(clippy::vec_box, reason = "captures travel boxed")]
    pub(crate) fn take_open_operations(&self) -> Vec<Box<Capture>> {
        let now_ns = self.clock.monotonic_ns();
        let mut taken = Vec::new();
        self.open.for_each(|open| {
            if open.is_unsent_operation() {
                open.sent = Sent::AtShutdown;
                let mut capture = open.capture.clone();
                capture.seen.still_open = true;
                capture.ended_ns = open.last_exit_ns.unwrap_or(now_ns);
                taken.push((capture, open.epoch, open.parent));
            }
        });
        let fill = |(mut capture, epoch, parent): (Box<Capture>, u64, Option<u64>)| {
            if let Some(parent) = parent {
                self.fill_from_late(&mut capture, epoch, parent);
            }
            capture
        };
        taken.into_iter().map(fill).collect()
    }

    /// The operations that have been open for longer than `open_ns`.
    pub(crate) fn operations_open_longer_than(&self, open_ns: u64) -> Vec<OpenCapture> {
        let now_ns = self.clock.monotonic_ns();
        let mut found = Vec::new();
        self.open.for_each(|open| {
            let age_ns = now_ns.saturating_sub(open.capture.opened_ns);
            if open.is_unsent_operation() && age_ns > open_ns {
                found.push(OpenCapture { capture: open.capture.clone(), age_ns });
            }
        });
        found
    }

    /// How many operations are open, and for how long the oldest has been, in
    /// nanoseconds.
    pub(crate) fn open_operations(&self) -> (u64, Option<u64>) {
        let now_ns = self.clock.monotonic_ns();
        let (mut count, mut oldest_ns) = (0, None);
        self.open.for_each(|open| {
            if open.is_unsent_operation() {
                count += 1;
                let open_ns = now_ns.saturating_sub(open.capture.opened_ns);
                oldest_ns = oldest_ns.max(Some(open_ns));
            }
        });
        (count, oldest_ns)
    }
}

/// An operation that is open, and for how long it has been.
pub(crate) struct OpenCapture {
    pub(crate) capture: Box<Capture>,
    pub(crate) age_ns: u64,
}

/// The text of a report event's one field.
#[derive(Default)]
struct ReportText(String);

impl Visit for ReportText {
    fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
        read(value, FIELD_BYTES_MAX, |value| {
            if let Read::Text(text) | Read::Json(text) = value {
                self.0.push_str(text);
            }
        });
    }
}
