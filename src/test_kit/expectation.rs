//! What an audited event should look like.

use serde::Serialize;
use serde_json::Value;

use super::difference;
use super::lookup::found;
use super::trail::fail;
use crate::event::{Actor, AuditEvent, Operation, Status, StatusSource};

/// What an audited event should look like; what is not mentioned may be
/// anything. Usually written by [`assert_audited!`](crate::assert_audited).
///
/// Text may be anything that serialises to what the event's JSON shows: `&str`,
/// `String`, an id type of one's own, or an `Option` of such, where `None`
/// means that the field is absent.
///
/// ```
/// use tracing_audit::{AuditEvent, Status, test_kit::Expectation};
///
/// let events = [AuditEvent::builder("store").user_id("alice").build()];
/// let stored = Expectation::new().operation("STORE").status(Status::Success);
/// assert_eq!(stored.clone().user_id("alice").difference(&events), None);
/// let difference = stored.user_id("bob").difference(&events).unwrap();
/// assert!(difference.contains(r#"user_id: expected "bob", was "alice""#));
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is looked at until `difference` or an assertion is called"]
pub struct Expectation {
    pub(super) fields: Vec<Field>,
    pub(super) count: Option<usize>,
}

/// One expected field.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Key of the event's JSON; a path below `metadata`.
    pub(super) path: String,
    pub(super) wanted: Wanted,
}

#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// This value; null: absent.
    Value(Value),
    /// A text that contains this.
    Containing(String),
}

impl Expectation {
    /// Any event.
    pub fn new() -> Self {
        Expectation::default()
    }

    /// What was done, in either case.
    pub fn operation(self, operation: impl Into<Operation>) -> Self {
        self.value("operation", operation.into())
    }

    /// Who acted: `"user:alice"`, `"system"`, …
    pub fn actor(self, actor: impl Into<Actor>) -> Self {
        self.value("actor", actor.into())
    }

    /// On whose behalf.
    pub fn user_id(self, id: impl Serialize) -> Self {
        self.value("user_id", id)
    }

    /// The session.
    pub fn session_id(self, id: impl Serialize) -> Self {
        self.value("session_id", id)
    }

    /// The organisation.
    pub fn org_id(self, id: impl Serialize) -> Self {
        self.value("org_id", id)
    }

    /// The knowledge base, collection or other container.
    pub fn resource(self, resource: impl Serialize) -> Self {
        self.value("resource", resource)
    }

    /// The network origin.
    pub fn source(self, source: impl Serialize) -> Self {
        self.value("source", source)
    }

    /// The entries: all of them, in this order. Items that are no text are
    /// compared by their JSON.
    pub fn entry_ids(self, ids: impl Serialize) -> Self {
        let ids = match serde_json::to_value(ids) {
            Ok(Value::Array(ids)) => ids,
            Ok(Value::Null) => Vec::new(),
            Ok(one) => vec![one],
            Err(error) => fail(&format!("entry_ids cannot be expected: {error}")),
        };
        let text = |id| match id {
            Value::String(id) => id,
            other => other.to_string(),
        };
        let ids: Vec<_> = ids.into_iter().map(text).collect();
        self.value("entry_ids", (!ids.is_empty()).then_some(ids))
    }

    /// How it ended.
    pub fn status(self, status: Status) -> Self {
        self.value("status", status)
    }

    /// How that is known.
    pub fn status_source(self, source: StatusSource) -> Self {
        self.value("status_source", source)
    }

    /// The whole error message.
    pub fn error_message(self, message: impl Serialize) -> Self {
        self.value("error_message", message)
    }

    /// A part of the error message.
    pub fn error_contains(mut self, part: impl AsRef<str>) -> Self {
        let wanted = Wanted::Containing(part.as_ref().to_owned());
        self.fields.push(Field { path: "error_message".to_owned(), wanted });
        self
    }

    /// The name of the span.
    pub fn span_name(self, name: impl Serialize) -> Self {
        self.value("span.name", name)
    }

    /// A metadata value. The key may be a path into objects, its parts
    /// separated by dots. Numbers are compared by value: `1` is `1.0`.
    pub fn metadata(self, key: impl AsRef<str>, value: impl Serialize) -> Self {
        self.value(&format!("metadata.{}", key.as_ref()), value)
    }

    /// How many such events there are, exactly. Without this: at least one.
    pub fn count(mut self, events: usize) -> Self {
        self.count = Some(events);
        self
    }

    /// What keeps the events from being as expected, for a person to read;
    /// `None` if they are.
    pub fn difference(&self, events: &[AuditEvent]) -> Option<String> {
        difference::from_expected(self, events)
    }

    /// Which events are as expected, for a person to read; `None` if none is.
    pub fn presence(&self, events: &[AuditEvent]) -> Option<String> {
        difference::from_absence(self, events)
    }

    #[track_caller]
    fn value(mut self, path: &str, value: impl Serialize) -> Self {
        let wanted = match serde_json::to_value(value) {
            Ok(value) => Wanted::Value(value),
            Err(error) => fail(&format!("{path} cannot be expected: {error}")),
        };
        self.fields.push(Field { path: path.to_owned(), wanted });
        self
    }
}

impl Field {
    /// Whether an event, as JSON, is as expected here.
    pub(super) fn is_met(&self, event: &Value) -> bool {
        match &self.wanted {
            Wanted::Value(wanted) => found(event, &self.path, wanted),
            Wanted::Containing(part) => event
                .get(&self.path)
                .and_then(Value::as_str)
                .is_some_and(|text| text.contains(part.as_str())),
        }
    }
}
