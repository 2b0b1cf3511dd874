//! One look at a text.

use memchr::{memchr_iter, memchr2_iter};

use crate::redaction::verdict::Verdict;

use super::bytes::{RUN, is, run_start};
use super::detector::{Detector, Detectors, Finding};
use super::escaped::Unescaped;
use super::{address, assignment, card, private_key, token};

/// Which kinds of bytes occur that some secrets cannot do without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::redaction) struct Triggers {
    at_sign: bool,
    /// `%`, which begins an escape in URLs.
    percent: bool,
    /// `=` or `:`
    assigns: bool,
}

impl Triggers {
    /// What occurs in `bytes`. Written so that the compiler turns it into a
    /// few instructions for many bytes.
    #[inline]
    pub(in crate::redaction) fn of(bytes: &[u8]) -> Self {
        let (mut at_sign, mut percent, mut assigns) = (0_u8, 0_u8, 0_u8);
        for byte in bytes {
            at_sign |= u8::from(*byte == b'@');
            percent |= u8::from(*byte == b'%');
            assigns |= u8::from(*byte == b'=') | u8::from(*byte == b':');
        }
        Triggers { at_sign: at_sign != 0, percent: percent != 0, assigns: assigns != 0 }
    }
}

/// A text and what has been found in it.
pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    /// The text without the mark that says it was cut.
    pub(super) bytes: &'a [u8],
    /// It was cut: what stands at its end may be the beginning of a secret.
    pub(super) is_cut: bool,
    pub(super) detectors: Detectors,
    pub(super) found: &'a mut Vec<Finding>,
}

impl Scan<'_> {
    /// Whether something that ends at `end` was cut off there.
    pub(super) fn is_cut_at(&self, end: usize) -> bool {
        self.is_cut && end >= self.bytes.len()
    }

    pub(super) fn add(&mut self, start: usize, end: usize, detector: Detector) {
        if start < end && self.detectors.contains(detector) {
            self.found.push(Finding { start, end, detector, action: None });
        }
    }
}

/// Puts the secrets in `text` into `found`, in order and without overlaps.
/// `triggers` are at least those of the text; `verdict` judges names.
#[inline]
pub(in crate::redaction) fn scan(
    text: &str,
    triggers: Triggers,
    detectors: Detectors,
    mut verdict: impl FnMut(&str) -> Verdict,
    found: &mut Vec<Finding>,
) {
    found.clear();
    look_at(text, triggers, detectors, &mut verdict, found);
    if triggers.percent {
        look_behind_escapes(text, detectors, &mut verdict, found);
    }
    if found.len() > 1 {
        put_in_order(found);
    }
}

#[inline]
fn look_at(
    text: &str,
    triggers: Triggers,
    detectors: Detectors,
    verdict: &mut impl FnMut(&str) -> Verdict,
    found: &mut Vec<Finding>,
) {
    let bytes = without_cut_mark(text).as_bytes();
    let is_cut = bytes.len() < text.len();
    let mut scan = Scan { text, bytes, is_cut, detectors, found };
    look_for_runs(&mut scan);
    if triggers.assigns {
        look_for_assignments(&mut scan, verdict);
    }
    if triggers.at_sign {
        for position in memchr_iter(b'@', bytes) {
            address::look(&mut scan, position);
        }
    }
    private_key::look(&mut scan);
}

/// Looks at what the text says when its escapes are resolved.
#[inline(never)]
fn look_behind_escapes(
    text: &str,
    detectors: Detectors,
    verdict: &mut impl FnMut(&str) -> Verdict,
    found: &mut Vec<Finding>,
) {
    let Some(plain) = Unescaped::of(text) else { return };
    let first = found.len();
    let triggers = Triggers::of(plain.text.as_bytes());
    look_at(&plain.text, triggers, detectors, verdict, found);
    for finding in found.iter_mut().skip(first) {
        (finding.start, finding.end) = (plain.place(finding.start), plain.place(finding.end));
    }
}

/// No shape that is looked for is shorter than this, of letters, digits, `-`,
/// `_`, `.`, `+` and `/`: a probe at every twelfth byte hits each.
const RUN_BYTES_MIN: usize = 12;

