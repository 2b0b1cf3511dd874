//! One look at a text.

use memchr::memchr3_iter;

use crate::redaction::verdict::Verdict;

use super::bytes::at;
use super::cut::{is_cut_json, without_mark};
use super::detector::{Detector, Detectors, Finding};
use super::escaped::Unescaped;
use super::plain::is_plain;
use super::signs::{CREDENTIAL_BYTES_MIN, Signs, words};
use super::{address, assignment, card, private_key, token};

/// A text and what has been found in it.
pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    /// The text without the mark that says it was cut.
    pub(super) bytes: &'a [u8],
    /// It was cut: what stands at its end may be the beginning of a secret.
    pub(super) is_cut: bool,
    /// It was JSON, and was cut: its keys are the names of values.
    pub(super) is_json: bool,
    /// Up to here everything is hidden, whatever it is.
    pub(super) hidden_to: usize,
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
/// `verdict` judges names.
#[inline]
pub(in crate::redaction) fn scan(
    text: &str,
    detectors: Detectors,
    verdict: impl FnMut(&str) -> Verdict,
    found: &mut Vec<Finding>,
) {
    found.clear();
    if is_plain(text.as_bytes()) {
        return;
    }
    let signs = Signs::of(text.as_bytes());
    if !signs.is_nothing() || text.ends_with(CUT_MARK_END) {
        scan_closely(text, signs, detectors, verdict, found);
    }
}

fn scan_closely(
    text: &str,
    signs: Signs,
    detectors: Detectors,
    mut verdict: impl FnMut(&str) -> Verdict,
    found: &mut Vec<Finding>,
) {
    look_at(text, signs, detectors, &mut verdict, found);
    if signs.has_percent {
        look_behind_escapes(text, detectors, &mut verdict, found);
    }
    if found.len() > 1 {
        put_in_order(found);
    }
}

fn look_at(
    text: &str,
    signs: Signs,
    detectors: Detectors,
    verdict: &mut impl FnMut(&str) -> Verdict,
    found: &mut Vec<Finding>,
) {
    let bytes = without_mark(text).as_bytes();
    let is_cut = bytes.len() < text.len();
    let is_json = is_cut && is_cut_json(text);
    let mut scan = Scan { text, bytes, is_cut, is_json, hidden_to: 0, detectors, found };
    if signs.has_words || is_cut {
        look_at_words(&mut scan);
    }
    if signs.has_digits || is_cut {
        card::look(&mut scan);
    }
    if signs.has_signs {
        look_at_signs(&mut scan, verdict);
    }
    if signs.has_v {
        private_key::look(&mut scan);
    }
    if is_cut {
        address::look_at_cut_end(&mut scan);
    }
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
    let signs = Signs::of(plain.text.as_bytes());
    look_at(&plain.text, signs, detectors, verdict, found);
    for finding in found.iter_mut().skip(first) {
        (finding.start, finding.end) = (plain.place(finding.start), plain.place(finding.end));
    }
}

fn look_at_words(scan: &mut Scan<'_>) {
    let bytes_min = if scan.is_cut { 1 } else { CREDENTIAL_BYTES_MIN };
    for (start, end) in words(scan.bytes, bytes_min) {
        token::look(scan, start, end);
    }
}

#[inline(never)]
fn look_at_signs(scan: &mut Scan<'_>, verdict: &mut impl FnMut(&str) -> Verdict) {
    for position in memchr3_iter(b'=', b':', b'@', scan.bytes) {
        match at(scan.bytes, position) {
            b'@' => address::look(scan, position),
            _ => assignment::look(scan, position, verdict),
        }
    }
}

/// A cheap look at whether the mark of a cut may end a text.
const CUT_MARK_END: char = ']';

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
    let verdict = |name: &str| verdicts.on(&rules, name);
    scan(text, Detector::ALL.iter().copied().collect(), verdict, &mut found);
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
