//! Running children, hearing what they say, and looking at what they left.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use super::child::{DIRECTORY, entry, log_directory, open};
use crate::event::Sequence;
use crate::fs::OsFilesystem;
use crate::journal::LogReader;
use crate::proof::{MemoryHashes, leaf_hash};

/// What a child said and how it ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) facts: Vec<String>,
    pub(super) status: ExitStatus,
}

impl Outcome {
    pub(super) fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let facts = said.lines().filter_map(|line| line.split_once("fact: "));
        Outcome { facts: facts.map(|(_, fact)| fact.to_owned()).collect(), status: output.status }
    }

    pub(super) fn is_done(&self) -> bool {
        self.status.success() && self.facts.last().is_some_and(|fact| fact == "done")
    }

    /// How many entries it was told are durable.
    pub(super) fn acknowledged(&self) -> u64 {
        let numbers = self.facts.iter().filter_map(|fact| fact.strip_prefix("acknowledged "));
        numbers.map(|number| number.parse().unwrap()).max().unwrap_or(0)
    }

    pub(super) fn failed(&self, kind: &str) -> bool {
        self.facts.iter().any(|fact| fact.starts_with(&format!("failed {kind}")))
    }
}

/// Runs a child by way of a program that interferes with it.
pub(super) fn through(mut program: Command, child: &str, directory: &Path) -> Command {
    program
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .arg(format!("ledger::tests::system::child::{child}"))
        .env(DIRECTORY, directory);
    program
}

/// Whether a tool is there and works; says loudly if it is not.
pub(super) fn is_there(tool: &str, probe: &mut Command) -> bool {
    let found = probe.output().is_ok_and(|output| output.status.success());
    if !found {
        let required = std::env::var_os("TRACING_AUDIT_REQUIRE_TOOLS").is_some();
        assert!(!required, "{tool} does not work, and TRACING_AUDIT_REQUIRE_TOOLS is set");
        // Not by a macro: the test runner would keep it to itself.
        let message = format!("\nSKIPPED: {tool} does not work, no fault was tried with it\n");
        std::io::stderr().write_all(message.as_bytes()).unwrap();
    }
    found
}

/// All entries of the one log.
pub(super) fn entries(parent: &Path) -> Vec<Vec<u8>> {
    let reader = LogReader::open(Arc::new(OsFilesystem), &log_directory(parent)).unwrap();
    let mut entries = reader.entries_from(Sequence(0));
    let mut read = Vec::new();
    while let Some((sequence, entry)) = entries.next_entry().unwrap() {
        assert_eq!(sequence.0, read.len() as u64);
        read.push(entry.to_vec());
    }
    read
}

/// The log opens, holds what was written and no less than what was
/// acknowledged, and can be written to, signed and closed.
pub(super) fn check(parent: &Path, acknowledged: u64) {
    let (mut ledger, opened) = open(parent).unwrap();
    assert!(opened.size >= acknowledged, "{acknowledged} acknowledged, {} there", opened.size);
    let signed = opened.checkpoint.map_or(0, |signed| signed.checkpoint().head().size);
    assert!(opened.size >= signed);
    ledger.append(&entry(opened.size)).unwrap();
    let signed = ledger.checkpoint(0).unwrap().unwrap().checkpoint().clone();
    ledger.close(0).unwrap();
    let mut tree = MemoryHashes::new();
    for (number, bytes) in entries(parent).iter().enumerate() {
        assert_eq!(*bytes, entry(number as u64));
        tree.append(leaf_hash(bytes));
    }
    assert_eq!(signed.head(), tree.head());
}
