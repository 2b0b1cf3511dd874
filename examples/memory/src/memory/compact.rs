//! Upkeep that takes its time, in steps between which others get their turn,
//! and which may be cancelled between any two of them.

use std::time::Duration;

use rusqlite::{Connection, params};
use tracing::Span;
use tracing_audit::list;

use super::caller::Caller;
use super::error::Result;
use super::ids::entry_id;
use super::system::{Memory, require_knowledge_base};

/// How many duplicates are removed at once.
const BATCH: usize = 20;

/// How long to rest between two steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace(pub Duration);

/// What a compaction did.
#[derive(Debug)]
pub(crate) struct Compaction {
    pub entries_before: usize,
    pub entries_after: usize,
}

/// What a rebuild of the index did.
#[derive(Debug)]
pub(crate) struct Reindexed {
    pub entries: i64,
}

impl Memory {
    /// Removes those of the caller's notes that say the same as a newer one.
    #[tracing::instrument(ret(level = "debug"), err, skip_all, fields(
        audit.operation = "COMPACT",
        audit.resource = %knowledge_base,
        audit.entry_ids,
        strategy = "duplicates",
        entries_before,
        entries_after,
    ))]
    pub(crate) async fn compact(
        &self,
        caller: &Caller,
        knowledge_base: &str,
        pace: Pace,
    ) -> Result<Compaction> {
        let (who, kb) = (caller.clone(), knowledge_base.to_owned());
        let (entries_before, duplicates) = self.db.run(move |db| survey(db, &who, &kb)).await?;
        let span = Span::current();
        span.record("entries_before", entries_before);
        for batch in duplicates.chunks(BATCH) {
            let batch = batch.to_vec();
            self.db.run(move |db| remove(db, &batch)).await?;
            self.cache.clear();
            tokio::time::sleep(pace.0).await;
        }
        let ids: Vec<String> = duplicates.iter().copied().map(entry_id).collect();
        let entries_after = entries_before.saturating_sub(ids.len());
        span.record("audit.entry_ids", list(&ids));
        span.record("entries_after", entries_after);
        Ok(Compaction { entries_before, entries_after })
    }

    /// Checks, rebuilds and packs the full-text index.
    #[tracing::instrument(ret(level = "debug"), err, skip_all, fields(
        audit.operation = "REINDEX",
        steps_done,
        entries,
    ))]
    pub(crate) async fn reindex(&self, caller: &Caller, pace: Pace) -> Result<Reindexed> {
        super::acl::require_admin(caller, "the index")?;
        let span = Span::current();
        for (done, command) in ["integrity-check", "rebuild", "optimize"].into_iter().enumerate() {
            self.db.run(move |db| command_index(db, command)).await?;
            span.record("steps_done", done + 1);
            tokio::time::sleep(pace.0).await;
        }
        let entries = self.db.run(count_entries).await?;
        span.record("entries", entries);
        Ok(Reindexed { entries })
    }
}

/// How many notes the caller has, and which of them are older duplicates.
fn survey(db: &Connection, caller: &Caller, knowledge_base: &str) -> Result<(usize, Vec<i64>)> {
    require_knowledge_base(db, caller, knowledge_base)?;
    let notes = params![caller.org_id, knowledge_base, caller.owner()];
    let mut statement = db.prepare_cached(
        "SELECT row, row < max(row) OVER (PARTITION BY content) FROM entries
         WHERE org_id = ?1 AND knowledge_base = ?2 AND owner = ?3 AND document IS NULL
         ORDER BY row",
    )?;
    let found: Vec<(i64, bool)> = statement
        .query_map(notes, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let duplicates = found.iter().filter(|(_, older)| *older).map(|(row, _)| *row).collect();
    Ok((found.len(), duplicates))
}

fn remove(db: &Connection, rows: &[i64]) -> Result<()> {
    let mut delete = db.prepare_cached("DELETE FROM entries WHERE row = ?1")?;
    for row in rows {
        delete.execute(params![row])?;
    }
    Ok(())
}

fn command_index(db: &Connection, command: &str) -> Result<()> {
    db.prepare_cached("INSERT INTO entries_fts (entries_fts) VALUES (?1)")?
        .execute(params![command])?;
    Ok(())
}

fn count_entries(db: &Connection) -> Result<i64> {
    Ok(db.prepare_cached("SELECT count(*) FROM entries")?.query_row([], |row| row.get(0))?)
}
