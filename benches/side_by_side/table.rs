//! The table for people, and the JSON for programs.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::figures::Figures;
use super::gates::{GATES, Gate};

/// What a span of the control takes where the bounds were set.
const CONTROL_NS: f64 = 72.0;

/// Prints all rows with a bound, then the bare times behind them.
pub(crate) fn print(figures: &Figures, quick: bool) {
    if quick {
        println!("\nQUICK RUN: fewer rounds, smaller sizes; not for comparing.");
    }
    println!("\n{:<30} {:<47} {:>12} {:>9} {:>9}", "name", "what", "measured", "must", "stretch");
    for gate in &GATES {
        println!("{}", row(gate, figures.value(gate.name)));
    }
    if let Some(control_ns) = figures.value("control_str_ns") {
        println!(
            "\nA span of the control took {control_ns:.0} ns. Bounds in units of time are of a machine on which it \
             takes {CONTROL_NS} ns: this one was {:.2} times as slow.",
            control_ns / CONTROL_NS
        );
    }
    println!("\nAlso measured (nanoseconds per span of each arm, and what has no bound):");
    for (name, value) in figures.all().filter(|(name, _)| !is_gate(name)) {
        println!("  {name:<42} {:>12}", number(value));
    }
}

/// Writes `side_by_side.json`.
pub(crate) fn write_json(figures: &Figures, quick: bool, out: Option<&str>) {
    let mut object: Map<String, Value> =
        figures.all().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    object.insert("machine".to_owned(), machine(quick));
    let path = out.map_or_else(default_path, PathBuf::from);
    let text = serde_json::to_string_pretty(&object).expect("numbers are JSON");
    match std::fs::write(&path, text + "\n") {
        Ok(()) => println!("\nWritten to {}", path.display()),
        Err(error) => eprintln!("side_by_side: {} could not be written: {error}", path.display()),
    }
}

fn row(gate: &Gate, value: Option<f64>) -> String {
    let (measured, verdict) = match value {
        None => ("-".to_owned(), "not measured"),
        Some(value) if gate.stretch.is_met(value) => (number(value), "stretch"),
        Some(value) if gate.must.is_met(value) => (number(value), "met"),
        Some(value) => (number(value), "MISSED"),
    };
    format!(
        "{:<30} {:<47} {measured:>12} {:>9} {:>9}  {verdict}",
        gate.name,
        gate.what,
        number(gate.must.value()),
        number(gate.stretch.value()),
    )
}

fn is_gate(name: &str) -> bool {
    GATES.iter().any(|gate| gate.name == name)
}

fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100_000.0 => format!("{:.2}M", value / 1e6),
        large if large >= 100.0 => format!("{value:.0}"),
        large if large >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn default_path() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"));
    target.join("side_by_side.json")
}

fn machine(quick: bool) -> Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    json!({
        "cpu": model.map_or("unknown", |(_, model)| model.trim()),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "os": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "quick": quick,
    })
}
