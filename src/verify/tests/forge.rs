//! What an attacker does who knows the format and has everything but the key:
//! frames with right checksums and sequences around other entries.

use std::path::{Path, PathBuf};

use super::shelf::Shelf;

const HEADER_BYTES: usize = 40;
const CLOSED: u64 = 1 << 63;

/// A frame of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Mark { is_closing: bool },
    Entry(Vec<u8>),
}

/// The segments of a log, in order.
pub(super) fn segments(files: &Shelf, directory: &Path) -> Vec<PathBuf> {
    let segments = directory.join("segments");
    files.paths().filter(|path| path.starts_with(&segments)).map(Path::to_owned).collect()
}

/// The frames of a segment.
pub(super) fn parts(segment: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = &segment[HEADER_BYTES..];
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        let sequence = u64::from_le_bytes(rest[8..16].try_into().unwrap());
        let entry = rest[16..16 + length].to_vec();
        rest = &rest[16 + length..];
        parts.push(match length {
            0 => Part::Mark { is_closing: sequence & CLOSED != 0 },
            _ => Part::Entry(entry),
        });
    }
    parts
}

/// The entries of a log, in order.
pub(super) fn entries(files: &Shelf, directory: &Path) -> Vec<Vec<u8>> {
    let parts = segments(files, directory).into_iter().flat_map(|path| parts(files.bytes(&path)));
    parts
        .filter_map(|part| match part {
            Part::Entry(entry) => Some(entry),
            Part::Mark { .. } => None,
        })
        .collect()
}

/// A segment with these frames, numbered from `first`.
pub(super) fn segment(header: &[u8], first: u64, parts: &[Part]) -> Vec<u8> {
    let mut bytes = header[..28].to_vec();
    bytes.extend(first.to_le_bytes());
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    let mut next = first;
    for part in parts {
        let (entry, sequence): (&[u8], u64) = match part {
            Part::Mark { is_closing } => (&[], next | if *is_closing { CLOSED } else { 0 }),
            Part::Entry(entry) => (entry, next),
        };
        let length = (entry.len() as u32).to_le_bytes();
        let covered = [&length[..], &sequence.to_le_bytes(), entry].concat();
        bytes.extend(length);
        bytes.extend(crc32c::crc32c(&covered).to_le_bytes());
        bytes.extend(&covered[4..]);
        next += u64::from(matches!(part, Part::Entry(_)));
    }
    bytes
}

/// An entry that says to be another one in the order.
pub(super) fn renumbered(entry: &[u8], sequence: u64) -> Vec<u8> {
    let comma = entry.iter().position(|byte| *byte == b',').unwrap();
    let mut bytes = format!("{{\"sequence\":{sequence}").into_bytes();
    bytes.extend(&entry[comma..]);
    bytes
}

/// Writes a log anew with other entries, in segments as long as they were.
pub(super) fn rewrite(files: &mut Shelf, directory: &Path, change: impl FnOnce(&mut Vec<Part>)) {
    let paths = segments(files, directory);
    let headers: Vec<_> =
        paths.iter().map(|path| files.bytes(path)[..HEADER_BYTES].to_vec()).collect();
    let lengths: Vec<_> = paths.iter().map(|path| parts(files.bytes(path)).len()).collect();
    let mut all: Vec<_> = paths.iter().flat_map(|path| parts(files.bytes(path))).collect();
    change(&mut all);
    let mut next = 0;
    for part in &mut all {
        if let Part::Entry(entry) = part {
            *entry = renumbered(entry, next);
            next += 1;
        }
    }
    let (mut first, mut all) = (0, all.as_slice());
    for (number, path) in paths.iter().enumerate() {
        files.remove(path);
        let is_last = number + 1 == paths.len();
        let length = if is_last { all.len() } else { lengths[number].min(all.len()) };
        let (these, rest) = all.split_at(length);
        let extension = path.extension().unwrap().to_str().unwrap();
        let path = path.with_file_name(format!("{first:020}.{extension}"));
        files.put(&path, segment(&headers[number], first, these));
        first += these.iter().filter(|part| matches!(part, Part::Entry(_))).count() as u64;
        all = rest;
    }
}
