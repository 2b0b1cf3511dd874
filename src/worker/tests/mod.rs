//! The worker, turn by turn, under a clock and a filesystem that tests drive.

mod exports;
mod rig;
mod rotation;
mod simulation;
mod snapshots;
