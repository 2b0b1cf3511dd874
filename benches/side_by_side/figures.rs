//! Numbers by name.

use std::collections::BTreeMap;

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<String, f64>);

/// The name under which lost events are counted.
const LOST: &str = "lost_events";

impl Figures {
    pub(crate) fn set(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied().filter(|value| value.is_finite())
    }

    pub(crate) fn lose(&mut self, events: f64) {
        *self.0.entry(LOST.to_owned()).or_default() += events;
    }

    pub(crate) fn lost_events(&self) -> f64 {
        self.value(LOST).unwrap_or_default()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}
