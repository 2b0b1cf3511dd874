//! Twin of `stored.rs` without the journal: there is nothing on disk.

use std::borrow::Cow;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::{ControlFlow, Range};

use super::compiled::Compiled;
use super::filter::Filter;
use super::order::{Field, Order};
use super::view::View;
use crate::error::Result;
use crate::event::{AuditEvent, EventId, Sequence};

/// Nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {}

/// Nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct OtherLogs {}

impl OtherLogs {
    pub(crate) fn views(&self) -> Result<Vec<View>> {
        Ok(Vec::new())
    }
}

/// There is none.
pub(super) struct StoredEvent<'a> {
    never: Infallible,
    marker: PhantomData<&'a ()>,
}

/// How a walk through nothing ended.
pub(super) struct Passed {
    pub(super) flow: ControlFlow<()>,
    pub(super) released_before: Option<Sequence>,
}

/// What a query looks for.
#[expect(dead_code, reason = "its twin looks")]
pub(super) struct Search<'q> {
    pub(super) filter: &'q Filter,
    pub(super) compiled: &'q Compiled<'q>,
    pub(super) order: Order,
    pub(super) sequences: Range<u64>,
    pub(super) held: u64,
}

impl Stored {
    pub(super) fn reaches_before(&self, _: u64) -> bool {
        false
    }

    pub(super) fn first_sequence(&self, held: u64) -> u64 {
        held
    }

    pub(super) fn instance(&self) -> Option<u64> {
        None
    }

    pub(super) fn each(
        &self,
        _: &Search<'_>,
        _: impl FnMut(&StoredEvent<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<Passed> {
        Ok(Passed { flow: ControlFlow::Continue(()), released_before: None })
    }

    pub(super) fn children_of(&self, _: &[EventId], _: u64) -> Result<Vec<EventId>> {
        Ok(Vec::new())
    }
}

impl StoredEvent<'_> {
    pub(super) fn to_event(&self) -> Result<AuditEvent> {
        match self.never {}
    }

    pub(super) fn sequence(&self) -> Sequence {
        match self.never {}
    }

    pub(super) fn event_id(&self) -> Option<EventId> {
        match self.never {}
    }

    pub(super) fn group(&self, _: Field) -> Option<Cow<'_, str>> {
        match self.never {}
    }
}
