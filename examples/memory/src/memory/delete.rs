//! Deletions of documents, knowledge bases and users, with all that hangs on
//! them.

use rusqlite::{Connection, ToSql, params};
use serde::Serialize;
use tracing::Span;
use tracing_audit::json;

use super::acl::{require_admin, require_owner};
use super::caller::Caller;
use super::error::Result;
use super::ids::document_row;
use super::system::{Memory, require_knowledge_base};

/// What went along with a deletion.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Cascade {
    pub documents_deleted: usize,
    pub chunks_deleted: usize,
    pub entities_orphaned: usize,
    pub edges_removed: usize,
}

impl Memory {
    /// Deletes a document. Takes its owner or `role:admin`.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "DELETE_DOCUMENT",
        document_id = %id,
        cascade_results,
    ))]
    pub(crate) async fn delete_document(&self, caller: &Caller, id: &str) -> Result<Cascade> {
        let (caller, id) = (caller.clone(), id.to_owned());
        self.cascade(move |db| {
            let row = document_row(&id)?;
            require_owner(db, &caller, row)?;
            delete_where(db, "document = ?1", "row = ?1", &[&row])
        })
        .await
    }

    /// Deletes a knowledge base. Takes `role:admin`.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "DELETE_KNOWLEDGE_BASE",
        audit.resource = %name,
        cascade_results,
    ))]
    pub(crate) async fn delete_knowledge_base(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Cascade> {
        require_admin(caller, name)?;
        let (caller, name) = (caller.clone(), name.to_owned());
        self.cascade(move |db| {
            require_knowledge_base(db, &caller, &name)?;
            let its = "org_id = ?1 AND knowledge_base = ?2";
            let done = delete_where(db, its, its, &[&caller.org_id, &name])?;
            db.execute(
                "DELETE FROM knowledge_bases WHERE org_id = ?1 AND name = ?2",
                params![caller.org_id, name],
            )?;
            Ok(done)
        })
        .await
    }

    /// Deletes everything that a user owns. Takes `role:admin`.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "DELETE_USER",
        target_user = %user,
        cascade_results,
    ))]
    pub(crate) async fn delete_user(&self, caller: &Caller, user: &str) -> Result<Cascade> {
        require_admin(caller, user)?;
        let (caller, user) = (caller.clone(), user.to_owned());
        self.cascade(move |db| {
            let its = "org_id = ?1 AND owner = ?2";
            let done = delete_where(db, its, its, &[&caller.org_id, &user])?;
            db.execute("DELETE FROM quotas WHERE user_id = ?1", params![user])?;
            Ok(done)
        })
        .await
    }

    async fn cascade<F>(&self, delete: F) -> Result<Cascade>
    where
        F: FnOnce(&Connection) -> Result<Cascade> + Send + 'static,
    {
        let done = self.db.run(delete).await?;
        self.cache.clear();
        Span::current().record("cascade_results", json(&done));
        Ok(done)
    }
}

/// Deletes the entries and then the documents that the two conditions name.
fn delete_where(
    db: &Connection,
    entries: &str,
    documents: &str,
    values: &[&dyn ToSql],
) -> Result<Cascade> {
    let chunks_deleted = db.execute(&format!("DELETE FROM entries WHERE {entries}"), values)?;
    let edges_removed = db.execute(
        &format!(
            "DELETE FROM mentions WHERE document IN (SELECT row FROM documents WHERE {documents})"
        ),
        values,
    )?;
    let documents_deleted =
        db.execute(&format!("DELETE FROM documents WHERE {documents}"), values)?;
    let entities_orphaned = db.execute(
        "DELETE FROM entities WHERE NOT EXISTS (SELECT 1 FROM mentions WHERE entity = name)",
        [],
    )?;
    Ok(Cascade { documents_deleted, chunks_deleted, entities_orphaned, edges_removed })
}
