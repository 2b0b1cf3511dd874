//! Each command, on good logs and bad ones.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tracing_audit::proof::{Checkpoint, SignerKey};
use tracing_audit::verify::FINDINGS_MAX;

use crate::fixture::{Fixture, ID, event_id, origin, vkey};
use crate::run::{BINARY, Run, run};

fn verify(fixture: &Fixture, more: &[&str]) -> Run {
    let directory = fixture.parent();
    let mut arguments = vec!["verify", directory.to_str().unwrap()];
    arguments.extend(more);
    run(arguments)
}

fn verify_fully(fixture: &Fixture) -> Run {
    let kept = fixture.kept();
    verify(fixture, &["--key", &vkey(), "--checkpoint", kept.to_str().unwrap()])
}

#[test]
fn verify_says_what_a_log_is_worth_by_its_exit_status_too() {
    let fixture = Fixture::new(400);
    let anchored = verify_fully(&fixture);
    assert_eq!(anchored.code, 0, "{anchored:?}");
    assert!(anchored.out.contains("400 entries from sequence 0: 400 anchored outside"));
    for more in [vec![], vec!["--key".into(), vkey()]] {
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let attested = verify(&fixture, &more);
        assert_eq!(attested.code, 3, "{attested:?}");
        assert!(attested.out.contains("0 anchored outside, 400 self-attested"));
    }
    let missing = run(["verify", fixture.home.path().join("nowhere").to_str().unwrap()]);
    assert_eq!(missing.code, 2, "{missing:?}");
}

#[test]
fn verify_takes_keys_from_a_file() {
    let fixture = Fixture::new(40);
    let file = fixture.home.path().join("keys");
    fs::write(&file, format!("{}\n", vkey())).unwrap();
    assert_eq!(verify(&fixture, &["--key", file.to_str().unwrap()]).code, 3);
    fs::write(&file, "no key\n").unwrap();
    assert_eq!(verify(&fixture, &["--key", file.to_str().unwrap()]).code, 2);
    assert_eq!(verify(&fixture, &["--key", "neither key nor file"]).code, 2);
    let commented = format!("# The key of the log.\n\n  {}\n\n# Its end.\n", vkey());
    fs::write(&file, commented).unwrap();
    let told = verify(&fixture, &["--key", file.to_str().unwrap()]);
    assert_eq!((told.code, told.out.contains("its key")), (3, false), "{told:?}");
}

#[test]
fn an_argument_without_a_key_is_a_mistake() {
    let fixture = Fixture::new(40);
    let (kept, proof) = (fixture.kept(), fixture.home.path().join("proof"));
    let (kept, file) = (kept.to_str().unwrap(), fixture.home.path().join("keys"));
    let file = file.to_str().unwrap();
    fs::write(&proof, run(["proof", fixture.parent().to_str().unwrap(), "3"]).out).unwrap();
    for nothing in ["", "\n\n", "# a key, some day\n", " \t\n"] {
        fs::write(file, nothing).unwrap();
        let also = vkey();
        for keys in [vec!["--key", file], vec!["--key", &also, "--key", file]] {
            let verified = verify(&fixture, &[&keys[..], &["--checkpoint", kept]].concat());
            let of_proof = run([&["verify-proof", proof.to_str().unwrap()], &keys[..]].concat());
            for run in [verified, of_proof] {
                assert_eq!((run.code, run.out.as_str()), (2, ""), "{nothing:?}");
                assert!(run.complaints.contains("tracing-audit keys"), "{}", run.complaints);
            }
        }
    }
}

#[test]
fn verify_names_the_first_bad_byte() {
    let fixture = Fixture::new(400);
    let segment = fixture.segments().remove(1);
    fixture.damage(&segment, 40 + 16 + 20);
    let run = verify_fully(&fixture);
    assert_eq!(run.code, 1, "{run:?}");
    let place = format!("{}: byte 56: sequence 150: expected checksum", segment.display());
    assert!(run.out.contains(&place), "{}", run.out);
    assert!(run.out.contains("TAMPERED"));
}

#[test]
fn verify_says_how_many_findings_it_leaves_out() {
    // Twice as many as there is room for beside notices.
    let many = 2 * FINDINGS_MAX + 5;
    let spaced = |entries: &mut Vec<String>| {
        entries.iter_mut().for_each(|entry| *entry = entry.replace(":\"STORE", ": \"STORE"));
    };
    // The first entry and the last are no events.
    let run = verify_fully(&Fixture::changed(many + 2, spaced));
    assert_eq!(run.code, 1);
    assert!(run.out.contains("\n  and 5 more\n"), "{}", &run.out[run.out.len() - 500..]);
    let run = verify_fully(&Fixture::changed(40, spaced));
    assert!(!run.out.contains(" more\n"), "{}", run.out);
}

