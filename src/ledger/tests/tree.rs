//! The tree on the disk: written, found again, repaired, or refused.

use super::rig::*;
use crate::error::ErrorKind;
use crate::fs::JournalFs;
use crate::fs::simulated::SimulatedFs;
use crate::proof::{DIGEST_BYTES, HashSource, leaf_hash};

const TILE: usize = 8192;

fn tiles(fs: &SimulatedFs, level: u8) -> Vec<u8> {
    fs.bytes(&directory().join(format!("tree/{level:02}")))
}

fn tamper(fs: &SimulatedFs, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = directory().join(name);
    let mut bytes = fs.bytes(&path);
    change(&mut bytes);
    fs.tamper(&path, &bytes);
}

#[test]
fn each_level_is_a_file_of_its_full_tiles() {
    const COUNT: u64 = 66_000;
    let fs = SimulatedFs::default();
    let (mut ledger, _) = open(&fs).unwrap();
    let mut model = crate::proof::MemoryHashes::new();
    for number in 0..COUNT {
        let entry = number.to_string();
        model.append(leaf_hash(entry.as_bytes()));
        ledger.append(entry.as_bytes()).unwrap();
    }
    ledger.checkpoint(0).unwrap();
    for (level, hashes) in [(0_u8, 65_792), (1, 256)] {
        let tiles = tiles(&fs, level);
        assert_eq!(tiles.len(), hashes * DIGEST_BYTES);
        for (index, hash) in tiles.chunks(DIGEST_BYTES).enumerate() {
            let expected = model.subtree(level * 8, index as u64).unwrap();
            assert_eq!(hash, expected.as_bytes(), "level {level}, {index}");
        }
    }
    assert_eq!(fs.names(&directory().join("tree")), ["00", "01"]);
    ledger.seal(0).unwrap();
    drop(ledger);
    let (mut ledger, opened) = open(&fs).unwrap();
    assert_eq!(opened.rebuilt_tiles, 0);
    model.append(ledger.append(b"more").unwrap().leaf);
    assert_eq!(ledger.checkpoint(0).unwrap().unwrap().checkpoint().head(), model.head());
    drop(ledger);
    let upper = tiles(&fs, 1);
    fs.remove_file(&directory().join("tree/01")).unwrap();
    assert_eq!(open(&fs).unwrap().1.rebuilt_tiles, 1);
    assert_eq!(tiles(&fs, 1), upper);
}

#[test]
fn opening_reads_the_last_segment_alone() {
    let fs = SimulatedFs::default();
    closed(&fs, &[600, 600, 300]);
    // Nobody looks behind the header of a segment that was sealed before.
    let path = directory().join(format!("segments/{:020}.seg", 600));
    let mut bytes = fs.bytes(&path);
    bytes[40..].fill(0xee);
    fs.tamper(&path, &bytes);
    let (mut ledger, opened) = open(&fs).unwrap();
    assert_eq!((opened.size, opened.rebuilt_tiles), (1500, 0));
    append(&mut ledger, 1);
    assert_eq!(ledger.checkpoint(0).unwrap().unwrap().checkpoint().head(), head(1501));
}

