//! The worker, turn by turn, under a clock and a filesystem that tests drive.

#[cfg(feature = "journal")]
mod callers;
mod exports;
mod hanging_exports;
#[cfg(feature = "journal")]
mod journal;
#[cfg(feature = "journal")]
mod journal_faults;
#[cfg(feature = "journal")]
mod journal_interrupted;
#[cfg(feature = "journal")]
mod journal_rig;
#[cfg(feature = "journal")]
mod journal_simulation;
#[cfg(feature = "journal")]
mod parts;
#[cfg(feature = "journal")]
mod power_cuts;
mod rig;
mod rotation;
mod simulation;
mod snapshots;
