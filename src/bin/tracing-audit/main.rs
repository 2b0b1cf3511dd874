//! The command line: verifies, shows and publishes the logs that
//! `tracing-audit` writes. It uses the public API only, and never writes into
//! a log.

mod arguments;
mod keys;
mod output;
mod progress;
mod proof;
mod query;
mod show;
mod tiles;
mod verify;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser as _;

/// What a command ends with when it could not do what it was asked to do.
const FAILED: u8 = 2;

/// Why a command ended early.
enum Failure {
    /// Whoever reads the output has seen enough.
    OutputClosed,
    /// What went wrong, for a person.
    Message(String),
}

type Outcome<T> = Result<T, Failure>;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Cat(arguments) => show::cat(&arguments),
        Command::Query(arguments) => query::run(&arguments),
        Command::Checkpoint(arguments) => show::checkpoint(&arguments),
        Command::Keys(arguments) => show::keys(&arguments),
        Command::Proof(arguments) => proof::make(&arguments),
        Command::VerifyProof(arguments) => proof::verify(&arguments),
        Command::Tiles(arguments) => tiles::run(&arguments),
    };
    match outcome {
        Ok(code) => code.into(),
        Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Message(message)) => {
            output::complain(&format!("tracing-audit: {message}"));
            FAILED.into()
        }
    }
}

impl From<tracing_audit::Error> for Failure {
    fn from(error: tracing_audit::Error) -> Self {
        Failure::Message(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Message(error.to_string()),
        }
    }
}
