//! Values that are recorded on an open span.
//!
//! Reading a value may run user code, and changing an open span takes its lock;
//! the one must not happen under the other. Texts and numbers of one call are
//! recorded under one lock. For a value that has to be formatted the lock is let
//! go, and taken again when it was.

use std::fmt::Debug;

use tracing_core::field::{Field, Visit};
use tracing_core::span;

use crate::event::Status;
use crate::event::packed::ValueRef;

use super::callsite::{Callsite, NO_FIELD, Slot};
use super::intake::Intake;
use super::local;
use super::lock::Locked;
use super::meaning::Meaning;
use super::message::Capture;
use super::open;
use super::reading::read;
use super::record::{FieldRecorder, Misuse, Notes, bytes_text};

impl Intake {
    /// Values were recorded on a span that may be tracked.
    #[inline(never)]
    pub(super) fn tracked_recorded(
        &self,
        span: u64,
        values: &span::Record<'_>,
        slot: open::OpenSlot<'_>,
    ) {
        if local::is_at_work() {
            return;
        }
        // What is recorded later, as a rule.
        let status_field = slot.status_field_of_own(span);
        if status_field != NO_FIELD {
            let mut statement = Statement { status_field: status_field as usize, is_success: None };
            values.record(&mut statement);
            if statement.is_success == Some(true) {
                return slot.succeed();
            }
        }
        self.record_under_lock(span, values, slot);
    }

    #[inline(never)]
    fn record_under_lock(&self, span: u64, values: &span::Record<'_>, slot: open::OpenSlot<'_>) {
        let mut spans = slot.lock();
        let Some(capture) = spans.find(span) else { return };
        if capture.ruled.is_some() {
            drop(spans);
            return self.record_by_rule(span, values);
        }
        let Some(callsite) = self.callsites.by_index(capture.callsite) else { return };
        let mut recorder = LateRecorder::new(slot, span, spans, &callsite.fields, |_| ());
        values.record(&mut recorder);
        recorder.finish(self, |_| ());
        recorder.tell_misuse(self, callsite);
    }
}

/// Whether the values are no more than a statement of success.
struct Statement {
    status_field: usize,
    /// Unknown before there was a value.
    is_success: Option<bool>,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_success = field.index() == self.status_field && is_success(value);
        self.is_success = Some(is_success && self.is_success != Some(false));
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {
        self.is_success = Some(false);
    }
}

/// Records values on an open span. `note` is told of which field.
pub(super) struct LateRecorder<'a, N> {
    slot: open::OpenSlot<'a>,
    span: u64,
    spans: Option<Locked<'a, open::Spans>>,
    meanings: &'a [Meaning],
    note: N,
    notes: Notes,
}

impl<'a, N: FnMut(usize)> LateRecorder<'a, N> {
    #[inline]
    pub(super) fn new(
        slot: open::OpenSlot<'a>,
        span: u64,
        spans: Locked<'a, open::Spans>,
        meanings: &'a [Meaning],
        note: N,
    ) -> Self {
        let notes = Notes { is_later: true, ..Notes::default() };
        LateRecorder { slot, span, spans: Some(spans), meanings, note, notes }
    }

    /// Completes the recording; `settle` runs under the lock of the span.
    #[inline]
    pub(super) fn finish(&mut self, intake: &Intake, settle: impl FnOnce(&mut Capture)) {
        self.lock();
        let notes = &self.notes;
        if let Some(capture) = self.spans.as_mut().and_then(|spans| spans.find(self.span)) {
            if notes.identities != 0 {
                intake.note_late(capture, notes.identities, notes.were_absent);
            }
            if notes.is_any {
                capture.note_statement(notes.stated, notes.stated_error);
            }
            settle(capture);
            capture.fields.collect_garbage();
        }
        self.spans = None;
    }

    /// Tells of a misuse, if there was one. Not under the lock.
    #[inline]
    pub(super) fn tell_misuse(&self, intake: &Intake, callsite: &Callsite) {
        if let Some(Misuse(message)) = self.notes.misuse.as_deref() {
            intake.report_misuse_at(callsite, message);
        }
    }

    #[inline]
    fn lock(&mut self) {
        if self.spans.is_none() {
            self.lock_again();
        }
    }

    #[cold]
    #[inline(never)]
    fn lock_again(&mut self) {
        self.spans = Some(self.slot.lock());
    }

    fn record(&mut self, index: usize, record: impl FnOnce(&mut FieldRecorder<'_>)) {
        self.lock();
        let Some(capture) = self.spans.as_mut().and_then(|spans| spans.find(self.span)) else {
            return;
        };
        (self.note)(index);
        let notes = std::mem::take(&mut self.notes);
        let mut recorder =
            FieldRecorder { meanings: self.meanings, fields: &mut capture.fields, notes };
        record(&mut recorder);
        self.notes = recorder.notes;
    }

    #[inline(never)]
    fn text(&mut self, field: &Field, value: &str) {
        self.record(field.index(), |recorder| recorder.text(field.index(), value));
    }

    fn number(&mut self, field: &Field, value: ValueRef<'_>) {
        self.record(field.index(), |recorder| recorder.number(field.index(), value));
    }
}

#[inline(always)]
fn is_success(value: &str) -> bool {
    value == Status::Success.as_str()
}

impl<N: FnMut(usize)> Visit for LateRecorder<'_, N> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let meaning = self.meanings.get(field.index());
        // What is recorded later, as a rule.
        if meaning.is_some_and(|meaning| meaning.slot == Slot::Status) && is_success(value) {
            (self.note)(field.index());
            return self.notes.succeeded();
        }
        self.text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, ValueRef::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, ValueRef::U64(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, ValueRef::F64(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, ValueRef::Bool(value));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.record_str(field, &bytes_text(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.spans = None;
        // What user code traces meanwhile is not to be recorded.
        let _busy = local::enter_work();
        read(value, |read| {
            self.record(field.index(), |recorder| recorder.apply(field.index(), read));
        });
    }
}
