//! What the log is worth once it was read: which keys count, which checkpoints
//! hold, and what that says about its entries.

use std::path::Path;

use super::claim::Claim;
use super::files;
use super::finding::{Finding, FindingKind, Place, Severity};
use super::request::Verification;
use super::story::Story;
use super::tree::TreeCheck;
use super::verdict::LogVerdict;
use crate::proof::VerifierKey;

/// What was read of a log.
pub(super) struct Case<'r, 'a> {
    pub(super) request: &'r Verification<'a>,
    pub(super) directory: &'r Path,
    pub(super) claims: &'r [Claim],
    pub(super) tree: Option<&'r TreeCheck>,
    pub(super) story: &'r Story,
    pub(super) end: &'r Place,
    pub(super) is_broken: bool,
    pub(super) has_closing_mark: bool,
}

/// Completes the verdict.
pub(super) fn judge(case: Case<'_, '_>, verdict: &mut LogVerdict) {
    let own = case.own_keys(verdict);
    verdict.origin = case.origin(&own);
    verdict.is_key_given = !case.request.keys.is_empty();
    let keys = match &verdict.origin {
        Some(origin) if verdict.is_key_given => case.given_keys(origin),
        _ => own,
    };
    let roots_hold = case.judge_claims(&keys, verdict);
    case.judge_lifecycle(verdict);
    if verdict.first > case.story.pruned_to && !case.is_broken {
        let expected = format!("entries from {} on, or a PRUNE entry", case.story.pruned_to);
        let found = format!("entries from {} on", verdict.first);
        let finding = Finding::tampered(FindingKind::Prune, expected, found);
        verdict.note(finding.sequence(case.story.pruned_to));
    }
    if let Some(tree) = case.tree.filter(|_| roots_hold && !case.is_broken) {
        tree.findings(case.story.tree_stored).into_iter().for_each(|finding| verdict.note(finding));
    }
}

impl Case<'_, '_> {
    /// How the log calls itself.
    fn origin(&self, own: &[VerifierKey]) -> Option<String> {
        let claimed = self.claims.iter().find(|claim| !claim.is_outside).or(self.claims.first());
        let named = own.first().map(|key| key.name().to_owned());
        self.story.origin.clone().or(named).or(claimed.map(|claim| claim.origin().to_owned()))
    }

    /// The keys from outside, under the log's name: several logs may be signed
    /// with one key, each under its own name.
    fn given_keys(&self, origin: &str) -> Vec<VerifierKey> {
        let given = self.request.keys.iter();
        given.filter_map(|key| VerifierKey::new(origin, key.public_key()).ok()).collect()
    }

    /// The keys that the log says are its own.
    fn own_keys(&self, verdict: &mut LogVerdict) -> Vec<VerifierKey> {
        let path = self.directory.join("log.vkey");
        let text = match files::inside(&*self.request.fs, &path) {
            Ok(text) => String::from_utf8(text.unwrap_or_default()).unwrap_or_default(),
            Err(error) => {
                verdict.note(Finding::unreadable(path, error));
                return self.story.keys.clone();
            }
        };
        let told = &self.story.keys;
        let stored: Vec<VerifierKey> = text.lines().filter_map(|line| line.parse().ok()).collect();
        let expected: String = told.iter().map(|key| format!("{key}\n")).collect();
        if self.story.is_complete() && !self.is_broken && !told.is_empty() && text != expected {
            let kind = FindingKind::Key;
            let finding = Finding::new(Severity::Rebuildable, kind, expected, text);
            verdict.note(finding.file(path));
        }
        if told.is_empty() { stored } else { told.clone() }
    }

    /// Whether the entries have the roots that are claimed.
    fn judge_claims(&self, keys: &[VerifierKey], verdict: &mut LogVerdict) -> bool {
        let mut roots_hold = true;
        let is_signed = self.claims.iter().any(|claim| !claim.is_outside);
        if !is_signed && !verdict.has(FindingKind::Checkpoint) {
            let expected = "the log's own checkpoint: without one, anybody may have written it";
            let finding = Finding::tampered(FindingKind::Unsigned, expected, "none");
            verdict.note(finding.file(self.directory.join("checkpoint")));
        }
        for claim in self.claims {
            let holds = match self.check(claim, keys, verdict.origin.as_deref()) {
                Ok(holds) => holds,
                Err(finding) => {
                    roots_hold &= finding.kind == FindingKind::Checkpoint;
                    verdict.note(finding);
                    false
                }
            };
            let covered = claim.size().saturating_sub(verdict.first);
            if holds {
                verdict.signed = verdict.signed.max(covered);
            }
            if holds && claim.is_outside {
                verdict.anchored = verdict.anchored.max(covered);
            }
        }
        roots_hold
    }

    fn check(
        &self,
        claim: &Claim,
        keys: &[VerifierKey],
        origin: Option<&str>,
    ) -> Result<bool, Finding> {
        claim.check_signature(origin.unwrap_or_default(), keys)?;
        if claim.is_reached() {
            let suspect = self.tree.and_then(TreeCheck::suspect);
            claim.check_root(suspect).map(|()| true)
        } else if self.is_broken {
            // What broke it was told, and is the reason.
            Ok(false)
        } else {
            Err(claim.rolled_back(self.end))
        }
    }

    fn judge_lifecycle(&self, verdict: &mut LogVerdict) {
        if self.has_closing_mark && !self.story.is_closed() && !self.is_broken {
            let expected = "CLOSE as the last entry of a log that was closed";
            let finding = Finding::tampered(FindingKind::Lifecycle, expected, "another");
            verdict.note(finding.at(self.end));
        }
    }
}
