//! Bytes that changed: the end of a crash, or damage.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::rig::{Deed, LOG, Model, active, config, directory, open, read};
use crate::event::Sequence;
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::journal::{
    Corruption, CutReason, Journal, JournalConfig, KnownCheckpoint, LogReader, OpenReport, Result,
};

/// Two sealed segments and an open one with two groups; closed, or not.
fn small_log(is_closed: bool) -> (SimulatedFs, Model) {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let mut history = vec![Deed::Append(4), Deed::Seal, Deed::Append(3), Deed::Seal];
    history.extend([Deed::Append(3), Deed::Sync, Deed::Append(3), Deed::Sync]);
    history.extend(is_closed.then_some(Deed::Reopen));
    model.run(&fs, &history).unwrap();
    (fs, model)
}

fn segments(fs: &SimulatedFs) -> Vec<PathBuf> {
    let directory = directory().join("segments");
    fs.names(&directory).iter().map(|name| directory.join(name)).collect()
}

fn open_knowing(fs: &SimulatedFs, size: u64) -> Result<(Journal, OpenReport)> {
    let known_checkpoints = vec![KnownCheckpoint { log: LOG, size }];
    let config = JournalConfig { known_checkpoints, ..config() };
    Journal::open(config, Arc::new(fs.clone()), 0)
}

fn flip(fs: &SimulatedFs, path: &Path, bit: usize) {
    let mut bytes = fs.bytes(path);
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs.tamper(path, &bytes);
}

/// Where each entry of a segment begins.
fn offsets(fs: &SimulatedFs, path: &Path) -> Vec<usize> {
    let bytes = fs.bytes(path);
    let (mut at, mut offsets) = (40, Vec::new());
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        offsets.extend((length > 0).then_some(at));
        at += 16 + length;
    }
    offsets
}

fn corruption<T>(result: Result<T>) -> Corruption {
    match result {
        Ok(_) => panic!("the damage was not seen"),
        Err(error) => error.corruption().unwrap_or_else(|| panic!("{error}")).clone(),
    }
}

/// Whether opening or reading says that something is wrong. What is read all
/// the same has to be a prefix of what was written.
fn is_detected(fs: &SimulatedFs, model: &Model) -> bool {
    let by_reader = match read(fs) {
        Ok(entries) => {
            assert_eq!(entries, model.appended[..entries.len()]);
            false
        }
        Err(error) => error.corruption().is_some(),
    };
    let by_open = match open(fs) {
        Ok((_, report)) => !report.cuts.is_empty() || !report.was_closed,
        Err(error) => error.corruption().is_some(),
    };
    by_reader || by_open
}

#[test]
fn every_flipped_bit_is_seen_by_the_reader_or_said_on_opening() {
    let (fs, model) = small_log(true);
    assert!(!is_detected(&fs.fork(), &model), "a false alarm");
    let mut flips = 0;
    for path in segments(&fs) {
        for bit in 0..fs.bytes(&path).len() * 8 {
            let fs = fs.fork();
            flip(&fs, &path, bit);
            assert!(is_detected(&fs, &model), "{path:?} bit {bit}");
            flips += 1;
        }
    }
    assert!(flips > 20_000, "{flips}");
}

#[test]
fn every_cut_is_seen_by_the_reader_or_said_on_opening() {
    let (fs, model) = small_log(true);
    for path in segments(&fs) {
        let bytes = fs.bytes(&path);
        for length in 0..bytes.len() {
            let fs = fs.fork();
            fs.tamper(&path, &bytes[..length]);
            let whole = model.appended.len();
            let is_refused = open_knowing(&fs, whole as u64).is_err();
            let has_all = read(&fs).is_ok_and(|entries| entries.len() == whole);
            assert!(is_refused || read(&fs).is_err() || has_all, "{path:?} cut to {length}");
            assert!(is_detected(&fs, &model), "{path:?} cut to {length}");
        }
    }
}

