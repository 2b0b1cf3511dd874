//! What a span costs the thread that opens it.

use std::collections::BTreeMap;

use tracing_subscriber::filter::LevelFilter;

use super::arms::Arm;
use super::figures::Figures;
use super::measure::median;
use super::processes::{ArmProcess, Way};
use super::spans::Workload;

/// One thing to measure.
type Case = (Arm, Way, Workload);

/// At full speed on one thread.
const BURSTS: [(Arm, Workload); 26] = [
    (Arm::Control, Workload::Text),
    (Arm::Ours, Workload::Text),
    (Arm::Control, Workload::Formatted),
    (Arm::Ours, Workload::Formatted),
    (Arm::Control, Workload::Listed),
    (Arm::Ours, Workload::Listed),
    (Arm::Control, Workload::Nested),
    (Arm::Ours, Workload::Nested),
    (Arm::Control, Workload::Unaudited),
    (Arm::Ours, Workload::Unaudited),
    (Arm::Control, Workload::ManyCallsites),
    (Arm::Ours, Workload::ManyCallsites),
    (Arm::Policy, Workload::ManyCallsites),
    (Arm::OpenTelemetry, Workload::Formatted),
    (Arm::FmtJson, Workload::Formatted),
    (Arm::Fmt(LevelFilter::INFO), Workload::Debug),
    (Arm::FmtAndOurs(LevelFilter::INFO), Workload::Debug),
    (Arm::Fmt(LevelFilter::WARN), Workload::Info),
    (Arm::FmtAndOurs(LevelFilter::WARN), Workload::Info),
    (Arm::Policy, Workload::Unaudited),
    (Arm::Control, Workload::Candidate),
    (Arm::Policy, Workload::Candidate),
    (Arm::Control, Workload::Matched),
    (Arm::Policy, Workload::Matched),
    (Arm::FmtAndPolicy(LevelFilter::INFO), Workload::Debug),
    (Arm::FmtAndPolicy(LevelFilter::WARN), Workload::Info),
];

/// Otherwise, for the control and ours. Two threads and the worker on two processors find
/// another order each time, so they are asked more often.
const ALSO: [(Way, Workload); 6] = [
    (Way::TwoThreads, Workload::Text),
    (Way::TwoThreads, Workload::Text),
    (Way::TwoThreads, Workload::Text),
    (Way::Paced, Workload::Text),
    (Way::Paced, Workload::Formatted),
    (Way::Paced, Workload::Unaudited),
];

/// Rounds before every arm gets a new process. Where its tables and its stack lie is drawn
/// anew for each process, and a ratio moves by some hundredths with that: so several are
/// asked, and the middle is of all of them.
const ROUNDS_OF_A_PROCESS: u64 = 3;

/// Measures all of it, round after round, every arm in each round.
pub(crate) fn run(figures: &mut Figures, quick: bool) {
    let rounds: u64 = if quick { 5 } else { 15 };
    let mut times = Times::default();
    let mut processes = Vec::new();
    for round in 0..rounds {
        eprintln!("side_by_side: hot path, round {} of {rounds}", round + 1);
        if round.is_multiple_of(ROUNDS_OF_A_PROCESS) {
            processes.clear();
        }
        for case in cases() {
            times.measure(case, round, &mut processes, figures);
        }
    }
    conclude(&times, figures);
}

fn cases() -> impl Iterator<Item = Case> {
    let bursts = BURSTS.iter().map(|(arm, workload)| (*arm, Way::Bursts, *workload));
    let also = ALSO
        .iter()
        .flat_map(|(way, workload)| [Arm::Control, Arm::Ours].map(|arm| (arm, *way, *workload)));
    bursts.chain(also)
}

/// Nanoseconds per span, of each round.
#[derive(Default)]
struct Times(BTreeMap<String, Vec<f64>>);

impl Times {
    fn measure(
        &mut self,
        (arm, way, workload): Case,
        round: u64,
        processes: &mut Vec<(Arm, ArmProcess)>,
        figures: &mut Figures,
    ) {
        if !processes.iter().any(|(known, _)| *known == arm) {
            let mut process = ArmProcess::start(arm);
            if matches!(arm, Arm::Control | Arm::Ours | Arm::Policy) {
                // So no round is the first on memory that is new, nor the last before a second thread.
                let (_, lost) = process.ask(Way::TwoThreads, Workload::Text, round + 1);
                figures.lose(lost);
            }
            processes.push((arm, process));
        }
        let Some((_, process)) = processes.iter_mut().find(|(known, _)| *known == arm) else {
            return;
        };
        let (ns, lost) = process.ask(way, workload, round + 1);
        figures.lose(lost);
        self.0.entry(key((arm, way, workload))).or_default().push(ns);
    }

    fn of(&self, arm: Arm, way: Way, workload: Workload) -> &[f64] {
        self.0.get(&key((arm, way, workload))).map_or(&[], Vec::as_slice)
    }

