//! What is printed, and how it ends when nobody reads on.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};

use tracing_audit::verify::terminal_text;

use crate::Outcome;

/// The standard output. Lines are complete when [`finish`](Output::finish)
/// succeeds. On a terminal, what could hide, reorder or command is escaped:
/// logs, keys and proofs may come from whoever wants to deceive. Elsewhere
/// every byte is written as it is.
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    is_terminal: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        let out = io::stdout().lock();
        Output { is_terminal: out.is_terminal(), out: BufWriter::new(out) }
    }

    /// A line, and its end.
    pub(crate) fn line(&mut self, line: impl AsRef<[u8]>) -> Outcome<()> {
        self.put(line.as_ref())?;
        Ok(self.out.write_all(b"\n")?)
    }

    /// Lines with their ends.
    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) -> Outcome<()> {
        for line in text.as_ref().split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => self.line(line)?,
                None => self.put(line)?,
            }
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Outcome<()> {
        match self.is_terminal {
            true => self.out.write_all(terminal_text(bytes).as_bytes())?,
            false => self.out.write_all(bytes)?,
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Outcome<()> {
        Ok(self.out.flush()?)
    }
}

/// Prints a line to the standard error, escaped as [`Output`] does; if that is
/// closed, there is nobody to tell.
pub(crate) fn complain(message: &str) {
    let _ = match io::stderr().is_terminal() {
        true => writeln!(io::stderr(), "{}", terminal_text(message.as_bytes())),
        false => writeln!(io::stderr(), "{message}"),
    };
}