#[test]
fn damage_in_the_middle_is_an_error_that_says_where_and_changes_nothing() {
    for is_closed in [true, false] {
        let (fs, _) = small_log(is_closed);
        let path = active(&fs);
        // Entries 7 to 12; the last one of a log that was not closed is next.
        let entries = offsets(&fs, &path);
        for (index, &at) in entries.iter().take(5).enumerate() {
            let fs = fs.fork();
            flip(&fs, &path, (at + 20) * 8);
            let before = fs.bytes(&path);
            let found = corruption(open(&fs));
            assert_eq!((found.path.as_path(), found.offset), (path.as_path(), at as u64));
            assert_eq!(found.sequence, 7 + index as u64);
            assert!(found.expected.starts_with("checksum "), "{found}");
            assert!(found.found.starts_with("checksum ") && found.found != found.expected);
            // A mark stands before the second group.
            let follower = entries[index + 1] - if index == 2 { 16 } else { 0 };
            assert!(found.found.contains(&format!("at byte {follower} a valid frame")), "{found}");
            assert_eq!(fs.bytes(&path), before);
            assert_eq!(corruption(read(&fs)), found);
        }
    }
}

#[test]
fn a_damaged_last_frame_is_cut_and_said_until_an_entry_tells_of_it() {
    let (fs, mut model) = small_log(false);
    let path = active(&fs);
    let at = *offsets(&fs, &path).last().unwrap();
    flip(&fs, &path, at * 8 + 3);
    let bytes = fs.bytes(&path).len() as u64 - at as u64;
    for _ in 0..3 {
        let (journal, report) = open(&fs).unwrap();
        let [cut] = &report.cuts[..] else { panic!("{report:?}") };
        assert_eq!((cut.segment, cut.offset, cut.bytes), (7, at as u64, bytes));
        assert_eq!((cut.sequence, cut.reason), (12, CutReason::Torn));
        assert!(!report.was_closed);
        assert_eq!(report.size, 12);
        drop(journal);
    }
    model.appended.pop();
    model.acknowledged = 12;
    assert_eq!(model.check(&fs).cuts.len(), 1);
    assert_eq!(open(&fs).unwrap().1.cuts, []);
}

#[test]
fn zeros_count_as_the_end_only_if_nothing_else_follows() {
    let (fs, model) = small_log(true);
    let path = active(&fs);
    let whole = fs.bytes(&path);
    let zeros = [whole.clone(), vec![0; 70_000]].concat();
    fs.tamper(&path, &zeros);
    let report = model.clone().check(&fs.fork());
    assert_eq!((report.cuts[0].reason, report.cuts[0].bytes), (CutReason::ZeroFill, 70_000));
    assert!(!report.was_closed, "nobody writes behind the mark that closes a log");

    let zeros_then_bytes = [&zeros[..], b"x"].concat();
    fs.tamper(&path, &zeros_then_bytes);
    assert_eq!(model.clone().check(&fs.fork()).cuts[0].reason, CutReason::Torn);

    // The same log again behind the zeros: valid frames, and marks.
    let zeros_then_frames = [&whole[..40], &[0; 512], &whole[40..]].concat();
    fs.tamper(&path, &zeros_then_frames);
    assert_eq!(corruption(open(&fs)).offset, 40);
}

#[test]
fn nothing_is_cut_below_a_known_checkpoint() {
    let (fs, model) = small_log(false);
    let path = active(&fs);
    let bytes = fs.bytes(&path);
    fs.tamper(&path, &bytes[..bytes.len() - 1]);
    let cut = fs.bytes(&path);
    let whole = model.appended.len() as u64;
    assert_eq!(corruption(open_knowing(&fs, whole)).sequence, whole - 1);
    assert_eq!(fs.bytes(&path), cut);
    assert_eq!(open_knowing(&fs, whole - 1).unwrap().1.size, whole - 1);
}

