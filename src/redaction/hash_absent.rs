//! Without the feature `hash` there are no keys, and nothing is hashed.

/// No keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct HashKeys;
