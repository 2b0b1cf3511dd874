//! A trail that outlives its process: real files, through the public API.

use std::path::Path;
use std::time::Duration;

use tracing_audit::event::Kind;
use tracing_audit::{
    Audit, AuditEvent, AuditLayer, Durability, ErrorKind, EventId, JournalSettings, Operation,
    Order, OverflowPolicy, Status, StatusSource,
};

use tracing_audit::proof::SignerKey;
use tracing_audit::verify::{FindingKind, StoredLog, Verification};
use tracing_subscriber::layer::SubscriberExt;

use crate::trail::{DEADLINE, subscribe};

pub(crate) fn open(directory: &Path) -> Audit {
    AuditLayer::builder().journal(directory).build_without_layer().unwrap()
}

pub(crate) fn close(audit: &Audit) {
    let report = audit.shutdown(DEADLINE);
    assert!(report.is_complete, "{report:?}");
    let journal = report.journal.unwrap();
    assert!(journal.is_closed && journal.problem.is_none(), "{journal:?}");
    assert_eq!((journal.size, journal.checkpoint_size), (journal.durable, Some(journal.size)));
}

pub(crate) fn stored(user: &str, id: usize) -> AuditEvent {
    AuditEvent::builder(Operation::Store).user_id(user).entry_ids([id.to_string()]).build()
}

pub(crate) fn facts(audit: &Audit) -> Vec<String> {
    let facts = audit.query().kind(Kind::Log).order(Order::OldestFirst).run().unwrap().events;
    facts.iter().map(|fact| fact.operation.to_string()).collect()
}

/// The entries with this id.
fn by_id(audit: &Audit, id: EventId) -> Vec<AuditEvent> {
    let mut entries = audit.query().every_kind().run().unwrap().events;
    entries.retain(|event| event.event_id == id);
    entries
}

/// The one log below a directory.
pub(crate) fn log_of(directory: &Path) -> std::path::PathBuf {
    let mut logs: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(logs.len(), 1, "{logs:?}");
    logs.remove(0)
}

#[test]
fn a_second_run_answers_from_the_history_of_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    for id in 0..20 {
        audit.record(stored(if id % 2 == 0 { "alice" } else { "bob" }, id)).unwrap();
    }
    let before = audit.query().every_kind().run().unwrap().events;
    close(&audit);
    drop(audit);

    let audit = open(directory.path());
    let events = audit.query().every_kind().run().unwrap().events;
    let of_first: Vec<_> = events.iter().filter(|event| before.contains(event)).collect();
    assert_eq!(of_first.len(), before.len(), "everything came back as it was");
    assert_eq!(audit.query().user("alice").count().unwrap(), 10);
    assert_eq!(audit.query().entry_ids(["7"]).run().unwrap().events.len(), 1);
    assert_eq!(audit.statistics().total_events, 20);
    assert_eq!(audit.health().recorded_events, 0, "of this run");
    assert_eq!(facts(&audit), ["OPEN", "CLOSE", "OPEN"]);

    audit.record(stored("alice", 20)).unwrap();
    let all = audit.query().every_kind().order(Order::OldestFirst).run().unwrap().events;
    let sequences: Vec<_> = all.iter().map(|event| event.sequence.unwrap().0).collect();
    assert_eq!(sequences, (0..24).collect::<Vec<_>>());
    close(&audit);
}

/// As when `main` returns: the handle goes, the global subscriber keeps the layer.
#[test]
fn dropping_the_last_handle_waits_until_what_was_completed_is_durable() {
    let directory = tempfile::tempdir().unwrap();
    let settings = JournalSettings::new(directory.path()).group_commit(Duration::from_secs(3_600));
    let (layer, audit) = AuditLayer::builder().journal(settings).build().unwrap();
    let subscriber = tracing_subscriber::registry().with(layer);
    let entries = || {
        let log = StoredLog::all_at(directory.path()).unwrap().remove(0);
        let mut entries = log.entries().unwrap();
        let mut events = 0;
        while let Some(entry) = entries.next_entry().unwrap() {
            events += usize::from(!entry.terminal_text().contains("\"kind\":\"log\""));
        }
        events
    };
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..500 {
            tracing::info_span!("store", audit.operation = "STORE").in_scope(|| ());
        }
        audit.flush().unwrap();
        assert_eq!(entries(), 0, "nothing made them wait for the disk");
        drop(audit);
        assert_eq!(entries(), 500);
    });
}

