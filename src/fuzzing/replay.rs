//! The kept inputs, through the functions that the fuzzer calls.

#![expect(clippy::disallowed_methods, reason = "reads what is kept beside the code")]

use std::fs;
use std::path::Path;

/// Runs a target on each of its inputs in a directory; returns how many there
/// are.
fn replay(directory: &str, name: &str, target: Target) -> usize {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory).join(name);
    let mut count = 0;
    for input in fs::read_dir(&directory).into_iter().flatten() {
        let path = input.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let outcome = std::panic::catch_unwind(|| target(&bytes));
        assert!(outcome.is_ok(), "{} fails; see above", path.display());
        count += 1;
    }
    count
}

/// A target: takes whatever it is given.
type Target = fn(&[u8]);

#[test]
fn every_kept_input_of_the_fuzzer_is_replayed() {
    let targets: [(&str, Target); 5] = [
        ("frame", super::frame),
        ("recovery", super::recovery),
        ("checkpoint", super::checkpoint),
        ("proof", super::proof),
        ("tiles", super::tiles),
    ];
    let mut found = 0;
    for (name, target) in targets {
        let count = replay("fuzz/corpus", name, target);
        assert!(count >= 20, "{name} has {count} inputs");
        found += replay("fuzz/found", name, target);
    }
    assert!(found > 0);
}
