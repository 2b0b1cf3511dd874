//! What may be removed from a log, and when: a pure decision.

use std::time::Duration;

use crate::error::{Error, Result};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long entries are kept at least, unless a shorter time is accepted
/// explicitly: half a year.
pub(crate) const RETENTION_AGE_MIN: Duration = Duration::from_secs(180 * DAY.as_secs());

/// What may be removed. The default removes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    /// Entries of this age are removed.
    pub(crate) age_max: Option<Duration>,
    /// The oldest entries are removed while the log is larger than this, if
    /// they have reached `age_min`.
    pub(crate) bytes_max: Option<u64>,
    /// Nothing younger is removed, however large the log. See
    /// [`RETENTION_AGE_MIN`].
    pub(crate) age_min: Duration,
    /// Whether ages below [`RETENTION_AGE_MIN`] are meant.
    pub(crate) is_short_accepted: bool,
}

/// A sealed segment, as far as the decision needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentFacts {
    /// The sequence after its last.
    pub(super) next: u64,
    /// Length of its files, in bytes.
    pub(super) bytes: u64,
    /// When its last entry was recorded, at the latest, in microseconds since
    /// the Unix epoch; none where that isn't known.
    pub(super) recorded_before_us: Option<i64>,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            age_max: None,
            bytes_max: None,
            age_min: RETENTION_AGE_MIN,
            is_short_accepted: false,
        }
    }
}

impl Retention {
    /// Whether anything is ever removed.
    pub(super) fn is_set(&self) -> bool {
        self.age_max.is_some() || self.bytes_max.is_some()
    }

    /// # Errors
    ///
    /// When a time is below the minimum and that is not accepted, and when the
    /// two ages contradict each other.
    pub(super) fn check(&self) -> Result<()> {
        let shortest = self.age_max.unwrap_or(Duration::MAX).min(self.age_min);
        if shortest < RETENTION_AGE_MIN && self.is_set() && !self.is_short_accepted {
            return Err(Error::invalid(format!(
                "entries would be removed after less than {} days; many rules ask for more, so a shorter time has to be accepted explicitly, by `short_retention_accepted`",
                RETENTION_AGE_MIN.as_secs() / DAY.as_secs()
            )));
        }
        match self.age_max {
            Some(age_max) if age_max < self.age_min => Err(Error::invalid(
                "entries would have to be removed at an age at which they have to be kept; lower `retention_age_min` or raise `retention_age_max`",
            )),
            _ => Ok(()),
        }
    }

    /// Whether the oldest segment may go, of a log of `log_bytes`. `end` is the
    /// sequence before which everything has its place in stored tiles.
    pub(super) fn allows(
        &self,
        oldest: &SegmentFacts,
        log_bytes: u64,
        end: u64,
        now_us: i64,
    ) -> bool {
        let Some(recorded_us) = oldest.recorded_before_us else { return false };
        let age_us = u64::try_from(now_us.saturating_sub(recorded_us)).unwrap_or(0);
        let age = Duration::from_micros(age_us);
        let is_old = self.age_max.is_some_and(|age_max| age >= age_max);
        let is_large = self.bytes_max.is_some_and(|bytes_max| log_bytes > bytes_max);
        oldest.next <= end && age >= self.age_min && (is_old || is_large)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: SegmentFacts =
        SegmentFacts { next: 100, bytes: 10, recorded_before_us: Some(1_000_000) };

    fn after(age: Duration) -> i64 {
        1_000_000 + age.as_micros() as i64
    }

    #[test]
    fn nothing_goes_unless_it_is_set() {
        assert!(!Retention::default().allows(&OLD, u64::MAX, 100, i64::MAX));
        assert!(Retention::default().check().is_ok());
    }

    #[test]
    fn half_a_year_is_the_least_unless_less_is_accepted() {
        let days = |days: u32| Retention { age_max: Some(DAY * days), ..Retention::default() };
        assert!(days(180).check().is_ok());
        assert!(days(179).check().unwrap_err().to_string().contains("180 days"));
        let accepted = Retention { is_short_accepted: true, age_min: DAY, ..days(30) };
        assert!(accepted.check().is_ok());
        assert!(Retention { age_min: DAY * 31, ..accepted }.check().is_err());
        let bytes = Retention { bytes_max: Some(1), ..Retention::default() };
        assert!(bytes.check().is_ok());
        assert!(Retention { age_min: DAY, ..bytes }.check().is_err());
    }

    #[test]
    fn age_beats_bytes() {
        let both =
            Retention { age_max: Some(DAY * 400), bytes_max: Some(50), ..Retention::default() };
        let allows = |bytes, days: u32| both.allows(&OLD, bytes, 100, after(DAY * days));
        assert!(!allows(51, 179), "too young, however large the log");
        assert!(allows(51, 180));
        assert!(!allows(50, 399), "small and young enough");
        assert!(allows(0, 400), "too old, however small the log");
    }

    #[test]
    fn what_has_no_known_age_or_no_stored_tile_stays() {
        let old = Retention { age_max: Some(DAY * 180), ..Retention::default() };
        let now = after(DAY * 180);
        assert!(old.allows(&OLD, 0, 100, now));
        assert!(!old.allows(&OLD, 0, 99, now));
        assert!(!old.allows(&SegmentFacts { recorded_before_us: None, ..OLD }, 0, 100, now));
        assert!(!old.allows(&OLD, 0, 100, 0), "from the future");
    }
}
