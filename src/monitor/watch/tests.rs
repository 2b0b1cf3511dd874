//! The default rules at their boundaries, and streams against finite sets.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::event::row::time_from_us;
use crate::event::{EventBuilder, Kind, Status};
use crate::monitor::HEALTH_WINDOW;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Far from the epoch, so that windows do not begin before it.
const NOW: i64 = 1_000_000 * HOUR;

fn at(event: EventBuilder, us: i64) -> AuditEvent {
    event.timestamp(time_from_us(us)).build()
}

fn many(operation: &str, count: usize, us: i64) -> Vec<AuditEvent> {
    (0..count).map(|_| at(AuditEvent::builder(operation), us)).collect()
}

fn failures(count: usize, us: i64) -> Vec<AuditEvent> {
    (0..count).map(|_| at(AuditEvent::builder("recall").error("no"), us)).collect()
}

/// The texts of what a check and a fresh stream say, which must be the same.
fn alerts(rule: &str, events: &[AuditEvent]) -> Vec<String> {
    let monitor = only(rule);
    let checked = monitor.check(events, time_from_us(NOW));
    let mut stream = monitor.clone();
    let streamed: Vec<_> =
        events.iter().flat_map(|event| stream.observe(event, time_from_us(NOW))).collect();
    assert_eq!(checked, streamed);
    checked.iter().map(ToString::to_string).collect()
}

fn only(rule: &str) -> Monitor {
    let named = |known: &Rule| format!("{known:?}").contains(&format!("{rule:?}"));
    let rules: Vec<_> = Rule::defaults().into_iter().filter(named).collect();
    assert_eq!(rules.len(), 1);
    Monitor::new(rules)
}

#[test]
fn a21_more_than_100_deletions_in_an_hour() {
    let rule = "excessive deletions";
    assert_eq!(alerts(rule, &many("forget", 100, NOW)), [""; 0]);
    assert_eq!(
        alerts(rule, &many("forget", 101, NOW)),
        [
            "excessive deletions: 101 FORGET, DELETE_DOCUMENT, DELETE_KNOWLEDGE_BASE, DELETE_USER events in 1 h, over 100"
        ]
    );
    assert_eq!(alerts(rule, &many("store", 500, NOW)), [""; 0]);
    assert_eq!(alerts(rule, &many("delete_document", 101, NOW)).len(), 1);
}

#[test]
fn a21_deletions_outside_the_window_do_not_count() {
    let rule = "excessive deletions";
    let mut events = many("forget", 100, NOW);
    events.splice(0..0, many("forget", 50, NOW - HOUR - 1));
    assert_eq!(alerts(rule, &events), [""; 0]);
    events.splice(0..0, many("forget", 1, NOW - HOUR));
    assert_eq!(alerts(rule, &events).len(), 1);
}

#[test]
fn a22_more_than_10_failures_in_15_minutes_and_refusals_count() {
    let rule = "multiple failures";
    let mut events = failures(9, NOW - 15 * MINUTE);
    events.push(at(AuditEvent::access_denied(["user:a"], ["role:b"]), NOW));
    assert_eq!(alerts(rule, &events), [""; 0]);
    // A refusal that was recorded as something else is a failure too.
    let mut misreported = at(AuditEvent::builder("access_denied"), NOW);
    misreported.status = Status::Success;
    events.push(misreported);
    assert_eq!(alerts(rule, &events), ["multiple failures: 11 FAILURE events in 15 min, over 10"]);
    assert_eq!(alerts(rule, &failures(11, NOW - 15 * MINUTE - 1)), [""; 0]);

    let successes = Rule::events_over("s", 0, Duration::from_secs(60)).status(Status::Success);
    let monitor = Monitor::new([successes]);
    assert_eq!(monitor.check(&events, time_from_us(NOW)), []);
    assert_eq!(monitor.check(many("store", 1, NOW), time_from_us(NOW)).len(), 1);
}

#[test]
fn a23_more_than_5_exports_in_24_hours() {
    let rule = "unusual export activity";
    assert_eq!(alerts(rule, &many("export", 5, NOW - 24 * HOUR)), [""; 0]);
    assert_eq!(
        alerts(rule, &many("export", 6, NOW - 24 * HOUR)),
        ["unusual export activity: 6 EXPORT events in 24 h, over 5"]
    );
    assert_eq!(alerts(rule, &many("export", 6, NOW - 24 * HOUR - 1)), [""; 0]);
}

