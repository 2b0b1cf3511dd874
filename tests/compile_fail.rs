//! Mistakes that the compiler has to find.
//!
//! `TRYBUILD=overwrite cargo test --test compile_fail` accepts what the
//! compiler says instead of what is kept under `tests/compile_fail`.

#[path = "compile_fail/correct.rs"]
mod correct;

/// Compiled with this test and not by `trybuild`, which would then build every dependency once more instead of checking
/// it, over a minute longer.
#[test]
fn without_the_mistakes_it_compiles() {
    correct::run().unwrap();
}

#[test]
fn mistakes_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/unknown_*.rs");
    cases.compile_fail("tests/compile_fail/unused_*.rs");
}
