//! What the worker does about a journal in a build without one: nothing.

use std::time::Duration;

use crate::channel::LossReason;
use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::event::row::Row;

use super::decode::Times;
use super::request::Reply;
use super::state::Worker;
use super::trail::{Fitted, Refused, Stored};

/// There are no hashes of entries.
pub(crate) type Leaf = Option<std::convert::Infallible>;

/// There is no journal to be opened.
pub(crate) type Opening = Option<std::convert::Infallible>;

/// Keeps nothing.
pub(super) struct Keeper;

impl Keeper {
    /// No journal.
    pub(super) const NONE: Keeper = Keeper;

    pub(super) fn append(&mut self, _: &Row<'_>) -> Result<(), Refused> {
        Ok(())
    }

    pub(super) fn last_leaf(&mut self) -> Leaf {
        None
    }

    pub(super) fn append_long(&mut self, row: &Row<'_>) -> Result<Fitted, LossReason> {
        Ok(Fitted { event: row.to_event(Sequence(0)), entries: 1, leaf: None })
    }

    pub(super) fn size(&self) -> Option<Sequence> {
        None
    }

    pub(super) fn answers_later(&self) -> bool {
        false
    }

    pub(super) fn takes_facts(&self) -> bool {
        true
    }

    pub(super) fn wants_sync(&self) -> bool {
        false
    }

    pub(super) fn wants_room(&self) -> bool {
        false
    }

    pub(super) fn until_due(&self) -> Option<Duration> {
        None
    }

    pub(super) fn refusal(&self) -> Option<Error> {
        None
    }

    pub(super) fn acknowledge(&mut self, stored: Stored, reply: Reply<Result<Stored>>) {
        drop(reply.send(Ok(stored)));
    }

    pub(super) fn exported_through(&self) -> u64 {
        0
    }
}

impl Worker {
    pub(super) fn open_journal(&mut self, _: Opening) -> Result<()> {
        Ok(())
    }

    pub(super) fn append_facts(&mut self, _: Times) {}

    pub(super) fn gather_callers(&mut self, _: Times) {}

    pub(super) fn sync_journal(&mut self) {}

    pub(super) fn begin_sync_journal(&mut self) {}

    pub(super) fn keep_journal(&mut self, _: Times) {}

    pub(super) fn close_journal(&mut self, _: Times) {}

    pub(super) fn restore_from_journal(&mut self) {}

    pub(super) fn note_clock_step(&mut self, _: i64, _: Times) {}

    pub(super) fn note_rotation(&mut self, _: u64, _: u64, _: Option<&std::path::Path>, _: Times) {}

    pub(super) fn note_export(&mut self, _: u64, _: &std::path::Path, _: Times) {}

    pub(super) fn publish_journal(&self, _: &mut super::state::Totals) {}
}