#[inline]
fn look_for_runs(scan: &mut Scan<'_>) {
    let bytes = scan.bytes;
    let mut probe = RUN_BYTES_MIN - 1;
    while let Some(byte) = bytes.get(probe) {
        if is(*byte, RUN) {
            let end = token::look(scan, run_start(bytes, probe, RUN));
            probe = end + RUN_BYTES_MIN;
        } else {
            if *byte == b' ' {
                card::look_around(scan, probe);
            }
            probe += RUN_BYTES_MIN;
        }
    }
    if scan.is_cut {
        token::look(scan, run_start(bytes, bytes.len(), RUN));
        card::look_around(scan, bytes.len().saturating_sub(1));
    }
}

#[inline(never)]
fn look_for_assignments(scan: &mut Scan<'_>, verdict: &mut impl FnMut(&str) -> Verdict) {
    for position in memchr2_iter(b'=', b':', scan.bytes) {
        assignment::look(scan, position, verdict);
    }
}

/// The text without the mark of a cut.
#[inline]
fn without_cut_mark(text: &str) -> &str {
    const MARK: &str = " …[cut";
    if !text.ends_with(']') {
        return text;
    }
    text.rfind(MARK).and_then(|mark| text.get(..mark)).unwrap_or(text)
}

/// Sorts what was found, and makes one of what overlaps.
#[cold]
fn put_in_order(found: &mut Vec<Finding>) {
    found.sort_unstable_by_key(|finding| (finding.start, finding.end));
    found.dedup_by(|later, kept| {
        let overlaps = later.start < kept.end;
        if overlaps {
            join(kept, later);
        }
        overlaps
    });
}

/// The kind is that of the longer part; between equals, the one that says more
/// than that it was assigned. What a rule says about a name holds for all.
fn join(kept: &mut Finding, later: &Finding) {
    let length = |finding: &Finding| finding.end - finding.start;
    let is_vague = kept.detector == Detector::Assignment;
    if length(later) > length(kept) || (is_vague && length(later) == length(kept)) {
        kept.detector = later.detector;
    }
    kept.action = kept.action.or(later.action);
    kept.end = kept.end.max(later.end);
}

#[cfg(test)]
pub(in crate::redaction) fn findings(text: &str) -> Vec<(&str, Detector)> {
    use crate::redaction::{Redaction, verdict::Verdicts};
    let rules = Redaction::new().compile();
    let (mut verdicts, mut found) = (Verdicts::default(), Vec::new());
    let triggers = Triggers::of(text.as_bytes());
    let verdict = |name: &str| verdicts.on(&rules, name);
    scan(text, triggers, Detector::ALL.into_iter().collect(), verdict, &mut found);
    found.iter().map(|found| (&text[found.start..found.end], found.detector)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_wherever_it_lies() {
        const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
        for before in 0..40 {
            for after in [0, 1, 30] {
                let text = format!("{}{KEY}{}", "é ".repeat(before), " .".repeat(after));
                assert_eq!(findings(&text), [(KEY, Detector::ApiKey)], "{text}");
            }
        }
    }

    #[test]
    fn what_overlaps_is_found_once_and_under_the_name_that_says_most() {
        let key = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        assert_eq!(findings(&format!("token={key}")), [(key, Detector::ApiKey)]);
        assert_eq!(
            findings("a=1 password=x1 mail bob@example.org, api_key: 9f8Ab12c"),
            [
                ("x1", Detector::Assignment),
                ("bob@example.org", Detector::Email),
                ("9f8Ab12c", Detector::Assignment),
            ]
        );
    }

    #[test]
    fn a_secret_that_was_cut_is_found_as_far_as_it_is_there() {
        for (text, secret) in [
            ("key ghp_16C7 …[cut from 900 bytes]", "ghp_16C7"),
            ("key sk-ant-api …[cut]", "sk-ant-api"),
            ("at eyJhbGciOiJ …[cut from 20 bytes]", "eyJhbGciOiJ"),
            ("password=hunt …[cut from 20 bytes]", "hunt"),
            ("{\"password\": \"hun …[cut from 20 bytes]", "hun"),
            ("paid 4111 1111 11 …[cut from 20 bytes]", "4111 1111 11"),
            ("to bob@exam …[cut from 20 bytes]", "bob@exam"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMIIE …[cut]",
                "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
            ),
        ] {
            assert_eq!(findings(text).iter().map(|(part, _)| *part).collect::<Vec<_>>(), [secret]);
        }
        assert_eq!(findings("a sentence that was cut …[cut from 900 bytes]"), []);
    }
}
