//! Events with a text in a field of every kind.

use serde_json::{Value, json};

use crate::event::row::RowScratch;
use crate::event::{AuditEvent, Sequence};
use crate::redaction::{Redactor, Rules};

use super::dice::Dice;

/// How many kinds of fields there are for a text that says itself what it is.
pub(super) const BARE_KINDS: usize = 17;

/// An event with `text` in a field of a kind.
#[rustfmt::skip]
pub(super) fn event_with(text: &str, kind: usize) -> AuditEvent {
    let event = AuditEvent::builder("STORE").user_id("alice").metadata("model", "large").metadata("count", 3);
    let quoted = Value::from(text).to_string();
    match kind {
        0 => event.metadata("note", text),
        1 => event.metadata("note", format!("the caller sent {text}, and it was refused")),
        2 => event.metadata("nested", json!({"list": [1, {"inner": text}], "ok": true})),
        3 => event.metadata("nested", json!([text])),
        4 => event.metadata("body", json!({"inner": quoted}).to_string()),
        5 => event.metadata("debug", format!("Request {{ id: 7, extra: Some({text:?}) }}")),
        6 => event.error(format!("upstream said: {text}")),
        7 => event.session_id(text),
        8 => event.user_id(text),
        9 => event.actor(format!("api_key:{text}")),
        10 => event.org_id(text),
        11 => event.resource(format!("https://example.org/callback?value={}&x=1", encoded(text))),
        12 => event.source(text),
        13 => event.entry_ids(["one", text, "three"]),
        14 => event.metadata("uri", format!("/v1/items?q={}", encoded(text))),
        15 => event.metadata("nested", json!({ text: {} })),
        _ => event.metadata("command", format!("run --with {text} --quiet")),
    }
    .build()
}

/// How many kinds of places there are for a text that stands under a name.
pub(super) const NAMED_KINDS: usize = 9;

/// An event with `text` under a name.
#[rustfmt::skip]
pub(super) fn event_named(name: &str, text: &str, kind: usize) -> AuditEvent {
    let event = AuditEvent::builder("STORE").user_id("alice").metadata("model", "large");
    let nested = json!({"a": {name: text, "b": 1}, "c": [1]});
    match kind {
        0 => event.metadata(name, text),
        1 => event.metadata("config", nested),
        2 => event.metadata("body", nested.to_string()),
        3 => event.metadata("body", json!({"raw": nested.to_string()})),
        4 => event.error(format!("cannot read Config {{ port: 1, \"{name}\": {text:?}, host: \"h\" }}")),
        5 => event.resource(format!("/login?{name}={}&x=1", encoded(text))),
        6 => event.metadata("line", format!("{name}={text:?} other=1")),
        7 => event.metadata("headers", format!("{{\"host\": \"x\", {:?}: {text:?}, \"accept\": \"*/*\"}}", name.to_lowercase())),
        _ => event.source(format!("https://app:{}@db.example.org/x", encoded(text))),
    }
    .build()
}

/// RFC 3986: everything but the unreserved characters.
pub(super) fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// The event as it would be kept.
pub(super) fn kept(event: &AuditEvent, redactor: &mut Redactor, rules: &Rules) -> AuditEvent {
    let mut scratch = RowScratch::default();
    let row = scratch.row(event, 0);
    redactor.apply(&row, rules).to_event(Sequence(0))
}

/// Every text of the event, as it would be read.
pub(super) fn texts(event: &AuditEvent) -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            Value::Object(fields) => fields.iter().for_each(|(name, field)| {
                into.push(name.clone());
                collect(field, into);
            }),
            value => into.push(value.to_string()),
        }
    }
    let mut found = Vec::new();
    collect(&serde_json::to_value(event).unwrap(), &mut found);
    found
}

pub(super) fn dice(seed: u64) -> Dice {
    Dice(seed)
}
