//! The memory system on its own, with nobody listening to its spans.

use std::time::Duration;

use super::*;

const KB: &str = "kb";

async fn memory() -> Memory {
    let memory = Memory::in_memory().unwrap();
    memory.open_knowledge_base("acme", KB).await.unwrap();
    memory.open_knowledge_base("globex", KB).await.unwrap();
    memory
}

fn note(content: &str) -> Note {
    Note { knowledge_base: KB.to_owned(), content: content.to_owned(), importance: 0.5 }
}

fn request(query: &str) -> SearchRequest {
    SearchRequest {
        knowledge_base: KB.to_owned(),
        query: query.to_owned(),
        limit: 10,
        ..SearchRequest::default()
    }
}

#[tokio::test]
async fn a_search_finds_only_what_the_caller_may_read() {
    let memory = memory().await;
    let alice = Caller::user("alice", "acme", &[]);
    let bob = Caller::user("bob", "acme", &["group:hr"]);
    let stranger = Caller::user("alice", "globex", &[]);
    memory.store(&alice, note("salary of alice")).await.unwrap();
    let document = Document {
        knowledge_base: KB.to_owned(),
        source: "salaries.md".to_owned(),
        text: "salary table".to_owned(),
    };
    let id = memory.ingest(&bob, document).await.unwrap().document_id;
    let found = async |caller| memory.search(caller, request("salary")).await.unwrap().hits.len();
    assert_eq!([found(&alice).await, found(&bob).await, found(&stranger).await], [2, 1, 0]);
    memory.set_acl(&bob, &id, &["group:hr".to_owned()]).await.unwrap();
    assert_eq!([found(&alice).await, found(&bob).await], [1, 1]);
    memory.delete_document(&bob, &id).await.unwrap();
    assert_eq!([found(&alice).await, found(&bob).await], [1, 0]);
}

#[tokio::test]
async fn an_answer_from_the_cache_never_outlives_a_change() {
    let memory = memory().await;
    let alice = Caller::user("alice", "acme", &[]);
    let id = memory.store(&alice, note("a dentist appointment")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(memory.search(&alice, request("dentists")).await.unwrap().hits.len(), 1);
    }
    memory.forget(&alice, &[id]).await.unwrap();
    assert_eq!(memory.search(&alice, request("dentists")).await.unwrap().hits.len(), 0);
}

#[tokio::test]
async fn a_quota_holds_to_the_byte() {
    let memory = memory().await;
    let (admin, alice) = (Caller::system("acme"), Caller::user("alice", "acme", &[]));
    memory.set_quota(&admin, "alice", 5).await.unwrap();
    memory.store(&alice, note("12345")).await.unwrap();
    let refused = memory.store(&alice, note("6")).await;
    assert!(matches!(refused, Err(Error::QuotaExceeded { bytes: 6, bytes_max: 5, .. })));
    assert_eq!(memory.set_quota(&admin, "alice", 9).await.unwrap(), Some(5));
    memory.store(&alice, note("6")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_compaction_has_done_its_first_step_and_no_more() {
    let memory = memory().await;
    let alice = Caller::user("alice", "acme", &[]);
    memory.bulk_store(&alice, vec![note("said often"); 50]).await.unwrap();
    let slow = memory.compact(&alice, KB, Pace(Duration::from_secs(60)));
    assert!(tokio::time::timeout(Duration::from_secs(30), slow).await.is_err());
    let done = memory.compact(&alice, KB, Pace(Duration::ZERO)).await.unwrap();
    assert_eq!((done.entries_before, done.entries_after), (30, 1));
    memory.reindex(&Caller::system("acme"), Pace(Duration::ZERO)).await.unwrap();
    assert_eq!(memory.search(&alice, request("often")).await.unwrap().hits.len(), 1);
}

#[tokio::test]
async fn entries_survive_a_journey_through_a_file() {
    let memory = memory().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.jsonl");
    let alice = Caller::user("alice", "acme", &[]);
    memory.store(&alice, note("a note\nof two lines")).await.unwrap();
    assert_eq!(memory.export(&alice, KB, &path).await.unwrap().entries, 1);
    let ids = memory.import(&alice, &path).await.unwrap().entry_ids;
    assert_eq!(memory.recall(&alice, &ids[0]).await.unwrap().content, "a note\nof two lines");
    std::fs::write(&path, "{}\n").unwrap();
    let refused = memory.import(&alice, &path).await;
    assert!(matches!(refused, Err(Error::BadLine { line: 1, .. })));
}
