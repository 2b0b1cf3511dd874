//! A log's directory whose files nobody wrote: opening it, going on with it,
//! and what is read before and after.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::input::{Input, body};
use super::model;
use crate::event::Sequence;
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::journal::frame::SEQUENCE_END;
use crate::journal::header::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::journal::{
    Cut, CutReason, Journal, JournalConfig, KnownCheckpoint, LogId, LogReader, OpenReport, Result,
};

const LOG: LogId = LogId([7; 16]);
const DIRECTORY: &str = "/log";
const FILES_MAX: usize = 12;

/// Fills a log's directory as the input says, opens the log, appends, and opens
/// it again.
pub fn recovery(input: &[u8]) {
    let mut input = Input(input);
    let (flags, known) = (input.byte(), input.byte());
    let found = Found::make(&mut input);
    let known = (flags & 1 == 1).then_some(KnownCheckpoint { log: LOG, size: known.into() });
    match open(&found.fs, known) {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            // What can't be understood is left to those who can.
            assert_eq!(segments(&found.fs), found.segments, "{error}");
        }
        Ok((journal, report)) => {
            found.check(&report);
            let before = read(&found.fs);
            found.check_reading(before.as_deref());
            go_on(&found.fs, journal, &report, before, flags);
        }
    }
}

/// A directory, and what was put into it.
struct Found {
    fs: SimulatedFs,
    /// The segments, by name.
    segments: BTreeMap<String, Vec<u8>>,
}

/// A segment that counts, as the plain reader sees it.
struct Segment<'a> {
    first: u64,
    is_sealed: bool,
    body: &'a [u8],
    reading: model::Reading<'a>,
}

impl Found {
    fn make(input: &mut Input<'_>) -> Self {
        let fs = SimulatedFs::default();
        for directory in [DIRECTORY, "/log/segments"] {
            fs.create_directory(Path::new(directory)).unwrap();
        }
        let mut next = 0;
        for _ in 0..FILES_MAX {
            if input.is_empty() {
                break;
            }
            let (kind, mode) = (input.byte(), input.byte());
            let (name, first) = name(kind, next, input);
            let length = input.number();
            let given = input.bytes(length);
            match first {
                Some(first) => {
                    let bytes = segment(mode, first, given);
                    let behind = bytes.get(SEGMENT_HEADER_BYTES..).unwrap_or_default();
                    next = model::read(behind, first).next;
                    fs.replace(&name, &bytes);
                }
                None => fs.replace(&name, given),
            }
        }
        let segments = segments(&fs);
        Found { fs, segments }
    }

    fn counting(&self) -> Vec<Segment<'_>> {
        let known = self.segments.iter().filter_map(|(name, bytes)| {
            let (first, extension) = name.split_once('.')?;
            let first = first.parse().ok()?;
            let is_sealed = match extension {
                "seg" => true,
                "open" => false,
                _ => return None,
            };
            let body = bytes.get(SEGMENT_HEADER_BYTES..)?;
            Some(Segment { first, is_sealed, body, reading: model::read(body, first) })
        });
        known.collect()
    }

    /// The report agrees with the plain reader, and nothing but the end of the
    /// last segment was cut.
    fn check(&self, report: &OpenReport) {
        let counting = self.counting();
        let Some(last) = counting.last() else {
            assert_eq!((report.size, report.is_new, report.log), (0, true, LOG));
            return;
        };
        assert_eq!(report.size, last.reading.next);
        assert_eq!(report.first, counting.first().map_or(0, |segment| segment.first));
        let is_whole = last.reading.good == last.body.len();
        assert!(is_whole || !last.is_sealed);
        assert_eq!(report.was_closed, is_whole && last.reading.is_closed && !last.is_sealed);
        if !is_whole {
            let cut = report.cuts.last().unwrap();
            assert_eq!((cut.segment, cut.sequence), (last.first, last.reading.next));
            assert_eq!(cut.offset, (SEGMENT_HEADER_BYTES + last.reading.good) as u64);
        }
        for (name, bytes) in segments(&self.fs) {
            let Some(before) = self.segments.get(&name) else { continue };
            assert!(before.starts_with(&bytes), "{name} is another");
            let is_last = name.starts_with(&format!("{:020}.", last.first));
            let kept = SEGMENT_HEADER_BYTES + last.reading.good;
            assert_eq!(bytes.len(), if is_last { kept } else { before.len() }, "{name}");
        }
    }

    /// Reading fails where a sealed segment is not whole or is missing, and
    /// nowhere else, and finds what the plain reader finds.
    fn check_reading(&self, read: Option<&[Vec<u8>]>) {
        let counting = self.counting();
        let is_whole = |segment: &Segment<'_>| segment.reading.good == segment.body.len();
        let are_whole = counting.iter().all(|segment| !segment.is_sealed || is_whole(segment));
        let follow = counting.windows(2).all(|pair| pair[0].reading.next == pair[1].first);
        assert_eq!(read.is_some(), are_whole && follow);
        if let Some(read) = read {
            let entries: Vec<_> =
                counting.iter().flat_map(|segment| &segment.reading.entries).collect();
            assert!(read.iter().eq(entries), "other entries are read");
        }
    }
}