#[test]
fn missing_cut_and_doctored_tiles_are_made_again_and_told() {
    type Change = (&'static str, fn(&SimulatedFs));
    let changes: [Change; 5] = [
        ("removed", |fs| fs.remove_file(&directory().join("tree/00")).unwrap()),
        ("cut", |fs| tamper(fs, "tree/00", |bytes| bytes.truncate(3 * TILE))),
        ("cut within a tile", |fs| tamper(fs, "tree/00", |bytes| bytes.truncate(TILE + 1))),
        ("a bit of the first", |fs| tamper(fs, "tree/00", |bytes| bytes[5] ^= 1)),
        ("a bit of the last", |fs| tamper(fs, "tree/00", |bytes| *bytes.last_mut().unwrap() ^= 1)),
    ];
    for (what, change) in changes {
        let fs = SimulatedFs::default();
        closed(&fs, &[600, 700, 30]);
        let before = tiles(&fs, 0);
        change(&fs);
        let (mut ledger, opened) = open(&fs).unwrap();
        assert!(opened.rebuilt_tiles > 0, "{what}");
        assert_eq!(tiles(&fs, 0), before, "{what}");
        append(&mut ledger, 300);
        let signed = ledger.checkpoint(0).unwrap().unwrap();
        assert_eq!(signed.checkpoint().head(), head(1630), "{what}");
        assert_eq!(open_again(ledger, &fs), 0, "{what}");
    }
}

/// Nobody hashes an entry again then.
#[test]
fn a_doctored_tile_is_seen_where_a_checkpoint_ends_with_it() {
    let fs = SimulatedFs::default();
    closed(&fs, &[512]);
    let before = tiles(&fs, 0);
    tamper(&fs, "tree/00", |bytes| bytes[5] ^= 1);
    let (mut ledger, opened) = open(&fs).unwrap();
    assert_eq!((opened.rebuilt_tiles, tiles(&fs, 0)), (1, before));
    append(&mut ledger, 1);
    assert_eq!(ledger.checkpoint(0).unwrap().unwrap().checkpoint().head(), head(513));
}

fn open_again(ledger: crate::ledger::Ledger, fs: &SimulatedFs) -> u64 {
    ledger.close(0).unwrap();
    open(fs).unwrap().1.rebuilt_tiles
}

#[test]
fn entries_that_are_not_those_that_were_signed_are_refused_and_nothing_is_changed() {
    let fs = SimulatedFs::default();
    closed(&fs, &[300, 300]);
    let (mut ledger, _) = open(&fs).unwrap();
    append(&mut ledger, 40);
    ledger.close(0).unwrap();
    // Another log's entries, in files that are whole in themselves.
    let other = SimulatedFs::default();
    let (mut ledger, _) = open(&other).unwrap();
    for number in 0..640 {
        ledger.append(&entry(number + u64::from(number >= 620))).unwrap();
        if number == 299 || number == 599 {
            ledger.seal(0).unwrap();
        }
    }
    ledger.close(0).unwrap();
    let active = directory().join(format!("segments/{:020}.open", 600));
    fs.tamper(&active, &other.bytes(&active));
    let before: Vec<_> =
        files_below(&fs, &directory().join("tree")).iter().map(|path| fs.bytes(path)).collect();
    let error = open(&fs).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    says(&error, &["not those that its checkpoints", "640", "restore"]);
    let after: Vec<_> =
        files_below(&fs, &directory().join("tree")).iter().map(|path| fs.bytes(path)).collect();
    assert_eq!(before, after);
}

/// Sealed, but nothing was signed yet that would give a wrong tree away.
#[test]
fn a_tree_that_is_made_again_is_right_whenever_the_power_is_cut() {
    const SIZE: u64 = 700;
    let lost = || {
        let (fs, mut model) = (SimulatedFs::default(), Model::default());
        let mut ledger = model.open(&fs).unwrap();
        (0..SIZE).for_each(|_| model.append(&mut ledger).unwrap());
        ledger.seal(0).unwrap();
        model.acknowledged = ledger.durable();
        drop(ledger);
        fs.remove_tree(&directory().join("tree"));
        (fs, model)
    };
    let (fs, mut model) = lost();
    let before = fs.disk().calls_total();
    let _ = model.open(&fs).unwrap();
    let steps = fs.disk().calls_total() - before;
    assert!(steps > 10);
    for seed in 0..8 {
        for step in 1..=steps + 1 {
            let (fs, mut model) = lost();
            let at = fs.disk().calls_total() + step;
            fs.disk().crash_at = Some(at);
            let opened = model.open(&fs);
            assert_eq!(opened.is_ok(), step > steps, "{step}");
            drop(opened);
            fs.disk().crash(seed);
            model.check(&fs);
        }
    }
}

#[test]
fn a_tree_whose_sync_failed_while_it_was_made_again_is_made_again() {
    use crate::fs::simulated::Call;
    for seed in 0..8 {
        let fs = SimulatedFs::default();
        let mut model = Model::default();
        let mut ledger = model.open(&fs).unwrap();
        (0..700).for_each(|_| model.append(&mut ledger).unwrap());
        ledger.seal(0).unwrap();
        drop(ledger);
        fs.remove_tree(&directory().join("tree"));
        let mut failed = 0;
        for nth in 1.. {
            let nth = fs.disk().calls[&Call::Sync] + nth;
            fs.disk().faults = vec![(Call::Sync, nth, std::io::ErrorKind::Other)];
            if open(&fs).is_ok() {
                break;
            }
            failed += 1;
        }
        assert!(failed > 0);
        fs.disk().faults.clear();
        fs.disk().crash(seed);
        model.check(&fs);
    }
}

#[test]
fn after_a_failed_sync_of_tiles_nothing_is_trusted_until_they_are_written_again() {
    use crate::fs::simulated::Call;
    for seed in 0..6 {
        let fs = SimulatedFs::default();
        let mut model = Model::default();
        let mut ledger = model.open(&fs).unwrap();
        (0..700).for_each(|_| model.append(&mut ledger).unwrap());
        model.checkpoint(&mut ledger).unwrap();
        let nth = fs.disk().calls[&Call::Sync] + 1;
        fs.disk().faults.push((Call::Sync, nth, std::io::ErrorKind::Other));
        assert_eq!(ledger.seal(0).unwrap_err().kind(), ErrorKind::Poisoned);
        assert!(ledger.append(b"x").is_err() && ledger.is_poisoned());
        drop(ledger);
        // The cache says what the disk may not.
        let mut ledger = model.open(&fs).unwrap();
        ledger.seal(0).unwrap();
        drop(ledger);
        fs.disk().crash(seed);
        assert_eq!(open(&fs).unwrap().1.rebuilt_tiles, 0, "seed {seed}");
        model.check(&fs);
    }
}
