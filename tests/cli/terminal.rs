//! What a person sees, on a terminal, of files that somebody made up to deceive.
//! `script` gives the command line a terminal.

use std::fs;
use std::process::{Command, Stdio};

use tracing_audit::proof::{SignedCheckpoint, SignerKey, VerifierKey};

use crate::fixture::{Fixture, event_id, origin, signer, vkey};
use crate::run::{BINARY, run};

/// What is shown, and what of it could hide, reorder or command; `None` without
/// `script`.
fn shown(arguments: &str) -> Option<String> {
    let script = |command: &str| {
        let mut script = Command::new("script");
        script.args(["-qec", command, "/dev/null"]).stdin(Stdio::null());
        script
    };
    if !crate::tools::is_there("script (util-linux)", &mut script("true")) {
        return None;
    }
    let output = script(&format!("{BINARY} {arguments}")).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    let is_bad = |letter: char| letter != '\n' && letter.is_control() || letter == '\u{202e}';
    assert!(!shown.contains(is_bad), "{shown:?}");
    Some(shown)
}

#[test]
fn cat_escapes_what_attacks_a_terminal() {
    let fixture = Fixture::new(40);
    let Some(shown) = shown(&format!("cat {}", fixture.parent().display())) else { return };
    assert_eq!(shown.matches("user:\\u202eeve").count(), 40);
}

#[test]
fn a_forged_log_cannot_hide_what_is_said_of_it() {
    let forged = format!("{}\\u001b[2K\\rwell: every entry is as written\\n\\u001b[8m", origin());
    let fixture = Fixture::changed(40, |entries| {
        entries[0] = entries[0].replacen(&origin(), &forged, 1);
    });
    let directory = fixture.parent();
    let piped = run(["verify", directory.to_str().unwrap()]);
    assert_eq!(piped.code, 1);
    assert!(!piped.out.contains(|letter: char| letter != '\n' && letter.is_control()));
    assert!(!piped.out.contains("\nwell: "), "{}", piped.out);
    assert!(piped.out.contains("an origin that can be in a checkpoint"), "{}", piped.out);
    let Some(shown) = shown(&format!("verify {}", directory.display())) else { return };
    assert_eq!(shown, piped.out);
    assert!(shown.ends_with("TAMPERED: do not trust this log\n"));
}

#[test]
fn a_proven_entry_is_shown_as_it_is_read_and_piped_as_it_is() {
    let fixture = Fixture::new(40);
    let proof = run(["proof", fixture.parent().to_str().unwrap(), &event_id(7)]);
    let file = fixture.home.path().join("proof");
    fs::write(&file, proof.out).unwrap();
    let piped = run(["verify-proof", file.to_str().unwrap(), "--key", &vkey()]);
    assert_eq!(piped.out.trim_end(), fixture.entries[7]);
    let Some(shown) = shown(&format!("verify-proof {} --key {}", file.display(), vkey())) else {
        return;
    };
    assert!(shown.contains("user:\\u202eeve"), "{shown}");
}

#[test]
fn names_of_keys_and_what_is_complained_about_are_escaped() {
    let fixture = Fixture::new(40);
    let name = format!("\u{9b}2K\u{202e}{}", origin());
    let key = VerifierKey::new(&name, signer().verifier().public_key()).unwrap();
    fs::write(fixture.log().join("log.vkey"), format!("{key}\n")).unwrap();
    let directory = fixture.parent();
    assert_eq!(run(["keys", directory.to_str().unwrap()]).out, format!("{key}\n"));
    for (command, expected) in [("keys", "\\u009b2K\\u202e"), ("checkpoint", "nothing elsewhere")] {
        let Some(shown) = shown(&format!("{command} {}", directory.display())) else { return };
        assert!(shown.contains(expected), "{shown:?}");
    }
    let Some(shown) = shown("cat '/nowhere/\u{1b}[2K\u{202e}'") else { return };
    assert!(shown.contains("/nowhere/\\u001b[2K\\u202e"), "{shown:?}");
}

#[test]
fn a_checkpoint_is_shown_escaped_and_piped_as_it_is() {
    let fixture = Fixture::new(40);
    let name = format!("\u{9b}2K\u{202e}{}", origin());
    let signer = SignerKey::from_seed(&name, &[42; 32]).unwrap();
    let checkpoint = tracing_audit::proof::Checkpoint::new(&name, fixture.head).unwrap();
    let signed: SignedCheckpoint = checkpoint.sign(&[&signer]).unwrap();
    fs::write(fixture.log().join("checkpoint"), signed.to_string()).unwrap();
    fs::write(fixture.log().join("log.vkey"), format!("{}\n", signer.verifier())).unwrap();
    let directory = fixture.parent();
    assert_eq!(run(["checkpoint", directory.to_str().unwrap()]).out, signed.to_string());
    let Some(shown) = shown(&format!("checkpoint {}", directory.display())) else { return };
    assert!(shown.starts_with("\\u009b2K\\u202e") && shown.lines().count() == 5, "{shown}");
}
