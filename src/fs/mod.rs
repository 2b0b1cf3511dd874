//! The one place where files come in.
//!
//! Everything that reads or writes a file goes through [`Filesystem`], so that
//! tests can make any single step fail. [`write_new_atomically`] and
//! [`write_new_file`] make finished files: complete, synced, and never over a
//! file that is already there. They run on the thread that asks, usually the
//! worker. The journal has a gate of its own, `JournalFs`.
//!
//! What this does not do: it never deletes or changes a file that it did not
//! make in the same call, and it does not retry.

mod atomic;
#[cfg(test)]
pub(crate) mod faulty;
mod gate;
#[cfg(feature = "journal")]
mod host;
#[cfg(feature = "journal")]
mod journal_gate;
#[cfg(feature = "journal")]
mod journal_os;
mod os;
#[cfg(any(test, fuzzing))]
#[cfg(feature = "journal")]
#[allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a disk for tests"
)]
pub(crate) mod simulated;

#[cfg(test)]
pub(crate) use atomic::is_temporary;
pub(crate) use atomic::{write_new_atomically, write_new_file};
pub(crate) use gate::{Filesystem, SyncWrite};
#[cfg(feature = "journal")]
pub(crate) use host::host_name;
#[cfg(feature = "journal")]
pub(crate) use journal_gate::{FileStat, JournalFile, JournalFs, OpenMode, PathKind};
pub(crate) use os::OsFilesystem;
