//! Compressing sealed segments: power cuts at every step, beside what was
//! there, and what is refused.

use std::sync::{Arc, Mutex};

use super::rig::{HISTORY, Model, directory, entry, open, read};
use crate::event::Sequence;
use crate::fs::simulated::SimulatedFs;
use crate::journal::index::{EntryFacts, EntryIndexer};
use crate::journal::{
    GroupMemory, GroupTaker, PackStream, PackedSegment, Result, WrittenGroup, pack, remove_raw,
    unfinished,
};

/// Ways in which each power cut is resolved.
const SEEDS: u64 = 24;

/// Entries are found by their first eight bytes.
#[derive(Debug)]
struct Beginnings;

impl EntryIndexer for Beginnings {
    fn describe(&self, entry: &[u8], facts: &mut EntryFacts) -> bool {
        facts.add(1, &entry[..8.min(entry.len())]);
        true
    }
}

fn log() -> (SimulatedFs, Model) {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    model.run(&fs, HISTORY).unwrap();
    (fs, model)
}

fn pack_all(fs: &SimulatedFs) -> Result<Vec<PackedSegment>> {
    let unpacked = unfinished(fs, &directory())?.unpacked;
    unpacked.into_iter().map(|first| pack(fs, &directory(), first, &Beginnings)).collect()
}

fn remove_all_raw(fs: &SimulatedFs) -> Result<()> {
    let unpacked = unfinished(fs, &directory())?.unpacked;
    unpacked.into_iter().try_for_each(|first| remove_raw(fs, &directory(), first))
}

fn segment_names(fs: &SimulatedFs) -> Vec<String> {
    fs.names(&directory().join("segments"))
}

#[test]
fn a_compressed_log_is_read_as_it_was_written() {
    let (fs, mut model) = log();
    let packed = pack_all(&fs).unwrap();
    assert_eq!(packed.len(), 4);
    assert_eq!(read(&fs).unwrap(), model.appended);
    remove_all_raw(&fs).unwrap();
    assert!(segment_names(&fs).iter().all(|name| !name.ends_with(".seg")));
    assert_eq!(read(&fs).unwrap(), model.appended);
    model.check(&fs);
}

#[test]
fn packing_again_keeps_the_files_and_says_the_same() {
    let (fs, _) = log();
    let packed = pack_all(&fs).unwrap();
    assert_eq!(pack_all(&fs).unwrap(), packed);
    for segment in &packed {
        let bytes = fs.bytes(&segment.index.path);
        fs.tamper(&segment.index.path, &bytes[..bytes.len() - 1]);
    }
    assert_eq!(pack_all(&fs).unwrap(), packed, "indices are made again");
}

#[test]
fn a_power_cut_at_any_step_of_packing_loses_nothing() {
    let (fs, model) = log();
    let whole = fs.fork();
    let before = whole.disk().calls_total();
    pack_all(&whole).unwrap();
    remove_all_raw(&whole).unwrap();
    let steps = whole.disk().calls_total() - before;
    assert!(steps > 20, "{steps} steps");
    for step in 1..=steps {
        for seed in 0..SEEDS {
            let (fs, mut model) = (fs.fork(), model.clone());
            fs.disk().crash_at = Some(before + step);
            let told = pack_all(&fs);
            let _ = told.as_ref().map(|_| remove_all_raw(&fs));
            fs.disk().crash(seed);
            assert_eq!(read(&fs).unwrap(), model.appended, "step {step}");
            model.check(&fs);
            let again = pack_all(&fs).unwrap();
            for (told, again) in told.iter().flatten().zip(&again) {
                assert!(told.first != again.first || told == again, "step {step}");
            }
            remove_all_raw(&fs).unwrap();
            assert_eq!(read(&fs).unwrap(), model.appended);
        }
    }
}

#[test]
fn a_segment_stays_as_it_was_written_while_its_other_form_is_not_whole() {
    let (fs, model) = log();
    let packed = pack_all(&fs).unwrap().remove(0).packed.path;
    let bytes = fs.bytes(&packed);
    fs.tamper(&packed, &bytes[..bytes.len() - 1]);
    assert!(remove_raw(&fs, &directory(), Sequence(0)).is_err());
    assert_eq!(read(&fs).unwrap(), model.appended);
    pack_all(&fs).unwrap();
    assert_eq!(fs.bytes(&packed), bytes);
}

/// Keeps what is handed over.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<WrittenGroup>>>);

impl GroupTaker for Kept {
    fn take(&mut self, group: WrittenGroup) -> GroupMemory {
        self.0.lock().unwrap().push(group);
        GroupMemory::default()
    }
}

/// A log with one sealed segment, and the groups that it was written in.
fn handed_over() -> (SimulatedFs, Vec<WrittenGroup>) {
    let (fs, kept) = (SimulatedFs::default(), Kept::default());
    let (mut journal, _) = open(&fs).unwrap();
    journal.hand_groups_to(Box::new(kept.clone()));
    for number in 0..60 {
        let bytes = entry(number);
        journal.append(&bytes).unwrap();
        journal.describe_last(|facts| Beginnings.describe(&bytes, facts));
        match number % 9 {
            4 => drop(journal.begin_sync(0).unwrap()),
            7 => drop(journal.sync(0).unwrap()),
            _ => {}
        }
    }
    journal.seal(0).unwrap().unwrap();
    let groups = std::mem::take(&mut *kept.0.lock().unwrap());
    (fs, groups)
}

fn stream(fs: &SimulatedFs, groups: &[WrittenGroup]) -> Option<PackStream> {
    let mut stream = PackStream::begin(Arc::new(fs.clone()), &directory(), Sequence(0)).unwrap();
    for group in groups {
        if !stream.take(group).unwrap() {
            stream.discard();
            return None;
        }
    }
    Some(stream)
}

#[test]
fn a_segment_packed_while_it_is_written_is_the_same_as_one_that_is_read() {
    let (fs, groups) = handed_over();
    assert!(groups.len() > 10 && groups[0].begins_segment());
    let streamed = fs.fork();
    let packed = stream(&streamed, &groups).unwrap().finish().unwrap().unwrap();
    assert_eq!(pack_all(&fs).unwrap(), std::slice::from_ref(&packed));
    for path in [&packed.packed.path, &packed.index.path] {
        assert_eq!(streamed.bytes(path), fs.bytes(path));
    }
    remove_all_raw(&streamed).unwrap();
    assert_eq!(read(&streamed).unwrap(), (0..60).map(entry).collect::<Vec<_>>());
}

#[test]
fn a_stream_that_missed_anything_is_good_for_nothing() {
    let (fs, mut groups) = handed_over();
    let but_last = &groups[..groups.len() - 1];
    assert!(stream(&fs.fork(), but_last).unwrap().finish().unwrap().is_none());
    let last = groups.pop().unwrap();
    let before_last = groups.pop().unwrap();
    groups.push(last);
    assert!(stream(&fs, &groups).is_none(), "a hole");
    *groups.last_mut().unwrap() = before_last;
    groups.last_mut().unwrap().memory.facts.clear();
    assert!(stream(&fs, &groups).is_none(), "nobody said what its entries are found by");
    assert!(segment_names(&fs).iter().all(|name| !name.ends_with(".new")));
    assert_eq!(pack_all(&fs).unwrap().len(), 1);
}
