//! Choices of what to hide, ready to be applied to events.

use std::sync::atomic::{AtomicU64, Ordering};

use super::action::Action;
use super::detect::{Detector, Detectors};
use super::hash::HashKeys;
use super::settings::Redaction;

/// Choices of what to hide. Never change; a new choice makes new rules.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Tells the rules of one process apart, for what is remembered of them.
    pub(super) id: u64,
    pub(super) settings: Redaction,
    /// The detectors that have something to do.
    pub(super) detectors: Detectors,
    /// Those of them that look at who acted on what.
    pub(super) identity_detectors: Detectors,
    /// What the user's patterns say about the parts of an event.
    parts: [Option<Action>; Part::ALL.len()],
    /// They say something about one of them.
    names_parts: bool,
}

/// The parts of an event that are texts, its metadata aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Operation = 0,
    Actor = 1,
    User = 2,
    Session = 3,
    Org = 4,
    Resource = 5,
    Source = 6,
    EntryIds = 7,
    Error = 8,
}

impl Part {
    pub(super) const ALL: [Part; 9] = [
        Part::Operation,
        Part::Actor,
        Part::User,
        Part::Session,
        Part::Org,
        Part::Resource,
        Part::Source,
        Part::EntryIds,
        Part::Error,
    ];

    /// The name by which patterns know it. What was done is always told.
    const fn name(self) -> Option<&'static str> {
        match self {
            Part::Operation => None,
            Part::Actor => Some("actor"),
            Part::User => Some("user_id"),
            Part::Session => Some("session_id"),
            Part::Org => Some("org_id"),
            Part::Resource => Some("resource"),
            Part::Source => Some("source"),
            Part::EntryIds => Some("entry_ids"),
            Part::Error => Some("error"),
        }
    }

    /// Whether it is free text rather than an identity.
    pub(super) const fn is_free_text(self) -> bool {
        matches!(self, Part::Resource | Part::Source | Part::Error)
    }
}

impl Rules {
    pub(super) fn new(settings: Redaction) -> Self {
        static RULES: AtomicU64 = AtomicU64::new(0);
        let active = |detector: &&Detector| settings.of_detector(**detector) != Action::Keep;
        let detectors = Detector::ALL.iter().filter(active).copied().collect();
        let id = RULES.fetch_add(1, Ordering::Relaxed);
        let identity_detectors = Detectors::without(detectors, Detector::Email);
        let parts = [None; Part::ALL.len()];
        let names_parts = false;
        let mut rules = Rules { id, settings, detectors, identity_detectors, parts, names_parts };
        rules.parts = Part::ALL.map(|part| rules.by_name(part.name()?));
        rules.names_parts = rules.parts.iter().any(Option::is_some);
        rules
    }

    /// The keys under which values are hashed or were.
    #[cfg(feature = "policy")]
    pub(crate) fn settings(&self) -> &Redaction {
        &self.settings
    }

    pub(crate) fn keys(&self) -> &HashKeys {
        &self.settings.keys
    }

    /// Whether the user's patterns say anything about any part.
    #[inline]
    pub(super) fn names_parts(&self) -> bool {
        self.names_parts
    }

    /// What the user's patterns say about a part.
    pub(super) fn of_part(&self, part: Part) -> Option<Action> {
        self.parts.get(part as usize).copied().flatten()
    }

    /// The detectors that look at a part.
    pub(super) fn detectors_of(&self, part: Part) -> Detectors {
        if part.is_free_text() { self.detectors } else { self.identity_detectors }
    }

    /// The action of the first pattern that matches a name in lower case.
    pub(super) fn by_name(&self, name: &str) -> Option<Action> {
        let mut names = self.settings.names.iter();
        names.find(|(pattern, _)| pattern.matches(name)).map(|(_, action)| *action)
    }
}
