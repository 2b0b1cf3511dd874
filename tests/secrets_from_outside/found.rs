//! Looks for many fragments at once.

use std::collections::HashMap;

use crate::made::FRAGMENT_BYTES_MIN;

type Begin = [u8; FRAGMENT_BYTES_MIN];

/// Fragments by how they begin, each with the number of whose it is.
#[derive(Default)]
pub(crate) struct Sought(HashMap<Begin, Vec<(String, usize)>>);

impl Sought {
    pub(crate) fn add(&mut self, fragment: &str, owner: usize) {
        let begin = fragment.as_bytes()[..FRAGMENT_BYTES_MIN].try_into().unwrap();
        self.0.entry(begin).or_default().push((fragment.to_owned(), owner));
    }

    /// Whose fragments are in it; once each, in order.
    pub(crate) fn owners(&self, bytes: &[u8]) -> Vec<usize> {
        let mut owners = Vec::new();
        for (at, begin) in bytes.windows(FRAGMENT_BYTES_MIN).enumerate() {
            let begin: &Begin = begin.try_into().unwrap();
            for (fragment, owner) in self.0.get(begin).into_iter().flatten() {
                if bytes[at..].starts_with(fragment.as_bytes()) {
                    owners.push(*owner);
                }
            }
        }
        owners.sort_unstable();
        owners.dedup();
        owners
    }
}
