//! Every single-bit flip and every cut of every file.
//!
//! All of them take minutes without optimisation, so that by default only some
//! are tried, spread over all bytes. All:
//! `cargo test --release --lib --features journal -- --ignored verify::`

use std::path::{Path, PathBuf};

use super::forge;
use super::rig::{self, Kept, directory};
use super::shelf::Shelf;
use crate::verify::Severity;

/// Files that say nothing about entries: who writes, and room on the disk.
const OTHERS: [&str; 3] = ["lock", "reserve", "log.key"];

const THREADS: usize = 2;

fn checked_files(files: &Shelf) -> Vec<PathBuf> {
    let is_other = |path: &Path| OTHERS.iter().any(|name| path.ends_with(name));
    files.paths().filter(|path| !is_other(path)).map(Path::to_owned).collect()
}

/// Every case, or one of so many.
#[derive(Clone, Copy)]
struct Tried(usize);

impl Tried {
    /// Calls `check` for the cases to be tried, on some threads.
    fn each(self, cases: usize, check: impl Fn(usize) + Sync) {
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let check = &check;
                let step = self.0 * THREADS;
                scope.spawn(move || (thread * self.0..cases).step_by(step).for_each(check));
            }
        });
    }
}

fn flips_are_seen(kept: &Kept, path: &Path, tried: Tried) {
    let bits = kept.files.bytes(path).len() * 8;
    tried.each(bits, |bit| {
        let mut files = kept.files.clone();
        files.tamper(path, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        assert_eq!(kept.exit_code(&files), 1, "{} bit {bit}", path.display());
    });
}

fn flips_of_all_files_are_seen(tried: Tried) {
    let kept = rig::log(100, 8_000);
    assert_eq!(kept.exit_code(&kept.files), 0);
    let files = checked_files(&kept.files);
    assert!(files.len() > 5, "{files:?}");
    files.iter().for_each(|path| flips_are_seen(&kept, path, tried));
}

/// The tree needs more entries than fit an exhaustive test of them all.
fn changes_of_the_tree_are_seen(tried: Tried) {
    let kept = rig::log(300, 16_000);
    let path = directory().join("tree/00");
    tried.each(kept.files.bytes(&path).len() * 8, |bit| {
        let mut files = kept.files.clone();
        files.tamper(&path, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        let verdict = kept.verify(&files);
        assert_eq!(verdict.standing().exit_code(), 1);
        let log = rig::only(verdict);
        // No fault of the entries.
        assert_eq!(log.anchored, log.size);
        assert_eq!(log.findings.len(), 1, "{log:#?}");
        assert_eq!(log.findings[0].severity, Severity::Rebuildable);
        assert_eq!(log.findings[0].offset, Some(bit as u64 / 8));
    });
}

fn cuts_below_the_checkpoint_are_seen(tried: Tried) {
    let kept = rig::log(100, 8_000);
    for path in checked_files(&kept.files) {
        let whole = kept.files.bytes(&path);
        // Behind the last entry stands the mark that closes the log.
        let is_open = path.extension().is_some_and(|extension| extension == "open");
        tried.each(whole.len() - if is_open { 16 } else { 0 }, |length| {
            let mut files = kept.files.clone();
            files.tamper(&path, |bytes| bytes.truncate(length));
            assert_eq!(kept.exit_code(&files), 1, "{} cut to {length}", path.display());
        });
    }
}

#[test]
fn flipped_bits_are_seen() {
    flips_of_all_files_are_seen(Tried(67));
    changes_of_the_tree_are_seen(Tried(131));
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn every_flipped_bit_is_seen() {
    flips_of_all_files_are_seen(Tried(1));
    changes_of_the_tree_are_seen(Tried(1));
}

#[test]
fn cuts_are_seen() {
    cuts_below_the_checkpoint_are_seen(Tried(13));
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn every_cut_below_the_checkpoint_is_seen() {
    cuts_below_the_checkpoint_are_seen(Tried(1));
}

#[test]
fn a_file_that_is_missing_is_seen() {
    let kept = rig::log(300, 16_000);
    for path in checked_files(&kept.files) {
        let mut files = kept.files.clone();
        files.remove(&path);
        assert_eq!(kept.exit_code(&files), 1, "{}", path.display());
    }
}

#[test]
fn the_first_bad_byte_is_named() {
    let kept = rig::log(100, 8_000);
    let path = forge::segments(&kept.files, &directory()).remove(1);
    let mut offset = 40;
    let mut sequence: u64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    for part in forge::parts(kept.files.bytes(&path)) {
        let length = match &part {
            forge::Part::Mark { .. } => 16,
            forge::Part::Entry(entry) => 16 + entry.len() as u64,
        };
        let mut files = kept.files.clone();
        files.tamper(&path, |bytes| bytes[(offset + length - 1) as usize] ^= 1);
        let verdict = kept.verify(&files);
        let found = verdict.first_tampering().unwrap();
        assert_eq!(found.file.as_deref(), Some(&*path));
        assert_eq!((found.offset, found.sequence), (Some(offset), Some(sequence)), "{found}");
        offset += length;
        sequence += u64::from(part != forge::Part::Mark { is_closing: false });
    }
}
