//! What the command line says of itself.

use std::fs;

use crate::run::run;

const HELP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/help.txt");

/// Accept a change with `TRACING_AUDIT_ACCEPT=1 cargo test --features cli --test cli`; read
/// the difference first.
#[test]
fn help_is_what_was_agreed() {
    let mut said = String::new();
    let commands =
        ["", "verify", "cat", "query", "proof", "verify-proof", "checkpoint", "tiles", "keys"];
    for command in commands {
        let arguments = [command, "--help"].into_iter().filter(|word| !word.is_empty());
        let shown = run(arguments);
        assert_eq!((shown.code, shown.complaints.as_str()), (0, ""));
        said.push_str(&format!("$ tracing-audit {command} --help\n{}\n", shown.out));
    }
    if std::env::var_os("TRACING_AUDIT_ACCEPT").is_some() {
        fs::write(HELP, &said).unwrap();
    }
    assert_eq!(said, fs::read_to_string(HELP).unwrap());
}

#[test]
fn bad_arguments_are_told_and_are_no_success() {
    for arguments in [vec![], vec!["verify"], vec!["frobnicate"], vec!["verify", ".", "--key"]] {
        let run = run(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.complaints.contains("--help"), "{}", run.complaints);
    }
}
