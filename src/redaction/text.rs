//! Hiding values and parts of texts.

use std::fmt::Write;

use crate::event::limits::{cut_marker, prefix};

use super::action::Action;
use super::detect::Finding;
use super::rules::Rules;

/// What stands for a value that is masked.
pub(super) const MASK: &str = "[masked]";

/// Appends `text` with what was found in it hidden.
pub(super) fn write_around(text: &str, found: &[Finding], rules: &Rules, out: &mut String) {
    let mut written = 0;
    for finding in found {
        out.push_str(text.get(written..finding.start).unwrap_or_default());
        write_secret(text.get(finding.start..finding.end).unwrap_or_default(), finding, rules, out);
        written = finding.end;
    }
    out.push_str(text.get(written..).unwrap_or_default());
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
    let is_marked =
        text.ends_with(']') && text.rfind(" …[cut").is_some_and(|mark| mark <= bytes_max);
    if text.len() <= bytes_max || is_marked {
        return out.push_str(text);
    }
    out.push_str(prefix(text, bytes_max));
    out.push_str(&cut_marker(Some(text.len())));
}
