//! Events on disk whose entry ids take several entries.
//!
//! Any of the entries may be what an index leads to. The event is put together
//! from all of them then, once, at the place of its first one; since its
//! entries follow each other, that is in order whichever was met first.

use std::ops::{ControlFlow, Range};

use super::stored::{Search, StoredEvent, read, with_owned_event};
use crate::error::Result;
use crate::event::part::{Joined, Joiner};
use crate::event::{AuditEvent, Part, Sequence};
use crate::history::{History, Wanted};

type Flow = Result<ControlFlow<()>>;

/// The whole events of one search.
pub(super) struct Parts<'s> {
    history: &'s History,
    search: &'s Search<'s>,
    /// The places of the event that was met last.
    last: Range<u64>,
}

impl<'s> Parts<'s> {
    pub(super) fn new(history: &'s History, search: &'s Search<'s>) -> Self {
        Parts { history, search, last: 0..0 }
    }

    /// Looks at the whole event of an entry, unless that was done.
    pub(super) fn whole(
        &mut self,
        entry: &StoredEvent<'_>,
        look: impl FnOnce(&StoredEvent<'_>) -> Flow,
    ) -> Flow {
        let Some(part) = entry.scanned.part() else { return look(entry) };
        let is_known = self.last.contains(&entry.sequence.0);
        if is_known || !self.search.is_met_by_any_part(&entry.scanned) {
            return Ok(ControlFlow::Continue(()));
        }
        let Some(event) = self.join(entry, part)? else { return Ok(ControlFlow::Continue(())) };
        let sequence = Sequence(self.last.start);
        // Pages end between events: what begins outside was or will be seen there.
        if !self.search.sequences.contains(&sequence.0) {
            return Ok(ControlFlow::Continue(()));
        }
        with_owned_event(sequence, &event, look)
    }

    /// Puts the event of an entry together, as far as its entries are there.
    fn join(&mut self, entry: &StoredEvent<'_>, part: Part) -> Result<Option<AuditEvent>> {
        let (at, id) = (entry.sequence.0, entry.event_id());
        let first = at.saturating_sub(part.before());
        let end = (first + u64::from(part.count)).min(self.search.held).max(at + 1);
        let mut found = None;
        let mut joiner = Joiner::default();
        let mut keep = |Joined { event, entries }: Joined| {
            let begin = event.sequence.map_or(at, |sequence| sequence.0);
            let places = begin..begin.saturating_add(entries);
            if places.contains(&at) {
                found = Some((event, places));
            }
        };
        let _ = self.history.each(&Wanted::default(), first..end, false, |sequence, entry| {
            let event = AuditEvent { sequence: Some(sequence), ..read(sequence, entry)? };
            if Some(event.event_id) == id {
                joiner.push(event, &mut keep);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        joiner.finish(&mut keep);
        let (event, places) = found.unzip();
        self.last = places.unwrap_or_default();
        Ok(event)
    }
}
