//! The audit event as users see it, and the builder that makes one by hand.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits::{ENTRY_IDS_CUT_KEY, ENTRY_IDS_MAX, bounded};
use super::{
    Actor, EventId, Metadata, Operation, Part, Sequence, SpanId, Status, StatusSource, TraceId,
};

/// Whether an entry of the trail is about the audited program or about the
/// trail itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// An audited operation.
    #[default]
    Event,
    /// A fact about the trail, such as a gap. Made by this crate alone; left
    /// out of queries, statistics and exports unless asked for.
    Log,
}

/// Where an event came from, if it came from a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpanInfo {
    /// Name of the span.
    pub name: String,
    /// Target of the span, usually the module it is in.
    pub target: String,
    /// The event of the nearest enclosing audited span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<EventId>,
    /// The trace that OpenTelemetry has of it (feature `opentelemetry`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<TraceId>,
    /// The span that OpenTelemetry has of it; of a `tracing` event, the span
    /// that the event is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<SpanId>,
    /// Events of the audited spans that this one follows from, at most
    /// [`LINKS_MAX`](super::limits::LINKS_MAX).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<EventId>,
}

/// One audited operation: who did what, to which entries, when, with which
/// outcome.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AuditEvent {
    /// Position in the trail; `None` until it was recorded.
    pub sequence: Option<Sequence>,
    /// About the program, or about the trail itself.
    pub kind: Kind,
    /// Identity, unique across hosts.
    pub event_id: EventId,
    /// When the operation began. Time filters use it.
    pub timestamp: DateTime<Utc>,
    /// When it was recorded; `None` until it was.
    pub recorded_at: Option<DateTime<Utc>>,
    /// What was done.
    pub operation: Operation,
    /// Who acted. Without one given: `user:` and the user id, else anonymous.
    pub actor: Actor,
    /// On whose behalf. Without one given, the id of an actor that is a user.
    pub user_id: Option<String>,
    /// The user's session or conversation.
    pub session_id: Option<String>,
    /// The organisation whose data it is.
    pub org_id: Option<String>,
    /// The knowledge base, collection or other container.
    pub resource: Option<String>,
    /// Network origin.
    pub source: Option<String>,
    /// The entries it was done to.
    pub entry_ids: Vec<String>,
    /// Which part of an event this is, of one whose entry ids take several
    /// entries of a journal; `None` for whole events. Queries, streams and
    /// exports give whole events alone.
    pub part: Option<Part>,
    /// How it ended.
    pub status: Status,
    /// How that is known.
    pub status_source: StatusSource,
    /// Why it failed.
    pub error_message: Option<String>,
    /// From its begin to its end, in whole nanoseconds.
    pub duration: Option<Duration>,
    /// For how long threads were inside it, rather than waiting: added up, so
    /// that it exceeds `duration` where several were at once.
    pub busy: Option<Duration>,
    /// Everything else that was said about it.
    pub metadata: Metadata,
    /// The span it came from.
    pub span: Option<SpanInfo>,
}

impl AuditEvent {
    /// Begins an event that is recorded by hand.
    ///
    /// Without further calls it is a success that takes no time, by nobody.
    pub fn builder(operation: impl Into<Operation>) -> EventBuilder {
        EventBuilder::new(operation.into())
    }

    /// Access was refused: who held which principals, and which were required.
    ///
    /// The status is a failure.
    pub fn access_denied(
        held: impl IntoIterator<Item = impl Into<String>>,
        required: impl IntoIterator<Item = impl Into<String>>,
    ) -> EventBuilder {
        EventBuilder::new(Operation::AccessDenied)
            .status(Status::Failure)
            .metadata("user_principals", strings(held))
            .metadata("required_principals", strings(required))
    }

    /// Access was given, because these principals matched.
    pub fn access_granted(matched: impl IntoIterator<Item = impl Into<String>>) -> EventBuilder {
        EventBuilder::new(Operation::AccessGranted).metadata("matched_principals", strings(matched))
    }

    /// Permissions were changed.
    pub fn acl_change(
        before: impl IntoIterator<Item = impl Into<String>>,
        after: impl IntoIterator<Item = impl Into<String>>,
    ) -> EventBuilder {
        EventBuilder::new(Operation::SetAcl)
            .metadata("previous_principals", strings(before))
            .metadata("new_principals", strings(after))
    }

    /// `duration` in milliseconds.
    pub fn duration_ms(&self) -> Option<f64> {
        self.duration.map(duration_ms)
    }

    /// `busy` in milliseconds.
    pub fn busy_ms(&self) -> Option<f64> {
        self.busy.map(duration_ms)
    }

