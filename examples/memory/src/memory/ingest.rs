//! Documents taken in: cut into chunks, with the names that occur in them.

use rusqlite::{Connection, params};
use tracing::Span;
use tracing_audit::list;

use super::caller::Caller;
use super::error::{Error, Result};
use super::ids::document_id;
use super::store::{Note, insert_entry};
use super::system::{Memory, require_knowledge_base};
use super::text::{chunks, entities};

/// How much a chunk of a document weighs beside users' notes.
const CHUNK_IMPORTANCE: f64 = 0.5;

/// A document to take in.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub knowledge_base: String,
    /// Where it comes from: a file name, an address.
    pub source: String,
    pub text: String,
}

/// A document taken in.
#[derive(Debug)]
pub(crate) struct Ingested {
    pub document_id: String,
    pub chunk_ids: Vec<String>,
    pub entities: usize,
}

impl Memory {
    /// Takes a document in; fails if there is no text in it.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "INGEST",
        audit.resource = %document.knowledge_base,
        audit.entry_ids,
        document_id,
        source = %document.source,
        chunks_created,
        entities_extracted,
    ))]
    pub(crate) async fn ingest(&self, caller: &Caller, document: Document) -> Result<Ingested> {
        let caller = caller.clone();
        let done = self.db.run(move |db| insert(db, &caller, &document)).await?;
        self.cache.clear();
        let span = Span::current();
        span.record("audit.entry_ids", list(&done.chunk_ids));
        span.record("document_id", done.document_id.as_str());
        span.record("chunks_created", done.chunk_ids.len());
        span.record("entities_extracted", done.entities);
        Ok(done)
    }
}

fn insert(db: &Connection, caller: &Caller, document: &Document) -> Result<Ingested> {
    require_knowledge_base(db, caller, &document.knowledge_base)?;
    let chunks = chunks(&document.text);
    if chunks.is_empty() {
        return Err(Error::EmptyText);
    }
    let row = insert_document(db, caller, document)?;
    let chunk_ids = chunks
        .into_iter()
        .map(|chunk| insert_entry(db, caller, Some(row), &chunk_note(document, chunk)))
        .collect::<Result<_>>()?;
    let entities = insert_entities(db, row, &document.text)?;
    Ok(Ingested { document_id: document_id(row), chunk_ids, entities })
}

fn insert_document(db: &Connection, caller: &Caller, document: &Document) -> Result<i64> {
    db.prepare_cached(
        "INSERT INTO documents (org_id, knowledge_base, source, owner) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        caller.org_id,
        document.knowledge_base,
        document.source,
        caller.owner()
    ])?;
    Ok(db.last_insert_rowid())
}

fn chunk_note(document: &Document, content: String) -> Note {
    let knowledge_base = document.knowledge_base.clone();
    Note { knowledge_base, content, importance: CHUNK_IMPORTANCE }
}

fn insert_entities(db: &Connection, document: i64, text: &str) -> Result<usize> {
    let found = entities(text);
    let mut entity = db.prepare_cached("INSERT OR IGNORE INTO entities VALUES (?1)")?;
    let mut mention = db.prepare_cached("INSERT INTO mentions VALUES (?1, ?2)")?;
    for name in &found {
        entity.execute(params![name])?;
        mention.execute(params![document, name])?;
    }
    Ok(found.len())
}
