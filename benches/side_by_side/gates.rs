//! What is aimed at.

/// One row of the table.
pub(crate) struct Gate {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) must: Bound,
    pub(crate) stretch: Bound,
}

/// The good side of a number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    pub(crate) fn is_met(self, value: f64) -> bool {
        match self {
            Bound::AtMost(bound) => value <= bound,
            Bound::AtLeast(bound) => value >= bound,
        }
    }

    pub(crate) fn value(self) -> f64 {
        match self {
            Bound::AtMost(bound) | Bound::AtLeast(bound) => bound,
        }
    }
}

const fn at_most(name: &'static str, what: &'static str, must: f64, stretch: f64) -> Gate {
    Gate { name, what, must: Bound::AtMost(must), stretch: Bound::AtMost(stretch) }
}

const fn at_least(name: &'static str, what: &'static str, must: f64, stretch: f64) -> Gate {
    Gate { name, what, must: Bound::AtLeast(must), stretch: Bound::AtLeast(stretch) }
}

/// All rows that have a bound.
pub(crate) const GATES: [Gate; 32] = [
    at_most("audited_str_ratio", "audited span, &str fields ÷ control", 2.6, 2.0),
    at_most("audited_fmt_ratio", "audited span, % fields ÷ control", 3.2, 2.7),
    at_most("audited_depth3_ns_more", "inside three that it inherits from: ns more", 60.0, 30.0),
    at_most("unaudited_ratio", "enabled span that is not audited ÷ control", 1.06, 1.03),
    at_most("disabled_ns_more", "callsite that was disabled before us: ns more", 1.0, 0.5),
    at_most("policy_unaudited_ratio", "50 rules, a span that none names ÷ control", 1.06, 1.03),
    at_most("policy_disabled_ns_more", "50 rules, a callsite that was disabled: ns more", 1.0, 0.5),
    at_most(
        "policy_dynamic_ns_more",
        "ten rules name it, by values none takes it: ns more",
        300.0,
        150.0,
    ),
    at_most("instructions_str", "instructions over control, &str fields", 1_000.0, 700.0),
    at_most("instructions_fmt", "instructions over control, % fields", 2_200.0, 1_800.0),
    at_most("instructions_unaudited", "instructions over control, not audited", 150.0, 60.0),
    at_most("two_producers_ratio", "CPU per span, two threads ÷ one, ÷ control's", 1.25, 1.1),
    at_most("vs_opentelemetry_ratio", "ours ÷ tracing-opentelemetry, over control", 0.2, 0.15),
    at_most("vs_fmt_json_ratio", "ours ÷ fmt JSON non-blocking, over control", 0.05, 0.03),
    at_least("worker_events_per_s", "memory, index and statistics, one core", 2e6, 3e6),
    at_most("redaction_ns", "default redaction, nothing to hide: worker's ns more", 80.0, 50.0),
    at_most("bytes_per_event", "resident bytes per event, indices included", 160.0, 128.0),
    at_most("bytes_per_event_10m", "the same with ten times the events", 168.0, 130.0),
    at_most("query_10m_rare_us", "newest 100 ids: a user with 100 hits, µs", 10.0, 5.0),
    at_most("query_10m_heavy_us", "newest 100 ids: the heaviest user, µs", 10.0, 5.0),
    at_most("query_10m_absent_us", "newest 100 ids: nobody, µs", 10.0, 5.0),
    at_most("query_per_hit_ns", "a further hit, as id, ns", 20.0, 13.0),
    at_most("query_scan_ns_per_event", "filters without an index, ns per event", 50.0, 25.0),
    at_most("query_read_your_writes_us", "run() on an idle trail, flush included, µs", 200.0, 50.0),
    at_most("p99_query_under_load_us", "snapshot query at 200,000 events/s, p99, µs", 500.0, 100.0),
    at_most(
        "worker_slowdown_under_queries",
        "worker's CPU per event with queries ÷ without",
        1.3,
        1.1,
    ),
    at_most("sealed_bytes_per_event", "sealed segments and their indices, bytes", 80.0, 70.0),
    at_most("disk_query_10m_ms", "newest 100 of a rare user, from disk, warm, ms", 20.0, 10.0),
    at_most("disk_query_read_fraction", "the same: bytes read ÷ bytes sealed", 0.01, 0.005),
    at_least("journal_events_per_s", "with a journal, sealing included, sustained", 8e5, 1.2e6),
    at_most("record_durable_ratio", "one caller that waits for the disk ÷ fdatasync", 2.0, 1.5),
    at_least("record_64_callers_ratio", "64 callers together ÷ one caller", 20.0, 40.0),
];
