//! What documents and examples say of policies is true of their reader.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]

use std::path::Path;

use tracing_audit::policy::Policy;

fn document(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join(name)).unwrap()
}

/// The keys that a reader of policies names when it meets one that is none.
fn keys(policy: &str) -> Vec<String> {
    let error = Policy::from_toml(policy, "p").unwrap_err().to_string();
    let (_, known) = error.split_once("it knows ").unwrap();
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_policies_in_documents_can_be_read() {
    for (name, count) in [("docs/POLICY.md", 3), ("docs/RECIPE.md", 1)] {
        let document = document(name);
        let blocks: Vec<_> = document.split("```toml\n").skip(1).collect();
        assert_eq!(blocks.len(), count, "{name}");
        for block in blocks {
            let _ = Policy::from_toml(block.split("```").next().unwrap(), name).unwrap();
        }
    }
}

#[test]
fn it_explains_every_key_and_every_set() {
    let document = document("docs/POLICY.md");
    let strange = "zzzzzzzzzz = 1";
    for (where_it_is, policy) in [
        ("a policy", strange.to_owned()),
        ("a rule", format!("[[rule]]\n{strange}")),
        ("an operation", format!("[[rule]]\noperation = {{ {strange} }}")),
        ("an origin", format!("[[rule]]\noperation = \"X\"\nuser = {{ {strange} }}")),
        ("a condition", format!("[[rule]]\noperation = \"X\"\nwhere = {{ a = {{ {strange} }} }}")),
        ("a case", format!("[[rule]]\noperation = \"X\"\noutcome = [{{ {strange} }}]")),
        ("redaction", format!("[redact]\n{strange}")),
    ] {
        let keys = keys(&policy);
        assert!(keys.len() > 2, "{where_it_is}: {keys:?}");
        for key in keys {
            assert!(document.contains(&format!("`{key}`")), "{where_it_is}: `{key}`");
        }
    }
    for set in Policy::SETS {
        assert!(document.contains(&format!("### `{set}`")), "{set}");
    }
}

#[test]
fn the_example_of_a_web_service_has_a_policy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let _ = Policy::from_path(root.join("examples/axum/audit.toml")).unwrap();
}
