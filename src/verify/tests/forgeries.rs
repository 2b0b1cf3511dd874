//! Whole entries changed by somebody who can make any frame, but has no key.

use std::sync::Arc;

use super::forge::{self, Part};
use super::rig::{self, Kept, LOG, Writer, directory, directory_of, in_log, parent};
use super::shelf::Shelf;
use crate::fs::simulated::SimulatedFs;
use crate::journal::LogId;
use crate::verify::{Finding, FindingKind, Standing, Verification};

fn rewritten(kept: &Kept, change: impl FnOnce(&mut Vec<Part>)) -> Shelf {
    let mut files = kept.files.clone();
    forge::rewrite(&mut files, &directory(), change);
    files
}

fn entries(parts: &[Part]) -> Vec<usize> {
    let is_entry = |place: &usize| matches!(parts[*place], Part::Entry(_));
    (0..parts.len()).filter(is_entry).collect()
}

/// The place of every entry among the frames.
fn places(kept: &Kept) -> Vec<usize> {
    let mut places = Vec::new();
    rewritten(kept, |parts| places = entries(parts));
    places
}

fn first_tampering(kept: &Kept, files: &Shelf) -> Finding {
    let verdict = kept.verify(files);
    assert_eq!(verdict.standing().exit_code(), 1, "{verdict:#?}");
    verdict.first_tampering().unwrap().clone()
}

#[test]
fn rewriting_alone_changes_nothing() {
    let kept = rig::log(100, 8_000);
    let files = rewritten(&kept, |_| {});
    assert_eq!(files.paths().collect::<Vec<_>>(), kept.files.paths().collect::<Vec<_>>());
    assert!(files.paths().all(|path| files.bytes(path) == kept.files.bytes(path)));
}

#[test]
fn every_deleted_entry_is_missed() {
    let kept = rig::log(100, 8_000);
    for place in places(&kept) {
        first_tampering(&kept, &rewritten(&kept, |parts| drop(parts.remove(place))));
    }
}

#[test]
fn every_entry_that_comes_twice_is_seen() {
    let kept = rig::log(100, 8_000);
    for place in places(&kept) {
        let twice = |parts: &mut Vec<Part>| parts.insert(place, parts[place].clone());
        first_tampering(&kept, &rewritten(&kept, twice));
    }
}

/// The best that can be forged without a key: a whole run of the program.
#[test]
fn entries_that_were_added_to_a_closed_log_are_seen() {
    let kept = rig::log(100, 8_000);
    let files = rewritten(&kept, |parts| {
        let [opening, event] = [parts[1].clone(), parts[5].clone()];
        let closing = parts[parts.len() - 2].clone();
        let mark = parts.pop().unwrap();
        parts.extend([opening, event, closing, mark]);
    });
    let found = first_tampering(&kept, &files);
    let signed = forge::entries(&kept.files, &directory()).len() as u64;
    assert_eq!((found.kind, found.sequence), (FindingKind::Unsigned, Some(signed)));
}

#[test]
fn every_two_entries_that_changed_places_are_seen() {
    let kept = rig::log(100, 8_000);
    let places = places(&kept);
    for (number, one) in places.iter().enumerate() {
        for other in places.iter().skip(number + 1).step_by(7) {
            first_tampering(&kept, &rewritten(&kept, |parts| parts.swap(*one, *other)));
        }
    }
}

#[test]
fn every_entry_from_another_log_is_seen() {
    let kept = rig::log(100, 8_000);
    let other = rig::other_log(LogId([9; 16]), 100, 8_000);
    let others = forge::entries(&other.files, &directory_of(LogId([9; 16])));
    for (number, place) in places(&kept).into_iter().enumerate() {
        let mut strange = others[number % others.len()].clone();
        let id = strange.windows(4).position(|window| window == b"evt_").unwrap();
        strange[id + 20] ^= 1;
        first_tampering(&kept, &rewritten(&kept, |parts| parts[place] = Part::Entry(strange)));
    }
}

