//! What a log is worth once it was read: which checkpoints hold, and what that
//! says about its entries.

use std::path::Path;

use super::claim::{Claim, Source};
use super::finding::{Finding, FindingKind, Place, Severity};
use super::keys::{self, OwnKeys};
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

/// Whose signatures count.
struct Trust {
    origin: String,
    /// Of the log's own checkpoints.
    keys: Vec<VerifierKey>,
    /// Of checkpoints from outside, for whose contents their keeper vouches:
    /// also of keys that the log had earlier.
    outside: Vec<VerifierKey>,
}

/// Completes the verdict.
pub(super) fn judge(case: Case<'_, '_>, verdict: &mut LogVerdict) {
    let own = OwnKeys::read(case.request, case.directory).unwrap_or_else(|finding| {
        verdict.note(finding);
        OwnKeys::default()
    });
    let trust = case.trust(&own);
    verdict.origin = Some(trust.origin.clone()).filter(|origin| !origin.is_empty());
    verdict.is_key_given = !case.request.keys.is_empty();
    let roots_hold = case.judge_claims(&trust, verdict);
    if case.is_broken {
        return;
    }
    case.judge_closing(verdict);
    case.judge_pruning(verdict);
    let trusted: &[VerifierKey] = if verdict.is_key_given { &trust.keys } else { &[] };
    // Keys that were given and never signed this log need not be in it.
    let trusted: Vec<VerifierKey> =
        trusted.iter().filter(|key| case.story.tells(key)).cloned().collect();
    if let Some(finding) = own.finding(case.directory, case.story, &trusted) {
        verdict.note(finding);
    }
    if let Some(tree) = case.tree.filter(|_| roots_hold) {
        tree.findings(case.story.tree_stored).into_iter().for_each(|finding| verdict.note(finding));
    }
}

impl Case<'_, '_> {
    fn trust(&self, own: &OwnKeys) -> Trust {
        let claimed = self.claims.iter().find(|claim| !claim.is_outside()).or(self.claims.first());
        let named = own.stored.first().map(|key| key.name().to_owned());
        let told = self.story.origin.clone();
        let origin = told.or(named).or(claimed.map(|claim| claim.origin().to_owned()));
        let origin = origin.unwrap_or_default();
        let earlier = self.story.keys.iter().map(|told| told.key.clone());
        let keys = match self.request.keys.as_slice() {
            [] if own.stored.is_empty() => earlier.clone().collect(),
            [] => own.stored.clone(),
            given => keys::trusted(given, &origin, self.story, self.claims),
        };
        let outside = keys.iter().cloned().chain(earlier).collect();
        Trust { origin, keys, outside }
    }

    /// Whether the entries have the roots that are claimed.
    fn judge_claims(&self, trust: &Trust, verdict: &mut LogVerdict) -> bool {
        let mut roots_hold = true;
        let is_signed = self.claims.iter().any(|claim| claim.source == Source::Newest);
        if !is_signed && !verdict.has(FindingKind::Checkpoint) {
            let finding = self.unsigned(verdict);
            verdict.note(finding.file(self.directory.join("checkpoint")));
        }
        for claim in self.claims {
            let holds = match self.check(claim, trust) {
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
            if holds && claim.is_outside() {
                verdict.anchored = verdict.anchored.max(covered);
            }
        }
        roots_hold
    }

    /// What it means that the log has no checkpoint of its own.
    fn unsigned(&self, verdict: &LogVerdict) -> Finding {
        let expected = "the log's own checkpoint: without one, anybody may have written it";
        // A log whose directory is gone looks no better, and is no tampering either.
        let is_unknown = self.claims.is_empty() && self.request.keys.is_empty();
        if is_unknown && verdict.size == 0 && !self.is_broken {
            let found = "none, and no entry: the first start of the program may have failed, and the next one will sign the log; or somebody emptied it, which a checkpoint that was kept elsewhere would show";
            return Finding::new(Severity::Unreadable, FindingKind::Unsigned, expected, found);
        }
        Finding::tampered(FindingKind::Unsigned, expected, "none")
    }

    fn check(&self, claim: &Claim, trust: &Trust) -> Result<bool, Finding> {
        let keys = if claim.is_outside() { &trust.outside } else { &trust.keys };
        claim.check_signature(&trust.origin, keys)?;
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

    /// Whoever closes a log signs all of it first.
    fn judge_closing(&self, verdict: &mut LogVerdict) {
        let unsigned = verdict.entries().saturating_sub(verdict.signed);
        if self.has_closing_mark && unsigned > 0 {
            let expected = "a closed log, all of it signed";
            let found = format!(
                "{unsigned} entries at its end that are not; unless its checkpoint could not be written when it was closed, somebody added them"
            );
            let finding = Finding::tampered(FindingKind::Unsigned, expected, found);
            verdict.note(finding.file(&*self.end.path).sequence(verdict.first + verdict.signed));
        }
    }

    /// Entries are missing at the beginning only if an entry says so.
    fn judge_pruning(&self, verdict: &mut LogVerdict) {
        let told = self.story.pruned_to;
        if verdict.first > told {
            let expected = format!("entries from {told} on, or a PRUNE entry");
            let found = format!("entries from {} on", verdict.first);
            let finding = Finding::tampered(FindingKind::Prune, expected, found);
            verdict.note(finding.sequence(told));
        }
    }
}
