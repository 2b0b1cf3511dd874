//! Who may read which document: checked, granted, denied, changed.

use rusqlite::{Connection, OptionalExtension, params};
use tracing_audit::list;

use super::caller::Caller;
use super::error::{Error, Result};
use super::ids::{document_id, document_row};
use super::system::Memory;

impl Memory {
    /// Sets who may read a document, and returns who might before. Takes the
    /// document's owner or `role:admin`.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "SET_ACL",
        document_id = %document,
        previous_principals,
        new_principals = list(principals),
    ))]
    pub(crate) async fn set_acl(
        &self,
        caller: &Caller,
        document: &str,
        principals: &[String],
    ) -> Result<Vec<String>> {
        let (caller, document, principals) =
            (caller.clone(), document.to_owned(), principals.to_vec());
        let previous = self.db.run(move |db| replace(db, &caller, &document, &principals)).await?;
        self.cache.clear();
        tracing::Span::current().record("previous_principals", list(&previous));
        Ok(previous)
    }
}

/// The principals by which the caller may read a document; none if it is open
/// to its organisation. The decision about a guarded document is audited.
pub(super) fn authorize(
    db: &Connection,
    caller: &Caller,
    document: i64,
    query: Option<&str>,
) -> Result<Vec<String>> {
    let required = principals(db, document)?;
    if required.is_empty() {
        return Ok(Vec::new());
    }
    let matched: Vec<String> = required.iter().filter(|held| caller.holds(held)).cloned().collect();
    let document = document_id(document);
    if matched.is_empty() {
        deny(caller, &document, required, query)
    } else {
        Ok(grant(&document, matched, query))
    }
}

/// Fails unless the caller is an administrator.
pub(super) fn require_admin(caller: &Caller, object: &str) -> Result<()> {
    let admin = "role:admin";
    if caller.holds(admin) {
        return Ok(());
    }
    deny(caller, object, vec![admin.to_owned()], None).map(|_| ())
}

#[tracing::instrument(skip_all, fields(
    audit.operation = "ACCESS_GRANTED",
    document_id = %document,
    matched_principals = list(&matched),
    query = query,
))]
fn grant(document: &str, matched: Vec<String>, query: Option<&str>) -> Vec<String> {
    matched
}

#[tracing::instrument(err, skip_all, fields(
    audit.operation = "ACCESS_DENIED",
    document_id = %object,
    user_principals = list(&caller.principals),
    required_principals = list(&required),
    query = query,
))]
fn deny(
    caller: &Caller,
    object: &str,
    required: Vec<String>,
    query: Option<&str>,
) -> Result<Vec<String>> {
    Err(Error::AccessDenied { object: object.to_owned(), required })
}

/// The owner of a document of the caller's organisation.
pub(super) fn owner(db: &Connection, caller: &Caller, document: i64) -> Result<String> {
    db.prepare_cached("SELECT owner FROM documents WHERE row = ?1 AND org_id = ?2")?
        .query_row(params![document, caller.org_id], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Error::DocumentNotFound(document_id(document)))
}

/// Fails unless the document is the caller's own or the caller an
/// administrator.
pub(super) fn require_owner(db: &Connection, caller: &Caller, document: i64) -> Result<()> {
    if owner(db, caller, document)? == caller.owner() {
        return Ok(());
    }
    require_admin(caller, &document_id(document))
}

fn principals(db: &Connection, document: i64) -> Result<Vec<String>> {
    let mut statement = db.prepare_cached(
        "SELECT principal FROM document_principals WHERE document = ?1 ORDER BY principal",
    )?;
    let rows = statement.query_map(params![document], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn replace(db: &Connection, caller: &Caller, id: &str, new: &[String]) -> Result<Vec<String>> {
    let document = document_row(id)?;
    require_owner(db, caller, document)?;
    let previous = principals(db, document)?;
    db.prepare_cached("DELETE FROM document_principals WHERE document = ?1")?
        .execute(params![document])?;
    let mut insert =
        db.prepare_cached("INSERT OR IGNORE INTO document_principals VALUES (?1, ?2)")?;
    for principal in new {
        insert.execute(params![document, principal])?;
    }
    Ok(previous)
}