#[test]
fn a_receipt_is_given_when_the_event_is_durable() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let receipt = audit.record(stored("alice", 0)).unwrap();
    assert_eq!(receipt.durability, Durability::Durable);
    let state = audit.health().journal.unwrap();
    assert!(state.durable > receipt.sequence.0, "{state:?}");

    let checkpoint = receipt.checkpoint().unwrap();
    assert!(checkpoint.checkpoint().head().size > receipt.sequence.0);
    assert_eq!(checkpoint.checkpoint().origin(), state.origin);
    let key = state.verifier_key.parse().unwrap();
    let text = checkpoint.to_string();
    tracing_audit::proof::SignedCheckpoint::open(&text, &state.origin, &[key]).unwrap();

    let event = &by_id(&audit, receipt.event_id)[0];
    let entry = serde_json::to_vec(event).unwrap();
    assert_eq!(receipt.leaf, Some(tracing_audit::proof::leaf_hash(&entry)));
    close(&audit);
}

#[tokio::test]
async fn acknowledged_calls_have_async_twins() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let receipt = audit.record_async(stored("alice", 0)).await.unwrap();
    assert!(receipt.checkpoint_async().await.is_ok());
    let mut begun = audit.begin_async(stored("alice", 1)).await.unwrap();
    begun.entry_ids(["extra"]);
    let done = begun.success_async().await.unwrap();
    assert!(audit.sync_async().await.is_ok());
    assert_eq!(by_id(&audit, done.event_id).len(), 2);
    close(&audit);
}

#[test]
fn without_a_journal_a_receipt_says_memory_and_durable_can_be_required() {
    let audit = AuditLayer::builder().build_without_layer().unwrap();
    let receipt = audit.record(stored("alice", 0)).unwrap();
    assert_eq!((receipt.durability, receipt.leaf), (Durability::Memory, None));
    assert!(receipt.checkpoint().unwrap_err().to_string().contains("journal"));
    assert!(audit.sync().unwrap_err().to_string().contains("journal"));
    let error = AuditLayer::builder().require_durable(true).build_without_layer().unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("journal"), "{error}");
    let directory = tempfile::tempdir().unwrap();
    let builder = AuditLayer::builder().require_durable(true).journal(directory.path());
    close(&builder.build_without_layer().unwrap());
}

#[test]
fn captured_spans_are_durable_after_a_sync() {
    use tracing_subscriber::prelude::*;
    let directory = tempfile::tempdir().unwrap();
    let settings = JournalSettings::new(directory.path()).group_commit(Duration::from_secs(3_600));
    let (layer, audit) = AuditLayer::builder().journal(settings).build().unwrap();
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, || {
        for _ in 0..100 {
            drop(tracing::info_span!("op", audit.operation = "STORE", audit.user_id = "alice"));
        }
    });
    audit.flush().unwrap();
    let state = audit.health().journal.unwrap();
    assert!(state.size >= 100 && state.durable < 100, "{state:?}");
    audit.sync().unwrap();
    let state = audit.health().journal.unwrap();
    assert_eq!((state.size, state.durable), (101, 101));
    close(&audit);
}

#[test]
fn what_left_memory_is_found_although_its_group_is_not_due_for_an_hour() {
    use tracing_subscriber::prelude::*;
    let directory = tempfile::tempdir().unwrap();
    let settings = JournalSettings::new(directory.path())
        .group_commit(Duration::from_secs(3_600))
        .checkpoint_every(Duration::from_secs(3_600));
    let builder = AuditLayer::builder().journal(settings).buffer_events_max(20);
    let (layer, audit) = builder.build().unwrap();
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, || {
        for _ in 0..100 {
            drop(tracing::info_span!("op", audit.operation = "STORE", audit.user_id = "alice"));
        }
    });
    for order in [Order::NewestFirst, Order::OldestFirst] {
        assert_eq!(audit.query().order(order).run().unwrap().len(), 100);
    }
    assert!(audit.health().rotated_events > 0, "nothing left memory");
    close(&audit);
}

