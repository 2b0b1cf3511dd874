//! What is to be hidden, as users say it.

use super::action::Action;
use super::detect::Detector;
#[cfg(feature = "hash")]
use super::hash::HashKey;
use super::hash::HashKeys;
use super::pattern::NamePattern;
use super::rules::Rules;

/// What is to be hidden, and how.
///
/// Without a further word, values under known secret names (`password`,
/// `api_key`, `authorization` …) are masked, and so is what the [`Detector`]s
/// find. What is said first wins.
///
/// ```
/// use tracing_audit::redaction::{Action, Detector, Redaction};
///
/// let redaction = Redaction::new()
///     .name("*.ssn", Action::Drop)
///     .name("note", Action::Truncate(200))
///     .detector(Detector::Email, Action::Keep);
/// # let _ = redaction;
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is hidden by it until it is given to a builder"]
pub struct Redaction {
    pub(super) names: Vec<(NamePattern, Action)>,
    /// `None` where nothing was said, which is to mask.
    known_names: Option<Action>,
    /// As for known names.
    detectors: [Option<Action>; Detector::ALL.len()],
    pub(super) keys: HashKeys,
    /// Metadata is kept at all.
    pub(super) metadata_kept: bool,
}

impl Redaction {
    /// Known secret names and whatever the detectors find are masked.
    pub fn new() -> Self {
        Redaction {
            names: Vec::new(),
            known_names: None,
            detectors: [None; Detector::ALL.len()],
            keys: HashKeys::default(),
            metadata_kept: true,
        }
    }

    /// Nothing is hidden but what is said from here on.
    pub fn nothing() -> Self {
        Redaction {
            known_names: Some(Action::Keep),
            detectors: [Some(Action::Keep); Detector::ALL.len()],
            ..Redaction::new()
        }
    }

    /// What happens to the fields whose name matches; `*` stands for any
    /// characters, and case does not matter. Reaches into nested values, whose
    /// keys are names too. The parts of an event have the names `user_id`,
    /// `actor`, `session_id`, `org_id`, `resource`, `source`, `entry_ids` and
    /// `error`.
    ///
    /// May be called several times; the first pattern that matches decides.
    pub fn name(mut self, pattern: impl AsRef<str>, action: Action) -> Self {
        self.names.push((NamePattern::new(pattern.as_ref()), action));
        self
    }

    /// What happens to values under known secret names that no pattern matches.
    /// Default: [`Action::Mask`].
    pub fn known_names(mut self, action: Action) -> Self {
        self.known_names = Some(action);
        self
    }

    /// What happens to what a detector finds. Default: [`Action::Mask`].
    pub fn detector(mut self, detector: Detector, action: Action) -> Self {
        if let Some(known) = self.detectors.get_mut(detector as usize) {
            *known = Some(action);
        }
        self
    }

    /// The key under which values are hashed. Called again, it adds keys that
    /// were used before: nothing is hashed under them any more, and queries
    /// still find what was.
    #[cfg(feature = "hash")]
    pub fn hash_key(mut self, key: HashKey) -> Self {
        self.keys.add(key);
        self
    }

    /// The forms in which a value that is hashed may stand in the trail: one
    /// for each key, the newest first.
    #[cfg(feature = "hash")]
    pub fn hashed_forms(&self, text: &str) -> Vec<String> {
        self.keys.forms(text)
    }

    /// These choices, and where they say nothing, those of `base`; keys of both
    /// are used.
    #[cfg(feature = "policy")]
    pub(crate) fn before(&self, base: &Redaction) -> Self {
        let mut both = self.clone();
        both.names.extend(base.names.iter().cloned());
        both.keys = self.keys.and(&base.keys);
        both.known_names = self.known_names.or(base.known_names);
        for (said, base) in both.detectors.iter_mut().zip(base.detectors) {
            *said = said.or(base);
        }
        both
    }

    /// These choices after those about some names, which come first.
    #[cfg(feature = "policy")]
    pub(crate) fn preceded_by<'n>(
        &self,
        names: impl Iterator<Item = (&'n str, Action)>,
        metadata_kept: bool,
    ) -> Self {
        let names = names.map(|(name, action)| (NamePattern::new(name), action));
        let names = names.chain(self.names.iter().cloned()).collect();
        Redaction { names, metadata_kept, ..self.clone() }
    }

    /// What tells these choices from others, keys aside.
    #[cfg(feature = "policy")]
    pub(crate) fn canonical(&self) -> serde_json::Value {
        let names = self.names.iter();
        let names =
            names.map(|(name, action)| serde_json::json!([name.text(), action.canonical()]));
        // To say nothing is to mask where nobody else says anything.
        let word = |said: Option<Action>| match said {
            None => Action::Mask.canonical(),
            Some(Action::Mask) => "mask, whatever else is said".to_owned(),
            Some(action) => action.canonical(),
        };
        let detectors = self.detectors.map(word);
        serde_json::json!({
            "names": names.collect::<Vec<_>>(),
            "known_names": word(self.known_names),
            "detectors": detectors,
        })
    }

    /// What happens to values under known secret names.
    pub(super) fn of_known_names(&self) -> Action {
        self.known_names.unwrap_or(Action::Mask)
    }

    /// What happens to what a detector finds.
    pub(super) fn of_detector(&self, detector: Detector) -> Action {
        self.detectors.get(detector as usize).copied().flatten().unwrap_or(Action::Mask)
    }

    /// These choices, ready to be applied.
    pub(crate) fn compile(&self) -> Rules {
        Rules::new(self.clone())
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Redaction::new()
    }
}
