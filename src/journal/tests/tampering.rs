//! Files that are deleted, renamed, replaced or written to while a writer
//! has them: noticed before anything is acknowledged.

use std::io::ErrorKind;
use std::path::Path;

use super::rig::{Model, active, directory, open};
use crate::fs::JournalFs;
use crate::fs::simulated::{Call, SimulatedFs};

fn is_noticed(interfere: impl Fn(&SimulatedFs, &Path)) -> String {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    interfere(&fs, &active(&fs));
    model.append(&mut journal).unwrap();
    let error = journal.sync(0).unwrap_err();
    assert!(error.is_poisoned(), "{error}");
    assert_eq!(journal.synced_size().0, 1);
    assert!(journal.sync(0).unwrap_err().is_poisoned(), "it was forgiven");
    error.to_string()
}

#[test]
fn a_deleted_or_renamed_file_is_noticed() {
    let text = is_noticed(|fs, path| fs.remove_file(path).unwrap());
    assert!(text.contains("deleted or renamed"), "{text}");
    let text = is_noticed(|fs, path| JournalFs::rename(fs, path, Path::new("/var/x")).unwrap());
    assert!(text.contains("deleted or renamed"), "{text}");
}

#[test]
fn a_replaced_file_is_noticed_even_if_its_bytes_are_the_same() {
    let text = is_noticed(|fs, path| fs.replace(path, &fs.bytes(path)));
    assert!(text.contains("another file"), "{text}");
}

#[test]
fn somebody_elses_bytes_behind_ours_are_noticed() {
    let text = is_noticed(|fs, path| fs.tamper(path, &[&fs.bytes(path)[..], &[1; 999]].concat()));
    assert!(text.contains("something else wrote"), "{text}");
}

#[test]
fn a_deleted_lock_is_noticed() {
    let text = is_noticed(|fs, _| fs.remove_file(&directory().join("lock")).unwrap());
    assert!(text.contains("lock"), "{text}");
}

#[test]
fn a_planted_file_is_not_replaced_by_sealing() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    model.append(&mut journal).unwrap();
    let planted = active(&fs).with_extension("seg");
    fs.replace(&planted, b"planted");
    assert!(journal.seal(0).is_err());
    assert_eq!(fs.bytes(&planted), b"planted");
    fs.remove_file(&planted).unwrap();
    assert!(journal.seal(0).unwrap().is_some());
    journal.close(0).unwrap();
    model.acknowledged = 1;
    model.check(&fs);
}

#[test]
fn a_file_that_is_planted_in_the_place_of_the_next_segment_is_not_replaced() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    (0..3).for_each(|_| model.append(&mut journal).unwrap());
    let planted = directory().join("segments").join("00000000000000000003.open");
    fs.replace(&planted, b"planted");
    assert!(journal.seal(0).unwrap_err().is_poisoned(), "it has no segment to write to");
    assert!(journal.append(b"x").unwrap_err().is_poisoned());
    assert_eq!(fs.bytes(&planted), b"planted");
}

#[test]
fn a_segment_that_was_replaced_is_not_sealed() {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    model.append(&mut journal).unwrap();
    model.sync(&mut journal).unwrap();
    fs.replace(&active(&fs), b"somebody else's");
    assert!(journal.seal(0).unwrap_err().to_string().contains("another file"));
    let names = fs.names(&directory().join("segments"));
    assert_eq!(names, ["00000000000000000000.open"]);
}

#[test]
fn a_log_below_directories_of_others_opens_though_those_cannot_be_synced() {
    for (kind, opens) in [(ErrorKind::PermissionDenied, true), (ErrorKind::Other, false)] {
        let fs = SimulatedFs::default();
        // The last one above the log is the root.
        fs.disk().faults.push((Call::SyncDirectory, 4, kind));
        assert_eq!(open(&fs).is_ok(), opens, "{kind}");
    }
}

#[test]
fn what_is_left_unfinished_goes_away() {
    let fs = SimulatedFs::default();
    open(&fs).unwrap().0.close(0).unwrap();
    let unfinished = directory().join("segments").join("00000000000000000009.new");
    fs.replace(&unfinished, b"half a header");
    let (_journal, report) = open(&fs).unwrap();
    assert!(report.was_closed && !report.is_new);
    assert_eq!(fs.names(&directory().join("segments")), ["00000000000000000000.open"]);
}
