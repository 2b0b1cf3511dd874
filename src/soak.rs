//! How long tests with random cases go on.
//!
//! Each tries as many as the checks have time for. Rare histories take more: the environment variable
//! `TRACING_AUDIT_SOAK` says how many times as many (see CONTRIBUTING.md).

use proptest::test_runner::Config;

const FACTOR: &str = "TRACING_AUDIT_SOAK";

/// So many cases, or that many times the factor.
pub(crate) fn cases(cases: u32) -> Config {
    let usual = Config::with_cases(cases);
    let factor = std::env::var(FACTOR).map_or(1, |factor| match factor.parse() {
        Ok(factor) => factor,
        Err(_) => panic!("{FACTOR} is {factor:?} and has to be a whole number"),
    });
    Config {
        cases: cases.saturating_mul(factor),
        max_global_rejects: usual.max_global_rejects.saturating_mul(factor),
        ..usual
    }
}
