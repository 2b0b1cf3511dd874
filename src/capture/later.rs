//! Values that are recorded on an open span.
//!
//! Reading a value may run user code, and changing an open span takes its lock;
//! the one must not happen under the other. Texts and numbers of one call are
//! recorded under one lock. For a value that has to be formatted the lock is let
//! go, and taken again when it was.

use std::fmt::Debug;

use tracing_core::field::{Field, Visit};

use crate::event::limits::FIELD_BYTES_MAX;
use crate::event::packed::ValueRef;

use super::callsite::{Callsite, Slot};
use super::intake::Intake;
use super::message::Capture;
use super::open::Locked;
use super::record::{FieldRecorder, Notes, bytes_text};
use super::value::read;

/// Who says what the values of an open span mean.
pub(super) trait Ruling {
    /// The code alone: spans that a rule is for are left alone.
    const IS_CODE: bool;

    /// What the fields of the span are.
    fn slots<'s>(&'s self, callsite: &'s Callsite) -> &'s [Slot];

    /// A value of this field was recorded.
    fn note(&mut self, index: usize);
}

/// The code says it.
pub(super) struct ByCode;

impl Ruling for ByCode {
    const IS_CODE: bool = true;

    #[inline]
    fn slots<'s>(&'s self, callsite: &'s Callsite) -> &'s [Slot] {
        &callsite.slots
    }

    #[inline]
    fn note(&mut self, _: usize) {}
}

/// Records values on an open span.
pub(super) struct LateRecorder<'a, R> {
    intake: &'a Intake,
    span: u64,
    locked: Option<Locked<'a>>,
    callsite: Option<&'a Callsite>,
    ruling: R,
    notes: Notes,
}

impl<'a, R: Ruling> LateRecorder<'a, R> {
    #[inline]
    pub(super) fn new(intake: &'a Intake, span: u64, ruling: R) -> Self {
        let notes = Notes { is_later: true, ..Notes::default() };
        LateRecorder { intake, span, locked: None, callsite: None, ruling, notes }
    }

    /// Whether there was no value, or none that the code alone decides about.
    #[inline]
    pub(super) fn recorded_nothing(&self) -> bool {
        self.callsite.is_none()
    }

    /// Completes the recording; `settle` runs under the lock of the span. Returns
    /// a misuse, if there was one.
    #[inline]
    pub(super) fn finish(
        &mut self,
        settle: impl FnOnce(&mut Capture, &mut R),
    ) -> Option<(String, &'a Callsite)> {
        let notes = &self.notes;
        if let Some(capture) = lock(self.intake, self.span, &mut self.locked) {
            if notes.identities != 0 {
                self.intake.note_late(capture, notes.identities, notes.were_absent);
            }
            capture.note_statement(notes.stated, notes.stated_error);
            settle(capture, &mut self.ruling);
            capture.fields.collect_garbage();
        }
        self.locked = None;
        Some((self.notes.misuse.take()?, self.callsite?))
    }

    #[inline]
    fn record(&mut self, index: usize, record: impl FnOnce(&mut FieldRecorder<'_>)) {
        let Some(capture) = lock(self.intake, self.span, &mut self.locked) else { return };
        if self.callsite.is_none() {
            if R::IS_CODE && capture.ruled.is_some() {
                return;
            }
            self.callsite = self.intake.callsites.by_index(capture.callsite);
        }
        let Some(callsite) = self.callsite else { return };
        self.ruling.note(index);
        let slots = self.ruling.slots(callsite);
        record(&mut FieldRecorder { slots, fields: &mut capture.fields, notes: &mut self.notes });
    }

    fn number(&mut self, field: &Field, value: ValueRef<'_>) {
        self.record(field.index(), |recorder| recorder.number(field.index(), value));
    }
}

/// The capture of the span, which is locked if it is not.
#[inline(always)]
fn lock<'l, 'a>(
    intake: &'a Intake,
    span: u64,
    locked: &'l mut Option<Locked<'a>>,
) -> Option<&'l mut Capture> {
    if locked.is_none() {
        take_lock(intake, span, locked);
    }
    locked.as_mut()?.capture()
}

#[inline(never)]
fn take_lock<'a>(intake: &'a Intake, span: u64, locked: &mut Option<Locked<'a>>) {
    *locked = intake.open.lock(span);
}

impl<R: Ruling> Visit for LateRecorder<'_, R> {
    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field.index(), |recorder| recorder.text(field.index(), value));
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
        self.locked = None;
        read(value, FIELD_BYTES_MAX, |read| {
            self.record(field.index(), |recorder| recorder.apply(field.index(), read));
        });
    }
}
