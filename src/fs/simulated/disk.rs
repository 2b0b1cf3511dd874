//! The state of the simulated disk, and what a crash makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

const SECTOR_BYTES: usize = 512;

/// The calls that change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    CreateDirectory,
    Create,
    Write,
    Sync,
    Truncate,
    Rename,
    Remove,
    SyncDirectory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    Directory,
    File(usize),
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Debug, Clone)]
enum NameChange {
    Set(PathBuf, Node),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

/// One file, under whatever names.
#[derive(Debug, Clone, Default)]
pub(super) struct Inode {
    pub(super) seen: Vec<u8>,
    /// How often it was changed; stands for the time of the last change.
    pub(super) changes: u64,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

/// The disk, and the faults that are planned for it.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<PathBuf, Node>,
    durable_names: BTreeMap<PathBuf, Node>,
    pending_names: Vec<NameChange>,
    pub(super) locked: BTreeSet<usize>,
    /// Files that others than their owner may read.
    pub(super) public: BTreeSet<usize>,
    /// Which run of the machine it is: files opened in an earlier one are gone.
    pub(super) run: u64,
    /// Calls that changed something, by kind.
    pub(crate) calls: BTreeMap<Call, u64>,
    /// The machine stops at the call of this number, counted over all kinds.
    pub(crate) crash_at: Option<u64>,
    /// Calls that fail: kind, number from 1, error.
    pub(crate) faults: Vec<(Call, u64, io::ErrorKind)>,
    /// A file that somebody else makes just before a call: kind, number from 1.
    pub(crate) appears: Option<(Call, u64, PathBuf)>,
    /// Bytes that fit on the disk.
    pub(crate) capacity: Option<usize>,
    /// Writes are cut to random lengths, and interrupted.
    pub(crate) writes_are_short: bool,
    /// The next file that is locked loses its name meanwhile.
    pub(crate) lock_loses_name: bool,
    /// Syncs succeed without doing anything.
    pub(crate) syncs_lie: bool,
    has_crashed: bool,
    random: Random,
}

impl Default for Disk {
    fn default() -> Self {
        let names = BTreeMap::from([(PathBuf::from("/"), Node::Directory)]);
        Disk {
            inodes: Vec::new(),
            durable_names: names.clone(),
            names,
            pending_names: Vec::new(),
            locked: BTreeSet::new(),
            public: BTreeSet::new(),
            run: 0,
            calls: BTreeMap::new(),
            crash_at: None,
            faults: Vec::new(),
            appears: None,
            capacity: None,
            writes_are_short: false,
            lock_loses_name: false,
            syncs_lie: false,
            has_crashed: false,
            random: Random(1),
        }
    }
}

impl Disk {
    /// Calls that changed something.
    pub(crate) fn calls_total(&self) -> u64 {
        self.calls.values().sum()
    }

    /// Whether the machine has stopped, at the call that was planned.
    pub(crate) fn has_crashed(&self) -> bool {
        self.has_crashed
    }

    /// What files hold, also such as have no name any more: seen and durable.
    pub(crate) fn contents(&self) -> impl Iterator<Item = &[u8]> {
        self.inodes.iter().flat_map(|inode| [&inode.seen[..], &inode.durable[..]])
    }

    /// Bytes in files.
    pub(crate) fn bytes_used(&self) -> usize {
        self.inodes.iter().map(|inode| inode.seen.len()).sum()
    }

    /// Cuts the power and starts again. Seed 0 loses whatever was not synced,
    /// seed 1 loses nothing, others something.
    pub(crate) fn crash(&mut self, seed: u64) {
        self.random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let kept_percent = match seed {
            0 => 0,
            1 => 100,
            _ => [20, 50, 80, 95][seed as usize % 4],
        };
        for inode in &mut self.inodes {
            inode.crash(&mut self.random, kept_percent);
        }
        for change in std::mem::take(&mut self.pending_names) {
            if self.random.percent(kept_percent) {
                apply(&mut self.durable_names, change);
            }
        }
        self.names = self.durable_names.clone();
        self.kill();
    }

    /// Ends all programs; the machine goes on. Planned faults are over.
    pub(crate) fn kill(&mut self) {
        self.locked.clear();
        self.run += 1;
        self.calls.clear();
        self.crash_at = None;
        self.faults.clear();
        self.has_crashed = false;
    }

    /// Counts a call, and fails if that is planned.
    pub(super) fn step(&mut self, call: Call) -> io::Result<()> {
        self.alive()?;
        let nth = self.calls.entry(call).or_default();
        *nth += 1;
        let nth = *nth;
        if self.crash_at == Some(self.calls_total()) {
            self.has_crashed = true;
            self.alive()?;
        }
        if let Some((.., path)) = self.appears.take_if(|(kind, at, _)| (*kind, *at) == (call, nth))
        {
            self.inodes.push(Inode::default());
            self.set_name(&path, Node::File(self.inodes.len() - 1));
        }
        match self.faults.iter().find(|(kind, at, _)| (*kind, *at) == (call, nth)) {
            Some((.., kind)) => Err((*kind).into()),
            None => Ok(()),
        }
    }

    pub(super) fn alive(&self) -> io::Result<()> {
        if self.has_crashed { Err(io::Error::other("the machine has stopped")) } else { Ok(()) }
    }

