//! What a verification comes to.

use std::path::PathBuf;

use super::finding::{Finding, FindingKind, Severity};

/// Most findings that are kept of one log; the others are counted.
pub const FINDINGS_MAX: usize = 1_000;

/// What a directory or a log comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// Everything holds, and a checkpoint that was kept elsewhere vouches for
    /// it.
    Anchored,
    /// Everything holds by the log's own word alone: whoever holds its key
    /// and its disk could have written it anew, or put an older state back.
    SelfAttested,
    /// The log was changed, cut, replaced, or never signed.
    Tampered,
    /// Something could not be read.
    Unreadable,
}

/// What the verification of a directory comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a verification that nobody looks at verifies nothing"]
pub struct Verdict {
    /// The logs, by id.
    pub logs: Vec<LogVerdict>,
    /// What was found beside the logs, such as a log that is missing.
    pub findings: Vec<Finding>,
}

/// What the verification of one log comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogVerdict {
    /// Its directory.
    pub directory: PathBuf,
    /// Its id, 32 hexadecimal digits, if it could be read.
    pub log: Option<String>,
    /// How it calls itself in its checkpoints.
    pub origin: Option<String>,
    /// The first sequence that is still there; those before were pruned.
    pub first: u64,
    /// The sequence after that of the last entry that was read.
    pub size: u64,
    /// How many entries, from the first on, a checkpoint from outside vouches
    /// for.
    pub anchored: u64,
    /// How many entries, from the first on, any checkpoint vouches for. Those
    /// behind were not signed yet.
    pub signed: u64,
    /// Whether the key was given from outside, rather than taken from the log.
    pub is_key_given: bool,
    /// What was found, in the order in which it was.
    pub findings: Vec<Finding>,
    /// How many more findings there were than are kept ([`FINDINGS_MAX`]).
    pub findings_left_out: u64,
}

impl Standing {
    /// The exit status of a program that reports it: 0 anchored, 3
    /// self-attested, 1 tampered, 2 unreadable.
    pub fn exit_code(self) -> u8 {
        match self {
            Standing::Anchored => 0,
            Standing::Tampered => 1,
            Standing::Unreadable => 2,
            Standing::SelfAttested => 3,
        }
    }
}

impl Verdict {
    /// The worst that any log comes to.
    pub fn standing(&self) -> Standing {
        let severities = self.findings.iter().map(|finding| standing_of(finding.severity));
        let standings = self.logs.iter().map(LogVerdict::standing).chain(severities.flatten());
        standings.max_by_key(|standing| weight(*standing)).unwrap_or(Standing::Unreadable)
    }

    /// The first finding of tampering: the first bad byte.
    pub fn first_tampering(&self) -> Option<&Finding> {
        let in_logs = self.logs.iter().flat_map(|log| &log.findings);
        self.findings.iter().chain(in_logs).find(|finding| finding.severity == Severity::Tampered)
    }
}

impl LogVerdict {
    pub(super) fn new(directory: PathBuf) -> Self {
        LogVerdict {
            directory,
            log: None,
            origin: None,
            first: 0,
            size: 0,
            anchored: 0,
            signed: 0,
            is_key_given: false,
            findings: Vec::new(),
            findings_left_out: 0,
        }
    }

    /// Number of entries that were read.
    pub fn entries(&self) -> u64 {
        self.size.saturating_sub(self.first)
    }

    /// What the log comes to.
    pub fn standing(&self) -> Standing {
        let worst = self.findings.iter().map(|finding| finding.severity).max();
        match worst.and_then(standing_of) {
            Some(standing) => standing,
            None if self.anchored > 0 => Standing::Anchored,
            None => Standing::SelfAttested,
        }
    }

    /// Whether there is a finding of this kind.
    pub fn has(&self, kind: FindingKind) -> bool {
        self.findings.iter().any(|finding| finding.kind == kind)
    }

    pub(super) fn note(&mut self, finding: Finding) {
        // Notices leave room for what is worse.
        let is_notice = finding.severity == Severity::Notice;
        let room = if is_notice { FINDINGS_MAX } else { 2 * FINDINGS_MAX };
        if self.findings.len() < room {
            self.findings.push(finding);
        } else {
            self.findings_left_out += 1;
        }
    }
}

/// What a finding alone makes of a log, if anything.
fn standing_of(severity: Severity) -> Option<Standing> {
    match severity {
        Severity::Notice => None,
        // A doctored index must not pass, though the entries hold.
        Severity::Rebuildable | Severity::Tampered => Some(Standing::Tampered),
        Severity::Unreadable => Some(Standing::Unreadable),
    }
}

fn weight(standing: Standing) -> u8 {
    match standing {
        Standing::Anchored => 0,
        Standing::SelfAttested => 1,
        Standing::Unreadable => 2,
        Standing::Tampered => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(anchored: u64, severities: &[Severity]) -> LogVerdict {
        let mut log = LogVerdict { anchored, ..LogVerdict::new("log".into()) };
        for severity in severities {
            log.note(Finding::new(*severity, FindingKind::Frame, "", ""));
        }
        log
    }

    #[test]
    fn the_worst_counts() {
        use Severity::{Notice, Rebuildable, Tampered, Unreadable};
        let code =
            |logs: Vec<LogVerdict>| Verdict { logs, findings: Vec::new() }.standing().exit_code();
        assert_eq!(code(vec![log(5, &[Notice])]), 0);
        assert_eq!(code(vec![log(5, &[]), log(0, &[Notice])]), 3);
        assert_eq!(code(vec![log(5, &[Unreadable]), log(0, &[])]), 2);
        assert_eq!(code(vec![log(5, &[Tampered, Unreadable]), log(5, &[Unreadable])]), 1);
        assert_eq!(code(vec![log(5, &[Rebuildable])]), 1);
        assert_eq!(code(vec![]), 2);
    }

    #[test]
    fn findings_are_bounded_and_tampering_is_kept() {
        let mut log = log(5, &[Severity::Notice; FINDINGS_MAX + 3]);
        assert_eq!((log.findings.len(), log.findings_left_out), (FINDINGS_MAX, 3));
        log.note(Finding::tampered(FindingKind::Root, "", ""));
        assert_eq!(log.standing(), Standing::Tampered);
    }
}
