//! Hiding values and parts of texts.

use std::fmt::Write;

use crate::event::limits::{FIELD_BYTES_MAX, MARK_BYTES_MAX, cut_marker, prefix, unmarked};

use super::action::Action;
use super::detect::Finding;
use super::rules::Rules;

/// What stands for a value that is masked.
pub(super) const MASK: &str = "[masked]";

/// How it begins, and how what stands for a part of a text begins.
pub(super) const MASK_BEGIN: &str = "[masked";

/// Appends `text` with what was found in it hidden. Masks can be longer than what
/// they hide: what was within the limit of a field is cut where they leave it.
pub(super) fn write_around(text: &str, found: &[Finding], rules: &Rules, out: &mut String) {
    let room = out.len() + (FIELD_BYTES_MAX - MARK_BYTES_MAX);
    let (limit, mut written) = (out.len() + FIELD_BYTES_MAX.max(text.len()), 0);
    // No mask is cut through.
    let mut cut_at = None;
    for finding in found {
        out.push_str(text.get(written..finding.start).unwrap_or_default());
        let mask = out.len();
        write_secret(text.get(finding.start..finding.end).unwrap_or_default(), finding, rules, out);
        written = finding.end;
        if mask <= room && out.len() > room {
            cut_at = Some(mask);
        }
    }
    out.push_str(text.get(written..).unwrap_or_default());
    if out.len() > limit {
        let cut_at = cut_at.unwrap_or_else(|| prefix(out, room).len());
        out.truncate(cut_at);
        out.push_str(&cut_marker(Some(unmarked(text).1)));
    }
}

fn write_secret(secret: &str, finding: &Finding, rules: &Rules, out: &mut String) {
    let action = finding.action.unwrap_or_else(|| rules.settings.of_detector(finding.detector));
    match action {
        Action::Keep => out.push_str(secret),
        Action::Drop => {}
        #[cfg(feature = "hash")]
        Action::Hash if rules.settings.keys.write(secret, out) => {}
        Action::Truncate(bytes_max) if secret.len() > bytes_max => {
            out.push_str(prefix(secret, bytes_max));
            out.push('…');
        }
        _ => {
            // Writing to a string never fails.
            let _ = write!(out, "[masked:{}]", finding.detector.as_str());
        }
    }
}

/// Appends what `action` makes of a whole value; `false` where it is dropped.
/// Cutting and keeping are not decided here.
pub(super) fn write_whole(text: &str, action: Action, rules: &Rules, out: &mut String) -> bool {
    match action {
        Action::Drop => return false,
        #[cfg(feature = "hash")]
        Action::Hash if rules.settings.keys.write(text, out) => {}
        _ => {
            let _ = rules;
            let _ = text;
            out.push_str(MASK);
        }
    }
    true
}

/// Appends `text`, cut to `bytes_max` bytes and marked if it is longer.
pub(super) fn write_cut(text: &str, bytes_max: usize, out: &mut String) {
    let (kept, original) = unmarked(text);
    let is_marked = kept.len() < text.len();
    if text.len() <= bytes_max || (is_marked && kept.len() <= bytes_max) {
        return out.push_str(text);
    }
    out.push_str(prefix(kept, bytes_max));
    out.push_str(&cut_marker(Some(original)));
}