#[test]
fn an_older_copy_is_refused() {
    let (fs, mut model) = small_log(true);
    let older = fs.fork();
    model.check(&fs);
    let size = model.appended.len() as u64;
    let report = open_knowing(&fs, size).unwrap().1;
    assert_eq!((report.first, report.size), (0, size));
    let error = open_knowing(&older, size).unwrap_err();
    assert!(error.to_string().contains("older copy"), "{error}");
    // Also one of which a crash had left no segment to write to.
    older.remove_file(&active(&older)).unwrap();
    let before = segments(&older);
    let error = open_knowing(&older, size).unwrap_err();
    assert!(error.to_string().contains("holds 7 entries"), "{error}");
    assert_eq!(segments(&older), before, "a segment was begun");
    let other = KnownCheckpoint { log: crate::journal::LogId([9; 16]), size: 0 };
    let config = JournalConfig { known_checkpoints: vec![other], ..config() };
    let error = Journal::open(config, Arc::new(older), 0).unwrap_err();
    assert!(error.to_string().contains("not here"), "{error}");
}

#[test]
fn segments_that_are_missing_swapped_doubled_or_strange_are_named() {
    let (fs, _) = small_log(true);
    let [first, second, last] = &segments(&fs)[..] else { panic!() };

    let missing = fs.fork();
    missing.remove_file(second).unwrap();
    assert_eq!(corruption(read(&missing)).sequence, 4);
    assert_eq!(corruption(open(&missing)).sequence, 4);

    let swapped = fs.fork();
    let bytes = [fs.bytes(first), fs.bytes(second)];
    swapped.tamper(first, &bytes[1]);
    swapped.tamper(second, &bytes[0]);
    assert_eq!(corruption(open(&swapped)).path, *first);
    assert_eq!(corruption(read(&swapped)).path, *first);

    let doubled = fs.fork();
    doubled.replace(&last.with_extension("seg"), &fs.bytes(last));
    assert_eq!(corruption(open(&doubled)).path, *last);
    assert_eq!(corruption(read(&doubled)).path, *last);

    let strange = fs.fork();
    for path in [second, last] {
        let strange = strange.fork();
        let mut bytes = fs.bytes(path);
        bytes[10] ^= 1;
        let checksum = crc32c::crc32c(&bytes[..36]).to_le_bytes();
        bytes[36..40].copy_from_slice(&checksum);
        strange.tamper(path, &bytes);
        assert!(corruption(open(&strange)).found.starts_with("log 06"));
        assert!(corruption(read(&strange)).found.starts_with("log 06"));
    }
}

#[test]
fn a_segment_that_does_not_begin_where_the_one_before_it_ends_is_refused() {
    let (fs, _) = small_log(true);
    let [_, second, last] = &segments(&fs)[..] else { panic!() };
    fs.remove_file(last).unwrap();
    drop(open(&fs).unwrap());
    // Between sealed ones, what is missing and what is there twice.
    for first in [3_u64, 5] {
        let fs = fs.fork();
        let moved = second.with_file_name(format!("{first:020}.seg"));
        let mut bytes = fs.bytes(second);
        bytes[28..36].copy_from_slice(&first.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..36]).to_le_bytes();
        bytes[36..40].copy_from_slice(&checksum);
        fs.remove_file(second).unwrap();
        fs.replace(&moved, &bytes);
        let found = corruption(open(&fs));
        assert_eq!((found.path, found.sequence), (moved, 4));
    }
}

/// As a crash between sealing a segment and beginning the next leaves a log.
#[test]
fn damage_at_the_end_of_a_sealed_segment_is_no_torn_tail() {
    let (fs, _) = small_log(true);
    let [first, last, active] = &segments(&fs)[..] else { panic!() };
    fs.remove_file(active).unwrap();
    let report = open(&fs.fork()).unwrap().1;
    assert_eq!((report.size, report.was_closed), (7, false));
    let bytes = fs.bytes(last);
    let at = offsets(&fs, last);
    for (length, found_at) in [(bytes.len() - 1, at[2]), (at[2] - 1, at[1]), (40, 40)] {
        let fs = fs.fork();
        fs.tamper(last, &bytes[..length]);
        let found = corruption(open(&fs));
        assert_eq!((found.path, found.offset), (last.clone(), found_at as u64), "{length}");
        assert_eq!(segments(&fs), [first.clone(), last.clone()], "a segment was begun");
    }
}