#[test]
fn a24_a_success_rate_below_95_percent() {
    let monitor = only("low success rate");
    let check = |events: &[AuditEvent]| {
        let alerts = monitor.check(events, time_from_us(NOW));
        alerts.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let with = |failed| [many("store", 100 - failed, NOW), failures(failed, NOW)].concat();
    assert_eq!(check(&with(5)), [""; 0]);
    assert_eq!(
        check(&with(6)),
        ["low success rate: 94.00 % of 100 events succeeded in 1 h, below 95 %"]
    );
    let unknown = at(AuditEvent::builder("store").status(Status::Unknown), NOW);
    assert_eq!(check(&[unknown]), [""; 0]);
    assert_eq!(check(&failures(50, NOW - HOUR - 1)), [""; 0]);
    // A stream finds it as soon as it is so: with five failures in 99 events.
    let mut stream = monitor.clone();
    let broken_at =
        with(6).iter().position(|event| !stream.observe(event, time_from_us(NOW)).is_empty());
    assert_eq!(broken_at, Some(98));
}

#[test]
fn a24_an_average_duration_over_1000_ms() {
    let rule = "high latency";
    let took = |ms: f64| at(AuditEvent::builder("store").duration_ms(ms), NOW);
    let untimed = at(AuditEvent::builder("store"), NOW);
    assert_eq!(alerts(rule, &[took(1_000.0), took(1_000.0), untimed.clone()]), [""; 0]);
    assert_eq!(
        alerts(rule, &[untimed.clone(), took(500.0), took(1_501.0)]),
        ["high latency: 1000.5 ms on average over 2 events in 1 h, over 1000 ms"]
    );
    assert_eq!(alerts(rule, &[untimed]), [""; 0]);
}

#[test]
fn a_breach_alerts_once_until_the_rule_is_kept_again() {
    let rule = Rule::events_over("r", 2, Duration::from_secs(10)).operation("store");
    let mut monitor = Monitor::new([rule]);
    let mut observe = |second: i64| {
        let event = at(AuditEvent::builder("store"), NOW + second * SECOND);
        monitor.observe(&event, event.timestamp).len()
    };
    assert_eq!([0, 1, 2].map(&mut observe), [0, 0, 1]);
    assert_eq!([3, 4, 11, 12].map(&mut observe), [0, 0, 0, 0], "the breach goes on");
    assert_eq!([40, 41].map(&mut observe), [0, 0], "kept again");
    assert_eq!(observe(42), 1);
}

#[test]
fn health_recovers_and_alerts_again() {
    let mut monitor = only("low success rate");
    let mut observe = |minute: i64, ok: bool| {
        let event = AuditEvent::builder("store");
        let event = if ok { event } else { event.error("no") };
        let event = at(event, NOW + minute * MINUTE);
        monitor.observe(&event, event.timestamp).len()
    };
    assert_eq!([observe(0, false), observe(1, false)], [1, 0]);
    assert_eq!([observe(100, true), observe(101, false)], [0, 1]);
}

#[test]
fn fewer_events_than_asked_for_do_not_alert() {
    let rule = Rule::success_rate_below("r", 0.5, Duration::from_secs(1)).events_min(3);
    let monitor = Monitor::new([rule]);
    assert_eq!(monitor.check(failures(2, NOW), time_from_us(NOW)).len(), 0);
    assert_eq!(monitor.check(failures(3, NOW), time_from_us(NOW)).len(), 1);
}

#[test]
fn an_event_from_the_future_leaves_the_window_in_time() {
    let mut monitor = Monitor::new([Rule::events_over("r", 1, Duration::from_secs(10))]);
    let far = at(AuditEvent::builder("store"), NOW + 1_000 * HOUR);
    assert_eq!(monitor.observe(&far, time_from_us(NOW)).len(), 0);
    let next = at(AuditEvent::builder("store"), NOW + MINUTE);
    assert_eq!(monitor.observe(&next, next.timestamp).len(), 0);
}

#[test]
fn alerts_say_what_was_found_and_serialize() {
    let [alert] = only("unusual export activity")
        .check(many("export", 7, NOW), time_from_us(NOW))
        .try_into()
        .unwrap();
    assert_eq!((alert.observed, alert.threshold, alert.events), (7.0, 5.0, 7));
    assert_eq!(alert.at, time_from_us(NOW));
    let json = serde_json::to_value(&alert).unwrap();
    assert_eq!((&json["rule"], &json["window_s"]), (&alert.rule.into(), &86_400.0.into()));
}

#[test]
fn entries_about_the_trail_are_not_observed() {
    let mut event = at(AuditEvent::builder("export"), NOW);
    let mut monitor = only("unusual export activity");
    let counts = (0..7).map(|_| monitor.observe(&event, time_from_us(NOW)).len());
    assert_eq!(counts.collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 0]);
    event.kind = Kind::Log;
    let mut monitor = only("unusual export activity");
    for _ in 0..7 {
        assert_eq!(monitor.observe(&event, time_from_us(NOW)), []);
    }
    assert_eq!(monitor.check(vec![event; 7], time_from_us(NOW)), []);
}