#[test]
fn the_last_handle_closes_the_log_when_the_layer_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    audit.record(stored("alice", 0)).unwrap();
    drop(audit);
    // On a slow disk it goes on closing for a while.
    let settings = JournalSettings::new(directory.path()).lock_wait(DEADLINE);
    let audit = AuditLayer::builder().journal(settings).build_without_layer().unwrap();
    log_of(directory.path());
    assert_eq!(facts(&audit), ["OPEN", "CLOSE", "OPEN"]);
    close(&audit);
}

#[test]
fn a_second_writer_begins_a_log_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (open(directory.path()), open(directory.path()));
    let states = [&one, &other].map(|audit| audit.health().journal.unwrap());
    assert_ne!(states[0].origin, states[1].origin);
    one.record(stored("alice", 0)).unwrap();
    other.record(stored("bob", 0)).unwrap();
    assert_eq!(one.query().count().unwrap(), 1);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    close(&one);
    close(&other);
    // Both are taken up again, one by one.
    let again = [open(directory.path()), open(directory.path())];
    let origins: Vec<_> =
        again.iter().map(|audit| audit.health().journal.unwrap().origin).collect();
    assert!(states.iter().all(|state| origins.contains(&state.origin)));
    again.iter().for_each(close);
}

#[test]
fn a_journal_that_cannot_be_there_is_an_error_that_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = AuditLayer::builder().journal(file.as_path()).build_without_layer().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn what_is_begun_is_one_event_with_its_outcome() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let event = || AuditEvent::builder(Operation::DeleteUser).user_id("alice").metadata("by", "ui");
    let mut begun = audit.begin(event()).unwrap();
    let id = begun.event_id();
    let intents = by_id(&audit, id);
    assert_eq!(intents.len(), 1);
    assert_eq!((intents[0].kind, intents[0].status), (Kind::Log, Status::Unknown));
    assert_eq!(intents[0].metadata.get("audit.intended").unwrap(), "DELETE_USER");
    assert_eq!(intents[0].user_id.as_deref(), Some("alice"));
    assert_eq!(audit.query().count().unwrap(), 0, "it has not happened yet");

    begun.metadata("rows", 7).entry_ids(["row"]);
    begun.partial("one was locked").unwrap();
    let done = &audit.query().run().unwrap().events[0];
    assert_eq!((done.operation.clone(), done.status), (Operation::DeleteUser, Status::Partial));
    assert_eq!(done.metadata.get("rows").unwrap(), 7);
    assert_eq!(done.metadata.get("by").unwrap(), "ui");
    assert_eq!(done.error_message.as_deref(), Some("one was locked"));
    assert!(done.duration.is_some() && done.entry_ids == ["row"]);
    assert_eq!(by_id(&audit, id).len(), 2);

    audit.begin(event()).unwrap().failure("no such user").unwrap();
    drop(audit.begin(event()).unwrap());
    let dropped = &audit.query().run().unwrap().events[0];
    assert_eq!(
        (dropped.status, dropped.status_source),
        (Status::Unknown, StatusSource::Incomplete)
    );
    assert_eq!(audit.statistics().total_events, 3);
    close(&audit);
}

#[test]
fn what_is_open_at_shutdown_is_recorded_as_open() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let begun = audit.begin(stored("alice", 0)).unwrap();
    let report = audit.shutdown(DEADLINE);
    assert_eq!(report.open, 1);
    assert!(begun.success().unwrap_err().is_stopped());
    drop(audit);
    let audit = open(directory.path());
    let event = &audit.query().run().unwrap().events[0];
    assert_eq!((event.status, event.status_source), (Status::Unknown, StatusSource::Open));
    close(&audit);
}

#[test]
fn events_too_long_for_an_entry_are_cut_the_same_in_memory_and_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let mut event = AuditEvent::builder("STORE").user_id("alice");
    for field in 0..10 {
        event = event.metadata(field.to_string(), "x".repeat(8_000));
    }
    audit.record(event).unwrap();
    let held = audit.query().run().unwrap().events;
    assert!(serde_json::to_vec(&held[0]).unwrap().len() <= 32 * 1024);
    assert!(held[0].metadata.get("9").unwrap().as_str().unwrap().contains("cut from 8000"));
    assert_eq!(held[0].metadata.get("0").unwrap().as_str().unwrap().len(), 8_000);
    close(&audit);
    drop(audit);
    let audit = open(directory.path());
    assert_eq!(audit.query().run().unwrap().events, held);
    close(&audit);
}