#[test]
fn a_mark_that_lost_what_it_stands_for_is_no_torn_tail() {
    let (fs, _) = small_log(true);
    let path = active(&fs);
    let bytes = fs.bytes(&path);
    let at = offsets(&fs, &path);
    let closing = &bytes[bytes.len() - 16..];
    // An entry is missing that was durable before the log was closed.
    fs.tamper(&path, &[&bytes[..at[5]], closing].concat());
    let found = corruption(open(&fs));
    assert_eq!((found.offset, found.sequence), (at[5] as u64, 12));
    assert_eq!(corruption(read(&fs)), found);
    // So it is where the last frame is not the one that comes next, or not in its place.
    let last = &bytes[at[5]..bytes.len() - 16];
    fs.tamper(&path, &[&bytes[..at[4]], last].concat());
    assert_eq!(corruption(open(&fs)).sequence, 11);
    fs.tamper(&path, &[&bytes[..at[5]], b"x", last].concat());
    assert_eq!(corruption(open(&fs)).sequence, 12);
}

#[test]
fn frames_that_are_deleted_swapped_or_doubled_break_the_sequence() {
    let (fs, _) = small_log(true);
    let path = active(&fs);
    let bytes = fs.bytes(&path);
    let at = offsets(&fs, &path);
    let changed = [
        [&bytes[..at[1]], &bytes[at[2]..]].concat(),
        [&bytes[..at[1]], &bytes[at[0]..at[1]], &bytes[at[1]..]].concat(),
        [&bytes[..at[0]], &bytes[at[1]..at[2]], &bytes[at[0]..at[1]], &bytes[at[2]..]].concat(),
    ];
    for bytes in changed {
        let fs = fs.fork();
        fs.tamper(&path, &bytes);
        let found = corruption(open(&fs));
        assert!(found.found.contains("sequence"), "{found}");
        assert_eq!(corruption(read(&fs)).sequence, found.sequence);
    }
}

#[test]
fn hostile_bytes_neither_panic_nor_take_for_ever() {
    let (fs, _) = small_log(false);
    let path = active(&fs);
    let bytes = fs.bytes(&path);
    // Every eight bytes a plausible sequence, and every length a long one.
    let mut hostile = bytes.clone();
    hostile.push(1);
    for _ in 0..40_000 {
        hostile.extend_from_slice(&[0xff, 0xff, 0, 0, 1, 2, 3, 4, 14, 0, 0, 0, 0, 0, 0, 0]);
    }
    fs.tamper(&path, &hostile);
    assert_eq!(corruption(open(&fs)).offset, bytes.len() as u64);
    // A header that says that there are no more numbers.
    let mut header = bytes[..40].to_vec();
    header[28..36].fill(0xff);
    let checksum = crc32c::crc32c(&header[..36]).to_le_bytes();
    header[36..].copy_from_slice(&checksum);
    let strange = SimulatedFs::default();
    drop(open(&strange).unwrap());
    strange.remove_file(&active(&strange)).unwrap();
    strange.replace(&directory().join("segments").join(format!("{}.open", u64::MAX)), &header);
    let (mut journal, report) = open(&strange).unwrap();
    assert_eq!(report.size, u64::MAX);
    assert!(journal.append(b"x").is_err());
}

#[test]
fn a_reader_stops_before_what_a_crash_left_and_says_where() {
    let (fs, model) = small_log(false);
    let path = active(&fs);
    let bytes = fs.bytes(&path);
    fs.tamper(&path, &[&bytes[..], &[9; 30]].concat());
    let reader = LogReader::open(Arc::new(fs.clone()), &directory()).unwrap();
    let mut entries = reader.entries_from(Sequence(0));
    let mut count = 0;
    while entries.next_entry().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, model.appended.len());
    let trailing = entries.trailing().unwrap();
    assert_eq!((trailing.offset, trailing.bytes), (bytes.len() as u64, 30));
}
