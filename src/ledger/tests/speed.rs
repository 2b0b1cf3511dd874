//! Figures of this machine, printed: run in release, with `--ignored
//! --nocapture`. Only the counts are asserted.
#![expect(clippy::disallowed_methods, reason = "measures real time")]

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rig::{LOG, SECOND};
use crate::event::Sequence;
use crate::fs::OsFilesystem;
use crate::journal::JournalConfig;
use crate::ledger::{Ledger, LedgerConfig, LedgerReader};
use crate::proof::leaf_hash;

const ENTRY_BYTES: usize = 350;

fn open(directory: &Path) -> Ledger {
    let config = LedgerConfig::new(JournalConfig::new(directory, LOG));
    Ledger::open(config, Arc::new(OsFilesystem), 0).unwrap().0
}

fn print(line: String) {
    writeln!(std::io::stderr(), "{line}").unwrap();
}

/// Appends as a worker does: syncs, seals and checkpoints when they are due.
fn write(ledger: &mut Ledger, count: usize) -> (Duration, Duration) {
    let mut entry = vec![b'x'; ENTRY_BYTES];
    let (start, mut appending) = (Instant::now(), Duration::ZERO);
    for batch in 0..count / 256 {
        let appended = Instant::now();
        for number in 0..256_u16 {
            entry[..8].copy_from_slice(&(batch as u64).to_le_bytes());
            entry[8..10].copy_from_slice(&number.to_le_bytes());
            ledger.append(black_box(&entry)).unwrap();
        }
        appending += appended.elapsed();
        let now = start.elapsed().as_nanos() as u64;
        if ledger.until_sync(now) == Some(Duration::ZERO) {
            ledger.sync(now).unwrap();
            ledger.seal_if_due(now).unwrap();
        }
        if ledger.until_checkpoint(now) == Some(Duration::ZERO) {
            ledger.checkpoint(now).unwrap();
        }
    }
    ledger.checkpoint(u64::MAX).unwrap();
    (start.elapsed(), appending)
}

#[test]
#[ignore = "a measurement"]
fn writing_opening_and_proving() {
    const COUNT: usize = 2_000_000 / 256 * 256;
    let home = tempfile::tempdir_in(".").unwrap();
    let mut ledger = open(home.path());
    let (written, appending) = write(&mut ledger, COUNT);
    let directory = ledger.directory().to_owned();
    ledger.close(SECOND).unwrap();
    let start = Instant::now();
    let ledger = open(home.path());
    let opened = start.elapsed();
    assert_eq!(ledger.size(), COUNT as u64);
    let reader = LedgerReader::open(Arc::new(OsFilesystem), &directory).unwrap();
    let start = Instant::now();
    let sequences: Vec<_> = (0..100).map(|n| n * (COUNT as u64 / 100)).collect();
    for sequence in &sequences {
        reader.proof(Sequence(*sequence)).unwrap();
    }
    let proven = start.elapsed() / sequences.len() as u32;
    print(format!(
        "{:.0} entries/s written durably; append alone {} ns; open {opened:?}; a proof {proven:?}",
        COUNT as f64 / written.as_secs_f64(),
        appending.as_nanos() / COUNT as u128,
    ));
    let entry = vec![b'x'; ENTRY_BYTES];
    let start = Instant::now();
    for _ in 0..1_000_000 {
        black_box(leaf_hash(black_box(&entry)));
    }
    print(format!("a leaf hash alone {} ns", start.elapsed().as_nanos() / 1_000_000));
}