#[test]
fn verify_misses_a_log_that_is_gone() {
    let fixture = Fixture::new(40);
    fs::remove_dir_all(fixture.log()).unwrap();
    let run = verify_fully(&fixture);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.contains(&origin()), "{}", run.out);
}

#[test]
fn cat_prints_the_entries_as_they_are() {
    let fixture = Fixture::new(400);
    let printed = run(["cat", fixture.parent().to_str().unwrap()]);
    assert_eq!(printed.code, 0);
    assert!(printed.out.lines().eq(fixture.entries.iter().map(String::as_str)));
}

#[test]
fn cat_says_where_a_log_is_damaged_and_prints_what_comes_before() {
    let fixture = Fixture::new(400);
    fixture.damage(&fixture.segments()[1], 60);
    let printed = run(["cat", fixture.parent().to_str().unwrap()]);
    assert_eq!(printed.code, 2);
    assert_eq!(printed.out.lines().count(), 150);
    assert!(printed.complaints.contains("byte 56, sequence 150"), "{}", printed.complaints);
}

#[test]
fn nobody_reading_on_is_no_failure() {
    let fixture = Fixture::new(4000);
    let directory = fixture.parent();
    for command in ["cat", "verify", "keys", "checkpoint"] {
        let output = run_unread(command, &directory);
        let expected = if command == "verify" { 3 } else { 0 };
        assert_eq!(output.status.code(), Some(expected), "{command}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{command}");
    }
}

#[test]
fn a_checkpoint_that_is_worth_nothing_is_a_failure_though_nobody_reads_the_others() {
    let fixture = Fixture::new(40);
    let other = fixture.parent().join("log-00000000000000000000000000000001");
    fs::create_dir_all(other.join("segments")).unwrap();
    let output = run_unread("checkpoint", &fixture.parent());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no checkpoint yet"));
}

