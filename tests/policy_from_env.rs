//! The policy that the environment names: in processes of its own, since the
//! environment is one for all tests of a process.
#![cfg(feature = "policy")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a child tells its parent")]
#![expect(clippy::disallowed_methods, reason = "only the library has gates for files")]

use std::process::Command;

use tracing::info_span;
use tracing_audit::AuditLayer;
use tracing_subscriber::prelude::*;

const RULE: &str = "[[rule]]\nname = \"orders\"\ntarget = \"shop\"\noperation = \"ORDER\"\n";

/// What a process does whose environment names a policy, or none.
#[test]
fn child() {
    let builder = match AuditLayer::from_env() {
        Ok(builder) => builder,
        Err(error) => return println!("said: {error}"),
    };
    let (layer, audit) = builder.build().unwrap();
    let _default = tracing_subscriber::registry().with(layer).set_default();
    info_span!(target: "shop", "place");
    println!("said: {} events", audit.query().count().unwrap());
}

/// What the child says with this environment.
fn said_by_child(policy: Option<&str>) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["child", "--exact", "--nocapture"]).env_remove("TRACING_AUDIT_POLICY");
    if let Some(policy) = policy {
        child.env("TRACING_AUDIT_POLICY", policy);
    }
    let output = String::from_utf8(child.output().unwrap().stdout).unwrap();
    let (_, said) = output.split_once("said: ").unwrap();
    said.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn it_is_a_path_or_toml_and_mistakes_have_their_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.toml");
    std::fs::write(&path, RULE).unwrap();
    assert_eq!(said_by_child(None), "0 events");
    assert_eq!(said_by_child(Some(RULE)), "1 events");
    assert_eq!(said_by_child(path.to_str()), "1 events");
    std::fs::write(&path, RULE.replace("operation", "operaton")).unwrap();
    let mistake = said_by_child(path.to_str());
    assert!(mistake.contains("policy.toml:4:1: a rule knows no `operaton`"), "{mistake}");
}
