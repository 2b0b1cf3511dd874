//! Notes of users: stored, recalled, forgotten.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use tracing::Span;
use tracing_audit::list;

use super::caller::Caller;
use super::error::{Error, Result};
use super::ids::{entry_id, entry_row};
use super::system::{Memory, require_knowledge_base};
use super::{acl, quota};

/// Something to remember.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    pub knowledge_base: String,
    pub content: String,
    /// From 0 to 1; weighs the note in searches.
    pub importance: f64,
}

/// Something remembered.
#[derive(Debug)]
pub(crate) struct Entry {
    pub content: String,
    /// By which principals the caller may read it, if its document is guarded.
    pub granted_by: Vec<String>,
}

/// What became of a request to forget.
#[derive(Debug, Default)]
pub(crate) struct Forgotten {
    pub forgotten: Vec<String>,
    pub missing: Vec<String>,
}

/// What became of many notes at once.
#[derive(Debug, Default)]
pub(crate) struct BulkStored {
    pub stored: Vec<String>,
    /// Which of the notes were refused, by position, and why.
    pub rejected: Vec<(usize, Error)>,
}

impl Memory {
    /// Remembers a note and returns its id.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "STORE",
        audit.actor = %caller.actor,
        audit.user_id = caller.user_id,
        audit.resource = %note.knowledge_base,
        audit.entry_ids,
        bytes = note.content.len(),
        importance = note.importance,
    ))]
    pub(crate) async fn store(&self, caller: &Caller, note: Note) -> Result<String> {
        let caller = caller.clone();
        let id = self.db.run(move |db| insert_note(db, &caller, &note)).await?;
        self.cache.clear();
        Span::current().record("audit.entry_ids", id.as_str());
        Ok(id)
    }

    /// Remembers as many of the notes as can be.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "BULK_STORE",
        audit.entry_ids,
        audit.status,
        batch_size = notes.len(),
        rejected,
    ))]
    pub(crate) async fn bulk_store(&self, caller: &Caller, notes: Vec<Note>) -> Result<BulkStored> {
        let caller = caller.clone();
        let done = self.db.run(move |db| insert_notes(db, &caller, &notes)).await?;
        self.cache.clear();
        let span = Span::current();
        span.record("audit.entry_ids", list(&done.stored));
        span.record("rejected", done.rejected.len());
        if !done.rejected.is_empty() {
            span.record("audit.status", "PARTIAL");
        }
        Ok(done)
    }

    /// Reads an entry: an own note, or a chunk of a document that the caller
    /// may read.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "RECALL",
        audit.actor = %caller.actor,
        audit.user_id = caller.user_id,
        audit.entry_ids = %id,
        bytes,
    ))]
    pub(crate) async fn recall(&self, caller: &Caller, id: &str) -> Result<Entry> {
        let (caller, id) = (caller.clone(), id.to_owned());
        let entry = self.db.run(move |db| read(db, &caller, &id)).await?;
        Span::current().record("bytes", entry.content.len());
        Ok(entry)
    }

    /// Forgets own notes. Fails if none of them is there.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "FORGET",
        audit.actor = %caller.actor,
        audit.user_id = caller.user_id,
        audit.entry_ids = list(ids),
        audit.status,
        missing,
    ))]
    pub(crate) async fn forget(&self, caller: &Caller, ids: &[String]) -> Result<Forgotten> {
        let (caller, ids) = (caller.clone(), ids.to_vec());
        let done = self.db.run(move |db| remove_notes(db, &caller, ids)).await?;
        self.cache.clear();
        if !done.missing.is_empty() {
            let span = Span::current();
            span.record("missing", list(&done.missing));
            span.record("audit.status", "PARTIAL");
        }
        Ok(done)
    }
}

fn insert_note(db: &Connection, caller: &Caller, note: &Note) -> Result<String> {
    if note.content.trim().is_empty() {
        return Err(Error::EmptyText);
    }
    require_knowledge_base(db, caller, &note.knowledge_base)?;
    quota::charge(db, caller.owner(), note.content.len())?;
    insert_entry(db, caller, None, note)
}

/// Inserts without asking whether it may be done.
pub(super) fn insert_entry(
    db: &Connection,
    caller: &Caller,
    document: Option<i64>,
    note: &Note,
) -> Result<String> {
    db.prepare_cached(
        "INSERT INTO entries (org_id, knowledge_base, document, owner, content, importance)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        caller.org_id,
        note.knowledge_base,
        document,
        caller.owner(),
        note.content,
        note.importance
    ])?;
    Ok(entry_id(db.last_insert_rowid()))
}

fn insert_notes(db: &Connection, caller: &Caller, notes: &[Note]) -> Result<BulkStored> {
    let mut done = BulkStored::default();
    for (position, note) in notes.iter().enumerate() {
        match insert_note(db, caller, note) {
            Ok(id) => done.stored.push(id),
            Err(error @ Error::Database(_)) => return Err(error),
            Err(error) => done.rejected.push((position, error)),
        }
    }
    Ok(done)
}

fn read(db: &Connection, caller: &Caller, id: &str) -> Result<Entry> {
    let found = db
        .prepare_cached(
            "SELECT content, document FROM entries
             WHERE row = ?1 AND org_id = ?2 AND (document IS NOT NULL OR owner = ?3)",
        )?
        .query_row(params![entry_row(id)?, caller.org_id, caller.owner()], content_and_document)
        .optional()?;
    let (content, document) = found.ok_or_else(|| Error::EntryNotFound(id.to_owned()))?;
    let granted_by = match document {
        Some(document) => acl::authorize(db, caller, document, None)?,
        None => Vec::new(),
    };
    Ok(Entry { content, granted_by })
}

fn content_and_document(row: &Row<'_>) -> rusqlite::Result<(String, Option<i64>)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn remove_notes(db: &Connection, caller: &Caller, ids: Vec<String>) -> Result<Forgotten> {
    let mut done = Forgotten::default();
    let mut delete = db.prepare_cached(
        "DELETE FROM entries WHERE row = ?1 AND org_id = ?2 AND owner = ?3 AND document IS NULL",
    )?;
    for id in ids {
        let row = entry_row(&id)?;
        match delete.execute(params![row, caller.org_id, caller.owner()])? {
            0 => done.missing.push(id),
            _ => done.forgotten.push(id),
        }
    }
    match done.missing.first() {
        Some(id) if done.forgotten.is_empty() => Err(Error::EntryNotFound(id.clone())),
        _ => Ok(done),
    }
}
