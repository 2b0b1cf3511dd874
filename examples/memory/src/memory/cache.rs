//! Answers of searches, kept until anything is written.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::pipeline::Hit;

/// Beyond this the cache starts afresh.
const ANSWERS_MAX: usize = 256;

/// What an answer depends on beside what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct CacheKey {
    pub org_id: String,
    pub principals: Vec<String>,
    pub knowledge_base: String,
    pub document: Option<i64>,
    pub query: String,
    pub limit: usize,
}

#[derive(Default)]
pub(super) struct SearchCache {
    answers: Mutex<HashMap<CacheKey, Vec<Hit>>>,
}

impl SearchCache {
    pub(super) fn answer(&self, key: &CacheKey) -> Option<Vec<Hit>> {
        self.lock().get(key).cloned()
    }

    pub(super) fn keep(&self, key: CacheKey, hits: &[Hit]) {
        let mut answers = self.lock();
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(key, hits.to_vec());
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CacheKey, Vec<Hit>>> {
        // Nothing that can panic half-way changes the map.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
