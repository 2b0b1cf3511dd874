//! Events as documents: a finite result in, bytes out, and back.
//!
//! One file per format; `file_name` is the one place that knows how files
//! are named. Everything here is pure and streams: a writer holds one event at
//! a time. Whatever format is chosen, nothing of an event is hidden, and
//! reading a document back gives the same events.
//!
//! What this does not do: open files (see the filesystem gate) or choose
//! events (see queries).

mod document;
mod entry;
mod file_name;
mod format;
mod jsonl;
mod letter_case;

pub(crate) use file_name::{rotation_names, snapshot_names};
pub(crate) use format::write_events;
pub use format::{Format, read, write};
pub use jsonl::{JsonLines, json_lines};
