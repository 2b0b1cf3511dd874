//! Every figure by which this crate judges its speed, measured side by side in
//! one run: `cargo bench --bench side_by_side`.
//!
//! Absolute times move from machine to machine, so what counts are ratios to a
//! control that runs in between: a registry with one empty layer. Each arm is
//! a process of its own, so that it has its subscriber for itself, as a program
//! that calls `init` has. Prints a table and writes `side_by_side.json` into
//! the target directory. Nothing here is a timed test: only lost events make
//! it fail, and, where asked for, a count of instructions beyond its bound.
//!
//! Arguments: `--quick` (short, rough, marked as such), `--only hot`, `history`,
//! `worker`, `redaction`, `load`, `journal`, `latency`, `overload`, `threads`, `rotations`, `stored`, `disk` or
//! `instructions` (may be repeated), `--hold NAME` (fail if that figure was measured and is beyond its bound; may be
//! repeated), `--out FILE`.
//! `spans ARM WORKLOAD COUNT` runs one arm alone, for a profiler.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the real clock, and stops where it cannot go on"
)]

mod arms;
mod control;
mod corpus;
mod disk;
mod figures;
mod gates;
mod history;
mod hot_path;
mod instructions;
mod journal;
mod latency;
mod load;
mod measure;
mod overload;
mod peers;
mod policy;
mod processes;
mod redaction;
mod rotations;
mod spans;
mod stored;
mod table;
mod worker;

use std::process::ExitCode;

use figures::Figures;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["child", "arm", arm] => processes::serve(arms::Arm::named(arm)),
        ["child", "history", events] => history::measure(events.parse().expect("a number")),
        ["child", "worker", events] => worker::measure(events.parse().expect("a number")),
        ["child", "redaction", events] => redaction::measure(events.parse().expect("a number")),
        ["child", "journal", seconds] => journal::measure(seconds.parse().expect("a number")),
        ["child", "disk", events] => disk::measure(events.parse().expect("a number")),
        ["child", "acknowledged"] => journal::measure_acknowledged(),
        ["child", "stored", events] => stored::measure(events.parse().expect("a number")),
        ["child", "load", seconds] => load::measure(seconds.parse().expect("a number")),
        ["child", "latency", "ours", one_in] => {
            latency::measure_ours(one_in.parse().expect("a number"));
        }
        ["child", "latency", _, one_in] => {
            latency::measure_control(one_in.parse().expect("a number"));
        }
        ["child", "overload", policy, seconds] => {
            overload::measure(policy, seconds.parse().expect("a number"));
        }
        ["child", "threads", arm, threads] => {
            overload::measure_threads(arm, threads.parse().expect("a number"));
        }
        ["child", "rotations", events] => rotations::measure(events.parse().expect("a number")),
        ["spans", arm, workload, count] => instructions::run_alone(
            arms::Arm::named(arm),
            spans::Workload::named(workload),
            count.parse().expect("a number"),
        ),
        options => return everything(&Options::parse(options)),
    }
    ExitCode::SUCCESS
}

/// What was asked for.
struct Options {
    quick: bool,
    only: Vec<String>,
    out: Option<String>,
    /// Figures that must be on the good side of their bound, if they were measured.
    hold: Vec<String>,
}

impl Options {
    fn parse(words: &[&str]) -> Self {
        let mut options = Options { quick: false, only: Vec::new(), out: None, hold: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--quick" => options.quick = true,
                "--only" => options.only.extend(words.next().map(|part| (*part).to_owned())),
                "--hold" => options.hold.extend(words.next().map(|name| (*name).to_owned())),
                "--out" => options.out = words.next().map(|path| (*path).to_owned()),
                other => eprintln!("side_by_side: unknown argument {other:?} is ignored"),
            }
        }
        options
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

fn everything(options: &Options) -> ExitCode {
    let quick = options.quick;
    let mut figures = Figures::default();
    if options.wants("hot") {
        hot_path::run(&mut figures, quick);
    }
    if options.wants("worker") {
        processes::figures_of_child(&["worker", worker::events(quick)], &mut figures);
    }
    if options.wants("redaction") {
        processes::figures_of_child(&["redaction", redaction::events(quick)], &mut figures);
    }
    if options.wants("history") {
        processes::figures_of_child(&["history", history::events(quick)], &mut figures);
    }
    if options.wants("load") {
        processes::figures_of_child(&["load", load::seconds(quick)], &mut figures);
    }
    if options.wants("disk") {
        processes::figures_of_child(&["disk", disk::events(quick)], &mut figures);
    }
    if options.wants("journal") {
        processes::figures_of_child(&["journal", journal::seconds(quick)], &mut figures);
        processes::figures_of_child(&["acknowledged"], &mut figures);
    }
    if options.wants("latency") {
        for arm in ["control", "ours"] {
            processes::figures_of_child(&["latency", arm, latency::one_in(quick)], &mut figures);
        }
    }
    if options.wants("overload") {
        for policy in overload::POLICIES {
            let arguments = ["overload", policy, overload::seconds(quick)];
            processes::figures_of_child(&arguments, &mut figures);
        }
    }
    if options.wants("threads") {
        for threads in overload::THREADS {
            for arm in ["control", "ours"] {
                let arguments = ["threads", arm, &threads.to_string()];
                processes::figures_of_child(&arguments, &mut figures);
            }
        }
    }
    if options.wants("rotations") {
        processes::figures_of_child(&["rotations", rotations::events(quick)], &mut figures);
    }
    if options.wants("stored") {
        processes::figures_of_child(&["stored", stored::events(quick)], &mut figures);
    }
    if options.wants("instructions") {
        instructions::run(&mut figures);
    }
    table::print(&figures, quick);
    table::write_json(&figures, quick, options.out.as_deref());
    if figures.lost_events() > 0.0 {
        eprintln!("side_by_side: FAILED, {} events were lost", figures.lost_events());
        return ExitCode::FAILURE;
    }
    if are_held(&figures, &options.hold) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How far beyond its bound a figure may be that is held: a count of instructions moves by a
/// few from build to build.
const HELD_WITHIN: f64 = 1.02;

/// Whether each of these figures meets what it must, as far as it was measured.
fn are_held(figures: &Figures, names: &[String]) -> bool {
    let is_missed = |gate: &&gates::Gate| {
        names.iter().any(|name| name == gate.name)
            && figures.value(gate.name).is_some_and(|value| !gate.must.is_met(value / HELD_WITHIN))
    };
    let mut missed = gates::GATES.iter().filter(is_missed).peekable();
    let are_held = missed.peek().is_none();
    missed.for_each(|gate| {
        eprintln!("side_by_side: FAILED, {} is beyond {}", gate.name, gate.must.value());
    });
    are_held
}