#[test]
fn a_share_is_told_in_percent_as_it_was_given() {
    let failed = failures(1, NOW);
    for (share, told) in [(0.07, "7"), (0.57, "57"), (0.995, "99.5"), (0.99999, "99.999")] {
        let monitor = Monitor::new([Rule::success_rate_below("low", share, HEALTH_WINDOW)]);
        let [alert] = monitor.check(&failed, time_from_us(NOW)).try_into().unwrap();
        assert!(alert.to_string().ends_with(&format!(", below {told} %")), "{alert}");
    }
}

#[test]
fn what_begins_in_the_future_counts_as_begun_now() {
    let mut monitor = Monitor::new([Rule::events_over("many", 1, HEALTH_WINDOW)]);
    let ahead = many("store", 2, NOW + HOUR);
    let mut observe = |event| monitor.observe(event, time_from_us(NOW)).len();
    assert_eq!([observe(&ahead[0]), observe(&ahead[1])], [0, 1]);
}

proptest! {
    #[test]
    fn a_stream_is_broken_exactly_where_a_check_is(
        steps in prop::collection::vec((0_i64..4, 0_i64..6), 1..60)
    ) {
        let mut stream =
            Monitor::new([Rule::events_over("r", 3, Duration::from_secs(5))]);
        let finite = stream.clone();
        let (mut now, mut seen, mut was_broken) = (NOW, Vec::new(), false);
        for (passed, late) in steps {
            now += passed * SECOND;
            seen.push(at(AuditEvent::builder("store"), now - late * SECOND));
            let alerted = !stream.observe(&seen[seen.len() - 1], time_from_us(now)).is_empty();
            let is_broken = !finite.check(&seen, time_from_us(now)).is_empty();
            prop_assert_eq!(alerted, is_broken && !was_broken);
            was_broken = is_broken;
        }
    }
}

/// A clock that was ahead while things went wrong: they are told, and when it
/// is right again, so is the next time that things go wrong.
#[test]
fn a_clock_that_was_ahead_blinds_no_rule() {
    for ahead in [365 * 24 * HOUR, HOUR, 20 * MINUTE] {
        let rules = Rule::defaults().into_iter().chain([Rule::average_duration_over(
            "slow",
            10.0,
            60 * Duration::from_secs(60),
        )]);
        let mut monitor = Monitor::new(rules);
        let mut told = |events: Vec<AuditEvent>, now| -> Vec<String> {
            let alerts = events.iter().flat_map(|event| monitor.observe(event, time_from_us(now)));
            alerts.map(|alert| alert.rule).collect()
        };
        let slow = |now| {
            let slow =
                |event: AuditEvent| AuditEvent { duration: Some(Duration::from_secs(5)), ..event };
            failures(20, now).into_iter().map(slow).collect()
        };
        let all = ["low success rate", "high latency", "slow", "multiple failures"];
        assert_eq!(told(slow(NOW + ahead), NOW + ahead), all);
        let well = many("recall", 1_000, NOW).into_iter();
        let quick =
            |event: AuditEvent| AuditEvent { duration: Some(Duration::from_millis(1)), ..event };
        assert_eq!(told(well.map(quick).collect(), NOW), [""; 0]);
        let later = NOW + 10 * MINUTE;
        let found = told((0..100).flat_map(|_| slow(later)).collect(), later);
        assert_eq!(found.len(), 4, "{ahead}: {found:?}");
    }
}
