//! What is printed, and how it ends when nobody reads on.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};

use crate::Outcome;

/// The standard output. Lines are complete when [`finish`](Output::finish)
/// succeeds.
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    is_terminal: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        let out = io::stdout().lock();
        Output { is_terminal: out.is_terminal(), out: BufWriter::new(out) }
    }

    /// Whether a person looks at it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    pub(crate) fn line(&mut self, line: impl AsRef<[u8]>) -> Outcome<()> {
        self.text(line)?;
        Ok(self.out.write_all(b"\n")?)
    }

    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) -> Outcome<()> {
        Ok(self.out.write_all(text.as_ref())?)
    }

    pub(crate) fn finish(mut self) -> Outcome<()> {
        Ok(self.out.flush()?)
    }
}

/// Prints to the standard error; if that is closed, there is nobody to tell.
pub(crate) fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
