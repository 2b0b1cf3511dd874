//! Fields of every kind: captured from spans and recorded by hand.

use serde_json::{Value, json as object};
use tracing::info_span;
use tracing_audit::{AuditEvent, json, list};

use crate::issued::Secret;
use crate::trail::Trail;

/// How many places there are.
pub(crate) const PLACES: usize = 20;

/// Records an operation with the secret in the place with this number.
pub(crate) fn record(trail: &Trail, secret: &Secret, number: usize) {
    match secret.name {
        None => bare(trail, &secret.text, number % PLACES),
        Some(name) => named(trail, name, &secret.text, number % PLACES),
    }
}

/// A text that says itself what it is.
fn bare(trail: &Trail, text: &str, place: usize) {
    let by_hand = |event: AuditEvent| drop(trail.audit.record(event).unwrap());
    let build = || AuditEvent::builder("STORE").user_id("alice");
    match place {
        0 => drop(info_span!("op", audit.operation = "STORE", note = text)),
        1 => drop(
            info_span!("op", audit.operation = "STORE", note = %format!("it said {text} and left")),
        ),
        2 => drop(info_span!("op", audit.operation = "STORE", request = ?Some(text))),
        3 => {
            let nested = object!({"outer": [1, {"inner": text}]});
            drop(info_span!("op", audit.operation = "STORE", nested = ?json(&nested)));
        }
        4 => drop(
            info_span!("op", audit.operation = "STORE", audit.error = %format!("refused: {text}")),
        ),
        5 => drop(info_span!("op", audit.operation = "STORE", audit.session_id = text)),
        6 => drop(info_span!("op", audit.operation = "STORE", audit.user_id = text)),
        7 => drop(
            info_span!("op", audit.operation = "STORE", audit.actor = %format!("api_key:{text}")),
        ),
        8 => {
            drop(info_span!("op", audit.operation = "STORE", audit.entry_ids = ?list(&["a", text])))
        }
        9 => {
            let url = format!("https://example.com/callback?value={}&page=2", encoded(text));
            drop(info_span!("op", audit.operation = "STORE", audit.resource = url));
        }
        10 => drop(info_span!("op", audit.operation = "STORE", audit.source = text)),
        11 => drop(info_span!("op", audit.operation = "STORE", audit.org_id = text)),
        12 => drop(failing(text)),
        13 => panicking(text),
        14 => by_hand(build().metadata("body", object!({"a": text}).to_string()).build()),
        15 => by_hand(build().metadata("list", object!([[text]])).build()),
        16 => by_hand(build().error(format!("{text:?} was not accepted")).build()),
        17 => by_hand(build().metadata("keys", object!({ text: 1 })).build()),
        18 => {
            let begun = trail.audit.begin(build().metadata("note", text)).unwrap();
            begun.failure(format!("after {text}")).unwrap();
        }
        _ => {
            let span = info_span!("op", audit.operation = "STORE", late = tracing::field::Empty);
            span.record("late", text);
        }
    }
}

/// A text that is secret because of what it is called.
fn named(trail: &Trail, name: &'static str, text: &str, place: usize) {
    let by_hand = |event: AuditEvent| drop(trail.audit.record(event).unwrap());
    let build = || AuditEvent::builder("STORE").user_id("alice");
    let nested = || object!({"outer": {name: text, "count": 1}});
    let url = || format!("/login?{name}={}&next=%2Fhome", encoded(text));
    match place {
        0 | 1 => drop(info_span!("op", audit.operation = "STORE", password = text)),
        2 => drop(info_span!("op", audit.operation = "STORE", client_secret = ?text)),
        3 | 4 => drop(info_span!("op", audit.operation = "STORE", nested = ?json(&nested()))),
        5 | 6 => drop(info_span!("op", audit.operation = "STORE", audit.resource = url())),
        7 => drop(
            info_span!("op", audit.operation = "STORE", audit.source = %format!("https://app:{}@db.example.com/x", encoded(text))),
        ),
        8 => drop(
            info_span!("op", audit.operation = "STORE", settings = %format!("{name}={text:?} retries=3")),
        ),
        9 => drop(info_span!("op", audit.operation = "STORE", uri = url())),
        10 => drop(
            info_span!("op", audit.operation = "STORE", audit.error = %format!("bad settings: {}", nested())),
        ),
        11 => drop(failing(&format!(
            "Login {{ user: \"bob\", {}: {text:?} }}",
            name.replace(['-', '.'], "_")
        ))),
        12 => panicking(&format!("no login with {}", url())),
        13 | 14 => by_hand(build().metadata(name, text).build()),
        15 => by_hand(build().metadata("body", nested().to_string()).build()),
        16 => by_hand(build().metadata("body", object!({"raw": nested().to_string()})).build()),
        17 => by_hand(build().metadata("list", Value::Array(vec![nested()])).build()),
        18 => {
            let begun = trail.audit.begin(build().metadata(name, text)).unwrap();
            begun.failure(format!("{name}={text}")).unwrap();
        }
        _ => by_hand(build().resource(format!("https://example.com{}", url())).build()),
    }
}

#[tracing::instrument(err, skip_all, fields(audit.operation = "STORE"))]
fn failing(text: &str) -> Result<(), String> {
    Err(format!("the other side answered {text}"))
}

/// The message goes where messages of panics go; the trail says that there was
/// a panic, and what was recorded before.
fn panicking(text: &str) {
    let caught = std::panic::catch_unwind(|| {
        let _span =
            info_span!("op", audit.operation = "STORE", audit.error = text, seen = text).entered();
        std::panic::resume_unwind(Box::new(text.to_owned()));
    });
    assert!(caught.is_err());
}

/// An event with a value that is no secret in one of its fields.
pub(crate) fn benign_in(value: &str, number: usize) -> AuditEvent {
    let event = AuditEvent::builder("STORE").user_id("alice").metadata("number", number as u64);
    match number % 10 {
        0 => event.metadata("note", value),
        1 => event.metadata("note", format!("we saw {value} twice")),
        2 => event.metadata("nested", object!({"outer": [{"inner": value}]})),
        3 => event.error(format!("not found: {value}")),
        4 => event.session_id(value),
        5 => event.user_id(value),
        6 => event.entry_ids(["first", value]),
        7 => event.resource(format!("https://example.com/items?filter={}&page=2", encoded(value))),
        8 => event.source(value),
        _ => event.org_id(value),
    }
    .build()
}

/// Percent encoding of RFC 3986.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}
