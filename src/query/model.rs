//! The same questions, answered by looking at every event of a plain list.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::{Field, Query};
use crate::buffer::samples::{
    ACTORS, ENTRY_IDS, KEYS, OPERATIONS, SPAN_US, START_US, USERS, duration, event_id, value,
};
use crate::event::row::time_from_us;
use crate::event::{AuditEvent, EventId, Kind, Status};

/// A question, in a form that both sides understand.
#[derive(Debug, Clone, Default)]
pub(super) struct Question {
    pub(super) org_scope: Option<String>,
    pub(super) org: Option<String>,
    pub(super) user: Option<String>,
    pub(super) actor: Option<String>,
    pub(super) session: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) source: Option<String>,
    pub(super) operations: Option<Vec<String>>,
    pub(super) statuses: Option<Vec<Status>>,
    pub(super) entry_ids: Option<Vec<String>>,
    pub(super) since_us: Option<i64>,
    pub(super) until_us: Option<i64>,
    pub(super) duration_min: Option<Duration>,
    pub(super) duration_max: Option<Duration>,
    pub(super) error_contains: Option<String>,
    pub(super) metadata: Vec<(String, Value)>,
    pub(super) trail_of: Option<EventId>,
    pub(super) kind: Option<Option<Kind>>,
}

pub(super) fn question() -> impl Strategy<Value = Question> {
    (texts(), several(), bounds(), scans()).prop_map(|(texts, several, bounds, scans)| {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Question {
            org_scope: own(texts.0),
            org: own(texts.1),
            user: own(texts.2),
            actor: own(texts.3),
            session: own(texts.4),
            resource: own(texts.5),
            source: own(texts.6),
            operations: several.0.map(|names| names.into_iter().map(str::to_owned).collect()),
            statuses: several.1,
            entry_ids: several.2.map(|ids| ids.into_iter().map(str::to_owned).collect()),
            since_us: bounds.0.map(|from| START_US + from),
            until_us: bounds
                .1
                .map(|(from, length)| START_US + bounds.0.map_or(from, |since| since + length)),
            duration_min: bounds.2,
            duration_max: bounds.3.map(|max| max.max(bounds.2.unwrap_or_default())),
            error_contains: own(scans.0),
            metadata: scans.1.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            trail_of: scans.2,
            kind: scans.3,
        }
    })
}

type Text = Option<&'static str>;

/// How often a filter is used.
const USED: f64 = 0.13;

fn texts() -> impl Strategy<Value = (Text, Text, Text, Text, Text, Text, Text)> {
    let some = |texts: Vec<&'static str>| weighted(USED, select(texts));
    (
        some(vec!["o1", "o2", "none"]),
        some(vec!["o1", "o2"]),
        some([&USERS[..], &["nobody"]].concat()),
        some([&ACTORS[..], &["user:", "user:anonymous", "user:nobody", "other"]].concat()),
        some(vec!["s1", "s2", "none"]),
        some(vec!["r1", "r2", "none"]),
        some(vec!["n1", "n2", "none"]),
    )
}

type Several = (Option<Vec<&'static str>>, Option<Vec<Status>>, Option<Vec<&'static str>>);

fn several() -> impl Strategy<Value = Several> {
    let operations = [&OPERATIONS[..], &["NONE"]].concat();
    let ids = [&ENTRY_IDS[..], &["none"]].concat();
    (
        weighted(USED, vec(select(operations), 0..4)),
        weighted(USED, vec(select(Status::ALL), 0..4)),
        weighted(USED, vec(select(ids), 0..4)),
    )
}

type Bounds = (Option<i64>, Option<(i64, i64)>, Option<Duration>, Option<Duration>);

fn bounds() -> impl Strategy<Value = Bounds> {
    (
        weighted(USED, -1..=SPAN_US),
        weighted(USED, (0..=SPAN_US, 0..SPAN_US)),
        weighted(USED, duration()),
        weighted(USED, duration()),
    )
}

