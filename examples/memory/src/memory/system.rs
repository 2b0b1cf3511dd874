//! The memory system as a whole; its operations are in the files named after
//! them.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::cache::SearchCache;
use super::caller::Caller;
use super::db::Db;
use super::error::{Error, Result};

/// A memory system that lives as long as the process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(super) db: Db,
    pub(super) cache: Arc<SearchCache>,
}

impl Memory {
    pub(crate) fn in_memory() -> Result<Self> {
        Ok(Memory { db: Db::in_memory()?, cache: Arc::default() })
    }

    /// Makes a knowledge base, unless the organisation has it already.
    pub(crate) async fn open_knowledge_base(&self, org_id: &str, name: &str) -> Result<()> {
        let (org_id, name) = (org_id.to_owned(), name.to_owned());
        self.db
            .run(move |db| {
                db.prepare_cached("INSERT OR IGNORE INTO knowledge_bases VALUES (?2, ?1)")?
                    .execute(params![org_id, name])?;
                Ok(())
            })
            .await
    }
}

/// Fails unless the caller's organisation has that knowledge base.
pub(super) fn require_knowledge_base(db: &Connection, caller: &Caller, name: &str) -> Result<()> {
    let known = db
        .prepare_cached("SELECT 1 FROM knowledge_bases WHERE org_id = ?1 AND name = ?2")?
        .exists(params![caller.org_id, name])?;
    if known { Ok(()) } else { Err(Error::KnowledgeBaseNotFound(name.to_owned())) }
}
