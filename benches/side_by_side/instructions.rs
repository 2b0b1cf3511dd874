//! Instructions of the calling thread, counted by callgrind: hardly any noise,
//! unlike time.

use std::hint::black_box;
use std::process::{Command, Stdio};

use super::arms::Arm;
use super::corpus::{Corpus, Item};
use super::figures::Figures;
use super::processes::this_program;
use super::spans::Workload;

/// Spans to count over. They fit the queue.
const SPANS: usize = 10_000;

/// Counts each workload in the control and in ours. Says so, loudly, where
/// there is no callgrind.
pub(crate) fn run(figures: &mut Figures) {
    let there = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        eprintln!("side_by_side: VALGRIND IS MISSING; the instructions_* rows are NOT measured");
        return;
    }
    for (name, workload) in [
        ("instructions_str", Workload::Text),
        ("instructions_fmt", Workload::Formatted),
        ("instructions_unaudited", Workload::Unaudited),
    ] {
        eprintln!("side_by_side: {name}");
        let control = counted(Arm::Control, workload);
        let ours = counted(Arm::Ours, workload);
        figures.set(&format!("{name}_control"), control);
        figures.set(name, ours - control);
    }
}

/// Runs one arm alone: as many spans to warm up, then `count`.
pub(crate) fn run_alone(arm: Arm, workload: Workload, count: usize) {
    let installed = arm.install();
    let mut corpus = Corpus::new(1);
    let mut sent = 0;
    let mut drain = |count: usize| {
        sent += if workload.is_audited() { count as u64 } else { 0 };
        assert_eq!(installed.drain(sent), 0, "events were lost");
    };
    let burst = SPANS.min(count);
    let warm = corpus.items(burst);
    workload.surrounded(|| workload.run(&warm));
    drain(burst);
    let items = corpus.items(burst);
    for _ in 0..count.div_ceil(burst) {
        workload.surrounded(|| measured_section(workload, &items));
        drain(burst);
    }
}

/// What callgrind counts; it finds it by this name.
#[inline(never)]
fn measured_section(workload: Workload, items: &[Item]) {
    workload.run(black_box(items));
}

/// Instructions per span.
fn counted(arm: Arm, workload: Workload) -> f64 {
    let directory = std::env::temp_dir().join(format!("side_by_side-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory for callgrind");
    let program = this_program();
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--separate-threads=yes", "--toggle-collect=*measured_section*"])
        .arg(format!("--callgrind-out-file={}/out", directory.display()))
        .arg(program.get_program())
        .args(["spans", arm.name(), workload.name(), &SPANS.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let total = status.is_ok_and(|status| status.success()).then(|| {
        let text = std::fs::read_to_string(directory.join("out-01")).unwrap_or_default();
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        total.and_then(|total| total.trim().parse::<f64>().ok())
    });
    let _ = std::fs::remove_dir_all(&directory);
    total.flatten().unwrap_or(f64::NAN) / SPANS as f64
}
