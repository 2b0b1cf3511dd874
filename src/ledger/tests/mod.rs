//! The ledger against a plain model, on simulated disks and real files.

mod rig;
mod writing;
