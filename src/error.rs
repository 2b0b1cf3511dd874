//! The one error type of this crate.

use std::fmt;
use std::path::PathBuf;

/// What went wrong, for people; [`kind`](Error::kind) and the predicates are
/// for programs.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    path: Option<PathBuf>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value that was passed in makes no sense; the message says why.
    InvalidInput,
    /// A file or directory could not be read or written.
    Io,
    /// A document is not in the format it should be in.
    Format,
    /// The worker has stopped, by shutdown or by panics.
    Stopped,
    /// A deadline passed before the work was done.
    Timeout,
    /// The call was made on the worker's own thread (from a hook), where
    /// waiting for the worker would never end.
    OnWorker,
    /// There is no audited span here.
    NoSpan,
    /// A hook, a sink or a callsite misbehaves; the trail goes on.
    Degraded,
    /// A signature or a proof does not hold: what it was given with is not
    /// what was signed or logged.
    Verification,
    /// There is no room, on the disk or in memory; with room, it goes on.
    #[cfg(feature = "journal")]
    Full,
    /// The journal stores nothing any more until it is opened again.
    #[cfg(feature = "journal")]
    Poisoned,
    /// A log is damaged; the message says where.
    #[cfg(feature = "journal")]
    Damaged,
    /// Another writer has the log; the message says who.
    #[cfg(feature = "journal")]
    Locked,
    /// A log is older than a known checkpoint of it, or missing.
    #[cfg(feature = "journal")]
    RolledBack,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), path: None, source: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::InvalidInput, message)
    }

    pub(crate) fn io(
        message: impl Into<String>,
        path: impl Into<PathBuf>,
        source: std::io::Error,
    ) -> Self {
        Error {
            path: Some(path.into()),
            source: Some(Box::new(source)),
            ..Error::new(ErrorKind::Io, message)
        }
    }

    pub(crate) fn caused(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Error { source: Some(Box::new(source)), ..Error::new(kind, message) }
    }

    pub(crate) fn stopped() -> Self {
        Error::new(
            ErrorKind::Stopped,
            "the audit worker has stopped; nothing can be recorded or asked any more",
        )
    }

    pub(crate) fn on_worker() -> Self {
        Error::new(
            ErrorKind::OnWorker,
            "this call waits for the audit worker and was made on its own thread; hand the work to another thread",
        )
    }

    /// The same error with another message.
    pub(crate) fn with_message(self, change: impl FnOnce(&str) -> String) -> Self {
        Error { message: change(&self.message), ..self }
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The file or directory it is about.
    pub fn path(&self) -> Option<&std::path::Path> {
        self.path.as_deref()
    }

    /// What the system said, if that is the cause. The text of this error has it already.
    pub fn io_error(&self) -> Option<&std::io::Error> {
        self.source.as_ref()?.downcast_ref()
    }

    /// Whether the worker has stopped.
    pub fn is_stopped(&self) -> bool {
        self.kind == ErrorKind::Stopped
    }

    /// Whether a deadline passed.
    pub fn is_timeout(&self) -> bool {
        self.kind == ErrorKind::Timeout
    }

    /// Whether a signature or a proof does not hold.
    pub fn is_verification(&self) -> bool {
        self.kind == ErrorKind::Verification
    }

    /// Whether what was passed in makes no sense.
    pub fn is_invalid_input(&self) -> bool {
        self.kind == ErrorKind::InvalidInput
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(path) = &self.path {
            write!(f, ": {}", path.display())?;
        }
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    /// What is behind the cause. The cause itself is part of the text, so that whoever
    /// prints a chain of errors does not print it twice.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref()?.source()
    }
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_printed_chain_says_each_cause_once() {
        let inner = Error::invalid("the inmost cause");
        let cause = std::io::Error::other(Error::caused(ErrorKind::Format, "no text", inner));
        let error = Error::io("the file could not be read", "a.json", cause);
        let mut chain = vec![error.to_string()];
        let mut next = error.source();
        while let Some(source) = next {
            chain.push(source.to_string());
            next = source.source();
        }
        let printed = chain.join(": ");
        assert_eq!(printed, "the file could not be read: a.json: no text: the inmost cause");
        assert_eq!(error.io_error().map(std::io::Error::kind), Some(std::io::ErrorKind::Other));
        assert!(Error::stopped().io_error().is_none());
    }
}
