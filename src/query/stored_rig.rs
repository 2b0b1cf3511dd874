//! A trail in memory, on a simulated disk, and as a plain list, for tests.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Stored, View};
use crate::buffer::rotation::{Keep, Rotation, RotationReason};
use crate::buffer::samples::{ENTRY_IDS, event, push_taking};
use crate::buffer::{Buffer, BufferConfig};
use crate::event::encode::{encode, split::Split};
use crate::event::limits::PARTS_MISSING_KEY;
use crate::event::row::RowScratch;
use crate::event::{AuditEvent, Sequence};
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::history::{EventIndexer, History};
use crate::journal::{Journal, JournalConfig, LogId, pack, remove_raw};

/// The log of most tests.
pub(super) const LOG: LogId = LogId([9; 16]);

/// The trail, in memory, on disk, and as a plain list.
pub(super) struct Trail {
    pub(super) fs: SimulatedFs,
    pub(super) journal: Journal,
    pub(super) buffer: Buffer,
    pub(super) history: Arc<History>,
    pub(super) held: Vec<AuditEvent>,
    /// Segments whose index was found damaged.
    pub(super) damaged: Arc<Mutex<Vec<Sequence>>>,
}

/// What is done with the segment that was written to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seal {
    Raw,
    /// Both forms are there.
    Packed,
    PackedAlone,
    WithoutIndex,
}

/// An event of which the entry ids are in several entries.
#[derive(Debug, Clone)]
pub(super) struct Long {
    pub(super) event: AuditEvent,
    /// How many entry ids are in each of its entries.
    pub(super) counts: Vec<usize>,
    /// So many of the entries are there: a crash took the others.
    pub(super) written: usize,
    /// What is done behind the first of them.
    pub(super) seal: Option<Seal>,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Push(Vec<AuditEvent>),
    Long(Box<Long>),
    Seal(Seal),
    Release(u64),
}

pub(super) fn directory() -> PathBuf {
    PathBuf::from("/log")
}

impl Trail {
    pub(super) fn new(segment_events_max: usize) -> Self {
        Trail::of_log(LOG, segment_events_max)
    }

    pub(super) fn of_log(log: LogId, segment_events_max: usize) -> Self {
        let fs = SimulatedFs::default();
        let config = JournalConfig { reserve_bytes: 0, ..JournalConfig::new(directory(), log) };
        let (journal, _) = Journal::open(config, Arc::new(fs.clone()), 0).unwrap();
        let damaged = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&damaged);
        let tell = Arc::new(move |first, _| telling.lock().unwrap().push(first));
        let shared: Arc<dyn JournalFs> = Arc::new(fs.clone());
        let history = History::new(shared, directory(), log, Sequence(0), tell);
        let config = BufferConfig { segment_events_max, ..BufferConfig::default() };
        let (buffer, held) = (Buffer::new(config), Vec::new());
        Trail { fs, journal, buffer, history: Arc::new(history), held, damaged }
    }

    pub(super) fn run(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Push(events) => events.into_iter().for_each(|event| self.push(event)),
                Step::Long(long) => self.push_long(*long),
                Step::Seal(seal) => self.seal(seal),
                Step::Release(events_max) => self.release(events_max),
            }
        }
    }

    pub(super) fn push(&mut self, event: AuditEvent) {
        let counts = vec![event.entry_ids.len()];
        self.push_long(Long { event, counts, written: 1, seal: None });
    }

    pub(super) fn push_long(&mut self, Long { event, counts, written, seal }: Long) {
        let sequence = self.buffer.next_sequence();
        let recorded_at = event.recorded_at.or(Some(event.timestamp));
        let event = AuditEvent { sequence: Some(sequence), recorded_at, ..event };
        // As an entry gives it back.
        let entry = serde_json::to_vec(&event).unwrap();
        let mut event: AuditEvent = serde_json::from_slice(&entry).unwrap();
        let (mut scratch, mut entry) = (RowScratch::default(), Vec::new());
        let row = scratch.row(&event, 0);
        let split = Split::at_will(event.clone(), counts.clone());
        for (number, row) in split.rows(row).take(written).enumerate() {
            let place = Sequence(sequence.0 + number as u64);
            entry.clear();
            encode(&row, place, &mut entry);
            assert_eq!(self.journal.append(&entry).unwrap(), place);
            self.journal.sync(0).unwrap();
            seal.filter(|_| number == 0).into_iter().for_each(|seal| self.seal(seal));
        }
        if written < counts.len() {
            event.entry_ids.truncate(counts[..written].iter().sum());
            event.metadata.insert(PARTS_MISSING_KEY, counts.len() - written);
        }
        push_taking(&mut self.buffer, &event, written as u64);
        self.held.push(event);
    }

    pub(super) fn seal(&mut self, seal: Seal) {
        let Some(sealed) = self.journal.seal(0).unwrap() else { return };
        if matches!(seal, Seal::Raw) {
            return;
        }
        let packed = pack(&self.fs, &directory(), sealed.first, &EventIndexer).unwrap();
        assert_eq!((packed.next, packed.raw_bytes), (sealed.next, sealed.bytes));
        if !matches!(seal, Seal::Packed) {
            remove_raw(&self.fs, &directory(), sealed.first).unwrap();
        }
        if matches!(seal, Seal::WithoutIndex) {
            self.fs.remove_file(&packed.index.path).unwrap();
        }
    }

    /// Releases segments from memory until at most so many events remain.
    pub(super) fn release(&mut self, events_max: u64) {
        let keep = Keep::Events(events_max);
        self.buffer.begin_release(Rotation { reason: RotationReason::Events, keep });
        self.buffer.finish_release();
    }

    pub(super) fn view(&mut self) -> View {
        View::new(self.buffer.publish()).with_stored(Stored::new(Arc::clone(&self.history)))
    }
}

pub(super) fn seal() -> impl Strategy<Value = Seal> {
    prop_oneof![
        Just(Seal::Raw),
        Just(Seal::Packed),
        Just(Seal::PackedAlone),
        Just(Seal::WithoutIndex)
    ]
}

pub(super) fn long() -> impl Strategy<Value = Long> {
    let more = vec(proptest::sample::select(&ENTRY_IDS[..]), 0..4);
    let written = prop_oneof![4 => Just(usize::MAX), 1 => 1..4_usize];
    (event(), more, vec(0..3_usize, 1..4), written, proptest::option::of(seal())).prop_map(
        |(mut event, more, mut counts, written, seal)| {
            event.entry_ids.extend(more.into_iter().map(str::to_owned));
            let mut rest = event.entry_ids.len();
            for count in &mut counts {
                *count = rest.min(*count);
                rest -= *count;
            }
            counts.push(rest);
            let written = written.min(counts.len());
            Long { event, counts, written, seal }
        },
    )
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => vec(event(), 0..20).prop_map(Step::Push),
        3 => long().prop_map(|long| Step::Long(Box::new(long))),
        2 => seal().prop_map(Step::Seal),
        1 => (0..30_u64).prop_map(Step::Release),
    ]
}

pub(super) fn filled(steps: Vec<Step>, segment_events_max: usize) -> Trail {
    let mut trail = Trail::new(segment_events_max);
    trail.run(steps);
    trail
}
