//! The program as its user runs it.

#![expect(clippy::unwrap_used, reason = "these are tests, their helper too")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_memory-example"));
    program.current_dir(folder).args(arguments);
    program
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().unwrap()
}

#[test]
fn the_trail_agrees_with_the_driver_on_any_text() {
    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("texts");
    std::fs::create_dir(&texts).unwrap();
    std::fs::write(texts.join("policy.txt"), "Refunds are paid within thirty days.\n").unwrap();
    for (nth, told) in ["a new trail", "what earlier runs left is verified"].iter().enumerate() {
        let output = run(folder.path(), &["texts"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("success_rate") && text.contains("the trail agrees"), "{text}");
        assert!(text.contains(told), "run {nth}: {text}");
        assert!(text.contains("the journal is verified"), "{text}");
    }
}

/// At moments of chance, some of them before there is anything to kill.
#[test]
fn a_run_that_is_killed_leaves_a_trail_that_the_next_verifies_and_goes_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("texts");
    std::fs::create_dir(&texts).unwrap();
    std::fs::write(texts.join("policy.txt"), "Refunds are paid within thirty days.\n").unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    for most in [20_000, 100_000, 700_000] {
        let life = Duration::from_micros(u64::from(now.subsec_nanos()) % most);
        let mut child = program(folder.path(), &["texts"]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(life);
        child.kill().unwrap();
        child.wait().unwrap();
        let output = run(folder.path(), &["texts"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let complaints = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "killed after {life:?}: {complaints}\n{text}");
        assert!(text.contains("the trail agrees"), "killed after {life:?}: {text}");
        assert!(text.contains("the journal is verified"), "killed after {life:?}: {text}");
    }
}

#[test]
fn a_trail_that_was_tampered_with_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("texts");
    std::fs::create_dir(&texts).unwrap();
    std::fs::write(texts.join("policy.txt"), "Refunds are paid within thirty days.\n").unwrap();
    assert!(run(folder.path(), &["texts"]).status.success());
    let log = std::fs::read_dir(folder.path().join("audit")).unwrap().next().unwrap().unwrap();
    let segments = log.path().join("segments");
    let segment = std::fs::read_dir(segments).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(5).position(|bytes| bytes == b"alice").unwrap();
    bytes.splice(at..at + 5, *b"mallo");
    std::fs::write(&segment, bytes).unwrap();
    let output = run(folder.path(), &["texts"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("Tampered"), "{text}");
}

#[test]
fn a_miscount_is_told_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["--sabotage"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("STORE SUCCESS: the driver saw"), "{text}");
    assert!(text.contains("user alice: the driver saw"), "{text}");
}

#[test]
fn a_folder_without_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["."]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("name another one"), "{text}");
}
