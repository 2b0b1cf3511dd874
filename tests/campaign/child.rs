//! The program that is killed: several threads that record durably and tell at
//! once what they were told, beside one whose spans are captured.

use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use tracing_audit::{Audit, AuditEvent, AuditLayer, JournalSettings, Operation, Receipt};
use tracing_subscriber::prelude::*;

/// Where it records.
pub(crate) const DIRECTORY: &str = "TRACING_AUDIT_CAMPAIGN_DIRECTORY";

const THREADS: u64 = 4;

/// Small segments and frequent checkpoints, so that a kill meets those, too.
pub(crate) fn settings(directory: &Path) -> JournalSettings {
    JournalSettings::new(directory)
        .segment_bytes_max(32 * 1024)
        .checkpoint_every(Duration::from_millis(50))
        .reserve_bytes(64 * 1024)
        .lock_wait(Duration::from_secs(120))
}

/// Never returns.
pub(crate) fn record_until_killed(directory: &Path) -> ! {
    let (layer, audit) =
        AuditLayer::builder().journal(settings(directory)).require_durable(true).build().unwrap();
    tracing_subscriber::registry().with(layer).init();
    for number in 0..THREADS {
        let audit = audit.clone();
        thread::spawn(move || record(&audit, number));
    }
    loop {
        drop(tracing::info_span!("captured", audit.operation = "RECALL", audit.user_id = "spans"));
        thread::sleep(Duration::from_micros(300));
    }
}

fn record(audit: &Audit, thread: u64) {
    for number in 0_u64.. {
        let padding = "x".repeat((number % 4 * 1_300) as usize);
        let event = AuditEvent::builder(Operation::Store)
            .user_id(format!("user-{thread}"))
            .metadata("number", number)
            .metadata("padding", padding)
            .build();
        if number % 5 == 4 {
            let begun = audit.begin(event).unwrap();
            tell(begun.receipt());
            tell(&begun.success().unwrap());
        } else {
            tell(&audit.record(event).unwrap());
        }
    }
}

/// One line, at once: place and hash of what is durable.
fn tell(receipt: &Receipt) {
    let leaf = receipt.leaf.expect("there is a journal");
    let line = format!("{} {leaf}\n", receipt.sequence);
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}