#[test]
fn who_trusts_the_old_key_can_trust_the_log_after_a_rotation() {
    let directory = tempfile::tempdir().unwrap();
    let copies = tempfile::tempdir().unwrap();
    let settings =
        || JournalSettings::new(directory.path().join("audit")).checkpoint_copy(copies.path());
    let audit = AuditLayer::builder().journal(settings()).build_without_layer().unwrap();
    audit.record(stored("alice", 0)).unwrap();
    let old = audit.health().journal.unwrap().verifier_key;
    let both = audit.rotate_signing_key(None).unwrap();
    assert_eq!(both.note().signatures().len(), 2);
    let new = audit.health().journal.unwrap().verifier_key;
    assert_ne!(old, new);
    audit.hold("case 7").unwrap();
    audit.release_hold().unwrap();
    close(&audit);
    drop(audit);

    let mut verification = tracing_audit::verify::Verification::of(directory.path().join("audit"))
        .key(old.parse().unwrap());
    for copy in std::fs::read_dir(copies.path()).unwrap() {
        verification = verification.checkpoint_file(copy.unwrap().path()).unwrap();
    }
    let verdict = verification.run();
    assert_eq!(verdict.standing(), tracing_audit::verify::Standing::Anchored, "{verdict:?}");
    let audit = AuditLayer::builder().journal(settings()).build_without_layer().unwrap();
    assert_eq!(facts(&audit), ["OPEN", "KEY", "CLOSE", "OPEN"]);
    close(&audit);
}

#[test]
fn a_short_retention_has_to_be_meant() {
    let directory = tempfile::tempdir().unwrap();
    let day = Duration::from_secs(86_400);
    let settings = || {
        JournalSettings::new(directory.path()).retention_age_max(30 * day).retention_age_min(day)
    };
    let error = AuditLayer::builder().journal(settings()).build_without_layer().unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("180"), "{error}");
    let meant = settings().short_retention_accepted(true);
    close(&AuditLayer::builder().journal(meant).build_without_layer().unwrap());
}

/// What is acknowledged has to verify, whatever it was called.
#[test]
fn operations_without_a_name_and_times_without_four_digits_verify() {
    use tracing_subscriber::prelude::*;
    let directory = tempfile::tempdir().unwrap();
    let (layer, audit) = AuditLayer::builder().journal(directory.path()).build().unwrap();
    let long = format!("{} {}", "X".repeat(127), "Y".repeat(10));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        for name in ["", "   ", "\n", "\u{3000}", long.as_str()] {
            tracing::info_span!("work", audit.operation = name).in_scope(|| ());
            tracing::info_span!(" ", audit.operation = name).in_scope(|| ());
            audit.record(AuditEvent::builder(name)).unwrap();
            audit.begin(AuditEvent::builder(name)).unwrap().success().unwrap();
        }
    });
    audit.record(AuditEvent::builder(Operation::Custom("lower".into()))).unwrap();
    for time in [chrono::DateTime::<chrono::Utc>::MAX_UTC, chrono::DateTime::<chrono::Utc>::MIN_UTC]
    {
        audit.record(AuditEvent::builder("store").timestamp(time)).unwrap();
    }
    let seen = audit.query().group_by(tracing_audit::Field::Operation).unwrap();
    let cut = "X".repeat(127);
    for (name, count) in [("UNNAMED", 12), ("WORK", 4), (&*cut, 4), ("LOWER", 1), ("STORE", 2)] {
        assert!(seen.contains(&(name.to_owned(), count)), "{name}: {seen:?}");
    }
    let before = audit.query().run().unwrap().events;
    close(&audit);
    drop(audit);
    let verified = tracing_audit::verify::Verification::of(directory.path()).run();
    assert!(verified.first_tampering().is_none(), "{:?}", verified.first_tampering());
    let audit = open(directory.path());
    assert_eq!(audit.query().run().unwrap().events, before);
    close(&audit);
}

