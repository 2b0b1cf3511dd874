//! An immutable run of events in columns, with an index.
//!
//! Shared between the worker and any number of readers. The event at index `i`
//! has the sequence `base + i`. One that takes several entries of a journal
//! takes as many places, in one segment: the event is at the first, the others
//! are empty.

use std::mem::size_of;
use std::sync::Arc;

use super::entry_ids::EntryIds;
use super::fields::Fields;
use super::flags::Flags;
use super::numbers::{Numbers, us_from_ordered};
use super::postings::{Posted, Postings};
use super::sparse::{Sparse, SparseSlices};
use super::symbols::{PerField, SymbolColumn};
use crate::event::packed::{PackedIds, PackedMetadata};
use crate::event::row::{Row, RowSpan};
use crate::event::{EventId, Kind, Sequence, SpanId, TraceId};

/// The columns of a segment.
#[derive(Debug)]
pub(crate) struct SegmentParts {
    pub(crate) base: u64,
    pub(crate) event_ids: Box<[EventId]>,
    pub(crate) flags: Box<[u8]>,
    pub(crate) timestamps: Numbers,
    pub(crate) recorded: Numbers,
    pub(crate) durations: Numbers,
    pub(crate) busy: Numbers,
    pub(crate) columns: PerField<SymbolColumn>,
    pub(crate) entry_ids: EntryIds,
    pub(crate) metadata: Fields,
    pub(crate) errors: SparseSlices<u8>,
    pub(crate) parents: Sparse<EventId>,
    pub(crate) trace_ids: Sparse<TraceId>,
    pub(crate) span_ids: Sparse<SpanId>,
    pub(crate) links: SparseSlices<EventId>,
}

#[derive(Debug)]
pub(crate) struct Segment {
    parts: SegmentParts,
    /// `None` if all events have the same status.
    statuses: Option<Postings>,
    log_entries: usize,
    taken: usize,
    event_id_range: Option<(EventId, EventId)>,
    parent_range: Option<(EventId, EventId)>,
    bytes: usize,
}

/// Storage for what a row borrows and a segment holds in another form.
#[derive(Debug, Default)]
pub(crate) struct SegmentScratch {
    entry_ids: Vec<u8>,
    metadata: Vec<u8>,
}

impl Segment {
    /// Shared from the start, so that its columns are moved once.
    pub(super) fn new(parts: SegmentParts) -> Arc<Self> {
        let statuses = status_postings(&parts.flags);
        let count = |is: fn(Flags) -> bool| parts.flags.iter().filter(|f| is(Flags(**f))).count();
        Arc::new(Segment {
            log_entries: count(|flags| flags.kind() == Kind::Log && !flags.is_taken()),
            taken: count(Flags::is_taken),
            event_id_range: range(parts.event_ids.iter().copied()),
            parent_range: range(parts.parents.iter().map(|(_, parent)| parent)),
            bytes: size_of::<Segment>()
                + parts.bytes()
                + statuses.as_ref().map_or(0, Postings::bytes),
            statuses,
            parts,
        })
    }

    /// Places, the empty ones included.
    pub(crate) fn len(&self) -> usize {
        self.parts.flags.len()
    }

    /// Events, entries about the trail itself included.
    pub(crate) fn events(&self) -> usize {
        self.len() - self.taken
    }

    /// How many places are empty.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Sequence of its first event.
    pub(crate) fn base(&self) -> u64 {
        self.parts.base
    }

    /// One more than the sequence of its last event.
    pub(crate) fn end(&self) -> u64 {
        self.parts.base + self.len() as u64
    }

    /// Everything that it holds.
    pub(super) fn parts(&self) -> &SegmentParts {
        &self.parts
    }

    pub(crate) fn columns(&self) -> &PerField<SymbolColumn> {
        &self.parts.columns
    }

    pub(crate) fn entry_ids(&self) -> &EntryIds {
        &self.parts.entry_ids
    }

    pub(crate) fn metadata(&self) -> &Fields {
        &self.parts.metadata
    }

    pub(crate) fn errors(&self) -> &SparseSlices<u8> {
        &self.parts.errors
    }

    /// When the operations began, as [`ordered_us`](super::ordered_us).
    pub(crate) fn timestamps(&self) -> &Numbers {
        &self.parts.timestamps
    }

    /// In nanoseconds.
    pub(crate) fn durations(&self) -> &Numbers {
        &self.parts.durations
    }

    /// Events of enclosing spans.
    pub(crate) fn parents(&self) -> &Sparse<EventId> {
        &self.parts.parents
    }

    /// Least and greatest event id.
    pub(crate) fn event_id_range(&self) -> Option<(EventId, EventId)> {
        self.event_id_range
    }

    /// Least and greatest id of an enclosing span's event.
    pub(crate) fn parent_range(&self) -> Option<(EventId, EventId)> {
        self.parent_range
    }

