//! Counts events as they come. Runs on the worker, once for each event: a few
//! additions and two table look-ups, without an allocation unless the
//! operation is new.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use hdrhistogram::Histogram;

use super::{Sample, Statistics};
use crate::event::row::{Row, time_from_us};
use crate::event::short::is_same;
use crate::event::{AuditEvent, Status, duration_ms};

/// How many names of operations are counted apart. Names can come from input,
/// and memory has to stay bounded.
const OPERATIONS_MAX: usize = 1_024;

/// Under which the others are counted. Operations are in upper case, so none
/// is called this.
const OTHER: &str = "other";

/// Longest duration that percentiles tell apart: 24 hours.
const DURATION_NS_MAX: u64 = 24 * 60 * 60 * 1_000_000_000;

/// Three significant digits: percentiles within 0.1 %.
const DURATION_DIGITS: u8 = 3;

/// Running totals, from which [`Statistics`] are made when somebody asks.
#[derive(Debug, Default)]
pub(crate) struct StatisticsRecorder {
    total: u64,
    anonymous: u64,
    statuses: [u64; Status::ALL.len()],
    /// Where the counts of each operation are.
    operations: HashMap<Box<str>, usize>,
    counts: Vec<OperationCounts>,
    others: OperationCounts,
    /// The operation that was counted last, and where: neighbours often agree.
    last: Option<usize>,
    last_name: String,
    durations: Durations,
    timestamps_us: Option<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct OperationCounts {
    total: u64,
    failures: u64,
}

impl StatisticsRecorder {
    /// Counts an event of the trail.
    pub(crate) fn record(&mut self, row: &Row<'_>) {
        if let Some(sample) = Sample::of_row(row) {
            self.add(&sample);
        }
    }

    /// Counts an event, unless it is about the trail itself.
    pub(crate) fn add_event(&mut self, event: &AuditEvent) {
        if let Some(sample) = Sample::of_event(event) {
            self.add(&sample);
        }
    }

    pub(super) fn add(&mut self, sample: &Sample<'_>) {
        self.total += 1;
        self.anonymous += u64::from(sample.is_anonymous);
        let status = sample.counted_status();
        if let Some(count) = self.statuses.get_mut(usize::from(status.code())) {
            *count += 1;
        }
        let counts = self.operation(sample.operation);
        counts.total += 1;
        counts.failures += u64::from(status == Status::Failure);
        if let Some(ns) = sample.duration_ns {
            self.durations.add(ns);
        }
        let at = sample.timestamp_us;
        let (first, last) = self.timestamps_us.unwrap_or((at, at));
        self.timestamps_us = Some((first.min(at), last.max(at)));
    }

    /// The figures so far.
    pub(crate) fn statistics(&self) -> Statistics {
        let success = self.status(Status::Success);
        let decided = success + self.status(Status::Failure) + self.status(Status::Partial);
        Statistics {
            total_events: self.total,
            success_rate: ratio(success, decided),
            avg_duration_ms: self.durations.mean_ms(),
            p50_duration_ms: self.durations.quantile_ms(0.5),
            p95_duration_ms: self.durations.quantile_ms(0.95),
            p99_duration_ms: self.durations.quantile_ms(0.99),
            by_operation: self.by_operation(|counts| counts.total),
            by_status: self.by_status(),
            failures_by_operation: self.by_operation(|counts| counts.failures),
            anonymous_share: ratio(self.anonymous, self.total),
            first_timestamp: self.timestamps_us.map(|(first, _)| time_from_us(first)),
            last_timestamp: self.timestamps_us.map(|(_, last)| time_from_us(last)),
        }
    }

    fn operation(&mut self, name: &str) -> &mut OperationCounts {
        let is_same = is_same(self.last_name.as_bytes(), name.as_bytes());
        let last = self.last.filter(|_| is_same);
        let place = last.unwrap_or_else(|| self.look_up(name));
        self.counts.get_mut(place).unwrap_or(&mut self.others)
    }

