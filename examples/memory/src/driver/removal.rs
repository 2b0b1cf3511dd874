//! The end of the day: documents, a user and a knowledge base are deleted.

use super::preparation::{Library, ingest};
use super::scene::{ACME, SCRATCH, Scene, Surprise, ensure};
use crate::memory::Error;

pub(super) async fn remove(scene: &Scene, library: &Library) -> Result<(), Surprise> {
    remove_documents(scene, library).await?;
    remove_knowledge_base(scene).await?;
    let admin = scene.admin();
    let removal = admin.memory.delete_user(&admin.caller, "bob");
    let gone = admin.call("DELETE_USER", removal).await?;
    ensure(gone.chunks_deleted > 0, "the user's notes are still there")
}

async fn remove_documents(scene: &Scene, library: &Library) -> Result<(), Surprise> {
    let (admin, bob) = (scene.admin(), scene.bob());
    let Some(document) = library.guarded.first() else { return Ok(()) };
    let id = document.document_id.as_str();
    let refused = bob.call("DELETE_DOCUMENT", bob.memory.delete_document(&bob.caller, id)).await;
    ensure(matches!(refused, Err(Error::AccessDenied { .. })), "a reader deleted a document")?;
    let removal = admin.memory.delete_document(&admin.caller, id);
    let gone = admin.call("DELETE_DOCUMENT", removal).await?;
    let chunks = document.chunk_ids.len();
    ensure(gone.chunks_deleted == chunks, "chunks of a deleted document are left")?;
    let removal = admin.memory.delete_document(&admin.caller, id);
    let again = admin.call("DELETE_DOCUMENT", removal).await;
    ensure(matches!(again, Err(Error::DocumentNotFound(_))), "a document was deleted twice")
}

async fn remove_knowledge_base(scene: &Scene) -> Result<(), Surprise> {
    let system = scene.system(ACME);
    if let Some(text) = scene.corpus.texts.first() {
        ingest(&system, SCRATCH, text).await?;
    }
    let removal = system.memory.delete_knowledge_base(&system.caller, SCRATCH);
    let gone = system.call("DELETE_KNOWLEDGE_BASE", removal).await?;
    ensure(gone.documents_deleted == 1, "the knowledge base was not empty but one document")
}
