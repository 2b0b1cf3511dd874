//! One cycle: run, kill, verify, take up again, verify, compare.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tracing_audit::proof::{Digest, VerifierKey, leaf_hash};
use tracing_audit::verify::{FindingKind, Severity, StoredLog, Verification};
use tracing_audit::{AuditEvent, AuditLayer, Operation};

use crate::child;
use crate::random::Random;

/// Longest life of a child after its first acknowledgement.
const LIFE_US_MAX: u64 = 100_000;

const DEADLINE: Duration = Duration::from_secs(120);

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cycles: u64,
    pub(crate) acknowledged: u64,
    lost: u64,
    unverifiable: u64,
}

/// A log that is written by one child after the other, and what is known about
/// it outside.
pub(crate) struct Campaign {
    directory: PathBuf,
    told: Vec<Told>,
    key: Option<VerifierKey>,
    checkpoint: Option<String>,
}

/// What a child was told: place and hash.
#[derive(Debug, Clone, Copy)]
struct Told {
    sequence: u64,
    leaf: Digest,
}

impl Tally {
    pub(crate) fn is_clean(&self) -> bool {
        self.lost == 0 && self.unverifiable == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { cycles, acknowledged, lost, unverifiable } = self;
        write!(f, "cycles {cycles}, acknowledged {acknowledged}, lost {lost}, ")?;
        write!(f, "unverifiable {unverifiable}")
    }
}

impl Campaign {
    pub(crate) fn begin(directory: &Path) -> Self {
        let directory = directory.to_owned();
        Campaign { directory, told: Vec::new(), key: None, checkpoint: None }
    }

    pub(crate) fn cycle(&mut self, random: &mut Random, tally: &mut Tally) {
        let before = self.told.len();
        self.run_and_kill(random);
        tally.cycles += 1;
        tally.acknowledged += (self.told.len() - before) as u64;
        // As the kill left it, and after it was taken up again.
        let mut is_verified = self.is_verified(true);
        self.take_up();
        is_verified &= self.is_verified(false);
        tally.unverifiable += u64::from(!is_verified);
        tally.lost += self.lost();
    }

    fn run_and_kill(&mut self, random: &mut Random) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(child::DIRECTORY, &self.directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = listen(child.stdout.take().unwrap());
        let is_early = random.below(5) == 0;
        if !is_early {
            self.told.extend(told.recv_timeout(DEADLINE));
        }
        thread::sleep(Duration::from_micros(random.below(LIFE_US_MAX)));
        kill(&mut child);
        self.told.extend(told);
    }

    fn take_up(&mut self) {
        let settings = child::settings(&self.directory);
        let audit = AuditLayer::builder().journal(settings).build_without_layer().unwrap();
        let event = AuditEvent::builder(Operation::Recall).user_id("parent").build();
        let receipt = audit.record(event).unwrap();
        self.told.push(Told { sequence: receipt.sequence.0, leaf: receipt.leaf.unwrap() });
        let state = audit.health().journal.unwrap();
        let key: VerifierKey = state.verifier_key.parse().unwrap();
        assert_eq!(*self.key.get_or_insert_with(|| key.clone()), key);
        self.checkpoint = Some(receipt.checkpoint().unwrap().to_string());
        let report = audit.shutdown(DEADLINE);
        assert!(report.is_complete, "{report:?}");
    }

    /// Whether the log verifies against what is known about it outside. A file
    /// that can be made again from the entries may be behind after a kill.
    fn is_verified(&self, was_killed: bool) -> bool {
        let mut verification = Verification::of(&self.directory);
        if let (Some(key), Some(checkpoint)) = (&self.key, &self.checkpoint) {
            verification = verification.key(key.clone()).checkpoint("kept", checkpoint).unwrap();
        }
        let verdict = verification.run();
        let allowed = if was_killed { Severity::Rebuildable } else { Severity::Notice };
        let findings = verdict.logs.iter().flat_map(|log| &log.findings).chain(&verdict.findings);
        let worst = findings.max_by_key(|finding| finding.severity);
        // Nothing is signed before something is durable, and nothing is there before it was made.
        let is_unborn = self.told.is_empty();
        let Some(worst) = worst.filter(|worst| worst.severity > allowed) else { return true };
        if is_unborn && matches!(worst.kind, FindingKind::Unsigned | FindingKind::Io) {
            return true;
        }
        println!("{worst:?}");
        false
    }

    /// How many of the entries that somebody was told of are not there.
    fn lost(&self) -> u64 {
        let mut leaves = Vec::new();
        for log in StoredLog::all_at(&self.directory).unwrap() {
            let mut entries = log.entries().unwrap();
            while let Some(stored) = entries.next_entry().unwrap() {
                leaves.push(leaf_hash(stored.bytes));
            }
        }
        let is_there = |told: &&Told| leaves.get(told.sequence as usize) == Some(&told.leaf);
        (self.told.len() - self.told.iter().filter(is_there).count()) as u64
    }
}

/// Hears what a child says, until it is dead.
fn listen(output: ChildStdout) -> Receiver<Told> {
    let (sender, told) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let (sequence, leaf) = line.split_once(' ').unwrap();
            let (sequence, leaf) = (sequence.parse().unwrap(), leaf.parse().unwrap());
            sender.send(Told { sequence, leaf }).unwrap();
        }
    });
    told
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "it ended by itself");
}
