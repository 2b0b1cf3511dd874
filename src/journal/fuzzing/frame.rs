//! The bytes of one segment: header, frames, and what a flaw in them means.

use std::path::Path;
use std::sync::Arc;

use super::input::{Input, body};
use super::model;
use crate::fs::simulated::SimulatedFs;
use crate::fs::{JournalFile, JournalFs, OpenMode};
use crate::journal::frame::{self, Flaw};
use crate::journal::header::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::journal::scan::{Scan, Step};
use crate::journal::tail::{self, Tail};

const PATH: &str = "/segment";

/// Reads the input as a segment. Its first byte says how the rest becomes one.
pub fn frame(input: &[u8]) {
    let mut input = Input(input);
    let (mode, first) = (input.byte(), u64::from(input.byte()));
    header(input.0);
    let body = body(mode, first, input.0);
    one_frame(&body);
    let file = file(&[&[0; SEGMENT_HEADER_BYTES], &body[..]].concat());
    let scan = frames(&*file, &body, first);
    tail(&*file, &body, &scan);
}

fn file(bytes: &[u8]) -> Box<dyn JournalFile> {
    let fs = Arc::new(SimulatedFs::default());
    fs.replace(Path::new(PATH), bytes);
    fs.open(Path::new(PATH), OpenMode::Read).unwrap()
}

/// A header is accepted only if it is the one that would be written.
fn header(bytes: &[u8]) {
    let first = bytes.get(28..36).map_or(0, |first| u64::from_le_bytes(first.try_into().unwrap()));
    if let Ok(header) = SegmentHeader::read(&*file(bytes), Path::new(PATH), first, None) {
        assert_eq!(header.encode(), &bytes[..SEGMENT_HEADER_BYTES]);
    }
}

/// A frame is accepted only if it is the one that would be written.
fn one_frame(bytes: &[u8]) {
    match frame::parse(bytes) {
        Ok(found) => {
            let mut encoded = Vec::new();
            frame::push(&mut encoded, found.sequence, found.entry);
            assert_eq!(encoded, &bytes[..found.length()]);
        }
        Err(Flaw::Short { needed, present }) => {
            assert!(needed > present && present == bytes.len());
        }
        Err(_) => assert!(model::frame(bytes).is_none()),
    }
}

/// The scan finds what the plain reader finds, and stops where that stops.
fn frames(file: &dyn JournalFile, body: &[u8], first: u64) -> Scan {
    let expected = model::read(body, first);
    let mut scan = Scan::new(first);
    let mut entries = Vec::new();
    let is_whole = loop {
        match scan.step(file).unwrap() {
            Step::Entry { sequence, at } => {
                assert_eq!(sequence, first + entries.len() as u64);
                entries.push(scan.bytes(at).to_vec());
            }
            Step::Mark => {}
            Step::End => break true,
            Step::Flawed(_) => break false,
        }
    };
    assert_eq!(entries, expected.entries);
    assert_eq!(scan.offset(), (SEGMENT_HEADER_BYTES + expected.good) as u64);
    assert_eq!((scan.next(), scan.is_closed()), (expected.next, expected.is_closed));
    assert_eq!(is_whole, expected.good == body.len());
    scan
}

/// What follows the last good frame is judged, and only zeros are zeros.
fn tail(file: &dyn JournalFile, body: &[u8], scan: &Scan) {
    let good = scan.offset() as usize - SEGMENT_HEADER_BYTES;
    let rest = &body[good..];
    let (found, bytes) = tail::judge(file, scan.offset(), scan.next()).unwrap();
    assert_eq!(bytes, rest.len() as u64);
    let is_zero = rest.iter().all(|byte| *byte == 0);
    assert_eq!(found == Tail::ZeroFill, is_zero);
    if let Tail::Damaged { follower, sequence } = found {
        let is_behind = follower > scan.offset() || sequence > scan.next();
        assert!(follower >= scan.offset() && sequence >= scan.next() && is_behind);
        assert!(follower < (SEGMENT_HEADER_BYTES + body.len()) as u64);
    }
}
