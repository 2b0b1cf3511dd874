//! Before the users come: documents are taken in, and some are guarded.

use super::scene::{ACME, GLOBEX, HANDBOOK, SCRATCH, Scene, Surprise, ensure};
use crate::client::Client;
use crate::corpus::Text;
use crate::memory::{Document, Error, Ingested};

/// Every so many documents, one is for the personnel department alone.
const GUARDED_EVERY: usize = 5;

/// The documents of the first organisation.
pub(super) struct Library {
    pub open: Vec<Ingested>,
    /// Only `group:hr` and administrators may read these.
    pub guarded: Vec<Ingested>,
}

pub(super) async fn prepare(scene: &Scene) -> Result<Library, Surprise> {
    for (org, knowledge_base) in [(ACME, HANDBOOK), (ACME, SCRATCH), (GLOBEX, HANDBOOK)] {
        scene.memory.open_knowledge_base(org, knowledge_base).await?;
    }
    let system = scene.system(ACME);
    let mut library = Library { open: Vec::new(), guarded: Vec::new() };
    for (number, text) in scene.corpus.texts.iter().enumerate() {
        let ingested = ingest(&system, HANDBOOK, text).await?;
        let guarded = number % GUARDED_EVERY == 0;
        if guarded { &mut library.guarded } else { &mut library.open }.push(ingested);
    }
    guard(scene, &library.guarded).await?;
    refuse_nothing(&system).await?;
    Ok(library)
}

pub(super) async fn ingest(
    client: &Client,
    knowledge_base: &str,
    text: &Text,
) -> Result<Ingested, Surprise> {
    let document = Document {
        knowledge_base: knowledge_base.to_owned(),
        source: text.source.clone(),
        text: text.text.clone(),
    };
    Ok(client.call("INGEST", client.memory.ingest(&client.caller, document)).await?)
}

async fn guard(scene: &Scene, documents: &[Ingested]) -> Result<(), Surprise> {
    let admin = scene.admin();
    let readers = ["group:hr".to_owned(), "role:admin".to_owned()];
    for document in documents {
        let change = admin.memory.set_acl(&admin.caller, &document.document_id, &readers);
        let before = admin.call("SET_ACL", change).await?;
        ensure(before.is_empty(), "a new document was guarded already")?;
    }
    Ok(())
}

async fn refuse_nothing(client: &Client) -> Result<(), Surprise> {
    let empty = Document {
        knowledge_base: HANDBOOK.to_owned(),
        source: "empty.md".to_owned(),
        text: "\n \n".to_owned(),
    };
    let refused = client.call("INGEST", client.memory.ingest(&client.caller, empty)).await;
    ensure(matches!(refused, Err(Error::EmptyText)), "a document without text was taken in")
}
