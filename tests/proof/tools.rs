//! Verifiers that are programs. Where one is missing, its test says so on the
//! terminal and passes, unless `TRACING_AUDIT_REQUIRE_TOOLS` is set.

use std::io::Write as _;
use std::process::{Command, Output};

/// Runs a program that says whether the tool is there, and what its test has to
/// do if not.
pub(crate) fn is_there(tool: &str, probe: &mut Command) -> bool {
    let found = probe.output().is_ok_and(|output| output.status.success());
    if !found {
        let required = std::env::var_os("TRACING_AUDIT_REQUIRE_TOOLS").is_some();
        assert!(!required, "{tool} is missing, and TRACING_AUDIT_REQUIRE_TOOLS is set");
        // Not by a macro: the test runner would keep it to itself.
        let message = format!("\nSKIPPED: {tool} is missing, nothing was verified with it\n");
        std::io::stderr().write_all(message.as_bytes()).unwrap();
    }
    found
}

/// Runs a verifier, and returns whether it accepts and what it said.
pub(crate) fn accepts(command: &mut Command) -> (bool, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = [stdout, stderr].concat();
    (status.success(), String::from_utf8_lossy(&said).into_owned())
}