/// Runs a command whose output is closed before anything is written to it.
fn run_unread(command: &str, directory: &Path) -> Output {
    let mut child = Command::new(BINARY)
        .args([command, directory.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child.wait_with_output().unwrap()
}

#[test]
fn checkpoint_and_keys_print_what_is_kept_elsewhere() {
    let fixture = Fixture::new(40);
    let directory = fixture.parent();
    let kept = fs::read_to_string(fixture.kept().join(format!("{ID}.checkpoint"))).unwrap();
    assert_eq!(run(["checkpoint", directory.to_str().unwrap()]).out, kept);
    assert_eq!(run(["keys", directory.to_str().unwrap()]).out, format!("{}\n", vkey()));
    fs::remove_file(fixture.log().join("checkpoint")).unwrap();
    assert_eq!(run(["checkpoint", directory.to_str().unwrap()]).code, 2);
}

#[test]
fn what_is_no_checkpoint_of_the_log_is_not_printed() {
    let fixture = Fixture::new(40);
    let directory = fixture.parent();
    let checkpoint = fixture.log().join("checkpoint");
    let whole = fs::read_to_string(&checkpoint).unwrap();
    let stranger = SignerKey::from_seed(&origin(), &[43; 32]).unwrap();
    let by_stranger = Checkpoint::new(origin(), fixture.head).unwrap().sign(&[&stranger]).unwrap();
    for rubbish in [
        "",
        "no checkpoint at all",
        whole.trim_end(),
        &whole.replace("\n40\n", "\n41\n"),
        &by_stranger.to_string(),
    ] {
        fs::write(&checkpoint, rubbish).unwrap();
        let run = run(["checkpoint", directory.to_str().unwrap()]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{rubbish}");
        assert!(run.complaints.contains("worth nothing"), "{}", run.complaints);
    }
}

#[test]
fn a_proof_is_verified_without_the_log() {
    let fixture = Fixture::new(400);
    let directory = fixture.parent();
    for (name, number) in [(event_id(77), 77), ("399".into(), 399), ("0".into(), 0)] {
        let proof = run(["proof", directory.to_str().unwrap(), &name]);
        assert_eq!(proof.code, 0, "{proof:?}");
        let file = fixture.home.path().join("proof");
        fs::write(&file, &proof.out).unwrap();
        let file = file.to_str().unwrap();
        let proven = run(["verify-proof", file, "--key", &vkey()]);
        assert_eq!((proven.code, proven.out.trim_end()), (0, fixture.entries[number].as_str()));
    }
}

#[test]
fn a_proof_that_was_changed_proves_nothing() {
    let fixture = Fixture::new(400);
    let proof = run(["proof", fixture.parent().to_str().unwrap(), &event_id(77)]).out;
    let file = fixture.home.path().join("proof");
    for at in (0..proof.len()).step_by(5).filter(|at| proof.as_bytes()[*at].is_ascii()) {
        let mut changed = proof.clone().into_bytes();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        let run = run(["verify-proof", file.to_str().unwrap(), "--key", &vkey()]);
        assert_ne!(run.code, 0, "byte {at}: {run:?}");
        assert_eq!(run.out, "");
    }
}

#[test]
fn an_event_of_several_entries_is_proven_entry_by_entry() {
    let fixture = Fixture::changed(400, |entries| {
        for (number, entry) in entries[148..152].iter_mut().enumerate() {
            let part = format!("\"part\":\"{}/4\",\"status\"", number + 1);
            let own = event_id(148 + number);
            *entry = entry.replace("\"status\"", &part).replace(&own, &event_id(148));
        }
    });
    let directory = fixture.parent();
    let proof = run(["proof", directory.to_str().unwrap(), &event_id(148)]);
    assert_eq!((proof.code, proof.complaints.as_str()), (0, ""));
    let file = fixture.home.path().join("proof");
    let verify = |text: &str| {
        fs::write(&file, text).unwrap();
        run(["verify-proof", file.to_str().unwrap(), "--key", &vkey()])
    };
    let proven = verify(&proof.out);
    let lines: Vec<_> = proven.out.lines().collect();
    assert_eq!((proven.code, proven.complaints.as_str()), (0, ""));
    assert_eq!(lines, fixture.entries[148..152]);

    let of_one = run(["proof", directory.to_str().unwrap(), "150"]);
    assert_eq!(of_one.code, 0);
    assert!(of_one.complaints.contains("part 3/4"), "{of_one:?}");
    let proven = verify(&of_one.out);
    assert_eq!((proven.code, proven.out.trim_end()), (0, fixture.entries[150].as_str()));
    assert!(proven.complaints.contains("part 3/4"), "{proven:?}");
    let changed = verify(&proof.out.replacen("index 151", "index 150", 1));
    assert_eq!((changed.code, changed.out.as_str()), (1, ""));
}

#[test]
fn there_is_no_proof_of_what_is_not_in_the_log() {
    let fixture = Fixture::new(40);
    let directory = fixture.parent();
    for name in [event_id(40), "40".into(), "nonsense".into()] {
        let run = run(["proof", directory.to_str().unwrap(), &name]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{name}");
        assert!(!run.complaints.is_empty());
    }
    fixture.damage(&fixture.segments()[0], 60);
    assert_eq!(run(["proof", directory.to_str().unwrap(), "3"]).code, 2);
}

#[test]
fn tiles_are_not_written_into_a_log() {
    let fixture = Fixture::new(40);
    let (directory, log) = (fixture.parent(), fixture.log());
    let count = || fs::read_dir(&directory).unwrap().chain(fs::read_dir(&log).unwrap()).count();
    let before = count();
    let link = fixture.home.path().join("link");
    std::os::unix::fs::symlink(&log, &link).unwrap();
    let around = log.join("none/../tiles");
    for out in [&directory, &log, &log.join("tiles"), &log.join("segments"), &link, &around] {
        let run = run(["tiles", directory.to_str().unwrap(), out.to_str().unwrap()]);
        assert_eq!((run.code, count()), (2, before), "{}: {run:?}", out.display());
        assert!(run.complaints.contains("another directory"), "{}", run.complaints);
    }
    let beside = fixture.home.path().join("public");
    for out in [&beside, &log.join("../../public")] {
        let run = run(["tiles", directory.to_str().unwrap(), out.to_str().unwrap()]);
        assert_eq!((run.code, count()), (0, before), "{run:?}");
    }
    assert!(beside.join("checkpoint").exists());
}

#[test]
fn a_file_that_holds_no_checkpoint_is_named() {
    let fixture = Fixture::new(4);
    let file = fixture.home.path().join("no checkpoint");
    fs::write(&file, "nothing\n").unwrap();
    let told = verify(&fixture, &["--checkpoint", file.to_str().unwrap()]);
    assert_eq!(told.code, 2);
    assert!(told.complaints.contains(file.to_str().unwrap()), "{told:?}");
}