#[test]
fn an_operation_that_was_begun_keeps_the_limits_with_what_its_outcome_adds() {
    use tracing_audit::event::limits::{METADATA_CUT_KEY, METADATA_FIELDS_MAX};
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let mut begun = audit.begin(AuditEvent::builder("store").metadata("first", 1)).unwrap();
    for number in 0..1_000 {
        begun.metadata(format!("k{number}"), number);
    }
    begun.success().unwrap();
    let event = audit.query().run().unwrap().events.remove(0);
    assert_eq!(event.metadata.len(), METADATA_FIELDS_MAX + 1);
    assert_eq!(event.metadata.get(METADATA_CUT_KEY), Some(&serde_json::json!(1_001 - 128)));
    close(&audit);
}

/// A user who is told as the actor alone is found before and after a restart.
#[test]
fn an_actor_that_is_a_user_is_the_user_in_every_run() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let mut event = AuditEvent::builder("store").build();
    event.actor = tracing_audit::Actor::User("bob".into());
    audit.record(event).unwrap();
    assert_eq!(audit.query().user("bob").count().unwrap(), 1);
    let before = audit.query().run().unwrap().events;
    close(&audit);
    drop(audit);
    let audit = open(directory.path());
    assert_eq!(audit.query().run().unwrap().events, before);
    close(&audit);
}

#[test]
fn a_mistake_in_the_settings_is_told_with_the_name_of_the_setting() {
    let directory = tempfile::tempdir().unwrap();
    let year = Duration::from_secs(365 * 86_400);
    let settings = || JournalSettings::new(directory.path());
    for (settings, told) in [
        (settings().segment_bytes_max(0), "segment_bytes_max is 0; give at least 1"),
        (settings().group_bytes_max(65_550), "group_bytes_max is 65550; give at least 65551"),
        (settings().retention_age_max(Duration::from_secs(1)), "`short_retention_accepted`"),
        (
            settings().retention_age_min(year).retention_age_max(year / 2),
            "lower `retention_age_min` or raise `retention_age_max`",
        ),
        (JournalSettings::new(""), "an empty path names no directory; give the journal one"),
    ] {
        let error = AuditLayer::builder().journal(settings).build_without_layer().unwrap_err();
        assert!(error.is_invalid_input(), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    close(
        &AuditLayer::builder()
            .journal(settings().group_bytes_max(65_551))
            .build_without_layer()
            .unwrap(),
    );
    let error = AuditLayer::builder().export_directory("").build_without_layer().unwrap_err();
    assert!(error.to_string().starts_with("export_directory is an empty path"), "{error}");
}

#[test]
fn a_log_that_was_signed_by_a_key_kept_elsewhere_asks_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key");
    drop(SignerKey::create_file(&key, "any").unwrap());
    let parent = directory.path().join("audit");
    let given = || AuditLayer::builder().journal(JournalSettings::new(&parent).signing_key(&key));
    close(&given().build_without_layer().unwrap());
    let error = AuditLayer::builder().journal(&*parent).build_without_layer().unwrap_err();
    assert!(error.to_string().contains("`signing_key`"), "{error}");
    close(&given().build_without_layer().unwrap());
}

#[test]
fn a_verification_says_how_much_the_log_tells_to_be_lost_and_why() {
    let directory = tempfile::tempdir().unwrap();
    let builder = AuditLayer::builder().journal(directory.path()).queue_events_max(1);
    let (layer, audit) = builder.overflow(OverflowPolicy::Drop).build().unwrap();
    let _default = subscribe(tracing_subscriber::registry().with(layer));
    while audit.health().lost_events() == 0 {
        drop(tracing::info_span!("op", audit.operation = "MANY"));
    }
    close(&audit);
    let lost = audit.health().lost_events();
    let log = Verification::of(directory.path()).run().logs.remove(0);
    let gaps = log.findings.iter().filter(|finding| finding.kind == FindingKind::Gap);
    let told: Vec<_> = gaps.map(|finding| finding.found.as_str()).collect();
    let count = |told: &&str| {
        let count =
            told.strip_prefix("the log tells of losses: ")?.strip_suffix(" events, full")?;
        count.parse::<u64>().ok()
    };
    assert_eq!(told.iter().filter_map(count).sum::<u64>(), lost, "{told:?}");
}
