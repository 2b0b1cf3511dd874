//! Mistakes that the compiler has to find.
//!
//! `TRYBUILD=overwrite cargo test --test compile_fail` accepts what the
//! compiler says instead of what is kept under `tests/compile_fail`.

#[test]
fn mistakes_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile_fail/correct.rs");
    cases.compile_fail("tests/compile_fail/unknown_*.rs");
    cases.compile_fail("tests/compile_fail/unused_*.rs");
}