    /// Where the counts of an operation are; nowhere, if there are too many.
    fn look_up(&mut self, name: &str) -> usize {
        let next = self.counts.len();
        let place = match self.operations.get(name) {
            Some(place) => *place,
            None if next < OPERATIONS_MAX => {
                self.operations.insert(name.into(), next);
                self.counts.push(OperationCounts::default());
                next
            }
            None => usize::MAX,
        };
        self.last = Some(place);
        self.last_name.clear();
        self.last_name.push_str(name);
        place
    }

    fn status(&self, status: Status) -> u64 {
        self.statuses.get(usize::from(status.code())).copied().unwrap_or_default()
    }

    fn by_status(&self) -> BTreeMap<String, u64> {
        Status::ALL.iter().map(|status| (status.to_string(), self.status(*status))).collect()
    }

    fn by_operation(&self, count: impl Fn(&OperationCounts) -> u64) -> BTreeMap<String, u64> {
        let counts = |place: &usize| self.counts.get(*place).unwrap_or(&self.others);
        let named = self.operations.iter().map(|(name, place)| (&**name, counts(place)));
        named
            .chain([(OTHER, &self.others)])
            .map(|(name, counts)| (name.to_owned(), count(counts)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

/// `part ÷ whole`; `None` of nothing.
pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[derive(Debug, Default)]
struct Durations {
    /// Made by the first duration: it takes some 300 KiB.
    histogram: Option<Histogram<u64>>,
    count: u64,
    sum_ns: u128,
    longest_ns: u64,
}

impl Durations {
    fn add(&mut self, ns: u64) {
        if self.histogram.is_none() {
            self.histogram = Histogram::new_with_bounds(1, DURATION_NS_MAX, DURATION_DIGITS).ok();
        }
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(ns);
        }
        self.count += 1;
        self.sum_ns += u128::from(ns);
        self.longest_ns = self.longest_ns.max(ns);
    }

    fn mean_ms(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ns as f64 / self.count as f64 / 1e6)
    }

    fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let ns = self.histogram.as_ref()?.value_at_quantile(quantile);
        // The histogram names the end of a bucket, which may lie beyond.
        Some(duration_ms(std::time::Duration::from_nanos(ns.min(self.longest_ns))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::row::RowScratch;
    use crate::event::{AuditEvent, EventBuilder, Kind, Operation};
    use proptest::prelude::*;

    fn record(events: &[AuditEvent]) -> Statistics {
        let (mut recorder, mut scratch) = Default::default();
        for event in events {
            StatisticsRecorder::record(&mut recorder, &RowScratch::row(&mut scratch, event, 0));
        }
        recorder.statistics()
    }

    fn statistics(events: impl IntoIterator<Item = EventBuilder>) -> Statistics {
        let events: Vec<_> = events.into_iter().map(EventBuilder::build).collect();
        let recorded = record(&events);
        assert_eq!(recorded, Statistics::of(&events));
        recorded
    }

    fn ended(status: Status) -> EventBuilder {
        AuditEvent::builder("store").status(status)
    }

    fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn a18_nothing_gives_no_rates_and_never_nan() {
        let nothing = statistics([]);
        assert_eq!((nothing.total_events, nothing.success_rate), (0, None));
        assert_eq!((nothing.avg_duration_ms, nothing.p99_duration_ms), (None, None));
        assert_eq!((nothing.anonymous_share, nothing.first_timestamp), (None, None));
        assert_eq!(nothing.by_operation, counts(&[]));
        assert_eq!(
            nothing.by_status,
            counts(&[("FAILURE", 0), ("PARTIAL", 0), ("SUCCESS", 0), ("UNKNOWN", 0)])
        );
        assert_eq!(statistics([ended(Status::Unknown)]).success_rate, None);
    }

    #[test]
    fn a18_success_rate_is_of_success_failure_and_partial() {
        use Status::{Failure, Partial, Success, Unknown};
        let all = [Success, Success, Success, Failure, Partial, Unknown, Unknown];
        let statistics = statistics(all.map(ended));
        assert_eq!(statistics.success_rate, Some(0.6));
        assert_eq!(statistics.total_events, 7);
        assert_eq!(
            statistics.by_status,
            counts(&[("FAILURE", 1), ("PARTIAL", 1), ("SUCCESS", 3), ("UNKNOWN", 2)])
        );
    }

    #[test]
    fn a18_a_refusal_is_a_failure_whatever_its_status_says() {
        let refused = |status| AuditEvent::builder(Operation::AccessDenied).status(status);
        let of = Status::ALL.iter().copied().map(refused).chain([ended(Status::Success)]);
        let statistics = statistics(of);
        assert_eq!(statistics.success_rate, Some(0.2));
        assert_eq!(
            statistics.by_status,
            counts(&[("FAILURE", 4), ("PARTIAL", 0), ("SUCCESS", 1), ("UNKNOWN", 0)])
        );
        assert_eq!(statistics.failures_by_operation, counts(&[("ACCESS_DENIED", 4)]));
    }

    #[test]
    fn a18_average_duration_is_over_events_that_have_one() {
        let durations = [Some(45.2), None, Some(5000.0), Some(0.0)];
        let statistics = statistics(durations.map(|ms| match ms {
            Some(ms) => AuditEvent::builder("store").duration_ms(ms),
            None => AuditEvent::builder("store"),
        }));
        assert_eq!(statistics.avg_duration_ms, Some((45.2 + 5000.0) / 3.0));
        assert_eq!(statistics.p99_duration_ms, Some(5000.0));
    }

    #[test]
    fn a18_counts_by_operation_and_their_failures() {
        let statistics = statistics([
            AuditEvent::builder("store"),
            AuditEvent::builder("store").error("no"),
            AuditEvent::builder("recall"),
            AuditEvent::builder("rename"),
        ]);
        assert_eq!(statistics.by_operation, counts(&[("RECALL", 1), ("RENAME", 1), ("STORE", 2)]));
        assert_eq!(statistics.failures_by_operation, counts(&[("STORE", 1)]));
    }

    #[test]
    fn a28_the_share_without_actor_is_reported() {
        let statistics = statistics([
            AuditEvent::builder("store"),
            AuditEvent::builder("store").user_id("u"),
            AuditEvent::builder("store").actor("system"),
            AuditEvent::builder("store").actor("api_key:k"),
        ]);
        assert_eq!(statistics.anonymous_share, Some(0.25));
    }

    #[test]
    fn percentiles_are_within_their_precision_and_not_beyond_the_longest() {
        let ms = |count: u32| (1..=count).map(|ms| AuditEvent::builder("s").duration_ms(ms.into()));
        let hundred = statistics(ms(100));
        for (found, exact) in [
            (hundred.p50_duration_ms, 50.0),
            (hundred.p95_duration_ms, 95.0),
            (hundred.p99_duration_ms, 99.0),
        ] {
            assert!((found.unwrap() / exact - 1.0).abs() < 0.001, "{found:?}");
        }
        let one = statistics([AuditEvent::builder("s").duration_ms(45.2)]);
        assert_eq!((one.p50_duration_ms, one.p99_duration_ms), (Some(45.2), Some(45.2)));
        let days = statistics([AuditEvent::builder("s").duration_ms(48.0 * 3_600_000.0)]);
        assert_eq!(days.avg_duration_ms, Some(48.0 * 3_600_000.0));
        assert!((days.p50_duration_ms.unwrap() / (24.0 * 3_600_000.0) - 1.0).abs() < 0.001);
    }

    #[test]
    fn entries_about_the_trail_are_not_counted() {
        let mut event = AuditEvent::builder("gap").build();
        event.kind = Kind::Log;
        assert_eq!(record(&[event]).total_events, 0);
    }

    #[test]
    fn names_of_operations_are_bounded() {
        let names = (0..OPERATIONS_MAX + 5).map(|name| AuditEvent::builder(&*name.to_string()));
        let statistics = statistics(names.chain([AuditEvent::builder("0")]));
        assert_eq!(statistics.by_operation.len(), OPERATIONS_MAX + 1);
        assert_eq!((statistics.by_operation["other"], statistics.by_operation["0"]), (5, 2));
    }

    #[test]
    fn figures_have_names_in_json() {
        let json = serde_json::to_value(statistics([ended(Status::Success)])).unwrap();
        assert_eq!((&json["total_events"], &json["success_rate"]), (&1.into(), &1.0.into()));
        assert_eq!(json["avg_duration_ms"], serde_json::Value::Null);
    }

    fn event() -> impl Strategy<Value = AuditEvent> {
        let operation = prop::sample::select(vec!["store", "access_denied", "custom"]);
        let status = prop::sample::select(Status::ALL);
        let duration = prop::option::of(0_u64..10_000_000_000);
        (operation, status, duration, 0_i64..1_000_000, any::<bool>()).prop_map(
            |(operation, status, duration, timestamp_us, named)| {
                let mut event = AuditEvent::builder(operation)
                    .status(status)
                    .timestamp(time_from_us(timestamp_us));
                if named {
                    event = event.user_id("u");
                }
                let mut event = event.build();
                event.duration = duration.map(std::time::Duration::from_nanos);
                event
            },
        )
    }

    fn share<T>(
        events: &[T],
        part: impl Fn(&T) -> bool,
        whole: impl Fn(&T) -> bool,
    ) -> Option<f64> {
        let of = events.iter().filter(|event| whole(event)).count();
        let share = events.iter().filter(|event| part(event)).count() as f64 / of as f64;
        (of > 0).then_some(share)
    }

    proptest! {
        #[test]
        fn a18_the_recorder_agrees_with_a_naive_computation(
            events in prop::collection::vec(event(), 0..60)
        ) {
            let found = record(&events);
            prop_assert_eq!(&found, &Statistics::of(&events));
            prop_assert_eq!(found.total_events, events.len() as u64);
            let refused = |event: &AuditEvent| event.operation == Operation::AccessDenied;
            prop_assert_eq!(found.success_rate, share(
                &events,
                |event| event.status == Status::Success && !refused(event),
                |event| event.status != Status::Unknown || refused(event),
            ));
            prop_assert_eq!(found.anonymous_share, share(&events, AuditEvent::is_anonymous, |_| true));
            prop_assert_eq!(found.first_timestamp, events.iter().map(|e| e.timestamp).min());
            prop_assert_eq!(found.last_timestamp, events.iter().map(|e| e.timestamp).max());
            let mut by_operation = BTreeMap::new();
            for event in &events {
                *by_operation.entry(event.operation.to_string()).or_insert(0) += 1;
            }
            prop_assert_eq!(found.by_operation, by_operation);
            let mut ms: Vec<f64> = events.iter().filter_map(AuditEvent::duration_ms).collect();
            ms.sort_by(f64::total_cmp);
            for (quantile, found) in [
                (0.5, found.p50_duration_ms),
                (0.95, found.p95_duration_ms),
                (0.99, found.p99_duration_ms),
            ] {
                let rank = (quantile * ms.len() as f64).ceil() as usize;
                let exact = ms.get(rank.saturating_sub(1));
                prop_assert_eq!(found.is_some(), exact.is_some());
                if let (Some(found), Some(exact)) = (found, exact) {
                    prop_assert!((found - exact).abs() <= exact * 0.001, "{} {}", found, exact);
                }
            }
            let mean = ms.iter().sum::<f64>() / ms.len() as f64;
            prop_assert_eq!(found.avg_duration_ms.is_some(), !ms.is_empty());
            if let Some(found) = found.avg_duration_ms {
                prop_assert!((found - mean).abs() <= mean * 1e-9);
            }
        }
    }
}
