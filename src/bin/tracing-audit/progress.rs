//! Progress of a long verification, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use tracing_audit::verify::Progress;

/// Logs that are smaller are done before anybody could read of it.
const BYTES_MIN: u64 = 64 * 1024 * 1024;

/// A line that is written again and again, and removed at the end.
pub(crate) struct ProgressLine {
    is_shown: bool,
    percent: Option<u64>,
}

impl ProgressLine {
    pub(crate) fn new() -> Self {
        ProgressLine { is_shown: io::stderr().is_terminal(), percent: None }
    }

    pub(crate) fn show(&mut self, progress: Progress) {
        if !self.is_shown || progress.bytes_total < BYTES_MIN {
            return;
        }
        let percent = (progress.bytes * 100 / progress.bytes_total).min(100);
        if self.percent != Some(percent) {
            self.percent = Some(percent);
            let (log, logs) = (progress.log + 1, progress.logs);
            let entries = progress.entries;
            let _ = write!(io::stderr(), "\rlog {log} of {logs}: {percent} %, {entries} entries ");
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.percent.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
