//! The mutable end of the buffer: columns that grow, frozen into a segment
//! when somebody wants to look or when they are full.
//!
//! A head keeps its memory when it is cleared, and a segment gets exact copies:
//! appending allocates nothing in the long run, and segments carry no slack.

use std::mem::size_of;
use std::sync::Arc;

use super::entry_ids::EntryIdsBuilder;
use super::fields::FieldsBuilder;
use super::flags::Flags;
use super::interner::Hasher;
use super::numbers::{NumbersBuilder, ordered_us, us_from_ordered};
use super::segment::{Segment, SegmentParts};
use super::sparse::{SparseBuilder, SparseSlicesBuilder};
use super::symbols::{PerField, SymbolsBuilder, USER_PREFIX};
use crate::event::packed::{PackedIds, PackedMetadata};
use crate::event::row::Row;
use crate::event::{EventId, SpanId, TraceId};

/// What an event takes in the columns of fixed width.
const FIXED_BYTES_PER_EVENT: usize = 80;

#[derive(Debug)]
pub(super) struct Head {
    event_ids: Vec<EventId>,
    flags: Vec<u8>,
    taken: usize,
    timestamps: NumbersBuilder,
    recorded: NumbersBuilder,
    durations: NumbersBuilder,
    busy: NumbersBuilder,
    columns: PerField<SymbolsBuilder>,
    entry_ids: EntryIdsBuilder,
    metadata: FieldsBuilder,
    errors: SparseSlicesBuilder<u8>,
    parents: SparseBuilder<EventId>,
    trace_ids: SparseBuilder<TraceId>,
    span_ids: SparseBuilder<SpanId>,
    links: SparseSlicesBuilder<EventId>,
    /// First and greatest time of recording.
    recorded_us: Option<(i64, i64)>,
}

impl Head {
    pub(super) fn new() -> Self {
        Head {
            event_ids: Vec::new(),
            flags: Vec::new(),
            taken: 0,
            timestamps: NumbersBuilder::default(),
            recorded: NumbersBuilder::default(),
            durations: NumbersBuilder::default(),
            busy: NumbersBuilder::default(),
            columns: PerField {
                user: SymbolsBuilder::with_prefix(USER_PREFIX),
                ..PerField::default()
            },
            entry_ids: EntryIdsBuilder::default(),
            metadata: FieldsBuilder::default(),
            errors: SparseSlicesBuilder::default(),
            parents: SparseBuilder::default(),
            trace_ids: SparseBuilder::default(),
            span_ids: SparseBuilder::default(),
            links: SparseSlicesBuilder::default(),
            recorded_us: None,
        }
    }

    pub(super) fn push(&mut self, hasher: &Hasher, row: &Row<'_>) {
        let index = self.event_ids.len();
        self.event_ids.push(row.event_id);
        self.flags.push(Flags::new(row.status, row.status_source, row.kind).0);
        self.timestamps.push(Some(ordered_us(row.timestamp_us)));
        self.recorded.push(Some(ordered_us(row.recorded_us)));
        self.durations.push(row.duration_ns);
        self.busy.push(row.busy_ns);
        self.push_texts(hasher, row);
        self.entry_ids.push(hasher, row.entry_ids);
        self.metadata.push(hasher, row.metadata);
        if let Some(error) = row.error_message {
            self.errors.push(index, error.as_bytes());
        }
        self.push_span(index, row);
        let (first, newest) = self.recorded_us.unwrap_or((row.recorded_us, row.recorded_us));
        self.recorded_us = Some((first, newest.max(row.recorded_us)));
    }

    /// All events of a segment, as if each was pushed, column by column.
    pub(super) fn append(&mut self, hasher: &Hasher, segment: &Segment) {
        let (first, events) = (self.len(), segment.len());
        let parts = segment.parts();
        self.event_ids.extend_from_slice(&parts.event_ids);
        self.flags.extend_from_slice(&parts.flags);
        self.taken += segment.taken();
        self.timestamps.append(&parts.timestamps, events);
        self.recorded.append(&parts.recorded, events);
        self.durations.append(&parts.durations, events);
        self.busy.append(&parts.busy, events);
        for (column, more) in self.columns.each_mut().into_iter().zip(parts.columns.each()) {
            column.append(hasher, more, events);
        }
        self.entry_ids.append(hasher, &parts.entry_ids, events);
        self.metadata.append(hasher, &parts.metadata, events);
        self.errors.append(first, &parts.errors);
        self.parents.append(first, &parts.parents);
        self.trace_ids.append(first, &parts.trace_ids);
        self.span_ids.append(first, &parts.span_ids);
        self.links.append(first, &parts.links);
        if let (Some(first), Some((_, newest))) = (parts.recorded.value(0), segment.recorded_us()) {
            let (first, before) = self.recorded_us.unwrap_or((us_from_ordered(first), newest));
            self.recorded_us = Some((first, newest.max(before)));
        }
    }

