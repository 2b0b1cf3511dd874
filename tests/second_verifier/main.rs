//! A second verifier, in another language and written from docs/FORMAT.md
//! alone, comes to the same verdict as the library: on good logs, and on logs
//! that were damaged in every kind of way.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "../cli/fixture.rs"]
mod fixture;
#[expect(dead_code, reason = "other tests use more of it")]
#[path = "../proof/tools.rs"]
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fixture::{Fixture, vkey};
use tracing_audit::proof::VerifierKey;
use tracing_audit::verify::{StoredLog, Verification};
use tracing_audit::{AuditEvent, AuditLayer, JournalSettings, Operation};

const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/second_verifier/verify.py");

/// For what is sure to come, on a machine that has much else to do.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a verifier is given.
struct Given {
    directory: PathBuf,
    key: Option<String>,
    checkpoint: Option<PathBuf>,
}

fn python() -> Command {
    Command::new(std::env::var_os("SECOND_VERIFIER_PYTHON").unwrap_or("python3".into()))
}

fn is_missing() -> bool {
    !tools::is_there(
        "python 3.9",
        python().args(["-c", "import sys; assert sys.version_info >= (3, 9)"]),
    )
}

impl Given {
    fn of(fixture: &Fixture) -> Self {
        let checkpoint = fixture.kept().join(format!("{}.checkpoint", fixture::ID));
        Given { directory: fixture.parent(), key: Some(vkey()), checkpoint: Some(checkpoint) }
    }

    fn by_us(&self) -> (i32, String) {
        let mut verification = Verification::of(&self.directory);
        if let Some(key) = &self.key {
            verification = verification.key(key.parse().unwrap());
        }
        if let Some(checkpoint) = &self.checkpoint {
            verification = verification.checkpoint_file(checkpoint).unwrap();
        }
        let verdict = verification.run();
        (verdict.standing().exit_code().into(), format!("{verdict:#?}"))
    }

    fn by_them(&self) -> (i32, String) {
        let mut command = python();
        command.arg(VERIFIER).arg(&self.directory);
        if let Some(key) = &self.key {
            command.arg("--key").arg(key);
        }
        if let Some(checkpoint) = &self.checkpoint {
            command.arg("--checkpoint").arg(checkpoint);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!said.contains("Traceback"), "{said}");
        (output.status.code().unwrap(), said)
    }

