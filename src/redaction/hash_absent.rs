//! Without the feature `hash` there are no keys, and nothing is hashed.

/// No keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct HashKeys {}

impl HashKeys {
    /// Nothing stands in the trail in another form.
    pub(crate) fn forms(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}
