//! A program that records durably is killed at a moment of chance, again and
//! again; each time its log is verified, taken up again, and compared with
//! what the program was told.
//!
//! ```sh
//! cargo test --test campaign -- --cycles 1000
//! ```
//!
//! prints `cycles, acknowledged, lost, unverifiable` and fails unless the last
//! two are 0. Without `--cycles` it is a short run, among the other tests. A
//! `--seed` repeats the moments, as far as the system lets them be repeated.
//! `.ci/campaign` runs this together with simulated power cuts.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what it finds is what it is for")]

mod arguments;
mod child;
mod cycle;
mod random;

use std::process::ExitCode;

use arguments::Arguments;
use cycle::{Campaign, Tally};
use random::Random;

/// Cycles that share a log before a new one is begun, lest reading it all takes
/// ever longer.
const CYCLES_PER_LOG: u64 = 20;

fn main() -> ExitCode {
    if let Some(directory) = std::env::var_os(child::DIRECTORY) {
        child::record_until_killed(directory.as_ref());
    }
    let Some(Arguments { cycles, seed }) = arguments::parse(std::env::args().skip(1)) else {
        return ExitCode::SUCCESS;
    };
    let (mut random, mut tally) = (Random(seed), Tally::default());
    println!("seed {seed}");
    while tally.cycles < cycles {
        let home = tempfile::tempdir().unwrap();
        let mut campaign = Campaign::begin(home.path());
        let rest = cycles - tally.cycles;
        for _ in 0..CYCLES_PER_LOG.min(rest) {
            campaign.cycle(&mut random, &mut tally);
        }
        if !tally.is_clean() {
            println!("the log is kept: {}", home.keep().display());
            break;
        }
    }
    println!("{tally}");
    if tally.is_clean() && tally.acknowledged > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