    pub(super) fn write(&mut self, inode: usize, offset: usize, bytes: &[u8]) -> io::Result<usize> {
        self.step(Call::Write)?;
        let mut length = bytes.len();
        if self.writes_are_short {
            if self.random.percent(20) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            length = 1 + self.random.below(length);
        }
        if let Some(capacity) = self.capacity {
            let free = capacity.saturating_sub(self.bytes_used());
            let end = self.inodes[inode].seen.len() + free;
            length = length.min(end.saturating_sub(offset));
            if length == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        let change = Change::Write(offset, bytes[..length].to_vec());
        self.inodes[inode].change(change);
        Ok(length)
    }

    pub(super) fn truncate(&mut self, inode: usize, length: usize) -> io::Result<()> {
        self.step(Call::Truncate)?;
        self.inodes[inode].change(Change::Length(length));
        Ok(())
    }

    pub(super) fn sync(&mut self, inode: usize) -> io::Result<()> {
        let result = self.step(Call::Sync);
        self.alive()?;
        match (&result, self.syncs_lie) {
            (Ok(()), true) => {}
            (Ok(()), false) => self.inodes[inode].settle(&mut self.random, 100),
            (Err(error), _) if error.kind() == io::ErrorKind::Interrupted => {}
            (Err(_), _) => self.inodes[inode].fail(&mut self.random),
        }
        result
    }

    pub(super) fn sync_directory(&mut self, directory: &Path) -> io::Result<()> {
        self.step(Call::SyncDirectory)?;
        if self.syncs_lie {
            return Ok(());
        }
        for change in std::mem::take(&mut self.pending_names) {
            let path = match &change {
                NameChange::Set(path, _)
                | NameChange::Rename(path, _)
                | NameChange::Remove(path) => path,
            };
            match path.parent() == Some(directory) {
                true => apply(&mut self.durable_names, change),
                false => self.pending_names.push(change),
            }
        }
        Ok(())
    }

    pub(super) fn set_name(&mut self, path: &Path, node: Node) {
        self.change_name(NameChange::Set(path.to_owned(), node));
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) {
        self.change_name(NameChange::Rename(from.to_owned(), to.to_owned()));
    }

    pub(super) fn remove_name(&mut self, path: &Path) {
        self.change_name(NameChange::Remove(path.to_owned()));
    }

    /// Makes what programs see durable: for changes that a test makes.
    pub(super) fn settle(&mut self) {
        self.durable_names = self.names.clone();
        self.pending_names.clear();
        for inode in &mut self.inodes {
            inode.durable = inode.seen.clone();
            inode.pending.clear();
        }
    }

    fn change_name(&mut self, change: NameChange) {
        apply(&mut self.names, change.clone());
        self.pending_names.push(change);
    }
}

impl Inode {
    fn change(&mut self, change: Change) {
        self.changes += 1;
        change.apply(&mut self.seen);
        self.pending.push(change);
    }

    /// Lets a share of the sectors that wait reach the disk; none waits then.
    fn settle(&mut self, random: &mut Random, kept_percent: usize) {
        // A sector is as programs saw it, or as it was: nothing in between.
        let mut kept = BTreeMap::new();
        for change in std::mem::take(&mut self.pending) {
            if matches!(change, Change::Length(_)) {
                kept.clear();
            }
            for sector in change.sectors() {
                let is_kept = kept.entry(sector.number());
                if *is_kept.or_insert_with(|| random.percent(kept_percent)) {
                    sector.apply(&mut self.durable);
                }
            }
        }
    }

    /// A failed sync: bytes that did not reach the disk are called clean all the
    /// same. A length is no page; it goes on waiting.
    fn fail(&mut self, random: &mut Random) {
        let has_length = self.pending.iter().any(|change| matches!(change, Change::Length(_)));
        self.settle(random, 50);
        self.pending.extend(has_length.then_some(Change::Length(self.seen.len())));
    }

    fn crash(&mut self, random: &mut Random, kept_percent: usize) {
        self.settle(random, kept_percent);
        // The length may be on the disk already, and the bytes not.
        let seen = self.seen.len();
        if seen > self.durable.len() && kept_percent > 0 && random.percent(50) {
            self.durable.resize(seen, 0);
        }
        self.seen = self.durable.clone();
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Length(length) => bytes.resize(*length, 0),
            Change::Write(offset, written) => {
                let end = offset + written.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*offset..end].copy_from_slice(written);
            }
        }
    }

    fn number(&self) -> Option<usize> {
        match self {
            Change::Length(_) => None,
            Change::Write(offset, _) => Some(offset / SECTOR_BYTES),
        }
    }

    fn sectors(self) -> Vec<Change> {
        let Change::Write(offset, written) = self else { return vec![self] };
        let mut sectors = Vec::new();
        let mut at = offset;
        while at < offset + written.len() {
            let end = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
            let end = end.min(offset + written.len());
            sectors.push(Change::Write(at, written[at - offset..end - offset].to_vec()));
            at = end;
        }
        sectors
    }
}

fn apply(names: &mut BTreeMap<PathBuf, Node>, change: NameChange) {
    match change {
        NameChange::Set(path, node) => {
            names.insert(path, node);
        }
        NameChange::Rename(from, to) => {
            // What was renamed may never have got to the disk.
            if let Some(node) = names.remove(&from) {
                names.insert(to, node);
            }
        }
        NameChange::Remove(path) => {
            names.remove(&path);
        }
    }
}

#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
