//! Several users at once, each on a task, with a mixed day's work.

use fastrand::Rng;
use tokio::task::JoinSet;

use super::preparation::Library;
use super::scene::{GLOBEX, HANDBOOK, SEED, Scene, Surprise, ensure, note};
use crate::client::Client;
use crate::memory::{Error, SearchRequest};

const ROUNDS: u32 = 24;
const HITS_MAX: usize = 5;

pub(super) async fn work_day(scene: &Scene, library: &Library) -> Result<(), Surprise> {
    let clients =
        [scene.alice(), scene.bob(), scene.carol(), scene.dave(), scene.key(), scene.admin()];
    let chunks = library.open.iter().chain(&library.guarded);
    let chunks: Vec<String> = chunks.flat_map(|document| document.chunk_ids.clone()).collect();
    let mut tasks = JoinSet::new();
    for (seed, client) in (SEED..).zip(clients) {
        let rng = Rng::with_seed(seed);
        let (scene, chunks) = (scene.clone(), chunks.clone());
        tasks.spawn(
            async move { Worker { client, scene, chunks, rng, own: Vec::new() }.day().await },
        );
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// A user at work.
struct Worker {
    client: Client,
    scene: Scene,
    /// Ids of chunks of documents, some of them guarded, of one organisation.
    chunks: Vec<String>,
    rng: Rng,
    /// Ids of own notes, oldest first.
    own: Vec<String>,
}

impl Worker {
    async fn day(mut self) -> Result<(), Surprise> {
        for round in 1..=ROUNDS {
            self.remember().await?;
            self.search().await?;
            self.recall_note().await?;
            self.recall_chunk().await?;
            match round % 8 {
                2 => self.forget(false).await?,
                3 => self.mistype().await?,
                4 => self.recall_nothing().await?,
                5 => self.forget(true).await?,
                6 => self.remember_many(false).await?,
                7 => self.remember_many(true).await?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn remember(&mut self) -> Result<(), Surprise> {
        let line = self.scene.corpus.line(&mut self.rng);
        let note = note(line, f64::from(self.rng.u8(..=10)) / 10.0);
        let Client { memory, caller, .. } = &self.client;
        let id = self.client.call("STORE", memory.store(caller, note)).await?;
        self.own.push(id);
        Ok(())
    }

    async fn remember_many(&mut self, with_an_empty_one: bool) -> Result<(), Surprise> {
        let lines: Vec<String> = (0..4).map(|_| self.scene.corpus.line(&mut self.rng)).collect();
        let mut notes: Vec<_> = lines.into_iter().map(|line| note(line, 0.3)).collect();
        if with_an_empty_one {
            notes.push(note("  ", 0.3));
        }
        let Client { memory, caller, .. } = &self.client;
        let done = self.client.call("BULK_STORE", memory.bulk_store(caller, notes)).await?;
        self.own.extend(done.stored);
        let refused = matches!(done.rejected.as_slice(), [(4, Error::EmptyText)]);
        let as_expected = if with_an_empty_one { refused } else { done.rejected.is_empty() };
        ensure(as_expected, "just the empty note should have been refused")
    }

    /// Asks twice; the second time the answer is often still there.
    async fn search(&mut self) -> Result<(), Surprise> {
        let words = self.rng.usize(1..6);
        let query = self.scene.corpus.query(&mut self.rng, words);
        let request = request(query, None);
        let Client { memory, caller, .. } = &self.client;
        for _ in 0..2 {
            let found = self.client.call("SEARCH", memory.search(caller, request.clone())).await?;
            ensure(found.hits.len() <= HITS_MAX, "more hits than were asked for")?;
            let shown = found.hits.iter().all(|hit| !hit.snippet.is_empty());
            ensure(shown, "a hit shows nothing of what was found")?;
        }
        Ok(())
    }

    async fn mistype(&self) -> Result<(), Surprise> {
        let Client { memory, caller, .. } = &self.client;
        for query in ["\"unclosed", "?!", "refund AND AND policy"] {
            let request = request(query.to_owned(), None);
            let failed = self.client.call("SEARCH", memory.search(caller, request)).await;
            ensure(matches!(failed, Err(Error::BadQuery { .. })), "a bad query was answered")?;
        }
        Ok(())
    }

    async fn recall_note(&mut self) -> Result<(), Surprise> {
        let Some(id) = self.rng.choice(&self.own) else { return Ok(()) };
        let Client { memory, caller, .. } = &self.client;
        let entry = self.client.call("RECALL", memory.recall(caller, id)).await?;
        ensure(!entry.content.is_empty(), "a note came back empty")
    }

    /// Guarded chunks are refused to some, and those of another organisation
    /// are not there.
    async fn recall_chunk(&mut self) -> Result<(), Surprise> {
        let Some(id) = self.rng.choice(&self.chunks) else { return Ok(()) };
        let Client { memory, caller, .. } = &self.client;
        match self.client.call("RECALL", memory.recall(caller, id)).await {
            Ok(_) => ensure(caller.org_id != GLOBEX, "an organisation read another's document"),
            Err(Error::EntryNotFound(_)) => {
                ensure(caller.org_id == GLOBEX, "a chunk of an own document is gone")
            }
            Err(Error::AccessDenied { .. }) => {
                let may = caller.holds("group:hr") || caller.holds("role:admin");
                ensure(!may, "somebody was kept from a document that is theirs to read")
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn recall_nothing(&self) -> Result<(), Surprise> {
        let Client { memory, caller, .. } = &self.client;
        for id in ["mem_999999999", "no such id"] {
            let failed = self.client.call("RECALL", memory.recall(caller, id)).await;
            ensure(matches!(failed, Err(Error::EntryNotFound(_))), "a missing entry was found")?;
        }
        Ok(())
    }

    async fn forget(&mut self, with_a_missing_one: bool) -> Result<(), Surprise> {
        let mut ids: Vec<String> = self.own.drain(..2.min(self.own.len())).collect();
        if with_a_missing_one {
            ids.push("mem_999999999".to_owned());
        }
        let Client { memory, caller, .. } = &self.client;
        let done = self.client.call("FORGET", memory.forget(caller, &ids)).await?;
        ensure(done.missing.is_empty() != with_a_missing_one, "not all that was there is forgotten")
    }
}

pub(super) fn request(query: String, document_id: Option<&str>) -> SearchRequest {
    SearchRequest {
        knowledge_base: HANDBOOK.to_owned(),
        query,
        limit: HITS_MAX,
        document_id: document_id.map(str::to_owned),
        ranker: None,
    }
}
