//! Mistakes that the compiler has to find.
//!
//! `TRYBUILD=overwrite cargo test --package compile-fail` accepts what the
//! compiler says instead of what is kept in `cases`.

/// Compiled with this test and not by `trybuild`, which would then build every dependency once more instead of checking
/// it, over a minute longer.
#[test]
fn without_the_mistakes_it_compiles() {
    compile_fail::without_mistakes().unwrap();
}

#[test]
fn mistakes_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("cases/unknown_*.rs");
    cases.compile_fail("cases/unused_*.rs");
}