    /// The texts that identify, beside the actor.
    pub(super) fn identity_mut(&mut self) -> [&mut Option<String>; 5] {
        let AuditEvent { user_id, session_id, org_id, resource, source, .. } = self;
        [user_id, session_id, org_id, resource, source]
    }

    /// Whether nobody was named.
    pub fn is_anonymous(&self) -> bool {
        self.actor == Actor::Anonymous
    }
}

fn strings(items: impl IntoIterator<Item = impl Into<String>>) -> Value {
    items.into_iter().map(|item| Value::String(item.into())).collect()
}

pub(crate) fn duration_ms(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

/// A duration of so many milliseconds, in whole nanoseconds; `None` for what
/// is no duration (negative, NaN, infinite).
pub(crate) fn duration_from_ms(ms: f64) -> Option<Duration> {
    duration_ns_from_ms(ms).map(Duration::from_nanos)
}

/// [`duration_from_ms`] as a number.
pub(crate) fn duration_ns_from_ms(ms: f64) -> Option<u64> {
    let ns = (ms * 1e6).round();
    // To 2^64, which is what a double makes of the largest that fits the columns.
    (0.0..=18_446_744_073_709_551_616.0).contains(&ns).then_some(ns as u64)
}

/// The duration that its milliseconds are read back as, and stay: from 99 days on
/// a double does not tell all nanoseconds apart.
pub(super) fn written_duration(duration: Duration) -> Duration {
    duration_from_ms(duration_ms(duration)).unwrap_or(Duration::from_nanos(u64::MAX))
}

/// A text that names somebody or something, within its limits: as in spans, an
/// empty one names nobody.
fn named(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| bounded(text).into_owned())
}

/// The one rule by which actor and user complete each other.
pub(crate) fn complete_identity(
    actor: Option<Actor>,
    user_id: Option<String>,
) -> (Actor, Option<String>) {
    match (actor, user_id) {
        (Some(Actor::User(id)), None) => (Actor::User(id.clone()), Some(id)),
        (Some(actor), user_id) => (actor, user_id),
        (None, Some(id)) => (Actor::User(id.clone()), Some(id)),
        (None, None) => (Actor::Anonymous, None),
    }
}

/// Builds an [`AuditEvent`] by hand. Values are bounded by the limits of
/// [`limits`](super::limits) when they are set. An empty text as an id, resource or
/// source is none.
#[derive(Debug, Clone)]
#[must_use = "an event is recorded when it is given to `Audit::record`"]
pub struct EventBuilder {
    event: AuditEvent,
    actor: Option<Actor>,
    entry_ids_cut: usize,
}

impl EventBuilder {
    fn new(operation: Operation) -> Self {
        let now = crate::clock::system_now();
        EventBuilder {
            event: AuditEvent {
                sequence: None,
                kind: Kind::Event,
                event_id: EventId::made_at(now.timestamp_millis()),
                timestamp: now,
                recorded_at: None,
                status: match operation {
                    Operation::AccessDenied => Status::Failure,
                    _ => Status::Success,
                },
                operation,
                actor: Actor::Anonymous,
                user_id: None,
                session_id: None,
                org_id: None,
                resource: None,
                source: None,
                entry_ids: Vec::new(),
                part: None,
                status_source: StatusSource::Explicit,
                error_message: None,
                duration: None,
                busy: None,
                metadata: Metadata::new(),
                span: None,
            },
            actor: None,
            entry_ids_cut: 0,
        }
    }

    /// Who acted, if it is not the user.
    pub fn actor(mut self, actor: impl Into<Actor>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// On whose behalf.
    pub fn user_id(mut self, id: impl AsRef<str>) -> Self {
        self.event.user_id = named(id.as_ref());
        self
    }

    /// The user's session or conversation.
    pub fn session_id(mut self, id: impl AsRef<str>) -> Self {
        self.event.session_id = named(id.as_ref());
        self
    }

    /// The organisation whose data it is.
    pub fn org_id(mut self, id: impl AsRef<str>) -> Self {
        self.event.org_id = named(id.as_ref());
        self
    }

    /// The knowledge base, collection or other container.
    pub fn resource(mut self, id: impl AsRef<str>) -> Self {
        self.event.resource = named(id.as_ref());
        self
    }

    /// Network origin.
    pub fn source(mut self, source: impl AsRef<str>) -> Self {
        self.event.source = named(source.as_ref());
        self
    }

    /// Adds the entries it was done to.
    pub fn entry_ids(mut self, ids: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        for id in ids.into_iter().filter_map(|id| named(id.as_ref())) {
            if self.event.entry_ids.len() < ENTRY_IDS_MAX {
                self.event.entry_ids.push(id);
            } else {
                self.entry_ids_cut += 1;
            }
        }
        self
    }

    /// How it ended.
    pub fn status(mut self, status: Status) -> Self {
        self.event.status = status;
        self
    }

    /// Why it failed; the status becomes a failure.
    pub fn error(mut self, message: impl AsRef<str>) -> Self {
        self.event.error_message = Some(bounded(message.as_ref()).into_owned());
        self.event.status = Status::Failure;
        self
    }

    /// How long it took, in milliseconds. What is no duration (negative, NaN)
    /// is left out.
    pub fn duration_ms(mut self, ms: f64) -> Self {
        self.event.duration = duration_from_ms(ms);
        self
    }

    /// How long it took.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.event.duration = Some(duration);
        self
    }