    pub(crate) fn event_id(&self, index: usize) -> Option<EventId> {
        self.parts.event_ids.get(index).copied()
    }

    pub(crate) fn flags(&self, index: usize) -> Option<Flags> {
        self.parts.flags.get(index).map(|flags| Flags(*flags))
    }

    /// How many entries are about the trail itself.
    pub(crate) fn log_entries(&self) -> usize {
        self.log_entries
    }

    /// The events with a status, by its code.
    pub(crate) fn posted_status(&self, code: u8) -> Posted<'_> {
        match &self.statuses {
            Some(postings) => Posted::List(postings.list(u16::from(code) + 1)),
            None if self.flags(0).is_some_and(|flags| flags.status_code() == code) => Posted::All,
            None => Posted::List(&[]),
        }
    }

    /// Least and greatest time of recording.
    pub(crate) fn recorded_us(&self) -> Option<(i64, i64)> {
        let (oldest, newest) = self.parts.recorded.range()?;
        Some((us_from_ordered(oldest), us_from_ordered(newest)))
    }

    /// Bytes it takes in memory, indices included.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn sequence(&self, index: usize) -> Sequence {
        Sequence(self.parts.base + index as u64)
    }

    /// The event at `index`, exactly as it was pushed; none where the place is
    /// only taken.
    pub(crate) fn row<'a>(
        &'a self,
        index: usize,
        scratch: &'a mut SegmentScratch,
    ) -> Option<Row<'a>> {
        let SegmentParts { columns, .. } = &self.parts;
        let flags = self.flags(index).filter(|flags| !flags.is_taken())?;
        scratch.entry_ids.clear();
        self.parts.entry_ids.write(index, &mut scratch.entry_ids);
        scratch.metadata.clear();
        self.parts.metadata.write(index, &mut scratch.metadata);
        Some(Row {
            event_id: self.event_id(index)?,
            kind: flags.kind(),
            timestamp_us: us_from_ordered(self.parts.timestamps.value(index)?),
            recorded_us: us_from_ordered(self.parts.recorded.value(index)?),
            operation: columns.operation.text(index)?,
            actor: self.actor(index)?,
            user_id: columns.user.text(index),
            session_id: columns.session.text(index),
            org_id: columns.org.text(index),
            resource: columns.resource.text(index),
            source: columns.source.text(index),
            entry_ids: PackedIds(&scratch.entry_ids),
            part: None,
            status: flags.status(),
            status_source: flags.status_source(),
            error_message: self.error_message(index),
            duration_ns: self.parts.durations.value(index),
            busy_ns: self.parts.busy.value(index),
            metadata: PackedMetadata(&scratch.metadata),
            span: self.span(index),
        })
    }

    fn actor(&self, index: usize) -> Option<&str> {
        let columns = &self.parts.columns;
        columns
            .actor
            .text(index)
            .or_else(|| columns.user.prefixed_symbol_text(columns.user.symbol(index)))
    }

    fn error_message(&self, index: usize) -> Option<&str> {
        std::str::from_utf8(self.parts.errors.slice(index)?).ok()
    }

    fn span(&self, index: usize) -> Option<RowSpan<'_>> {
        Some(RowSpan {
            name: self.parts.columns.span_name.text(index)?,
            target: self.parts.columns.span_target.text(index)?,
            parent: self.parts.parents.value(index),
            trace_id: self.parts.trace_ids.value(index),
            span_id: self.parts.span_ids.value(index),
            links: self.parts.links.slice(index).unwrap_or_default(),
        })
    }
}

impl SegmentParts {
    /// Bytes of what the columns point to.
    fn bytes(&self) -> usize {
        let columns: usize = self.columns.each().iter().map(|column| column.bytes()).sum();
        let numbers = [&self.timestamps, &self.recorded, &self.durations, &self.busy];
        columns
            + numbers.iter().map(|column| column.bytes()).sum::<usize>()
            + self.event_ids.len() * size_of::<EventId>()
            + self.flags.len()
            + self.entry_ids.bytes()
            + self.metadata.bytes()
            + self.errors.bytes()
            + self.parents.bytes()
            + self.trace_ids.bytes()
            + self.span_ids.bytes()
            + self.links.bytes()
    }
}

fn status_postings(flags: &[u8]) -> Option<Postings> {
    let codes = flags.iter().map(|flags| u16::from(Flags(*flags).status_code()) + 1);
    let first = codes.clone().next()?;
    (!codes.clone().all(|code| code == first)).then(|| Postings::build(codes, 4))
}

fn range(ids: impl Iterator<Item = EventId>) -> Option<(EventId, EventId)> {
    ids.fold(None, |range, id| {
        let (min, max) = range.unwrap_or((id, id));
        Some((id.min(min), id.max(max)))
    })
}
