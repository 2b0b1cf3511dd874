//! The journal as the worker holds it, and appending to it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::acknowledge::{Waiting, WaitingForCheckpoint};
use super::gather::Callers;
use super::packing::Twofold;
use super::totals::JournalTotals;
use super::trouble::{FullDisk, State};
use crate::capture::Intake;
use crate::channel::LossReason;
use crate::error::Error;
use crate::event::encode::{Encoder, split::Split};
use crate::event::limits::EVENT_BYTES_MAX;
use crate::event::row::{Row, RowScratch};
use crate::event::{AuditEvent, Sequence};
use crate::fs::JournalFs;
use crate::history::{Packer, describe_row};
use crate::journal::ENTRY_BYTES_MAX;
use crate::ledger::{CopyState, Ledger, Opened, Room};
use crate::proof::Digest;
use crate::worker::trail::{Fitted, Refused};

/// The hash of an entry; none if there is no journal.
pub(crate) type Leaf = Option<Digest>;

/// Entries about the log are at most this long.
const FACT_BYTES_MAX: usize = 8 * 1024;

/// A ledger that was opened, and how it is to be run.
pub(crate) struct OpenedJournal {
    pub(crate) ledger: Ledger,
    pub(crate) opened: Opened,
    pub(crate) fs: Arc<dyn JournalFs>,
    pub(crate) full_disk: FullDisk,
    /// Name of this host.
    pub(crate) host: String,
    /// Compresses what is sealed; without it, nothing is.
    pub(crate) packer: Option<Packer>,
}

/// The journal to write, if there is one.
pub(crate) type Opening = Option<OpenedJournal>;

/// Keeps the trail in a journal.
pub(in crate::worker) enum Keeper {
    /// There is none.
    None,
    Open(Box<Kept>),
    /// Closed at shutdown.
    Closed,
}

/// An open journal. Grouped by the file that owns each part.
pub(in crate::worker) struct Kept {
    // packing: dropped first, since it writes beside the ledger while that is locked
    pub(super) packer: Option<Packer>,
    pub(super) ledger: Ledger,
    pub(super) fs: Arc<dyn JournalFs>,
    pub(super) intake: Arc<Intake>,
    // keeper
    encoder: Encoder,
    // trouble
    pub(super) full_disk: FullDisk,
    pub(super) state: State,
    // acknowledge
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) waiting_for_checkpoint: Vec<WaitingForCheckpoint>,
    // gather
    pub(super) callers: Callers,
    // checkpoints
    pub(super) checkpoint_problem: Option<Arc<str>>,
    pub(super) checkpoint_us: Option<i64>,
    // upkeep
    pub(super) looked_ns: Option<u64>,
    pub(super) prune_ns: Option<u64>,
    pub(super) prune_held_until_ns: u64,
    pub(super) copies: Arc<[CopyState]>,
    pub(super) others_ns: Option<u64>,
    pub(super) other_logs: Arc<[PathBuf]>,
    // facts
    pub(super) facts: VecDeque<AuditEvent>,
    /// Documents hold all events with smaller sequences.
    pub(super) exported_through: u64,
    /// Memory holds no events with smaller sequences: who asks looks for them on disk.
    pub(super) released_through: u64,
    // packing
    pub(super) twofold: VecDeque<Twofold>,
    // what readers see
    pub(super) totals: JournalTotals,
}

impl Kept {
    pub(super) fn new(
        ledger: Ledger,
        fs: Arc<dyn JournalFs>,
        full_disk: FullDisk,
        intake: Arc<Intake>,
    ) -> Self {
        let totals = JournalTotals::new(&ledger);
        Kept {
            ledger,
            fs,
            intake,
            encoder: Encoder::default(),
            full_disk,
            state: State::Working,
            waiting: VecDeque::new(),
            waiting_for_checkpoint: Vec::new(),
            callers: Callers::default(),
            checkpoint_problem: None,
            checkpoint_us: None,
            looked_ns: None,
            prune_ns: None,
            prune_held_until_ns: 0,
            copies: Arc::new([]),
            others_ns: None,
            other_logs: Arc::new([]),
            facts: VecDeque::new(),
            exported_through: 0,
            released_through: 0,
            packer: None,
            twofold: VecDeque::new(),
            totals,
        }
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.intake.clock.monotonic_ns()
    }

    #[inline]
    fn append(&mut self, row: &Row<'_>) -> Result<(), Refused> {
        if matches!(self.state, State::GivenUp(_)) {
            return Err(Refused::Lost(LossReason::JournalPoisoned));
        }
        let write = |sequence: Sequence, entries: &mut Vec<u8>| {
            let start = entries.len();
            self.encoder.encode(row, sequence, entries);
            entries.len() - start <= EVENT_BYTES_MAX
        };
        match self.ledger.append_written(write) {
            Ok(Some(_)) => {
                self.ledger.describe_last(|facts| describe_row(row, facts));
                Ok(())
            }
            Ok(None) => Err(Refused::TooLong),
            Err(_) => Err(Refused::Lost(self.reason())),
        }
    }

