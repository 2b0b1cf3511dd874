//! A small but real memory system, audited from the spans it already has.
//!
//! `cargo run -p memory-example [FOLDER]` takes in the texts of a folder (by
//! default this repository's own documents and sources), lets several users
//! work with them for a moment, and then compares what the driver saw with
//! what the audit trail says. It ends with an error if the two differ. A second
//! run verifies what the first left behind, and answers from it.
//!
//! | file | what it is |
//! |---|---|
//! | `memory/` | the memory system; knows nothing of auditing |
//! | `corpus` | the texts |
//! | `client`, `driver/` | users, and what they do |
//! | `tally` | what the driver saw, counted without `tracing` |
//! | `trail` | the audit trail: how it is set up and read back |
//! | `report` | what is printed in the end |

mod client;
mod corpus;
mod driver;
mod memory;
mod report;
mod tally;
mod trail;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use corpus::Corpus;
use driver::Scene;
use memory::Memory;
use tally::{Tally, Totals};
use trail::Trail;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const WORKERS: usize = 4;

fn main() -> ExitCode {
    match run(&Arguments::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("memory-example: {failure}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    /// The texts' folder, and which files of it count.
    folder: PathBuf,
    extensions: &'static [&'static str],
    /// Counts one store that never was, to show that the comparison can fail.
    sabotage: bool,
}

impl Arguments {
    fn from_env() -> Self {
        let (flags, folders): (Vec<_>, Vec<_>) =
            std::env::args().skip(1).partition(|argument| argument == "--sabotage");
        let (folder, extensions): (PathBuf, &[&str]) = match folders.first() {
            Some(folder) => (folder.into(), &[]),
            None => (WORKSPACE.into(), &["md", "rs"]),
        };
        Arguments { folder, extensions, sabotage: !flags.is_empty() }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let corpus = Corpus::read(&arguments.folder, arguments.extensions)?;
    std::panic::set_hook(Box::new(|panic| eprintln!("(one task panics on purpose: {panic})")));
    let trail = Trail::begin(Path::new("audit_logs"))?;
    report::print_history(&trail)?;
    let tally = Arc::new(Tally::default());
    spend_the_day(corpus, &tally)?;
    if arguments.sabotage {
        tally.count("STORE", "SUCCESS", "alice");
    }
    report::print_live(&trail.audit)?;
    let recorded = trail.end()?;
    report::print_users(&recorded);
    println!("exported to {}", recorded.last_export.display());
    report::print_verdict("the journal", &recorded.verdict);
    compare(&tally.totals(), &recorded.totals)
}

/// Returns when everything has come to its end, work on blocking threads too.
fn spend_the_day(corpus: Corpus, tally: &Arc<Tally>) -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    let scene = Scene {
        memory: Memory::in_memory()?,
        corpus: Arc::new(corpus),
        tally: Arc::clone(tally),
        scratch: scratch.path().to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_time()
        .build()?;
    Ok(runtime.block_on(driver::run(&scene))?)
}

fn compare(driver: &Totals, trail: &Totals) -> Result<(), Failure> {
    println!("\nwhat the driver saw\n{driver}");
    let differences = driver.differences(trail);
    if differences.is_empty() {
        println!("the trail agrees in all {} operations", driver.operations());
        return Ok(());
    }
    Err(format!("the trail disagrees:\n  {}", differences.join("\n  ")).into())
}
