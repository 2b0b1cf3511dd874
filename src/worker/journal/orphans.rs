//! Operations that were begun before a crash and never completed.

use std::collections::BTreeMap;

use super::keeper::Kept;
use super::refill::{is_fact, read};
use crate::error::Result;
use crate::event::part::{Joined, Joiner};
use crate::event::{AuditEvent, EventId};
use crate::journal::LogReader;
use crate::worker::intents::{INTENT, recovered};

/// What an entry of an event has before its id.
const ID_KEY: &[u8] = b",\"event_id\":\"";
const ID_BYTES: usize = 30;

impl Kept {
    /// Events that stand for those operations: begun, end unknown. Of intents
    /// since the log was last opened; earlier ones were settled then.
    pub(super) fn orphans(&self) -> Result<Vec<AuditEvent>> {
        let reader = self.reader()?;
        let mut begun = Begun::default();
        for index in last_opening(&reader)?..reader.segments().len() {
            begun.read_segment(&reader, index)?;
        }
        let mut orphans = begun.finish();
        orphans.sort_by_key(|intent: &AuditEvent| intent.sequence);
        Ok(orphans.into_iter().map(recovered).collect())
    }
}

/// The segment with the last entry that says that the log was opened.
fn last_opening(reader: &LogReader) -> Result<usize> {
    for index in (0..reader.segments().len()).rev() {
        let mut entries = reader.segment_entries(index);
        while let Some((sequence, entry)) = entries.next_entry()? {
            if is_fact(entry) && read(sequence, entry).operation.as_str() == "OPEN" {
                return Ok(index);
            }
        }
    }
    Ok(0)
}

/// Intents without an outcome so far.
#[derive(Default)]
struct Begun {
    open: BTreeMap<EventId, AuditEvent>,
    joiner: Joiner,
}

impl Begun {
    fn read_segment(&mut self, reader: &LogReader, index: usize) -> Result<()> {
        let Begun { open, joiner } = self;
        let mut entries = reader.segment_entries(index);
        while let Some((sequence, entry)) = entries.next_entry()? {
            if is_fact(entry) {
                let fact = read(sequence, entry);
                match fact.operation.as_str() {
                    "OPEN" => (*open, *joiner) = Default::default(),
                    INTENT => joiner.push(fact, |whole| note(open, whole)),
                    _ => {}
                }
            } else if !open.is_empty() {
                event_id(entry).and_then(|id| open.remove(&id));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<AuditEvent> {
        self.joiner.finish(|part| note(&mut self.open, part));
        self.open.into_values().collect()
    }
}

fn note(open: &mut BTreeMap<EventId, AuditEvent>, Joined { event, .. }: Joined) {
    open.insert(event.event_id, event);
}

/// The id in an entry of kind `event`.
fn event_id(entry: &[u8]) -> Option<EventId> {
    let comma = memchr::memchr(b',', entry)?;
    let id = entry.get(comma..)?.strip_prefix(ID_KEY)?.get(..ID_BYTES)?;
    std::str::from_utf8(id).ok()?.parse().ok()
}
