//! The ledger against a plain model, on simulated disks and real files.

mod copies;
mod crash;
mod known;
mod property;
mod reading;
#[cfg(unix)]
mod real;
mod retention;
mod rig;
mod rotation;
mod speed;
mod tree;
mod writing;
