//! A filesystem in memory whose power can be cut at any step.
//!
//! It keeps what programs see apart from what is on the disk. Writes reach the
//! disk at a sync; a crash lets any subset of what was not synced through, in
//! sectors of 512 bytes, and any subset of the changes of names. A failed sync
//! leaves what programs see as it was and calls it clean, as Linux does.

mod disk;
mod files;

#[cfg(test)]
pub(crate) use disk::Call;
pub(crate) use files::SimulatedFs;
