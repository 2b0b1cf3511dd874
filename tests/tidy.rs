//! What a reader of this project relies on, as tests: the documents name tests
//! that exist, and files stay small.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(directory: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root().join(directory)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn all_code() -> Vec<(PathBuf, String)> {
    ["src", "tests", "examples", "benches", "fuzz/fuzz_targets"]
        .into_iter()
        .flat_map(rust_files)
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// Fails unless each of these rows names a test, and all that it names exist.
/// Names with a slash are those of files.
fn name_tests_that_exist(rows: &[&str]) {
    let code = all_code();
    for row in rows {
        let tests = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            let definition = format!("fn {name}(");
            let exists = match name.contains('/') {
                true => root().join(name).exists(),
                false => code.iter().any(|(_, text)| text.contains(&definition)),
            };
            assert!(exists, "{name} does not exist");
        }
    }
}

#[test]
fn every_row_of_the_reference_systems_names_tests_that_exist() {
    let seeds = fs::read_to_string(root().join("docs/SEEDS.md")).unwrap();
    let rows: Vec<_> =
        seeds.lines().filter(|line| line.starts_with("| A") || line.starts_with("| M")).collect();
    assert_eq!(rows.len(), 30 + 16);
    name_tests_that_exist(&rows);
}

#[test]
fn every_fault_names_tests_that_exist() {
    let faults = fs::read_to_string(root().join("docs/FAULTS.md")).unwrap();
    let rows: Vec<_> = faults.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() >= 15, "{} rows", rows.len());
    name_tests_that_exist(&rows);
}

#[test]
fn no_file_is_longer_than_500_lines() {
    for (path, text) in all_code() {
        assert!(text.lines().count() <= 500, "{} is too long", path.display());
    }
}

#[test]
fn module_files_hold_declarations_only() {
    for (path, text) in all_code() {
        let is_module = path.ends_with("mod.rs") && path.starts_with(root().join("src"));
        if is_module {
            let has_function =
                text.lines().any(|line| line.starts_with("fn ") || line.starts_with("impl"));
            assert!(!has_function, "{} holds more than declarations", path.display());
        }
    }
}

#[test]
fn time_and_files_come_in_through_their_gates() {
    for (path, text) in all_code() {
        let is_gate =
            path.ends_with("clock.rs") || path.components().any(|part| part.as_os_str() == "fs");
        if !path.starts_with(root().join("src")) || is_gate {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for forbidden in [
            "Instant::now",
            "SystemTime::now",
            "Utc::now",
            " File::create",
            " File::open",
            "fs::File;",
            "fs::File:",
        ] {
            let is_test = path.to_string_lossy().contains("test");
            assert!(is_test || !code.contains(forbidden), "{}: {forbidden}", path.display());
        }
    }
}
