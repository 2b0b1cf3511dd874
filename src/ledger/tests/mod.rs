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
#[cfg(target_os = "linux")]
mod system;
mod tree;
mod writing;
