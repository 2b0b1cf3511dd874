//! Values that are recorded on an open span.
//!
//! Reading a value may run user code, and changing an open span takes its lock;
//! the one must not happen under the other. Texts and numbers of one call are
//! recorded under one lock. For a value that has to be formatted the lock is let
//! go, and taken again when it was.

use std::fmt::Debug;
use std::sync::Arc;

use tracing_core::field::{Field, Visit};

use crate::event::limits::FIELD_BYTES_MAX;
use crate::event::packed::ValueRef;

use super::callsite::Callsite;
use super::intake::Intake;
use super::message::Capture;
use super::open::Locked;
use super::record::{FieldRecorder, Notes, bytes_text};
use super::ruled::{Plan, Touched};
use super::value::read;

/// Records values on an open span.
pub(super) struct LateRecorder<'a> {
    intake: &'a Intake,
    span: u64,
    locked: Option<Locked<'a>>,
    callsite: Option<&'a Callsite>,
    /// What a policy has to say about the span.
    plan: Option<Arc<Plan>>,
    touched: Touched,
    notes: Notes,
}

impl<'a> LateRecorder<'a> {
    #[inline]
    pub(super) fn new(intake: &'a Intake, span: u64) -> Self {
        let notes = Notes { is_later: true, ..Notes::default() };
        let touched = Touched::default();
        LateRecorder { intake, span, locked: None, callsite: None, plan: None, touched, notes }
    }

    /// Completes the recording. Returns a misuse, if there was one.
    #[inline]
    pub(super) fn finish(self) -> Option<(String, &'a Callsite)> {
        let LateRecorder { intake, span, mut locked, callsite, plan, touched, notes } = self;
        let mut begins = false;
        if let Some(capture) = lock(intake, span, &mut locked) {
            if notes.identities != 0 {
                intake.note_late(capture, notes.identities, notes.were_absent);
            }
            capture.note_statement(notes.stated, notes.stated_error);
            if plan.is_some() {
                begins = intake.settle_recorded(capture, touched);
            }
            capture.fields.collect_garbage();
        }
        drop(locked);
        if begins {
            intake.send_late_intent(span);
        }
        Some((notes.misuse?, callsite?))
    }

    #[inline]
    fn record(&mut self, index: usize, record: impl FnOnce(&mut FieldRecorder<'_>)) {
        let Some(capture) = lock(self.intake, self.span, &mut self.locked) else { return };
        if self.callsite.is_none() {
            self.callsite = self.intake.callsites.by_index(capture.callsite);
            self.plan = capture.ruled.clone();
        }
        let Some(callsite) = self.callsite else { return };
        let slots = match &self.plan {
            None => &*callsite.slots,
            Some(plan) => {
                self.touched.note(index);
                plan.slots()
            }
        };
        record(&mut FieldRecorder { slots, fields: &mut capture.fields, notes: &mut self.notes });
    }

    fn number(&mut self, field: &Field, value: ValueRef<'_>) {
        self.record(field.index(), |recorder| recorder.number(field.index(), value));
    }
}

/// The capture of the span, which is locked if it is not.
#[inline]
fn lock<'l, 'a>(
    intake: &'a Intake,
    span: u64,
    locked: &'l mut Option<Locked<'a>>,
) -> Option<&'l mut Capture> {
    if locked.is_none() {
        *locked = intake.open.lock(span);
    }
    locked.as_mut()?.capture()
}

impl Visit for LateRecorder<'_> {
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
