//! The trail that outlives the process: what it keeps, and in how many bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tracing_audit::verify::{Standing, StoredLog, Verification};
use tracing_audit::{AuditEvent, JournalSettings, list};

use crate::memory::{Trail, forget, store};

/// Every entry on disk, byte by byte.
fn entries(directory: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for log in StoredLog::all_at(directory).unwrap() {
        let mut entries = log.entries().unwrap();
        while let Some(entry) = entries.next_entry().unwrap() {
            found.push(entry.bytes.to_vec());
        }
    }
    found
}

#[test]
fn m13_nothing_that_was_written_is_changed_or_removed_by_whatever_comes_later() {
    let home = tempfile::tempdir().unwrap();
    let (mut before, mut kept) = (Vec::new(), Vec::new());
    for run in 0..4 {
        // More than the buffer holds, in segments of a few events.
        let trail = Trail::with(|builder| {
            let journal = JournalSettings::new(home.path()).segment_bytes_max(20_000);
            builder.buffer_events_max(10).journal(journal)
        });
        for id in 0..100 {
            store(&format!("user_{run}"), "session_abc", &format!("entry_{id}")).unwrap();
        }
        forget(&format!("user_{run}"), "entry_7").unwrap();
        trail.audit.rotate().unwrap();
        for earlier in 0..=run {
            let of_run = trail.audit.query().user(format!("user_{earlier}"));
            assert_eq!(of_run.count().unwrap(), 101, "{earlier} in {run}");
            assert_eq!(of_run.entry_ids(["entry_7"]).count().unwrap(), 2);
        }
        assert!(trail.audit.shutdown(Duration::from_secs(120)).is_complete);
        drop(trail);
        let now = entries(home.path());
        assert!(now.len() > before.len() + 100 && now.starts_with(&before), "run {run}");
        before = now;
        let log = StoredLog::all_at(home.path()).unwrap().remove(0);
        kept.push(log.checkpoint().unwrap().unwrap());
        // Each checkpoint that was ever signed still holds.
        let mut request = Verification::of(home.path());
        for (number, checkpoint) in kept.iter().enumerate() {
            request = request.checkpoint(number.to_string(), checkpoint).unwrap();
        }
        assert_eq!(request.run().standing(), Standing::Anchored);
    }
}

/// As a service would say it: users, their sessions, what was done, from where.
fn realistic(number: u64) {
    const OPERATIONS: [&str; 5] = ["STORE", "RECALL", "SEARCH", "RECALL", "FORGET"];
    // Numbers that look like chance, and are the same in each run.
    let chance = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let user = (chance >> 40) % 500;
    let operation = OPERATIONS[(number % 5) as usize];
    let ids: Vec<String> =
        (0..1 + number % 3).map(|n| format!("entry_{}", number * 3 + n)).collect();
    tracing::info_span!(
        "handle_memory_request",
        audit.operation = operation,
        audit.user_id = format!("user_{user:05}"),
        audit.session_id = format!("session_{:06}", user * 7 + number / 2_000),
        audit.org_id = format!("org_{:03}", user % 20),
        audit.resource = format!("collection_{}", user % 8),
        audit.source = format!("10.0.{}.{}", user % 4, user % 250),
        audit.entry_ids = list(&ids),
        results = chance % 20,
        importance = (chance >> 20) as f64 % 100.0 / 100.0,
        query_type = ["simple", "hybrid"][(number % 2) as usize],
    );
}

fn named(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// The reference takes 200 to 500 bytes for an entry that says less. The hashes of
/// the tree, which no compression makes smaller, take another 32.
#[test]
fn m16_a_sealed_event_takes_less_than_80_bytes_its_index_included() {
    const EVENTS: u64 = 12_000;
    let home = tempfile::tempdir().unwrap();
    let trail = Trail::with(|builder| {
        let journal = JournalSettings::new(home.path()).segment_bytes_max(2_000_000);
        builder.queue_events_max(2 * EVENTS as usize).journal(journal)
    });
    // What is written at once ends in one segment, however long that gets.
    for number in 0..EVENTS {
        realistic(number);
        if number % 1_000 == 999 {
            trail.audit.sync().unwrap();
        }
    }
    let log = StoredLog::all_at(home.path()).unwrap().remove(0);
    let segments = log.directory().join("segments");
    let is_packed = || {
        let packed = named(&segments, "zst");
        let is_indexed = packed.len() == named(&segments, "idx").len();
        named(&segments, "seg").is_empty() && packed.len() >= 2 && is_indexed
    };
    let give_up = Instant::now() + Duration::from_secs(120);
    while !is_packed() {
        assert!(Instant::now() < give_up, "sealed segments are not compressed");
        std::thread::sleep(Duration::from_millis(20));
    }
    // What is sealed ends where the open segment begins.
    let open = named(&segments, "open").remove(0);
    let sealed: u64 = open.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let bytes = |paths: Vec<PathBuf>| -> u64 {
        paths.iter().map(|path| fs::metadata(path).unwrap().len()).sum()
    };
    let tree = fs::read_dir(log.directory().join("tree")).unwrap();
    let tree = bytes(tree.map(|entry| entry.unwrap().path()).collect());
    let all = bytes(named(&segments, "zst")) + bytes(named(&segments, "idx"));
    assert!(sealed > EVENTS / 2, "{sealed} sealed");
    let each = all / sealed;
    assert!((30..80).contains(&each), "{each} bytes an event");
    // Of entries that are not sealed yet, too, as far as their tiles were stored.
    let size = entries(home.path()).len() as u64;
    assert!((1..33 * size).contains(&tree), "{tree} bytes of hashes for {size}");
    let events: Vec<AuditEvent> = trail.audit.query().limit(3).run().unwrap().events;
    assert!(events.iter().all(|event| serde_json::to_vec(event).unwrap().len() > 400));
}
