//! What is said of cuts, until an entry tells of them.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::rig::{Model, active, directory, open};
use crate::fs::simulated::{Call, SimulatedFs};
use crate::journal::{Cut, CutReason};

/// A log of six entries that was not closed.
fn log() -> (SimulatedFs, Model) {
    let (fs, mut model) = (SimulatedFs::default(), Model::default());
    let (mut journal, _) = model.open(&fs).unwrap();
    (0..6).for_each(|_| model.append(&mut journal).unwrap());
    model.sync(&mut journal).unwrap();
    (fs, model)
}

/// Damages the last byte, and opens the log.
fn cut_once(fs: &SimulatedFs) -> Vec<Cut> {
    let path = active(fs);
    let mut bytes = fs.bytes(&path);
    *bytes.last_mut().unwrap() ^= 1;
    fs.tamper(&path, &bytes);
    open(fs).unwrap().1.cuts
}

fn record() -> PathBuf {
    directory().join("cut")
}

#[test]
fn cuts_of_several_openings_are_said_together() {
    let (fs, _) = log();
    for count in 1..=5 {
        let cuts = cut_once(&fs);
        assert!(cuts.iter().map(|cut| cut.sequence).eq((6 - count..6).rev()), "{cuts:?}");
    }
    assert_eq!(open(&fs).unwrap().1.cuts.len(), 5);
}

#[test]
fn a_record_that_cannot_be_read_is_a_cut_of_unknown_size() {
    let (fs, _) = log();
    let cuts = cut_once(&fs);
    let whole = fs.bytes(&record());
    let (half, strange) = (&whole[..whole.len() / 2], [&whole[..], b"torn 1 2 3"].concat());
    for (damaged, count) in [(&b""[..], 1), (half, 1), (b"\n", 1), (&strange, 2)] {
        let fs = fs.fork();
        fs.tamper(&record(), damaged);
        let said = open(&fs).unwrap().1.cuts;
        assert_eq!((said.len(), said.last().unwrap().reason), (count, CutReason::Unknown));
        assert!(count == 1 || said[0] == cuts[0]);
    }
}

#[test]
fn a_record_that_could_not_be_removed_is_removed_with_the_next_entries() {
    let (fs, mut model) = log();
    assert_eq!(cut_once(&fs).len(), 1);
    model.acknowledged = 5;
    let (mut journal, _) = model.open(&fs).unwrap();
    let nth = fs.disk().calls.get(&Call::Remove).unwrap_or(&0) + 1;
    fs.disk().faults.push((Call::Remove, nth, ErrorKind::Other));
    for is_kept in [true, false] {
        model.append(&mut journal).unwrap();
        model.sync(&mut journal).unwrap();
        assert_eq!(fs.names(&directory()).contains(&"cut".to_owned()), is_kept);
    }
}