    /// Takes a place behind the newest event, for a further entry of it. Nobody
    /// finds anything there.
    pub(super) fn take_place(&mut self, hasher: &Hasher) {
        let (Some(flags), Some(id)) = (self.flags.last(), self.event_ids.last()) else { return };
        let (flags, id) = (Flags(*flags).taken(), *id);
        self.flags.push(flags.0);
        self.event_ids.push(id);
        self.taken += 1;
        self.timestamps.push_last();
        self.recorded.push_last();
        self.durations.push(None);
        self.busy.push(None);
        self.columns.each_mut().into_iter().for_each(|column| column.push(hasher, None));
        self.entry_ids.push(hasher, PackedIds::default());
        self.metadata.push(hasher, PackedMetadata::default());
    }

    fn push_texts(&mut self, hasher: &Hasher, row: &Row<'_>) {
        let columns = &mut self.columns;
        let acted_for = row.actor.strip_prefix(USER_PREFIX);
        let is_user = acted_for.is_some() && acted_for == row.user_id;
        columns.user.push(hasher, row.user_id);
        columns.actor.push(hasher, (!is_user).then_some(row.actor));
        columns.session.push(hasher, row.session_id);
        columns.org.push(hasher, row.org_id);
        columns.resource.push(hasher, row.resource);
        columns.operation.push(hasher, Some(row.operation));
        columns.source.push(hasher, row.source);
        columns.span_name.push(hasher, row.span.map(|span| span.name));
        columns.span_target.push(hasher, row.span.map(|span| span.target));
    }

    fn push_span(&mut self, index: usize, row: &Row<'_>) {
        let Some(span) = row.span else { return };
        if let Some(parent) = span.parent {
            self.parents.push(index, parent);
        }
        if let Some(trace_id) = span.trace_id {
            self.trace_ids.push(index, trace_id);
        }
        if let Some(span_id) = span.span_id {
            self.span_ids.push(index, span_id);
        }
        if !span.links.is_empty() {
            self.links.push(index, span.links);
        }
    }

    /// Places, those that are only taken included.
    pub(super) fn len(&self) -> usize {
        self.event_ids.len()
    }

    /// How many places are only taken.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// First and greatest time of recording, if there is an event.
    pub(super) fn recorded_us(&self) -> Option<(i64, i64)> {
        self.recorded_us
    }

    /// Bytes of the data it holds, about.
    pub(super) fn data_bytes(&self) -> usize {
        let texts: usize = self.columns.each().iter().map(|column| column.text_bytes()).sum();
        texts
            + self.len() * FIXED_BYTES_PER_EVENT
            + self.entry_ids.data_bytes()
            + self.metadata.data_bytes()
            + self.errors.len()
            + self.links.len() * size_of::<EventId>()
    }

    /// Bytes allocated, in use or kept for later.
    pub(super) fn bytes(&self) -> usize {
        let columns: usize = self.columns.each().iter().map(|column| column.bytes()).sum();
        let numbers = [&self.timestamps, &self.recorded, &self.durations, &self.busy];
        columns
            + numbers.iter().map(|column| column.bytes()).sum::<usize>()
            + self.event_ids.capacity() * size_of::<EventId>()
            + self.flags.capacity()
            + self.entry_ids.bytes()
            + self.metadata.bytes()
            + self.errors.bytes()
            + self.parents.bytes()
            + self.trace_ids.bytes()
            + self.span_ids.bytes()
            + self.links.bytes()
    }

    /// The events as a segment whose first one has the sequence `base`.
    pub(super) fn freeze(&self, base: u64) -> Arc<Segment> {
        let columns = &self.columns;
        Segment::new(SegmentParts {
            base,
            event_ids: self.event_ids.as_slice().into(),
            flags: self.flags.as_slice().into(),
            timestamps: self.timestamps.freeze(),
            recorded: self.recorded.freeze(),
            durations: self.durations.freeze(),
            busy: self.busy.freeze(),
            columns: PerField {
                user: columns.user.freeze(true),
                actor: columns.actor.freeze(true),
                session: columns.session.freeze(true),
                org: columns.org.freeze(true),
                resource: columns.resource.freeze(true),
                operation: columns.operation.freeze(true),
                source: columns.source.freeze(false),
                span_name: columns.span_name.freeze(false),
                span_target: columns.span_target.freeze(false),
            },
            entry_ids: self.entry_ids.freeze(),
            metadata: self.metadata.freeze(),
            errors: self.errors.freeze(),
            parents: self.parents.freeze(),
            trace_ids: self.trace_ids.freeze(),
            span_ids: self.span_ids.freeze(),
            links: self.links.freeze(),
        })
    }

    pub(super) fn clear(&mut self) {
        self.event_ids.clear();
        self.flags.clear();
        self.taken = 0;
        for column in
            [&mut self.timestamps, &mut self.recorded, &mut self.durations, &mut self.busy]
        {
            column.clear();
        }
        self.columns.each_mut().into_iter().for_each(SymbolsBuilder::clear);
        self.entry_ids.clear();
        self.metadata.clear();
        self.errors.clear();
        self.parents.clear();
        self.trace_ids.clear();
        self.span_ids.clear();
        self.links.clear();
        self.recorded_us = None;
    }
}
