//! A ledger on a simulated disk.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Result;
use crate::fs::simulated::SimulatedFs;
use crate::journal::{JournalConfig, LogId};
use crate::ledger::{Ledger, LedgerConfig, Opened};

pub(super) const LOG: LogId = LogId([7; 16]);

/// Where the logs are.
pub(super) fn parent() -> PathBuf {
    PathBuf::from("/var/audit")
}

/// Where the one log is.
pub(super) fn directory() -> PathBuf {
    parent().join(format!("log-{LOG}"))
}

pub(super) fn config() -> LedgerConfig {
    LedgerConfig::new(JournalConfig {
        reserve_bytes: 1024,
        host: "here".into(),
        ..JournalConfig::new(parent(), LOG)
    })
}

pub(super) fn open(fs: &SimulatedFs) -> Result<(Ledger, Opened)> {
    Ledger::open(config(), Arc::new(fs.clone()), 0)
}
