//! When events leave the buffer, and how many: a pure decision.
//!
//! The worker asks after each step, hands what leaves to the exporter, and
//! then lets the buffer carry it out.

use std::time::Duration;

use chrono::{NaiveTime, Timelike};

/// A rotation by count or bytes goes on until at most this share of the bound
/// remains, in percent.
pub const ROTATION_REMAINDER_PERCENT: u64 = 50;

const DAY_US: i64 = 86_400_000_000;

/// When to rotate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RotationPolicy {
    /// Without it, only `bytes_max` ever releases anything.
    pub(crate) enabled: bool,
    /// Most events held.
    pub(crate) events_max: Option<u64>,
    /// Most bytes held, indices included.
    pub(crate) bytes_max: Option<u64>,
    /// Events leave when they were recorded longer ago than this.
    pub(crate) age_max: Option<Duration>,
    /// At this time of the day (UTC), what was recorded before it leaves.
    pub(crate) daily_at_utc: Option<NaiveTime>,
}

/// What the buffer holds, as the decision sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Without those that are leaving already.
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    /// When the newest event of the oldest segment was recorded: the segment
    /// leaves as a whole, or not at all.
    pub(crate) oldest_segment_recorded_us: Option<i64>,
}

/// Why events leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RotationReason {
    /// There were more than the policy allows.
    Events,
    /// They took more memory than the policy allows.
    Bytes,
    /// They were older than the policy allows.
    Age,
    /// It was the time of the day.
    Daily,
    /// Somebody asked for it.
    Requested,
}

/// What stays when the rest leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// At most so many events.
    Events(u64),
    /// At most so many bytes.
    Bytes(u64),
    /// Segments with an event recorded at this time or later.
    RecordedSinceUs(i64),
}

/// A decision to let go of the oldest events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rotation {
    pub(crate) reason: RotationReason,
    pub(crate) keep: Keep,
}

impl Rotation {
    /// Everything leaves, because somebody asked for it.
    pub(crate) const REQUESTED: Rotation =
        Rotation { reason: RotationReason::Requested, keep: Keep::Nothing };
}

/// The rotation that is due, if one is. Depends on nothing but its arguments,
/// so that one that was missed is caught up at the next call.
pub(crate) fn due(held: Held, now_us: i64, policy: &RotationPolicy) -> Option<Rotation> {
    let by_events = policy
        .events_max
        .filter(|max| policy.enabled && held.events > *max)
        .map(|max| (RotationReason::Events, Keep::Events(remainder(max))));
    let by_bytes = policy
        .bytes_max
        .filter(|max| held.bytes > *max && held.events > 0)
        .map(|max| (RotationReason::Bytes, Keep::Bytes(remainder(max))));
    by_events
        .or(by_bytes)
        .or_else(|| {
            let since_us = now_us.saturating_sub(duration_us(policy.age_max?));
            held.before(since_us, policy).map(|keep| (RotationReason::Age, keep))
        })
        .or_else(|| {
            let since_us = last_moment_us(policy.daily_at_utc?, now_us);
            held.before(since_us, policy).map(|keep| (RotationReason::Daily, keep))
        })
        .map(|(reason, keep)| Rotation { reason, keep })
}

impl Held {
    fn before(&self, since_us: i64, policy: &RotationPolicy) -> Option<Keep> {
        let due = self.oldest_segment_recorded_us.is_some_and(|recorded| recorded < since_us);
        (policy.enabled && due).then_some(Keep::RecordedSinceUs(since_us))
    }
}

/// Rounded up, so that a bound of one event keeps it.
fn remainder(max: u64) -> u64 {
    (u128::from(max) * u128::from(ROTATION_REMAINDER_PERCENT)).div_ceil(100) as u64
}

/// The last time that it was `time` (UTC), at or before `now_us`.
pub(crate) fn last_moment_us(time: NaiveTime, now_us: i64) -> i64 {
    let of_day_us = time_of_day_us(time);
    day(time, now_us).saturating_mul(DAY_US).saturating_add(of_day_us)
}

