//! Beside a program that writes its log.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing_audit::verify::{FindingKind, Severity, Standing, Verification};
use tracing_audit::{Audit, AuditEvent, AuditLayer, JournalSettings, Operation};

use crate::run::run;

fn open(settings: JournalSettings) -> Audit {
    AuditLayer::builder().journal(settings).build_without_layer().unwrap()
}

#[test]
fn verifying_beside_a_writer_raises_no_alarm() {
    let home = tempfile::tempdir().unwrap();
    // Small segments, so that they are sealed while they are read.
    let settings = JournalSettings::new(home.path())
        .segment_bytes_max(40_000)
        .checkpoint_every(Duration::from_millis(20));
    let audit = open(settings);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                for _ in 0..50 {
                    audit.record(AuditEvent::builder(Operation::Store).user_id("u")).unwrap();
                }
            }
        });
        // Until the log was read at ten sizes, however long the machine takes to write it.
        let mut sizes = vec![0];
        let give_up = Instant::now() + Duration::from_secs(120);
        while sizes.len() < 10 && Instant::now() < give_up {
            let verdict = Verification::of(home.path()).run();
            assert_eq!(verdict.standing(), Standing::SelfAttested, "{verdict:#?}");
            let size = verdict.logs[0].size;
            if sizes.last() != Some(&size) {
                sizes.push(size);
            }
        }
        is_done.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        assert!(sizes.len() == 10 && sizes.is_sorted(), "{sizes:?}");
    });
    assert!(audit.shutdown(Duration::from_secs(10)).is_complete);
    let log = Verification::of(home.path()).run().logs.remove(0);
    assert_eq!((log.standing(), log.signed), (Standing::SelfAttested, log.size));
    assert_eq!(log.findings, vec![]);
}

#[test]
fn what_the_command_line_reads_of_a_program_is_what_it_recorded() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().to_str().unwrap();
    let audit = open(JournalSettings::new(home.path()));
    let receipt = audit.record(AuditEvent::builder(Operation::Store).user_id("mine")).unwrap();
    let id = receipt.event_id.to_string();
    drop(audit.shutdown(Duration::from_secs(10)));
    assert!(run(["cat", directory]).out.contains(&id));
    let key = run(["keys", directory]).out;
    assert_eq!(run(["verify", directory, "--key", key.trim_end()]).code, 3);
    let kept = home.path().join("kept");
    std::fs::write(&kept, run(["checkpoint", directory]).out).unwrap();
    let anchored = run(["verify", directory, "--checkpoint", kept.to_str().unwrap()]);
    assert_eq!(anchored.code, 0, "{anchored:?}");
    let proof = home.path().join("proof");
    std::fs::write(&proof, run(["proof", directory, &id]).out).unwrap();
    let proven = run(["verify-proof", proof.to_str().unwrap(), "--key", key.trim_end()]);
    assert!(proven.out.contains("\"user_id\":\"mine\""), "{proven:?}");
}

#[test]
fn a_program_that_was_killed_leaves_a_log_that_is_well() {
    let home = tempfile::tempdir().unwrap();
    let audit = open(JournalSettings::new(home.path()));
    audit.record(AuditEvent::builder(Operation::Store)).unwrap();
    // As a kill does: nobody closes it.
    std::mem::forget(audit);
    let log = Verification::of(home.path()).run().logs.remove(0);
    let bad = |severity| severity != Severity::Notice;
    assert!(!log.findings.iter().any(|found| bad(found.severity)), "{log:#?}");
    assert!(!log.has(FindingKind::UncleanOpen));
}

#[test]
fn the_checkpoints_of_several_logs_are_kept_and_taken_together() {
    let home = tempfile::tempdir().unwrap();
    let (together, kept) = (home.path().join("audit"), home.path().join("kept"));
    fs::create_dir(&together).unwrap();
    for name in ["one", "two", "three"] {
        let directory = home.path().join(name);
        let audit = open(JournalSettings::new(&directory));
        audit.record(AuditEvent::builder(Operation::Store).user_id(name)).unwrap();
        drop(audit.shutdown(Duration::from_secs(10)));
        let log = fs::read_dir(&directory).unwrap().next().unwrap().unwrap();
        fs::rename(log.path(), together.join(log.file_name())).unwrap();
    }
    let directory = together.to_str().unwrap();
    let printed = run(["checkpoint", directory]);
    fs::write(&kept, &printed.out).unwrap();
    let verify = || run(["verify", directory, "--checkpoint", kept.to_str().unwrap()]);
    let anchored = verify();
    assert_eq!(anchored.code, 0, "{anchored:?}");
    assert_eq!(anchored.out.matches(": 3 anchored outside").count(), 3, "{}", anchored.out);
    // A sequence is of one log; which one is not guessed.
    let which = run(["proof", directory, "2"]);
    assert_eq!(which.code, 2);
    assert!(which.complaints.contains("there are 3 logs, and each has a sequence 2"), "{which:?}");
    // A text that is cut is a mistake, and a log that is gone is missed.
    fs::write(&kept, &printed.out[..printed.out.len() - 30]).unwrap();
    assert_eq!(verify().code, 2);
    fs::write(&kept, &printed.out).unwrap();
    let gone = fs::read_dir(&together).unwrap().next().unwrap().unwrap();
    fs::rename(gone.path(), home.path().join("gone")).unwrap();
    let missed = verify();
    assert_eq!(missed.code, 1);
    assert!(missed.out.contains("no such log"), "{}", missed.out);
}

#[test]
fn what_is_proven_of_an_operation_is_how_it_ended() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("audit");
    let audit = open(JournalSettings::new(&directory));
    let event = || AuditEvent::builder(Operation::DeleteUser).user_id("alice");
    let ended = audit.begin(event()).unwrap();
    let id = ended.event_id().to_string();
    audit.record(event()).unwrap();
    ended.failure("still has entries").unwrap();
    let open_one = audit.begin(event()).unwrap();
    let open_id = open_one.event_id().to_string();
    std::mem::forget(open_one);
    audit.record(event()).unwrap().checkpoint().unwrap();
    let key = run(["keys", directory.to_str().unwrap()]).out;
    let file = home.path().join("proof");
    let prove = |event: &str| {
        let proof = run(["proof", directory.to_str().unwrap(), event]);
        assert_eq!(proof.code, 0, "{proof:?}");
        fs::write(&file, &proof.out).unwrap();
        let proven = run(["verify-proof", file.to_str().unwrap(), "--key", key.trim_end()]);
        assert_eq!((proven.code, &proven.complaints), (0, &proof.complaints), "{proven:?}");
        proven
    };
    let outcome = prove(&id);
    assert!(outcome.out.contains("still has entries") && outcome.out.contains(&id));
    assert_eq!(outcome.complaints, "");
    let intent = prove(&open_id);
    assert!(intent.out.contains("INTENT") && intent.out.contains(&open_id));
    assert!(intent.complaints.contains(&format!("the intent of event {open_id}")));
    assert!(prove("1").complaints.contains(&format!("the intent of event {id}")));
}