#[test]
fn a_changed_entry_is_named_by_the_stored_tree() {
    let kept = rig::log(300, 16_000);
    let places = places(&kept);
    for sequence in [1_usize, 7, 100, 255] {
        let files = rewritten(&kept, |parts| {
            if let Part::Entry(entry) = &mut parts[places[sequence]] {
                let id = entry.windows(4).position(|window| window == b"evt_").unwrap();
                entry[id + 10] ^= 1;
            }
        });
        let mut found = kept.verify(&files).logs.remove(0).findings;
        found.retain(|finding| finding.kind == FindingKind::Root);
        assert_eq!(found[0].sequence, Some(sequence as u64), "{found:#?}");
        let path = found[0].file.clone().unwrap();
        let offset = found[0].offset.unwrap() as usize;
        let named = &files.bytes(&path)[offset + 8..offset + 16];
        assert_eq!(named, (sequence as u64).to_le_bytes());
    }
}

#[test]
fn a_segment_or_a_log_of_another_one_is_seen() {
    let kept = rig::log(100, 8_000);
    let other = rig::other_log(LogId([9; 16]), 100, 8_000);
    for path in forge::segments(&kept.files, &directory()) {
        let name = path.strip_prefix(directory()).unwrap();
        let strange = directory_of(LogId([9; 16])).join(name);
        let mut files = kept.files.clone();
        files.put(&path, other.files.bytes(&strange).to_vec());
        first_tampering(&kept, &files);
    }
    let mut files = Shelf::default();
    for path in other.files.paths() {
        let name = path.strip_prefix(directory_of(LogId([9; 16]))).unwrap();
        files.put(&in_log(name.to_str().unwrap()), other.files.bytes(path).to_vec());
    }
    first_tampering(&kept, &files);
    // Its own word is good, but not about the log that it is named after.
    let verdict = Verification::of(parent()).on(Arc::new(files)).run();
    assert_eq!(verdict.standing(), Standing::Tampered);
    let finding = verdict.first_tampering().unwrap();
    assert!(finding.expected.contains(&LOG.to_string()), "{finding:?}");
}

#[test]
fn segments_that_changed_their_names_are_seen() {
    let kept = rig::log(100, 8_000);
    let paths = forge::segments(&kept.files, &directory());
    for (number, one) in paths.iter().enumerate() {
        for other in paths.iter().skip(number + 1) {
            let mut files = kept.files.clone();
            files.put(one, kept.files.bytes(other).to_vec());
            files.put(other, kept.files.bytes(one).to_vec());
            first_tampering(&kept, &files);
        }
    }
}

/// Every state that the log ever had, whole and properly signed.
#[test]
fn an_older_complete_copy_is_seen() {
    let fs = SimulatedFs::default();
    let mut older = Vec::new();
    for _ in 0..12 {
        let mut writer = Writer::open(&fs, LOG, 4_000);
        for _ in 0..3 {
            writer.events(3);
            older.push(Shelf::copy_of(&fs, &parent()));
        }
        older.push(writer.close().files);
    }
    let kept = Writer::open(&fs, LOG, 4_000).close();
    assert_eq!(kept.exit_code(&kept.files), 0);
    for files in older {
        let found = first_tampering(&kept, &files);
        assert_eq!(found.kind, FindingKind::RolledBack);
    }
}

#[test]
fn a_log_that_is_gone_is_missed() {
    let kept = rig::log(30, 8_000);
    let other = rig::other_log(LogId([9; 16]), 30, 8_000);
    assert_eq!(first_tampering(&kept, &other.files).kind, FindingKind::MissingLog);
    assert_eq!(first_tampering(&kept, &Shelf::default()).kind, FindingKind::MissingLog);
}

/// With the log's key stolen, what was kept elsewhere still tells.
#[test]
fn a_history_that_was_rewritten_and_signed_anew_is_seen() {
    let (kept, other) = (rig::log(100, 8_000), rig::log(90, 8_000));
    let request = |kept: &Kept, files: &Shelf| {
        crate::verify::Verification::of(parent())
            .on(std::sync::Arc::new(files.clone()))
            .checkpoint("kept", &kept.checkpoint)
            .unwrap()
            .run()
            .standing()
            .exit_code()
    };
    assert_eq!(request(&kept, &kept.files), 0);
    assert_eq!(request(&kept, &other.files), 1);
}
