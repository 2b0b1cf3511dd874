//! Runs the built command line.

use std::ffi::OsStr;
use std::process::{Command, Output};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_tracing-audit");

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) complaints: String,
}

pub(crate) fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    let Output { status, stdout, stderr } = Command::new(BINARY).args(arguments).output().unwrap();
    Run {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        complaints: String::from_utf8(stderr).unwrap(),
    }
}