type Scans = (Text, Vec<(&'static str, Value)>, Option<EventId>, Option<Option<Kind>>);

fn scans() -> impl Strategy<Value = Scans> {
    let paths = [&KEYS[..], &["o.p.q", "k.p", "none", "q."]].concat();
    let kinds = select(vec![Some(Kind::Event), Some(Kind::Log), None]);
    (
        weighted(USED, select(vec!["time", "timeout", "no such", ""])),
        weighted(USED, vec((select(paths), value()), 1..3)).prop_map(Option::unwrap_or_default),
        weighted(USED, event_id()),
        weighted(USED, kinds),
    )
}

impl Question {
    /// Puts the question to the implementation.
    pub(super) fn ask(&self, mut query: Query) -> Query {
        fn with<T: Clone>(query: Query, value: &Option<T>, f: impl Fn(Query, T) -> Query) -> Query {
            match value {
                Some(value) => f(query, value.clone()),
                None => query,
            }
        }
        query = with(query, &self.org_scope, Query::scoped_to_org);
        query = with(query, &self.org, Query::org);
        query = with(query, &self.user, Query::user);
        query = with(query, &self.actor, |query, actor| query.actor(actor));
        query = with(query, &self.session, Query::session);
        query = with(query, &self.resource, Query::resource);
        query = with(query, &self.source, Query::source);
        query = with(query, &self.operations, |query, names| {
            query.operations(names.iter().map(String::as_str))
        });
        query = with(query, &self.statuses, Query::statuses);
        query = with(query, &self.entry_ids, Query::entry_ids);
        query = with(query, &self.since_us, |query, us| query.since(time_from_us(us)));
        query = with(query, &self.until_us, |query, us| query.until(time_from_us(us)));
        query = with(query, &self.duration_min, Query::duration_min);
        query = with(query, &self.duration_max, Query::duration_max);
        query = with(query, &self.error_contains, Query::error_contains);
        query = with(query, &self.trail_of, Query::trail_of);
        query = with(query, &self.kind, |query, kind| match kind {
            Some(kind) => query.kind(kind),
            None => query.every_kind(),
        });
        for (key, value) in &self.metadata {
            query = query.metadata(key, value.clone());
        }
        query
    }

    /// Those of the events that the question asks for, oldest first.
    pub(super) fn answer<'a>(&self, held: &'a [AuditEvent]) -> Vec<&'a AuditEvent> {
        let trail = self.trail_of.map(|root| trail(root, held));
        held.iter()
            .filter(|event| trail.as_ref().is_none_or(|ids| ids.contains(&event.event_id)))
            .filter(|event| self.texts_match(event) && self.rest_matches(event))
            .collect()
    }

    fn texts_match(&self, event: &AuditEvent) -> bool {
        let is =
            |wanted: &Option<String>, have: &Option<String>| wanted.is_none() || wanted == have;
        is(&self.org_scope, &event.org_id)
            && is(&self.org, &event.org_id)
            && is(&self.user, &event.user_id)
            && is(&self.actor, &Some(event.actor.to_string()))
            && is(&self.session, &event.session_id)
            && is(&self.resource, &event.resource)
            && is(&self.source, &event.source)
    }

    fn rest_matches(&self, event: &AuditEvent) -> bool {
        let operation = event.operation.to_string();
        let at = event.timestamp.timestamp_micros();
        self.operations.as_ref().is_none_or(|any| any.contains(&operation))
            && self.statuses.as_ref().is_none_or(|any| any.contains(&event.status))
            && self
                .entry_ids
                .as_ref()
                .is_none_or(|any| any.iter().any(|id| event.entry_ids.contains(id)))
            && self.since_us.is_none_or(|since| at >= since)
            && self.until_us.is_none_or(|until| at < until)
            && self.duration_min.is_none_or(|min| event.duration.is_some_and(|took| took >= min))
            && self.duration_max.is_none_or(|max| event.duration.is_some_and(|took| took <= max))
            && self.error_contains.as_ref().is_none_or(|part| {
                event.error_message.as_ref().is_some_and(|error| error.contains(part))
            })
            && self.metadata.iter().all(|(path, value)| has(event, path, value))
            && self.kind.unwrap_or(Some(Kind::Event)).is_none_or(|kind| event.kind == kind)
    }
}

fn trail(root: EventId, held: &[AuditEvent]) -> BTreeSet<EventId> {
    let mut ids = BTreeSet::from([root]);
    for _ in 0..=held.len() {
        for event in held {
            let parent = event.span.as_ref().and_then(|span| span.parent);
            if parent.is_some_and(|parent| ids.contains(&parent)) {
                ids.insert(event.event_id);
            }
        }
    }
    ids
}

/// Every path of the metadata, with its value in a form that is comparable.
fn has(event: &AuditEvent, path: &str, wanted: &Value) -> bool {
    fn paths(prefix: &str, value: &Value, all: &mut Vec<(String, Value)>) {
        all.push((prefix.to_owned(), plain(value)));
        for (key, inner) in value.as_object().into_iter().flatten() {
            paths(&format!("{prefix}.{key}"), inner, all);
        }
    }
    let mut all = Vec::new();
    event.metadata.iter().for_each(|(key, value)| paths(key, value, &mut all));
    all.contains(&(path.to_owned(), plain(wanted)))
}

/// All numbers as floats, and those too large for JSON as text.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.as_u64() == Some(u64::MAX) => number.to_string().into(),
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
        }
        value => value.clone(),
    }
}

/// Counts by value, the greatest first, then by name.
pub(super) fn groups(events: &[&AuditEvent], field: Field) -> Vec<(String, u64)> {
    let mut counts = BTreeMap::<String, u64>::new();
    for event in events {
        let value = match field {
            Field::User => Some(event.user_id.clone().unwrap_or("anonymous".into())),
            Field::Actor => Some(event.actor.to_string()),
            Field::Session => event.session_id.clone(),
            Field::Operation => Some(event.operation.to_string()),
            Field::Org => event.org_id.clone(),
            Field::Resource => event.resource.clone(),
            Field::Source => event.source.clone(),
            Field::Status => Some(event.status.to_string()),
            Field::StatusSource => Some(event.status_source.to_string()),
        };
        *counts.entry(value.unwrap_or("(none)".into())).or_default() += 1;
    }
    counts.remove("(none)");
    let mut groups: Vec<_> = counts.into_iter().collect();
    groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    groups
}
