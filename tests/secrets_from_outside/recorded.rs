//! A trail with default settings and a journal, and what of it can be seen from outside.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tracing::field::Empty;
use tracing_audit::query::Order;
use tracing_audit::{Audit, AuditEvent, AuditLayer, Operation};
use tracing_subscriber::prelude::*;

use crate::places::Carried;

/// By hand one by one is an `fsync` each; several threads share one.
const THREADS: usize = 8;

/// Events that are recorded before the subscription is emptied: fewer than a queue takes.
const BATCH: usize = 1_000;

/// Everything that left the trail.
pub(crate) struct Seen {
    /// By the number of the case.
    pub(crate) events: Vec<AuditEvent>,
    streamed: Vec<u8>,
    exported: Vec<u8>,
    /// The files of the journal, packed ones decoded.
    journal: Vec<u8>,
}

impl Seen {
    /// All that left the trail as bytes, by where it went.
    pub(crate) fn places(&self) -> [(&'static str, &[u8]); 3] {
        [("stream", &self.streamed), ("export", &self.exported), ("journal", &self.journal)]
    }
}

/// Records every case, those with even numbers by spans, the others by hand.
pub(crate) fn record(cases: &[Carried]) -> Seen {
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("audit");
    let (layer, audit) = AuditLayer::builder().journal(journal.as_path()).build().unwrap();
    let mut subscription = audit.subscribe();
    let mut streamed = Vec::new();
    let guard = tracing_subscriber::registry().with(layer).set_default();
    let numbered: Vec<_> = cases.iter().enumerate().collect();
    for batch in numbered.chunks(BATCH) {
        record_batch(&audit, batch);
        audit.flush().unwrap();
        while streamed.len() < batch.last().unwrap().0 + 1 {
            streamed.push(subscription.recv_timeout(Duration::from_secs(120)).unwrap());
        }
    }
    assert_eq!(subscription.lagged(), 0);
    let page = audit.query().order(Order::OldestFirst).limit(cases.len()).run().unwrap();
    let document = directory.path().join("document.json");
    audit.export_to_file(&document).unwrap();
    drop(guard);
    assert!(audit.shutdown(Duration::from_secs(120)).lost.is_empty());
    let mut events = page.events;
    events.sort_by_key(case_of);
    assert_eq!(
        events.iter().map(case_of).collect::<Vec<_>>(),
        (0..cases.len()).collect::<Vec<_>>()
    );
    let mut bytes = Vec::new();
    read_all(&journal, &mut bytes);
    let streamed =
        serde_json::to_vec(&streamed.iter().map(|event| &**event).collect::<Vec<_>>()).unwrap();
    Seen { events, streamed, exported: fs::read(document).unwrap(), journal: bytes }
}

fn record_batch(audit: &Audit, batch: &[(usize, &Carried)]) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let own = batch.iter().skip(thread).step_by(THREADS);
                own.filter(|(case, _)| case % 2 == 1)
                    .for_each(|(case, carried)| by_hand(audit, *case, carried));
            });
        }
        batch
            .iter()
            .filter(|(case, _)| case % 2 == 0)
            .for_each(|(case, carried)| by_span(*case, carried));
    });
}

fn by_span(case: usize, carried: &Carried) {
    let who = case.to_string();
    let nested = nested(carried);
    let telling = carried.telling.as_ref().map(|(_, value)| value.as_str());
    let span = tracing::info_span!(
        "outside",
        audit.operation = "STORE",
        audit.user_id = who,
        audit.resource = carried.resource,
        audit.source = %carried.source,
        audit.session_id = carried.session,
        audit.entry_ids = carried.entry,
        audit.org_id = carried.org,
        audit.actor = carried.actor,
        number = carried.number,
        marker = carried.marker,
        audit.error = Empty,
        note = carried.note,
        detail = %carried.detail,
        nested = tracing_audit::json(&nested),
        panic.message = Empty,
        password = telling.filter(|_| case.is_multiple_of(4)),
        api_key = telling.filter(|_| case % 4 == 2).map(tracing::field::display),
    );
    let _inside = span.enter();
    // Unlike `panic!`, this prints nothing.
    let panics = AssertUnwindSafe(|| resume_unwind(Box::new(carried.panic.clone())));
    let payload = catch_unwind::<_, ()>(panics).unwrap_err();
    span.record("panic.message", payload.downcast_ref::<String>().unwrap().as_str());
    span.record("audit.error", &carried.error);
}

fn by_hand(audit: &Audit, case: usize, carried: &Carried) {
    let mut event = AuditEvent::builder(Operation::Store)
        .user_id(case.to_string())
        .resource(&carried.resource)
        .source(&carried.source)
        .error(&carried.error)
        .metadata("note", carried.note.as_str())
        .metadata("detail", carried.detail.as_str())
        .metadata("nested", nested(carried))
        .metadata("marker", carried.marker.as_str())
        .metadata("panic.message", carried.panic.as_str());
    if let Some(session) = &carried.session {
        event = event.session_id(session);
    }
    if let Some(org) = &carried.org {
        event = event.org_id(org);
    }
    if let Some(actor) = &carried.actor {
        event = event.actor(actor.as_str());
    }
    if let Some(number) = carried.number {
        event = event.metadata("number", number);
    }
    event = event.entry_ids(&carried.entry);
    if let Some((name, value)) = &carried.telling {
        event = event.metadata(name, value.as_str());
    }
    audit.record(event).unwrap();
}

fn nested(carried: &Carried) -> Value {
    let mut value = json!({"step": 3, "items": [{"text": carried.nested}]});
    if let Some((name, secret)) = &carried.telling {
        value["request"] = json!({ *name: secret });
    }
    value
}

/// The parts of an event by name.
pub(crate) fn parts(event: &AuditEvent) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut parts: Vec<_> =
        event.metadata.iter().map(|(key, value)| (key.to_owned(), text(value))).collect();
    let named = [
        ("error", &event.error_message),
        ("resource", &event.resource),
        ("source", &event.source),
        ("session", &event.session_id),
        ("org", &event.org_id),
    ];
    parts.extend(named.into_iter().filter_map(|(name, text)| Some((name.into(), text.clone()?))));
    parts.push(("entry".into(), event.entry_ids.join("\n")));
    parts.push(("actor".into(), event.actor.to_string()));
    parts
}

/// What was put into those parts.
pub(crate) fn put(carried: &Carried) -> BTreeMap<&'static str, String> {
    let mut put = BTreeMap::from([
        ("note", carried.note.clone()),
        ("detail", carried.detail.clone()),
        ("nested", nested(carried).to_string()),
        ("error", carried.error.clone()),
        ("resource", carried.resource.clone()),
        ("source", carried.source.clone()),
        ("panic.message", carried.panic.clone()),
        ("marker", carried.marker.clone()),
    ]);
    put.extend(carried.number.map(|number| ("number", number.to_string())));
    for (part, text) in [
        ("session", &carried.session),
        ("entry", &carried.entry),
        ("org", &carried.org),
        ("actor", &carried.actor),
    ] {
        put.extend(text.clone().map(|text| (part, text)));
    }
    put
}

fn case_of(event: &AuditEvent) -> usize {
    event.user_id.as_ref().unwrap().parse().unwrap()
}

fn read_all(directory: &Path, bytes: &mut Vec<u8>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => read_all(&path, bytes),
            Some("zst") => bytes.extend(zstd::decode_all(&*fs::read(path).unwrap()).unwrap()),
            _ => bytes.extend(fs::read(path).unwrap()),
        }
    }
}
