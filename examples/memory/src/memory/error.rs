//! What can go wrong in the memory system.

use std::path::PathBuf;

/// A refusal or a failure; its text is what the audit trail keeps.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no entry {0}: it was never stored here, or is forgotten")]
    EntryNotFound(String),
    #[error("there is no document {0} in this organisation")]
    DocumentNotFound(String),
    #[error("there is no knowledge base {0} in this organisation")]
    KnowledgeBaseNotFound(String),
    #[error("access to {object} is denied; it takes one of {required:?}")]
    AccessDenied { object: String, required: Vec<String> },
    #[error("the quota of {user} is {bytes_max} bytes; this would make it {bytes}")]
    QuotaExceeded { user: String, bytes_max: i64, bytes: i64 },
    #[error("the query {query:?} can't be understood: {reason}")]
    BadQuery { query: String, reason: String },
    #[error("there is nothing to store: the text is empty")]
    EmptyText,
    #[error("{path}: line {line} is no entry: {source}")]
    BadLine { path: PathBuf, line: usize, source: serde_json::Error },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("the database thread was stopped before it answered")]
    Stopped,
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Error::File { path, source }
    }
}

/// A result of the memory system.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