    /// When it began. Without this: the moment the builder was made.
    pub fn timestamp(mut self, timestamp: DateTime<Utc>) -> Self {
        self.event.timestamp = timestamp.trunc_subsecs(6);
        self
    }

    /// Adds a named value.
    pub fn metadata(mut self, key: impl AsRef<str>, value: impl Into<Value>) -> Self {
        self.event.metadata.insert(key, value);
        self
    }

    /// The finished event.
    pub fn build(mut self) -> AuditEvent {
        (self.event.actor, self.event.user_id) =
            complete_identity(self.actor, self.event.user_id.take());
        if self.entry_ids_cut > 0 {
            self.event.metadata.insert(ENTRY_IDS_CUT_KEY, self.entry_ids_cut);
        }
        self.event
    }
}

impl From<EventBuilder> for AuditEvent {
    fn from(builder: EventBuilder) -> Self {
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actor_and_user_complete_each_other() {
        let by_user = AuditEvent::builder("store").user_id("alice").build();
        assert_eq!(by_user.actor, Actor::User("alice".into()));
        let by_actor = AuditEvent::builder("store").actor("user:bob").build();
        assert_eq!(by_actor.user_id.as_deref(), Some("bob"));
        let for_user = AuditEvent::builder("store").actor(Actor::System).user_id("carol").build();
        assert_eq!(for_user.actor, Actor::System);
        assert_eq!(for_user.user_id.as_deref(), Some("carol"));
        assert!(AuditEvent::builder("store").build().is_anonymous());
    }

    #[test]
    fn access_control_events_are_typed() {
        let denied =
            AuditEvent::access_denied(["user:c"], ["role:admin"]).metadata("query", "q").build();
        assert_eq!((denied.status, denied.operation), (Status::Failure, Operation::AccessDenied));
        assert_eq!(
            denied.metadata.get("required_principals"),
            Some(&serde_json::json!(["role:admin"]))
        );
        let granted = AuditEvent::access_granted(["role:admin"]).build();
        assert_eq!(granted.status, Status::Success);
        let change = AuditEvent::acl_change(["a"], ["a", "b"]).build();
        assert_eq!(change.metadata.get("new_principals"), Some(&serde_json::json!(["a", "b"])));
    }

    #[test]
    fn durations_are_exact_and_nonsense_is_left_out() {
        assert_eq!(
            AuditEvent::builder("store").duration_ms(45.2).build().duration_ms(),
            Some(45.2)
        );
        let longest = Duration::from_nanos(u64::MAX);
        assert_eq!(duration_from_ms(duration_ms(longest)), Some(longest));
        for nonsense in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(AuditEvent::builder("store").duration_ms(nonsense).build().duration, None);
        }
    }

    #[test]
    fn too_many_entry_ids_are_counted() {
        let event = AuditEvent::builder("import")
            .entry_ids((0..ENTRY_IDS_MAX + 3).map(|id| id.to_string()))
            .build();
        assert_eq!(event.entry_ids.len(), ENTRY_IDS_MAX);
        assert_eq!(event.metadata.get(ENTRY_IDS_CUT_KEY), Some(&serde_json::json!(3)));
    }

    #[test]
    fn an_empty_text_names_nobody_and_nothing() {
        let event = AuditEvent::builder("store")
            .user_id("")
            .session_id("")
            .org_id("")
            .resource("")
            .source("")
            .entry_ids(["", "e1", ""])
            .build();
        assert!(event.is_anonymous(), "{:?}", event.actor);
        assert_eq!(event.user_id, None);
        assert_eq!((event.session_id, event.org_id), (None, None));
        assert_eq!((event.resource, event.source), (None, None));
        assert_eq!(event.entry_ids, ["e1"]);
    }
}
