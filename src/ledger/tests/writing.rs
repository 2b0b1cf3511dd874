//! Appending, syncing, signing, closing.

use std::time::Duration;

use super::rig::{LOG, directory, open};
use crate::fs::simulated::SimulatedFs;
use crate::ledger::Room;
use crate::proof::{MemoryHashes, SignedCheckpoint, VerifierKey, leaf_hash};

#[test]
fn a_checkpoint_is_over_the_entries_in_their_order() {
    let fs = SimulatedFs::default();
    let (mut ledger, opened) = open(&fs).unwrap();
    assert_eq!(opened.origin, format!("tracing-audit/here/{LOG}"));
    let mut model = MemoryHashes::new();
    for number in 0..300 {
        let entry = format!("entry {number}");
        let appended = ledger.append(entry.as_bytes()).unwrap();
        assert_eq!((appended.sequence.0, appended.leaf), (number, leaf_hash(entry.as_bytes())));
        model.append(appended.leaf);
    }
    assert_eq!((ledger.size(), ledger.durable()), (300, 0));
    let signed = ledger.checkpoint(0).unwrap().unwrap().clone();
    assert_eq!(signed.checkpoint().head(), model.head());
    assert_eq!(ledger.durable(), 300);
    let vkey = String::from_utf8(fs.bytes(&directory().join("log.vkey"))).unwrap();
    let vkey: VerifierKey = vkey.trim_end().parse().unwrap();
    assert_eq!(vkey, opened.verifier);
    let text = fs.bytes(&directory().join("checkpoint"));
    assert_eq!(SignedCheckpoint::open(text, &opened.origin, &[vkey]).unwrap(), signed);
    let closed = ledger.close(0).unwrap();
    assert_eq!((closed.size, closed.checkpoint), (300, Some(signed.clone())));
    let (mut ledger, opened) = open(&fs).unwrap();
    assert!(opened.report.was_closed);
    assert_eq!((opened.size, opened.checkpoint), (300, Some(signed)));
    model.append(ledger.append(b"more").unwrap().leaf);
    assert_eq!(ledger.checkpoint(0).unwrap().unwrap().checkpoint().head(), model.head());
}

#[test]
fn entries_that_are_hashed_together_are_in_the_tree_in_their_order() {
    let fs = SimulatedFs::default();
    let (mut ledger, _) = open(&fs).unwrap();
    let mut model = MemoryHashes::new();
    for (round, count) in [1, 63, 64, 65, 3, 300, 1, 130].into_iter().enumerate() {
        for number in 0..count {
            let entry = format!("entry {number} of {round}").repeat(1 + number % 3);
            let mut write = |is_wanted| {
                ledger.append_written(|_, bytes| {
                    bytes.extend_from_slice(entry.as_bytes());
                    is_wanted
                })
            };
            assert_eq!(write(false).unwrap(), None);
            assert_eq!(write(true).unwrap().unwrap().0, model.head().size);
            model.append(leaf_hash(entry.as_bytes()));
            if number % 50 == 49 {
                assert_eq!(ledger.last_leaf(), leaf_hash(entry.as_bytes()));
            }
        }
        match round % 3 {
            0 => assert!(ledger.begin_sync(0).is_ok()),
            1 => assert_eq!(ledger.sync(0).unwrap(), model.head().size),
            _ => {
                let signed = ledger.checkpoint(0).unwrap().unwrap();
                assert_eq!(signed.checkpoint().head(), model.head());
            }
        }
    }
    ledger.close(0).unwrap();
    let (_, opened) = open(&fs).unwrap();
    assert_eq!(opened.checkpoint.unwrap().checkpoint().head(), model.head());
    assert_eq!(opened.rebuilt_tiles, 0);
}

#[test]
fn what_panics_while_it_writes_an_entry_leaves_nothing() {
    let fs = SimulatedFs::default();
    let (mut ledger, _) = open(&fs).unwrap();
    let mut append = |text: &str, panics: bool| {
        let written = ledger.append_written(|_, bytes| {
            bytes.extend_from_slice(text.as_bytes());
            assert!(!panics, "on purpose");
            true
        });
        written.unwrap();
    };
    append("one", false);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| append("two", true)));
    assert!(panicked.is_err());
    append("three", false);
    let mut model = MemoryHashes::new();
    ["one", "three"].into_iter().for_each(|entry| model.append(leaf_hash(entry.as_bytes())));
    let signed = ledger.checkpoint(0).unwrap().unwrap();
    assert_eq!(signed.checkpoint().head(), model.head());
}

#[test]
fn checkpoints_are_due_every_second_while_there_is_news() {
    const SECOND: u64 = 1_000_000_000;
    let fs = SimulatedFs::default();
    let (mut ledger, _) = open(&fs).unwrap();
    assert_eq!(ledger.until_checkpoint(0), None);
    assert!(ledger.checkpoint(0).unwrap().is_none());
    ledger.append(b"one").unwrap();
    assert_eq!(ledger.until_checkpoint(SECOND / 4), Some(Duration::from_millis(750)));
    assert_eq!(ledger.until_checkpoint(2 * SECOND), Some(Duration::ZERO));
    ledger.checkpoint(2 * SECOND).unwrap();
    assert_eq!(ledger.until_checkpoint(9 * SECOND), None);
    drop(ledger);
    // What is said on opening is signed at once, and so is what was sealed.
    let (mut ledger, _) = open(&fs).unwrap();
    ledger.append(b"two").unwrap();
    assert_eq!(ledger.until_checkpoint(0), Some(Duration::ZERO));
    ledger.checkpoint(0).unwrap();
    ledger.append(b"three").unwrap();
    ledger.seal(0).unwrap().unwrap();
    assert_eq!(ledger.until_checkpoint(0), Some(Duration::ZERO));
}

#[test]
fn room_is_told_before_it_is_needed() {
    let fs = SimulatedFs::default();
    let (mut ledger, _) = open(&fs).unwrap();
    assert_eq!((ledger.room_for(0), ledger.room_for(65_536)), (Room::Never, Room::Never));
    let entry = [b'x'; 65_535];
    while ledger.room_for(entry.len()) == Room::Enough {
        ledger.append(&entry).unwrap();
    }
    assert_eq!(ledger.room_for(entry.len()), Room::AfterSync);
    let size = ledger.size();
    assert!(ledger.append(&entry).is_err());
    assert_eq!(ledger.size(), size);
    ledger.sync(0).unwrap();
    assert_eq!(ledger.room_for(entry.len()), Room::Enough);
}
