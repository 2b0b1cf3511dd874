//! A set of rules and what they have seen.

use std::borrow::Borrow;

use chrono::{DateTime, Utc};

use super::tally::Tally;
use super::window::Window;
use super::{Alert, Rule};
use crate::event::AuditEvent;
use crate::statistics::Sample;

/// Watches events by rules.
///
/// [`observe`](Self::observe) watches a running stream: one alert when a rule
/// is broken, and the next one only after an event has found the rule kept
/// again. [`check`](Self::check) looks at a finite set, without memory.
///
/// The default monitor has the rules of [`Rule::defaults`].
#[derive(Debug, Clone)]
pub struct Monitor {
    watches: Vec<Watch>,
}

#[derive(Debug, Clone)]
struct Watch {
    rule: Rule,
    window: Window,
    is_broken: bool,
}

impl Monitor {
    /// A monitor with these rules, that has seen nothing.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Monitor {
        let watch = |rule: Rule| Watch { window: Window::of(&rule), rule, is_broken: false };
        Monitor { watches: rules.into_iter().map(watch).collect() }
    }

    /// The alerts of a finite set of events at the time `now`: one for each
    /// broken rule. Independent of what was observed.
    pub fn check<E: Borrow<AuditEvent>>(
        &self,
        events: impl IntoIterator<Item = E>,
        now: DateTime<Utc>,
    ) -> Vec<Alert> {
        let now_us = now.timestamp_micros();
        let mut tallies = vec![Tally::default(); self.watches.len()];
        for event in events {
            let Some(sample) = Sample::of_event(event.borrow()) else { continue };
            for (watch, tally) in self.watches.iter().zip(&mut tallies) {
                let start_us = now_us.saturating_sub(watch.rule.window_us());
                if sample.timestamp_us >= start_us && watch.rule.matches(&sample) {
                    tally.add(&Tally::of(&sample));
                }
            }
        }
        let alerts = self.watches.iter().zip(&tallies);
        alerts.filter_map(|(watch, tally)| watch.rule.alert(tally, now_us)).collect()
    }

    /// Takes an event of a running stream, at the time `now`, and gives the
    /// alerts of the rules that it broke.
    ///
    /// An event that began after `now` counts as begun at `now`. When the
    /// clock is set back, what was observed at times that are yet to come
    /// counts no longer.
    pub fn observe(&mut self, event: &AuditEvent, now: DateTime<Utc>) -> Vec<Alert> {
        match Sample::of_event(event) {
            Some(sample) => self.observe_sample(&sample, now.timestamp_micros()),
            None => Vec::new(),
        }
    }

    fn observe_sample(&mut self, sample: &Sample<'_>, now_us: i64) -> Vec<Alert> {
        let matching = self.watches.iter_mut().filter(|watch| watch.rule.matches(sample));
        matching.filter_map(|watch| watch.observe(sample, now_us)).collect()
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Monitor::new(Rule::defaults())
    }
}

impl Watch {
    fn observe(&mut self, sample: &Sample<'_>, now_us: i64) -> Option<Alert> {
        let start_us = now_us.saturating_sub(self.rule.window_us());
        self.window.add(sample.timestamp_us.min(now_us), start_us, now_us, sample);
        let alert = self.rule.alert(&self.window.tally(), now_us);
        let was_broken = std::mem::replace(&mut self.is_broken, alert.is_some());
        alert.filter(|_| !was_broken)
    }
}

#[cfg(test)]
mod tests;