    /// Both have to come to this.
    fn check(&self, expected: i32, what: &str) {
        let ((ours, verdict), (theirs, said)) = (self.by_us(), self.by_them());
        assert_eq!((ours, theirs), (expected, expected), "{what}: {verdict}\n{said}");
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Damages a file, verifies, and mends it.
fn with_changed(path: &Path, change: impl FnOnce(&mut Vec<u8>), check: impl FnOnce()) {
    let whole = fs::read(path).unwrap();
    let mut changed = whole.clone();
    change(&mut changed);
    fs::write(path, changed).unwrap();
    check();
    fs::write(path, whole).unwrap();
}

#[test]
fn good_logs_are_good_to_both() {
    if is_missing() {
        return;
    }
    let fixture = Fixture::new(400);
    let given = Given::of(&fixture);
    given.check(0, "anchored");
    given.check(0, "again");
    Given { checkpoint: None, ..Given::of(&fixture) }.check(3, "with a key alone");
    Given { key: None, checkpoint: None, ..Given::of(&fixture) }.check(3, "with nothing");
    Given { key: None, ..Given::of(&fixture) }.check(0, "with a checkpoint alone");
    Given { directory: fixture.home.path().join("nowhere"), key: None, checkpoint: None }
        .check(2, "nothing there");
    Given { directory: fixture.log(), ..Given::of(&fixture) }.check(0, "the log itself");
}

#[test]
fn damaged_logs_are_damaged_to_both() {
    if is_missing() {
        return;
    }
    let fixture = Fixture::new(300);
    let given = Given::of(&fixture);
    for path in files_below(&fixture.log()) {
        let what = path.display().to_string();
        let length = fs::metadata(&path).unwrap().len() as usize;
        // No entry says that tiles were stored, so that they need not be.
        let is_tree = what.contains("/tree/");
        for at in [9, 30, 45, 70, length / 2, length - 1] {
            if at < length {
                let what = format!("{what} byte {at}");
                with_changed(&path, |bytes| bytes[at] ^= 1 << (at % 8), || given.check(1, &what));
            }
        }
        for cut in [1, 17] {
            let is_closing_mark = what.ends_with(".open") && cut == 1;
            let expected = if is_closing_mark || is_tree { 0 } else { 1 };
            let what = format!("{what} cut by {cut}");
            with_changed(
                &path,
                |bytes| bytes.truncate(length - cut),
                || given.check(expected, &what),
            );
        }
        let moved = fixture.home.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        given.check(if is_tree { 0 } else { 1 }, &format!("{what} is missing"));
        fs::rename(&moved, &path).unwrap();
    }
}

#[test]
fn entries_in_another_spelling_are_wrong_to_both() {
    if is_missing() {
        return;
    }
    for (from, to) in [
        ("\"actor\":\"user:", "\"actor\": \"user:"),
        ("\"actor\":\"user:", "\"actor\":\"user\\u003a"),
        ("\"status\":\"SUCCESS\"", "\"status\":\"SUCCEEDED\""),
        ("\"status\":\"SUCCESS\"", "\"status\":\"SUCCESS\",\"status\":\"FAILURE\""),
        ("\"status_source\":\"explicit\"", "\"status_source\":\"explicit\",\"duration_ms\":1.50"),
        (
            "\"status_source\":\"explicit\"",
            "\"status_source\":\"explicit\",\"metadata\":{\"a\":01}",
        ),
        ("\"status_source\":\"explicit\"", "\"status_source\":\"explicit\",\"metadata\":{}"),
        ("\"operation\":\"STORE\"", "\"operation\":\"store\""),
        ("\"sequence\":7,", "\"sequence\":8,"),
    ] {
        let fixture = Fixture::changed(20, |entries| entries[7] = entries[7].replacen(from, to, 1));
        Given::of(&fixture).check(1, to);
    }
    for (from, to) in [
        (
            "\"status_source\":\"explicit\"",
            "\"status_source\":\"explicit\",\"duration_ms\":1.5e+16",
        ),
        ("\"status_source\":\"explicit\"", "\"status_source\":\"explicit\",\"busy_ms\":0.00001"),
        (
            "\"status_source\":\"explicit\"",
            "\"status_source\":\"explicit\",\"metadata\":{\"b\":[1,-2.5e-9,{}],\"a\":\"\\u001f\\n\u{7f}\"}",
        ),
    ] {
        let fixture = Fixture::changed(20, |entries| entries[7] = entries[7].replacen(from, to, 1));
        Given::of(&fixture).check(0, to);
    }
}

#[test]
fn entries_about_the_log_in_the_wrong_place_are_wrong_to_both() {
    if is_missing() {
        return;
    }
    let about_log = |entry: &str, operation: &str| {
        entry
            .replace(",\"event_id\"", ",\"kind\":\"log\",\"event_id\"")
            .replace("\"STORE\"", &format!("\"{operation}\""))
    };
    for operation in ["CLOSE", "SEAL", "CLOCK"] {
        let fixture =
            Fixture::changed(20, |entries| entries[7] = about_log(&entries[7], operation));
        let expected = if operation == "CLOSE" { 1 } else { 0 };
        Given::of(&fixture).check(expected, operation);
    }
    let fixture = Fixture::changed(20, |entries| {
        entries[0] = entries[0].replace("\"OPEN\"", "\"CLOCK\"");
    });
    Given::of(&fixture).check(1, "no OPEN");
}

#[test]
fn parts_of_events_follow_each_other_to_both() {
    if is_missing() {
        return;
    }
    let part = |entry: &mut String, id: usize, part: &str| {
        let status = format!("\"part\":\"{part}\",\"status\"");
        let own = entry.split('"').find(|text| text.starts_with("evt_")).unwrap().to_owned();
        *entry = entry.replace("\"status\"", &status).replace(&own, &fixture::event_id(id));
    };
    // With a segment's end between the second and the third.
    for (parts, expected) in [
        (vec![(7, "1/4"), (7, "2/4"), (7, "3/4"), (7, "4/4")], 0),
        (vec![(7, "1/3"), (7, "2/3"), (7, "3/3"), (8, "1/2"), (8, "2/2")], 0),
        (vec![(7, "1/4"), (7, "2/4")], 0),
        (vec![(7, "1/2"), (8, "1/2"), (8, "2/2")], 0),
        (vec![(7, "2/2")], 1),
        (vec![(7, "1/4"), (7, "3/4")], 1),
        (vec![(7, "1/4"), (7, "2/5")], 1),
        (vec![(7, "1/2"), (8, "2/2")], 1),
        (vec![(7, "1/1")], 1),
        (vec![(7, "1/65")], 1),
        (vec![(7, "0/2")], 1),
        (vec![(7, "01/2")], 1),
    ] {
        let fixture = Fixture::changed(160, |entries| {
            for (entry, (id, text)) in entries[148..].iter_mut().zip(&parts) {
                part(entry, *id, text);
            }
        });
        Given::of(&fixture).check(expected, &format!("{parts:?}"));
    }
}

/// Waits until what is sealed was compressed, and everything is signed: the
/// other verifier is none for logs that change.
fn wait_for_rest(home: &Path) {
    let is_raw = |path: &PathBuf| path.extension().is_some_and(|end| end == "seg");
    let start = Instant::now();
    loop {
        let log = Verification::of(home).run().logs.remove(0);
        let has_raw = files_below(home).iter().any(is_raw);
        if log.signed == log.size && !has_raw {
            return;
        }
        assert!(start.elapsed() < DEADLINE, "{log:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What the library writes, rather than what the fixture does.
#[test]
fn the_logs_of_a_program_are_good_to_both() {
    if is_missing() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for run in 0..3 {
        let settings = JournalSettings::new(home.path()).segment_bytes_max(30_000);
        let audit = AuditLayer::builder().journal(settings).build_without_layer().unwrap();
        for number in 0..150 {
            let event = AuditEvent::builder(Operation::Store)
                .user_id(format!("user {run}\n\u{202e}"))
                .entry_ids([number.to_string()])
                .duration_ms(0.1 * f64::from(number))
                .metadata("factor", 1e-9 * f64::from(number));
            audit.record(event).unwrap();
        }
        let ids = (0..3_000).map(|number| format!("entry of the run {run} with number {number}"));
        audit.record(AuditEvent::builder(Operation::Import).entry_ids(ids)).unwrap();
        if run < 2 {
            assert!(audit.shutdown(DEADLINE).is_complete);
        } else {
            // As after a kill.
            audit.sync().unwrap();
            std::mem::forget(audit);
            wait_for_rest(home.path());
        }
        let log = StoredLog::all_at(home.path()).unwrap().remove(0);
        let key: VerifierKey = log.keys().unwrap().remove(0);
        let kept = home.path().join("kept");
        fs::write(&kept, log.checkpoint().unwrap().unwrap()).unwrap();
        let directory = log.directory().to_owned();
        let given = Given { directory, key: Some(key.to_string()), checkpoint: Some(kept) };
        given.check(0, "a log of a program");
    }
}
