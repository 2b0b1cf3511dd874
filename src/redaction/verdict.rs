//! What is to be done with the value of a name, remembered by name.
//!
//! A program has few names and many values, so the slow judgement of a name is
//! made once. The memory is bounded and direct-mapped: names that outsiders
//! choose can push others out, which costs time and nothing else.

use std::borrow::Cow;

use crate::event::limits::OWN_KEYS;

use super::action::Action;
use super::detect::{Detector, scan};
use super::names::{Known, known};
use super::rules::Rules;
use super::text::{MASK, MASK_BEGIN};

/// What is to be done with the value of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing because of its name.
    Look,
    /// A rule of the user's names it.
    Do(Action),
    /// A known secret.
    Secret,
    /// A secret if it looks like a key.
    Perhaps,
    /// The name itself holds a secret: it was made from data. What it says of its
    /// value beside that.
    Name(Known),
}

const SLOTS: usize = 512;

/// Remembered verdicts.
#[derive(Debug)]
pub(super) struct Verdicts(Box<[Option<Remembered>]>);

#[derive(Debug, Clone)]
struct Remembered {
    /// Which rules judged.
    rules: u64,
    name: Box<str>,
    verdict: Verdict,
}

impl Verdicts {
    /// The verdict of `rules` on `name`, if it is remembered.
    #[inline]
    pub(super) fn known(&self, rules: &Rules, name: &[u8]) -> Option<Verdict> {
        let known = self.0.get(slot(rules.id, name))?.as_ref()?;
        let is_same = known.rules == rules.id && known.name.as_bytes() == name;
        is_same.then_some(known.verdict)
    }

    /// The verdict of `rules` on `name`.
    #[inline]
    pub(super) fn on(&mut self, rules: &Rules, name: &str) -> Verdict {
        let Some(slot) = self.0.get_mut(slot(rules.id, name.as_bytes())) else {
            return judge(rules, name);
        };
        match slot {
            Some(known) if known.rules == rules.id && *known.name == *name => known.verdict,
            _ => {
                let verdict = judge(rules, name);
                *slot = Some(Remembered { rules: rules.id, name: name.into(), verdict });
                verdict
            }
        }
    }
}

impl Default for Verdicts {
    fn default() -> Self {
        Verdicts(vec![None; SLOTS].into())
    }
}

#[cold]
fn judge(rules: &Rules, name: &str) -> Verdict {
    if OWN_KEYS.contains(&name) {
        return Verdict::Look;
    }
    if let Some(action) = rules.by_name(&name.to_ascii_lowercase()) {
        return Verdict::Do(action);
    }
    let name = without_masks(name);
    match known(&name) {
        known if holds_secret(rules, &name) => Verdict::Name(known),
        Known::No => Verdict::Look,
        Known::Perhaps => Verdict::Perhaps,
        Known::Secret => Verdict::Secret,
    }
}

/// The name without what stands for parts of it that were hidden, which says
/// nothing of the value.
fn without_masks(name: &str) -> Cow<'_, str> {
    if !name.contains(MASK_BEGIN) {
        return name.into();
    }
    let whole = Detector::ALL.iter().map(|detector| format!("{MASK_BEGIN}:{}]", detector.as_str()));
    whole.fold(name.replace(MASK, ""), |name, mask| name.replace(&mask, "")).into()
}

/// Whether a detector finds something in the name. What `=` joins may be a secret
/// under its name; `:` also joins the words of names that are none.
fn holds_secret(rules: &Rules, name: &str) -> bool {
    let joins = name.contains('=');
    let verdict = |part: &str| match known(part) {
        Known::Secret if joins => Verdict::Secret,
        Known::Perhaps if joins => Verdict::Perhaps,
        _ => Verdict::Look,
    };
    let mut found = Vec::new();
    scan(name, rules.detectors, verdict, &mut found);
    !found.is_empty()
}

/// From the length and the first and last eight bytes.
#[inline]
fn slot(rules: u64, name: &[u8]) -> usize {
    let head = name.first_chunk().map_or_else(|| short(name), |head| u64::from_le_bytes(*head));
    let tail = name.last_chunk().map_or(0, |tail| u64::from_le_bytes(*tail));
    let mixed = (head ^ tail.rotate_left(23) ^ (name.len() as u64) << 56 ^ rules)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (u64::BITS - SLOTS.ilog2())) as usize
}

#[inline]
fn short(name: &[u8]) -> u64 {
    name.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redaction::Redaction;

    #[test]
    fn verdicts_are_those_of_the_rules_asked_for_however_full_the_memory_is() {
        let strict = Redaction::new().name("user.*", Action::Drop).compile();
        let lax = Redaction::new().name("password", Action::Keep).compile();
        let mut verdicts = Verdicts::default();
        for round in 0..3 {
            for number in 0..SLOTS * 2 {
                verdicts.on(&strict, &format!("name_{number}"));
            }
            assert_eq!(verdicts.on(&strict, "user.name"), Verdict::Do(Action::Drop), "{round}");
            assert_eq!(verdicts.on(&lax, "user.name"), Verdict::Look);
            assert_eq!(verdicts.on(&strict, "password"), Verdict::Secret);
            assert_eq!(verdicts.on(&lax, "Password"), Verdict::Do(Action::Keep));
        }
    }

    #[test]
    fn a_name_that_holds_a_secret_still_says_what_its_value_is() {
        let rules = Redaction::new().compile();
        for (name, verdict) in [
            ("bob@example.org", Verdict::Name(Known::No)),
            ("bob@example.org password", Verdict::Name(Known::Secret)),
            ("bob@example.org.webhook x", Verdict::Name(Known::Perhaps)),
            ("[masked:email]", Verdict::Look),
            ("[masked:api_key] 2", Verdict::Look),
            ("[masked:email] password", Verdict::Secret),
            ("x[masked password", Verdict::Secret),
            ("[masked:password]", Verdict::Secret),
            ("[masked:email]bob@example.org", Verdict::Name(Known::No)),
        ] {
            assert_eq!(judge(&rules, name), verdict, "{name}");
        }
    }

    #[test]
    fn a_name_that_assigns_a_secret_holds_one() {
        let rules = Redaction::new().compile();
        for name in ["password=hunter2", "url?api_key=9f8Ab12c&x=1", "a.client_secret=9f8Ab12c"] {
            assert!(matches!(judge(&rules, name), Verdict::Name(_)), "{name}");
        }
        for name in ["token:read", "password=", "count=3", "secret:list", "password={password}"] {
            assert!(!matches!(judge(&rules, name), Verdict::Name(_)), "{name}");
        }
        let nothing = Redaction::nothing().compile();
        assert!(!matches!(judge(&nothing, "password=hunter2"), Verdict::Name(_)));
    }
}
