//! What a security officer would want to hear of.

use std::sync::Arc;

use super::preparation::Library;
use super::scene::{HANDBOOK, Scene, Surprise, ensure, note};
use super::users::request;
use crate::client::Client;
use crate::memory::{Candidate, Error, Ranker};

/// Well over the 100 an hour that the security check tolerates.
const DELETIONS: usize = 150;
/// One more than the five a day that it tolerates.
const EXPORTS: usize = 6;
const DENIALS: usize = 12;
const QUOTA_BYTES: i64 = 64;

/// Somebody looks for what is none of their business; somebody else may.
pub(super) async fn denied(scene: &Scene, library: &Library) -> Result<(), Surprise> {
    let Some(document) = library.guarded.first() else { return Ok(()) };
    let search = || request("salary information".to_owned(), Some(&document.document_id));
    let Client { memory, caller, .. } = &scene.mallory();
    for _ in 0..DENIALS {
        let answer = scene.mallory().call("SEARCH", memory.search(caller, search())).await;
        ensure(matches!(answer, Err(Error::AccessDenied { .. })), "a guarded document is open")?;
    }
    let bob = scene.bob();
    let answer = bob.call("SEARCH", bob.memory.search(&bob.caller, search())).await?;
    ensure(answer.granted_by == ["group:hr"], "the personnel department was not let in")?;
    let everybody = scene.mallory();
    let change = everybody.memory.set_acl(caller, &document.document_id, &[]);
    let refused = everybody.call("SET_ACL", change).await;
    ensure(matches!(refused, Err(Error::AccessDenied { .. })), "anybody may open a document")
}

pub(super) async fn deletes_everything(scene: &Scene) -> Result<(), Surprise> {
    let client = scene.mallory();
    for number in 0..DELETIONS {
        let note = note(format!("a trace to cover, number {number}"), 0.1);
        let id = client.call("STORE", client.memory.store(&client.caller, note)).await?;
        client.call("FORGET", client.memory.forget(&client.caller, &[id])).await?;
    }
    Ok(())
}

/// Then imports one export again: many notes, one operation.
pub(super) async fn exports_often(scene: &Scene) -> Result<(), Surprise> {
    let client = scene.key();
    let path = scene.scratch.join("notes.jsonl");
    let mut entries = 0;
    for _ in 0..EXPORTS {
        let export = client.memory.export(&client.caller, HANDBOOK, &path);
        entries = client.call("EXPORT", export).await?.entries;
    }
    let import = client.memory.import(&client.caller, &path);
    let imported = client.call("IMPORT", import).await?;
    ensure(entries > 1 && imported.entry_ids.len() == entries, "not all entries came back")?;
    let nowhere = scene.scratch.join("missing.jsonl");
    let failed = client.call("IMPORT", client.memory.import(&client.caller, &nowhere)).await;
    ensure(matches!(failed, Err(Error::File { .. })), "a file that is not there was imported")
}

pub(super) async fn outgrows_the_quota(scene: &Scene) -> Result<(), Surprise> {
    let (admin, client) = (scene.admin(), scene.mallory());
    let change = admin.memory.set_quota(&admin.caller, "mallory", QUOTA_BYTES);
    admin.call("SET_QUOTA", change).await?;
    let long = note("x".repeat(65), 0.1);
    let refused = client.call("STORE", client.memory.store(&client.caller, long)).await;
    ensure(matches!(refused, Err(Error::QuotaExceeded { .. })), "the quota did not hold")?;
    let raise = client.memory.set_quota(&client.caller, "mallory", i64::MAX);
    let refused = client.call("SET_QUOTA", raise).await;
    ensure(matches!(refused, Err(Error::AccessDenied { .. })), "anybody may raise a quota")
}

/// The application's own code panics inside the search.
pub(super) async fn brings_a_broken_ranking(scene: &Scene) -> Result<(), Surprise> {
    let client = scene.carol();
    let own = note("a note that the ranking can't stand", 0.9);
    client.call("STORE", client.memory.store(&client.caller, own)).await?;
    let ranker: Ranker = Arc::new(broken_ranking);
    let mut search = request("ranking".to_owned(), None);
    search.ranker = Some(ranker);
    let task = {
        let client = client.clone();
        tokio::spawn(
            async move { client.request(client.memory.search(&client.caller, search)).await },
        )
    };
    let ended = task.await;
    ensure(ended.is_err_and(|error| error.is_panic()), "the broken ranking did not panic")?;
    client.count("SEARCH", "FAILURE");
    Ok(())
}

#[expect(clippy::panic, reason = "this one is here to panic")]
fn broken_ranking(found: &Candidate) -> f64 {
    if found.content.contains("can't stand") {
        panic!("the ranking met what it can't stand");
    }
    found.relevance
}