    /// The middle of what `compare` makes of the rounds of two arms.
    fn paired(
        &self,
        (one, other): (Arm, Arm),
        way: Way,
        workload: Workload,
        compare: impl Fn(f64, f64) -> f64,
    ) -> f64 {
        let pairs = self.of(one, way, workload).iter().zip(self.of(other, way, workload));
        median(pairs.map(|(one, other)| compare(*one, *other)).collect())
    }

    /// Ours ÷ control.
    fn ratio(&self, way: Way, workload: Workload) -> f64 {
        self.paired((Arm::Ours, Arm::Control), way, workload, |ours, control| ours / control)
    }

    /// Ours − control.
    fn more(&self, workload: Workload) -> f64 {
        let pair = (Arm::Ours, Arm::Control);
        self.paired(pair, Way::Bursts, workload, |ours, control| ours - control)
    }

    /// How much more a disabled span costs with `ours` beside `fmt` at `level`.
    fn disabled_more(
        &self,
        ours: impl Fn(LevelFilter) -> Arm,
        level: LevelFilter,
        workload: Workload,
    ) -> f64 {
        let pair = (ours(level), Arm::Fmt(level));
        self.paired(pair, Way::Bursts, workload, |with, without| with - without)
    }

    /// Ours ÷ the peer, both over control.
    fn against(&self, peer: Arm) -> f64 {
        let pair = (peer, Arm::Control);
        let peer_more =
            self.paired(pair, Way::Bursts, Workload::Formatted, |peer, control| peer - control);
        self.more(Workload::Formatted) / peer_more
    }
}

fn key((arm, way, workload): Case) -> String {
    let way = if way == Way::Bursts { String::new() } else { format!("_{}", way.name()) };
    format!("{}_{}{way}_ns", arm.name(), workload.name())
}

fn conclude(times: &Times, figures: &mut Figures) {
    for (name, values) in &times.0 {
        figures.set(name, median(values.clone()));
    }
    for (name, way, workload) in [
        ("audited_str_ratio", Way::Bursts, Workload::Text),
        ("audited_fmt_ratio", Way::Bursts, Workload::Formatted),
        ("audited_list_ratio", Way::Bursts, Workload::Listed),
        ("unaudited_ratio", Way::Bursts, Workload::Unaudited),
        ("many_callsites_ratio", Way::Bursts, Workload::ManyCallsites),
        ("audited_str_ratio_paced", Way::Paced, Workload::Text),
        ("audited_fmt_ratio_paced", Way::Paced, Workload::Formatted),
        ("unaudited_ratio_paced", Way::Paced, Workload::Unaudited),
    ] {
        figures.set(name, times.ratio(way, workload));
    }
    let nested_more = times.more(Workload::Nested) - times.more(Workload::Text);
    figures.set("audited_depth3_ns_more", nested_more);
    let at_info = times.disabled_more(Arm::FmtAndOurs, LevelFilter::INFO, Workload::Debug);
    let at_warn = times.disabled_more(Arm::FmtAndOurs, LevelFilter::WARN, Workload::Info);
    figures.set("disabled_at_info_ns_more", at_info);
    figures.set("disabled_at_warn_ns_more", at_warn);
    figures.set("disabled_ns_more", at_info.max(at_warn));
    conclude_policy(times, figures);
    let two_over_one = |way| times.ratio(way, Workload::Text);
    let both = two_over_one(Way::TwoThreads) / two_over_one(Way::Bursts);
    figures.set("two_producers_ratio", both);
    figures.set("vs_opentelemetry_ratio", times.against(Arm::OpenTelemetry));
    figures.set("vs_fmt_json_ratio", times.against(Arm::FmtJson));
}

/// With a policy of 50 rules: what no rule names, what ten name and none takes,
/// and what one takes.
fn conclude_policy(times: &Times, figures: &mut Figures) {
    let pair = (Arm::Policy, Arm::Control);
    for (name, workload) in [
        ("policy_unaudited_ratio", Workload::Unaudited),
        ("policy_many_callsites_ratio", Workload::ManyCallsites),
        ("policy_matched_ratio", Workload::Matched),
    ] {
        let ratio = times.paired(pair, Way::Bursts, workload, |policy, control| policy / control);
        figures.set(name, ratio);
    }
    let dynamic =
        times.paired(pair, Way::Bursts, Workload::Candidate, |with, without| with - without);
    figures.set("policy_dynamic_ns_more", dynamic);
    let at_info = times.disabled_more(Arm::FmtAndPolicy, LevelFilter::INFO, Workload::Debug);
    let at_warn = times.disabled_more(Arm::FmtAndPolicy, LevelFilter::WARN, Workload::Info);
    figures.set("policy_disabled_ns_more", at_info.max(at_warn));
}