    /// Appends an event that is too long for one entry.
    fn append_long(&mut self, row: &Row<'_>) -> Result<Fitted, LossReason> {
        let split = Split::new(row.to_event(Sequence(u64::MAX)));
        let mut scratch = RowScratch::default();
        let rows: Vec<_> = split.rows(scratch.row(&split.event, row.recorded_us)).collect();
        let mut encoder = Encoder::default();
        let encoded = |(place, row)| {
            let mut entry = Vec::new();
            encoder.encode(row, Sequence(place), &mut entry);
            entry
        };
        let entries: Vec<Vec<u8>> = (self.ledger.size()..).zip(&rows).map(encoded).collect();
        let Ok(first) = self.ledger.append_parts(&entries) else { return Err(self.reason()) };
        for row in &rows {
            self.ledger.describe_last(|facts| describe_row(row, facts));
        }
        let (entries, leaf) = (entries.len() as u64, first.map(|first| first.leaf));
        Ok(Fitted { event: split.event, entries, leaf })
    }

    fn reason(&self) -> LossReason {
        if self.ledger.is_poisoned() {
            LossReason::JournalPoisoned
        } else {
            LossReason::JournalFull
        }
    }
}

impl Keeper {
    /// No journal.
    pub(in crate::worker) const NONE: Keeper = Keeper::None;

    /// Appends the entry of an event.
    #[inline]
    pub(in crate::worker) fn append(&mut self, row: &Row<'_>) -> Result<(), Refused> {
        match self {
            Keeper::None => Ok(()),
            Keeper::Open(kept) => kept.append(row),
            Keeper::Closed => Err(Refused::Lost(LossReason::AfterShutdown)),
        }
    }

    /// Appends an event that is too long for one entry: as several, all of
    /// them or none, and shortened where that is not enough.
    pub(in crate::worker) fn append_long(&mut self, row: &Row<'_>) -> Result<Fitted, LossReason> {
        match self {
            Keeper::Open(kept) => kept.append_long(row),
            // Nobody else finds anything too long.
            Keeper::None | Keeper::Closed => Err(LossReason::AfterShutdown),
        }
    }

    /// The hash of the entry that was appended last, if there is a journal.
    pub(in crate::worker) fn last_leaf(&mut self) -> Leaf {
        self.open_mut().map(|kept| kept.ledger.last_leaf())
    }

    /// The next place, if a journal gives it.
    pub(in crate::worker) fn size(&self) -> Option<Sequence> {
        self.open().map(|kept| Sequence(kept.ledger.size()))
    }

    /// Whether those who record are told after the next sync, not at once.
    pub(in crate::worker) fn answers_later(&self) -> bool {
        self.open().is_some()
    }

    /// Whether an entry about the log can be appended.
    pub(in crate::worker) fn takes_facts(&self) -> bool {
        match self {
            Keeper::None => true,
            Keeper::Open(kept) => {
                let has_room = kept.ledger.room_for(FACT_BYTES_MAX) == Room::Enough;
                matches!(kept.state, State::Working) && has_room
            }
            Keeper::Closed => false,
        }
    }

    /// Whether what was appended has waited long enough, or is enough.
    pub(in crate::worker) fn wants_sync(&self) -> bool {
        self.open().is_some_and(|kept| kept.until_sync() == Some(Duration::ZERO))
    }

    /// Whether no more should be appended before the next sync.
    #[inline]
    pub(in crate::worker) fn wants_room(&self) -> bool {
        self.open().is_some_and(|kept| kept.ledger.room_for(ENTRY_BYTES_MAX) != Room::Enough)
    }

    /// How long until a sync or a checkpoint is due.
    pub(in crate::worker) fn until_due(&self) -> Option<Duration> {
        let kept = self.open()?;
        kept.until_sync().into_iter().chain(kept.until_checkpoint()).min()
    }

    /// Why nothing can be acknowledged, if nothing can.
    pub(in crate::worker) fn refusal(&self) -> Option<Error> {
        match self {
            Keeper::None => None,
            Keeper::Open(kept) => kept.refusal(),
            Keeper::Closed => Some(Error::stopped()),
        }
    }

    /// Documents hold all events with smaller sequences.
    pub(in crate::worker) fn exported_through(&self) -> u64 {
        self.open().map_or(0, |kept| kept.exported_through)
    }

    pub(super) fn open(&self) -> Option<&Kept> {
        match self {
            Keeper::Open(kept) => Some(kept),
            _ => None,
        }
    }

    pub(super) fn open_mut(&mut self) -> Option<&mut Kept> {
        match self {
            Keeper::Open(kept) => Some(kept),
            _ => None,
        }
    }
}
