//! The ledger against a plain model, on simulated disks and real files.

mod rig;
#[cfg(target_os = "linux")]
mod system;
mod writing;
