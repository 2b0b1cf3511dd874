//! 10,000 secrets in fields of every kind, of which none is found afterwards,
//! and 10,000 values that are none, of which next to none is touched.

use std::collections::BTreeMap;

use crate::redaction::{Redaction, Redactor};

use super::benign::{benign, sentences};
use super::events::*;
use super::secrets::{Secret, secret};

const COUNT: usize = 10_000;

/// The least part of a secret that must not be seen.
const PART_CHARS: usize = 12;

#[test]
fn of_generated_secrets_in_fields_of_every_kind_none_is_found() {
    let rules = Redaction::new().compile();
    let (mut redactor, mut dice) = (Redactor::default(), dice(1));
    let mut leaks = Vec::new();
    for number in 0..COUNT {
        let (event, text) = match secret(&mut dice) {
            Secret::Bare(text) => (event_with(&text, number % BARE_KINDS), text),
            Secret::Named(name, text) => (event_named(name, &text, number % NAMED_KINDS), text),
        };
        assert!(texts(&event).iter().any(|kept| shows(kept, &text)), "{event:?}");
        let kept = kept(&event, &mut redactor, &rules);
        if texts(&kept).iter().any(|kept| shows(kept, &text)) {
            leaks.push(format!("{text}\n    in {:?}", texts(&kept)));
        }
    }
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks[..leaks.len().min(40)].join("\n")
    );
}

/// Whether a text shows a secret, plainly or in an encoding, whole or its
/// larger part.
fn shows(kept: &str, secret: &str) -> bool {
    let secret = secret
        .trim_start_matches("Bearer ")
        .trim_start_matches("Basic ")
        .trim_start_matches("sid=");
    let secret = secret.split(';').next().unwrap_or_default();
    // The line that begins a private key is no secret.
    let secret = secret.split("-----\n").nth(1).unwrap_or(secret);
    let plain: Vec<char> = secret.chars().collect();
    let part: String = plain[plain.len() - plain.len().min(PART_CHARS)..].iter().collect();
    let quoted = format!("{part:?}");
    let quoted = quoted.trim_matches('"');
    [part.as_str(), quoted, &quoted.replace('\\', "\\\\"), &encoded(&part)]
        .iter()
        .any(|form| kept.contains(*form))
}

#[test]
fn of_what_is_no_secret_at_most_one_in_a_thousand_is_touched() {
    let rules = Redaction::new().compile();
    let (mut redactor, mut dice) = (Redactor::default(), dice(2));
    let sentences = sentences();
    let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
    let mut touched = BTreeMap::new();
    for number in 0..COUNT {
        let text = benign(&mut dice, &sentences);
        let event = event_with(&text, number % BARE_KINDS);
        let before = texts(&event);
        let kept = kept(&event, &mut redactor, &rules);
        // Position and time of recording are given meanwhile.
        let after = texts(&kept);
        if before.iter().any(|text| !after.contains(text)) {
            touched.insert(text, after);
        }
    }
    assert!(touched.len() <= COUNT / 1000, "{} touched: {:#?}", touched.len(), touched.keys());
}

#[test]
fn hiding_twice_changes_nothing_more() {
    let rules = Redaction::new().compile();
    let (mut redactor, mut dice) = (Redactor::default(), dice(3));
    for number in 0..2_000 {
        let event = match secret(&mut dice) {
            Secret::Bare(text) => event_with(&text, number % BARE_KINDS),
            Secret::Named(name, text) => event_named(name, &text, number % NAMED_KINDS),
        };
        let once = kept(&event, &mut redactor, &rules);
        assert_eq!(kept(&once, &mut redactor, &rules), once);
    }
}
