//! A writer that is killed, again and again, at any moment.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::rig::{LOG, entry, read_at};
use crate::fs::OsFilesystem;
use crate::journal::{Journal, JournalConfig};

const DIRECTORY: &str = "TRACING_AUDIT_KILL_DIRECTORY";
const CYCLES: u64 = 40;

/// Appends, syncs and seals until it is killed; prints what is acknowledged.
#[test]
#[ignore = "run as a process of its own, to be killed"]
fn writer_to_be_killed() {
    let directory = std::env::var(DIRECTORY).unwrap();
    let config = JournalConfig::new(directory, LOG);
    let (mut journal, report) = Journal::open(config, Arc::new(OsFilesystem), 0).unwrap();
    let mut output = std::io::stdout();
    let mut number = report.size as usize;
    for round in 0_u64.. {
        for _ in 0..1 + round % 23 {
            journal.append(&entry(number)).unwrap();
            number += 1;
        }
        if round % 11 == 10 {
            journal.seal(0).unwrap();
        }
        let synced = journal.sync(0).unwrap();
        writeln!(output, "acknowledged {}", synced.0).unwrap();
        output.flush().unwrap();
    }
}

/// Runs the writer and kills it a while after its first acknowledgement, or
/// after its start; returns what it acknowledged, if anything.
fn run_and_kill(directory: &Path, is_early: bool, after: Duration) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture"])
        .arg("journal::tests::kill::writer_to_be_killed")
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, receiver) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let number = line.rsplit_once("acknowledged ").map(|(_, number)| number.parse());
            if let Some(Ok(number)) = number {
                sender.send(number).unwrap();
            }
        }
    });
    let first: Option<u64> = (!is_early).then(|| receiver.recv().unwrap());
    std::thread::sleep(after);
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    reader.join().unwrap();
    receiver.try_iter().last().or(first)
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut lost, mut least) = (0, 0, 0);
    for cycle in 0..CYCLES {
        let after = Duration::from_micros(cycle * 7_919 % 12_000);
        let is_early = cycle % 4 == 3;
        least += u64::from(!is_early);
        acknowledged = run_and_kill(home.path(), is_early, after).unwrap_or(acknowledged);
        let entries = read_at(Arc::new(OsFilesystem), home.path()).unwrap();
        lost += acknowledged.saturating_sub(entries.len() as u64);
        let is_as_written = entries.iter().enumerate().all(|(n, bytes)| *bytes == entry(n));
        assert!(is_as_written, "cycle {cycle}");
    }
    assert_eq!(lost, 0);
    // Who is not killed early has told of one entry at least.
    assert!(acknowledged >= least, "{acknowledged}");
    let config = JournalConfig::new(home.path(), LOG);
    let (_, report) = Journal::open(config, Arc::new(OsFilesystem), 0).unwrap();
    assert!(report.size >= acknowledged && !report.was_closed);
}