/// What is appended is there when the log is opened again, behind what was
/// there before; a power cut takes nothing from it.
fn go_on(
    fs: &SimulatedFs,
    mut journal: Journal,
    report: &OpenReport,
    before: Option<Vec<Vec<u8>>>,
    flags: u8,
) {
    let (is_closing, is_cut) = (flags & 2 == 0, flags & 4 != 0);
    let new = [&b"one"[..], b"two"];
    let appended = new.iter().try_for_each(|entry| journal.append(entry).map(drop));
    if report.size > SEQUENCE_END - 2 {
        return assert!(appended.is_err());
    }
    appended.unwrap();
    assert_eq!(journal.sync(0).unwrap().0, report.size + 2);
    if is_closing {
        journal.close(0).unwrap();
    } else {
        drop(journal);
    }
    if is_cut {
        fs.disk().crash(u64::from(flags >> 3));
    }
    let (_journal, again) = open(fs, None).unwrap();
    assert_eq!((again.log, again.first), (report.log, report.first));
    assert_eq!((again.size, again.was_closed), (report.size + 2, is_closing));
    let is_room = |cut: &Cut| !is_closing && cut.reason == CutReason::ZeroFill;
    assert!(is_cut || again.cuts.iter().all(is_room), "{:?}", again.cuts);
    let after = before.map(|mut entries| {
        entries.extend(new.map(<[u8]>::to_vec));
        entries
    });
    assert_eq!(read(fs), after);
}

fn open(fs: &SimulatedFs, known: Option<KnownCheckpoint>) -> Result<(Journal, OpenReport)> {
    let config = JournalConfig {
        reserve_bytes: 64,
        ahead_bytes: 100,
        known_checkpoints: known.into_iter().collect(),
        ..JournalConfig::new(DIRECTORY, LOG)
    };
    Journal::open(config, Arc::new(fs.clone()), 0)
}

/// All entries, unless the log is damaged.
fn read(fs: &SimulatedFs) -> Option<Vec<Vec<u8>>> {
    let reader = LogReader::open(Arc::new(fs.clone()), Path::new(DIRECTORY)).ok()?;
    let first = reader.segments().first().map_or(0, |segment| segment.first.0);
    let mut entries = reader.entries_from(Sequence(first));
    let mut read = Vec::new();
    while let Some((sequence, entry)) = entries.next_entry().ok()? {
        assert_eq!(sequence.0, first.saturating_add(read.len() as u64));
        read.push(entry.to_vec());
    }
    Some(read)
}

/// The segments of the directory, without those in the making.
fn segments(fs: &SimulatedFs) -> BTreeMap<String, Vec<u8>> {
    let directory = Path::new(DIRECTORY).join("segments");
    let names = fs.names(&directory).into_iter().filter(|name| !name.ends_with(".new"));
    names.map(|name| (name.clone(), fs.bytes(&directory.join(name)))).collect()
}

/// Which file, and its first sequence if it is a segment.
fn name(kind: u8, next: u64, input: &mut Input<'_>) -> (PathBuf, Option<u64>) {
    let segment = |first: u64, extension: &str| {
        let name = format!("{first:020}.{extension}");
        (Path::new(DIRECTORY).join("segments").join(name), Some(first))
    };
    let other = |name: &str| (Path::new(DIRECTORY).join(name), None);
    match kind % 14 {
        0 | 1 => segment(next, "seg"),
        2 | 3 => segment(next, "open"),
        4 => segment(input.byte().into(), "seg"),
        5 => segment(input.byte().into(), "open"),
        6 => segment(SEQUENCE_END + 1 - u64::from(input.byte() % 5), "open"),
        7 => segment(u64::MAX - u64::from(input.byte() % 5), "seg"),
        8 => segment(next, "new"),
        9 => other("cut"),
        10 => other("suspect"),
        11 => other("reserve"),
        12 => other("lock"),
        _ => other("cut.new"),
    }
}

/// A segment; the highest bit of the mode leaves the header to the input.
fn segment(mode: u8, first: u64, given: &[u8]) -> Vec<u8> {
    if mode & 0x80 != 0 {
        return given.to_vec();
    }
    let log = if mode & 0x40 != 0 { LogId([8; 16]) } else { LOG };
    let header = SegmentHeader { log, event_schema_version: 1, first }.encode();
    [header, body(mode, first, given)].concat()
}
