//! Rules that come with this crate, by name.

use crate::error::Result;

use super::plan::Policy;
use super::rule::Rule;

const SETS: &[(&str, &str)] = &[
    ("tower-http", include_str!("sets/tower-http.toml")),
    ("opendal", include_str!("sets/opendal.toml")),
    ("reqwest-tracing", include_str!("sets/reqwest-tracing.toml")),
    ("gen-ai", include_str!("sets/gen-ai.toml")),
];

/// Names of the sets.
pub(super) const NAMES: &[&str] = &["tower-http", "opendal", "reqwest-tracing", "gen-ai"];

/// The rules of a set, if there is one of this name.
pub(super) fn rules(name: &str) -> Option<Result<Vec<Rule>>> {
    let (_, text) = SETS.iter().find(|(known, _)| *known == name)?;
    Some(Policy::from_toml(text, name).map(|policy| policy.rules().to_vec()))
}

impl Policy {
    /// The names that [`set`](Self::set) and the key `sets` know.
    pub const SETS: &'static [&'static str] = NAMES;

    /// The rules of a set that comes with this crate, as a policy of their own.
    ///
    /// # Errors
    ///
    /// When there is no set of this name.
    pub fn set(name: &str) -> Result<Policy> {
        let rules = rules(name).unwrap_or_else(|| {
            Err(crate::Error::invalid(format!(
                "there is no set of rules called `{name}`; there are {}",
                NAMES.join(", ")
            )))
        });
        Policy::new(rules?)
    }
}