/// The number of the day that begins at `time` (UTC).
pub(super) fn day(time: NaiveTime, us: i64) -> i64 {
    us.saturating_sub(time_of_day_us(time)).div_euclid(DAY_US)
}

pub(super) fn duration_us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn time_of_day_us(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond()) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: RotationPolicy = RotationPolicy {
        enabled: true,
        events_max: None,
        bytes_max: None,
        age_max: None,
        daily_at_utc: None,
    };
    const HELD: Held = Held { events: 11, bytes: 101, oldest_segment_recorded_us: Some(0) };
    const HOUR_US: i64 = 3_600_000_000;

    fn due_for(policy: &RotationPolicy, now_us: i64) -> Option<(RotationReason, Keep)> {
        due(HELD, now_us, policy).map(|rotation| (rotation.reason, rotation.keep))
    }

    #[test]
    fn without_a_bound_nothing_leaves() {
        assert_eq!(due_for(&NEVER, i64::MAX), None);
    }

    #[test]
    fn the_count_bound_holds_and_half_of_it_stays() {
        let policy = |max| RotationPolicy { events_max: Some(max), ..NEVER };
        assert_eq!(due_for(&policy(11), 0), None);
        assert_eq!(due_for(&policy(10), 0), Some((RotationReason::Events, Keep::Events(5))));
        assert_eq!(due_for(&policy(1), 0), Some((RotationReason::Events, Keep::Events(1))));
    }

    #[test]
    fn the_byte_bound_holds() {
        let policy = |max| RotationPolicy { bytes_max: Some(max), ..NEVER };
        assert_eq!(due_for(&policy(101), 0), None);
        assert_eq!(due_for(&policy(100), 0), Some((RotationReason::Bytes, Keep::Bytes(50))));
        assert_eq!(due(Held { events: 0, ..HELD }, 0, &policy(100)), None);
    }

    #[test]
    fn a_segment_leaves_when_all_of_it_is_too_old() {
        let policy = RotationPolicy { age_max: Some(Duration::from_secs(3600)), ..NEVER };
        assert_eq!(due_for(&policy, HOUR_US), None);
        let keep = Keep::RecordedSinceUs(1);
        assert_eq!(due_for(&policy, HOUR_US + 1), Some((RotationReason::Age, keep)));
        let endless = RotationPolicy { age_max: Some(Duration::MAX), ..NEVER };
        assert_eq!(due_for(&endless, i64::MAX), None);
    }

    #[test]
    fn a_day_ends_at_its_time_and_a_missed_one_is_caught_up() {
        let two = NaiveTime::from_hms_opt(2, 0, 0);
        let policy = RotationPolicy { daily_at_utc: two, ..NEVER };
        assert_eq!(due_for(&policy, 2 * HOUR_US - 1), None);
        let daily = |us| Some((RotationReason::Daily, Keep::RecordedSinceUs(us)));
        assert_eq!(due_for(&policy, 2 * HOUR_US), daily(2 * HOUR_US));
        assert_eq!(due_for(&policy, 30 * HOUR_US), daily(26 * HOUR_US));
        assert_eq!(due_for(&policy, 7 * 24 * HOUR_US), daily(6 * 24 * HOUR_US + 2 * HOUR_US));
    }

    #[test]
    fn switched_off_only_the_byte_bound_releases() {
        let off = RotationPolicy {
            enabled: false,
            events_max: Some(1),
            bytes_max: None,
            age_max: Some(Duration::ZERO),
            daily_at_utc: Some(NaiveTime::MIN),
        };
        assert_eq!(due_for(&off, i64::MAX), None);
        let bytes = RotationPolicy { bytes_max: Some(100), ..off };
        assert_eq!(due_for(&bytes, i64::MAX), Some((RotationReason::Bytes, Keep::Bytes(50))));
    }
}
