//! Entries to a file of JSON lines, and from one.

use std::path::Path;

use rusqlite::{Connection, params};
use tracing::Span;
use tracing_audit::list;

use super::caller::Caller;
use super::error::{Error, Result};
use super::store::Note;
use super::system::{Memory, require_knowledge_base};

/// What was written to a file.
#[derive(Debug)]
pub(crate) struct Exported {
    pub entries: usize,
}

/// What was read from a file.
#[derive(Debug)]
pub(crate) struct Imported {
    pub entry_ids: Vec<String>,
}

impl Memory {
    /// Writes the caller's notes to a file, one JSON object a line.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "EXPORT",
        audit.resource = %knowledge_base,
        format = "jsonl",
        path = %path.display(),
        entries,
    ))]
    pub(crate) async fn export(
        &self,
        caller: &Caller,
        knowledge_base: &str,
        path: &Path,
    ) -> Result<Exported> {
        let (caller, knowledge_base) = (caller.clone(), knowledge_base.to_owned());
        let notes = self.db.run(move |db| notes_of(db, &caller, &knowledge_base)).await?;
        let lines: String =
            notes.iter().map(|note| serde_json::json!(note).to_string() + "\n").collect();
        tokio::fs::write(path, lines).await.map_err(Error::file(path))?;
        Span::current().record("entries", notes.len());
        Ok(Exported { entries: notes.len() })
    }

    /// Stores every line of such a file as a note: the batch is one operation,
    /// whatever the number of notes.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "IMPORT",
        audit.entry_ids,
        path = %path.display(),
        entries,
    ))]
    pub(crate) async fn import(&self, caller: &Caller, path: &Path) -> Result<Imported> {
        let text = tokio::fs::read_to_string(path).await.map_err(Error::file(path))?;
        let notes = parse(path, &text)?;
        let mut entry_ids = Vec::with_capacity(notes.len());
        for note in notes {
            entry_ids.push(self.store(caller, note).await?);
        }
        let span = Span::current();
        span.record("audit.entry_ids", list(&entry_ids));
        span.record("entries", entry_ids.len());
        Ok(Imported { entry_ids })
    }
}

fn notes_of(db: &Connection, caller: &Caller, knowledge_base: &str) -> Result<Vec<Note>> {
    require_knowledge_base(db, caller, knowledge_base)?;
    let mut statement = db.prepare_cached(
        "SELECT content, importance FROM entries
         WHERE org_id = ?1 AND knowledge_base = ?2 AND owner = ?3 AND document IS NULL
         ORDER BY row",
    )?;
    let rows =
        statement.query_map(params![caller.org_id, knowledge_base, caller.owner()], |row| {
            Ok(Note {
                knowledge_base: knowledge_base.to_owned(),
                content: row.get(0)?,
                importance: row.get(1)?,
            })
        })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn parse(path: &Path, text: &str) -> Result<Vec<Note>> {
    let note = |(index, line)| {
        serde_json::from_str(line).map_err(|source| Error::BadLine {
            path: path.to_owned(),
            line: index + 1,
            source,
        })
    };
    text.lines().enumerate().map(note).collect()
}
