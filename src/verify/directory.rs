//! A log, or all logs below a directory.

use std::path::{Path, PathBuf};

use super::finding::{Finding, FindingKind};
use super::request::{Progress, Verification};
use super::verdict::{LogVerdict, Verdict};
use super::whole_log;
use crate::fs::FileStat;
use crate::journal::logs_at;

/// How often a log is verified when something is found and the log changed
/// meanwhile: a writer may have been in the middle of something.
const ATTEMPTS_MAX: usize = 3;

pub(super) fn verify(request: &mut Verification<'_>) -> Verdict {
    let mut verdict = Verdict { logs: Vec::new(), findings: Vec::new() };
    let logs = match logs_at(&*request.fs, &request.directory) {
        Ok(logs) => logs,
        Err(error) => {
            verdict.findings.push(Finding::unreadable(&request.directory, error));
            Vec::new()
        }
    };
    for (number, directory) in logs.iter().enumerate() {
        let progress =
            Progress { log: number, logs: logs.len(), entries: 0, bytes: 0, bytes_total: 0 };
        verdict.logs.push(verify_log(request, directory, progress));
    }
    verdict.findings.extend(missing_logs(request, &verdict.logs));
    if logs.is_empty() && verdict.findings.is_empty() {
        let finding = Finding::unreadable(&request.directory, "there is no log");
        verdict.findings.push(finding);
    }
    verdict
}

fn verify_log(request: &mut Verification<'_>, directory: &Path, progress: Progress) -> LogVerdict {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let before = state(request, directory);
        let verdict = whole_log::verify(request, directory, progress);
        let is_well = matches!(verdict.standing().exit_code(), 0 | 3);
        if is_well || attempts == ATTEMPTS_MAX {
            return verdict;
        }
        std::thread::sleep(request.settling);
        if before == state(request, directory) {
            return verdict;
        }
    }
}

/// What changes when a writer does anything: names, and lengths, which stay as
/// they are where it had written ahead, and times, which not every system has.
fn state(request: &Verification<'_>, directory: &Path) -> Vec<(PathBuf, FileStat)> {
    let mut found = Vec::new();
    for directory in [directory.to_owned(), directory.join("segments"), directory.join("tree")] {
        for name in request.fs.list(&directory).unwrap_or_default() {
            let path = directory.join(name);
            if let Ok(stat) = request.fs.stat(&path) {
                // A checkpoint that was replaced is another file.
                found.push((path, stat));
            }
        }
    }
    found
}

/// Logs of which there is a checkpoint from outside, and which are not there.
fn missing_logs(request: &Verification<'_>, logs: &[LogVerdict]) -> Vec<Finding> {
    let is_there = |log: &str| logs.iter().any(|found| found.log.as_deref() == Some(log));
    let missing = request.outside.iter().filter(|claim| !is_there(claim.log()));
    missing
        .map(|claim| {
            let expected = format!("log {} with {} entries", claim.origin(), claim.size());
            let found = format!("no such log in {}", request.directory.display());
            Finding::tampered(FindingKind::MissingLog, expected, found).file(&claim.path)
        })
        .collect()
}
