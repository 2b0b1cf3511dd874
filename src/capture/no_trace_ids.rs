//! What stands for `trace_ids` in builds without OpenTelemetry: nothing.

use tracing_core::{Dispatch, span};

use crate::event::{SpanId, TraceId};

use super::intake::Intake;
use super::message::Capture;

/// Place of an operation among the traces: there are none.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Traced {}

impl Traced {
    pub(crate) fn trace_id(self) -> TraceId {
        match self {}
    }

    pub(crate) fn span_id(self) -> SpanId {
        match self {}
    }
}

/// There is nobody to ask.
#[derive(Default)]
pub(super) struct Traces(());

impl Traces {
    pub(super) fn note_dispatch(&self, _: &Dispatch) {}
}

impl Intake {
    #[inline]
    pub(super) fn note_trace(&self, _: u64) {}

    #[inline]
    pub(super) fn note_trace_around(&self, _: &mut Capture, _: Option<&span::Id>) {}
}
