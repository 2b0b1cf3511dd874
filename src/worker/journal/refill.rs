//! Reading events back from the journal into the buffer.

use crate::buffer::Buffer;
use crate::buffer::rotation::RotationPolicy;
use crate::error::Result;
use crate::event::part::{Joined, Joiner};
use crate::event::row::RowScratch;
use crate::event::{Actor, AuditEvent, Kind, Part, Sequence, Status};
use crate::journal::{Entries, LogReader};
use crate::statistics::StatisticsRecorder;

use super::keeper::Kept;

/// Entries that are read back at most when the buffer has no bound of its own.
const REFILL_EVENTS_MAX: u64 = crate::BUFFER_EVENTS_MAX as u64;

/// Where to begin.
#[derive(Default)]
pub(super) struct Since {
    /// The first entry that belongs into the buffer.
    pub(super) first: u64,
    /// Documents hold all events with smaller sequences.
    pub(super) exported_through: u64,
    /// Rotations released all of them.
    released_through: u64,
}

/// A buffer in the making.
pub(super) struct Refill<'a> {
    pub(super) buffer: Buffer,
    pub(super) statistics: &'a mut StatisticsRecorder,
    /// Entries before this sequence are in the statistics.
    pub(super) counted: u64,
    pub(super) scratch: RowScratch,
}

impl Kept {
    pub(super) fn reader(&self) -> Result<LogReader> {
        Ok(LogReader::open(self.fs.clone(), self.ledger.directory())?)
    }
}

/// The newest entries, as many as the buffer holds, but none that a rotation
/// released. With documents, of which `backlog_max` events may wait, also those
/// before that are in none: they waited when the last run ended.
pub(super) fn since(
    reader: &LogReader,
    size: u64,
    rotation: &RotationPolicy,
    backlog_max: Option<u64>,
) -> Result<Since> {
    let bound = rotation.events_max.filter(|_| rotation.enabled).unwrap_or(REFILL_EVENTS_MAX);
    let oldest = reader.segments().first().map_or(size, |segment| segment.first.0);
    // One place is for the entry that says that the log was opened.
    let held = bound.saturating_sub(1);
    let looked_at = size.saturating_sub(held.max(backlog_max.unwrap_or(0))).max(oldest);
    let mut since = Since::default();
    let mut entries = reader.entries_from(Sequence(looked_at));
    while let Some((sequence, entry)) = next(&mut entries, size)? {
        if is_fact(entry) {
            since.note(&read(sequence, entry));
        }
    }
    let mut first = size.saturating_sub(held);
    if backlog_max.is_some() && rotation.enabled {
        // If nothing left memory in all that time, all of it may have waited.
        let done = since.exported_through.max(since.released_through);
        first = first.min(if done > 0 { done } else { looked_at });
    }
    let first = first.max(since.released_through).max(oldest).min(size);
    since.first = first - before(reader, first, size)?;
    Ok(since)
}

/// How many entries of its event come before the one at `first`, as far as they
/// are there.
fn before(reader: &LogReader, first: u64, size: u64) -> Result<u64> {
    let oldest = reader.segments().first().map_or(0, |segment| segment.first.0);
    let mut entries = reader.entries_from(Sequence(first));
    let part = next(&mut entries, size)?.and_then(|(sequence, entry)| read(sequence, entry).part);
    Ok(part.map_or(0, Part::before).min(first.saturating_sub(oldest)))
}

/// The last entry, if its event should go on behind it.
pub(super) fn unfinished(reader: &LogReader, size: u64) -> Result<Option<AuditEvent>> {
    let Some(last) = size.checked_sub(1) else { return Ok(None) };
    let mut entries = reader.entries_from(Sequence(last));
    let found = next(&mut entries, size)?;
    let event = found.map(|(sequence, entry)| read(sequence, entry));
    Ok(event.filter(|event| event.part.is_some_and(Part::goes_on)))
}

impl Since {
    fn note(&mut self, fact: &AuditEvent) {
        let through = fact.metadata.get("through").and_then(serde_json::Value::as_u64);
        let Some(through) = through else { return };
        let has_path = fact.metadata.get("path").is_some();
        match fact.operation.as_str() {
            "ROTATE" => {
                self.released_through = self.released_through.max(through);
                if has_path {
                    self.exported_through = self.exported_through.max(through);
                }
            }
            "EXPORT" => self.exported_through = self.exported_through.max(through),
            _ => {}
        }
    }
}

impl Refill<'_> {
    /// Reads the entries `first..size`.
    pub(super) fn read(&mut self, reader: &LogReader, first: u64, size: u64) -> Result<()> {
        let mut entries = reader.entries_from(Sequence(first));
        let mut joiner = Joiner::default();
        while let Some((sequence, entry)) = next(&mut entries, size)? {
            joiner.push(read(sequence, entry), |joined| self.push(&joined));
        }
        joiner.finish(|joined| self.push(&joined));
        Ok(())
    }

    fn push(&mut self, Joined { event, entries }: &Joined) {
        let row = self.scratch.row(event, 0);
        let sequence = self.buffer.push(&row, *entries);
        if sequence.0 >= self.counted {
            self.statistics.record(&row);
        }
    }
}

fn next(entries: &mut Entries, size: u64) -> Result<Option<(Sequence, &[u8])>> {
    Ok(entries.next_entry()?.filter(|(sequence, _)| sequence.0 < size))
}

/// Whether it is of kind `log`. The kind follows the sequence.
pub(super) fn is_fact(entry: &[u8]) -> bool {
    let comma = memchr::memchr(b',', entry).unwrap_or(entry.len());
    entry.get(comma..).is_some_and(|rest| rest.starts_with(b",\"kind\":\"log\""))
}

/// The event of an entry. One of a later version of this crate may hold what
/// this one cannot read; it keeps its place.
pub(super) fn read(sequence: Sequence, entry: &[u8]) -> AuditEvent {
    serde_json::from_slice(entry).unwrap_or_else(|error| {
        let mut event = AuditEvent::builder("UNREADABLE")
            .actor(Actor::System)
            .status(Status::Unknown)
            .metadata("sequence", sequence.0)
            .metadata("why", error.to_string())
            .build();
        event.kind = Kind::Log;
        event
    })
}
