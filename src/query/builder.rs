//! The query builder.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::cursor::Cursor;
use super::filter::{Filter, Kinds};
use super::order::Order;
use super::sought::{Sought, SoughtValue};
use super::view::Source;
use crate::event::limits::{KEY_BYTES_MAX, METADATA_DEPTH_MAX, bounded, prefix};
use crate::event::metadata::bounded_value;
use crate::event::{Actor, EventId, Kind, Operation, Status, bounded_nested};
use crate::redaction::HashKeys;

/// A question to the trail. Filters combine: an event has to satisfy all.
///
/// Nothing happens until one of [`run`](Query::run), `.await`,
/// [`snapshot`](Query::snapshot), [`count`](Query::count),
/// [`group_by`](Query::group_by) or [`ids`](Query::ids) is called.
///
/// Where a filter takes several values (operations, statuses, entry ids), an
/// event needs any one of them; calling it again adds values, and a list
/// without values matches nothing. Other filters hold one value, and the last
/// call counts.
///
/// Values that were hashed (`Action::Hash`) are found by asking for the value itself,
/// under whichever of the keys given to the builder they were hashed.
#[derive(Clone)]
#[must_use = "a query does nothing until it is run"]
pub struct Query {
    pub(super) source: Arc<dyn Source>,
    keys: HashKeys,
    pub(super) filter: Filter,
    pub(super) order: Order,
    pub(super) limit: Option<usize>,
    pub(super) cursor: Option<Cursor>,
    pub(super) every_log: bool,
}

impl Query {
    pub(crate) fn new(source: Arc<dyn Source>) -> Self {
        Query {
            keys: source.hash_keys(),
            source,
            filter: Filter::default(),
            order: Order::default(),
            limit: None,
            cursor: None,
            every_log: false,
        }
    }

    /// Narrows the query to one organisation, whatever else is asked for.
    pub(crate) fn scoped_to_org(mut self, org: impl Into<String>) -> Self {
        self.filter.org_scope = Some(self.sought(org));
        self
    }

    /// Events on behalf of this user.
    pub fn user(mut self, user_id: impl Into<String>) -> Self {
        self.filter.user = Some(self.sought(user_id));
        self
    }

    /// Events by this actor, such as `user:alice`, `api_key:k1` or `system`.
    pub fn actor(mut self, actor: impl Into<Actor>) -> Self {
        self.filter.actor = Some(Sought::actor(actor.into(), &self.keys));
        self
    }

    /// Events of this session.
    pub fn session(mut self, session_id: impl Into<String>) -> Self {
        self.filter.session = Some(self.sought(session_id));
        self
    }

    /// Events of this organisation.
    pub fn org(mut self, org_id: impl Into<String>) -> Self {
        self.filter.org = Some(self.sought(org_id));
        self
    }

    /// Events on this knowledge base, collection or other container.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.filter.resource = Some(self.sought(resource));
        self
    }

    /// Events from this network origin.
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.filter.source = Some(self.sought(source));
        self
    }

    /// Events of this operation, or of any other that is asked for too.
    pub fn operation(self, operation: impl Into<Operation>) -> Self {
        self.operations([operation])
    }

    /// Events of any of these operations.
    pub fn operations(
        mut self,
        operations: impl IntoIterator<Item = impl Into<Operation>>,
    ) -> Self {
        let names = operations.into_iter().map(|operation| operation.into().as_str().to_owned());
        self.filter.operations.get_or_insert_default().extend(names);
        self
    }

    /// Events with this status, or with any other that is asked for too.
    pub fn status(self, status: Status) -> Self {
        self.statuses([status])
    }

    /// Events with any of these statuses.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = Status>) -> Self {
        self.filter.statuses.get_or_insert_default().extend(statuses);
        self
    }

    /// Events that concern this entry, or any other that is asked for too.
    pub fn entry_id(self, id: impl Into<String>) -> Self {
        self.entry_ids([id])
    }

    /// Events that concern any of these entries.
    pub fn entry_ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let ids: Vec<_> = ids.into_iter().map(|id| self.sought(id)).collect();
        self.filter.entry_ids.get_or_insert_default().extend(ids);
        self
    }

    /// Operations that began at this time or later.
    pub fn since(mut self, from: impl Into<DateTime<Utc>>) -> Self {
        self.filter.since_us = Some(whole_us(from.into()));
        self
    }

    /// Operations that began before this time.
    pub fn until(mut self, until: impl Into<DateTime<Utc>>) -> Self {
        self.filter.until_us = Some(whole_us(until.into()));
        self
    }

    /// Operations that took at least so long. Those of unknown duration are
    /// left out.
    pub fn duration_min(mut self, min: Duration) -> Self {
        self.filter.duration_min = Some(min);
        self
    }

    /// Operations that took at most so long. Those of unknown duration are
    /// left out.
    pub fn duration_max(mut self, max: Duration) -> Self {
        self.filter.duration_max = Some(max);
        self
    }

    /// Events whose error message contains this text, in this case.
    pub fn error_contains(mut self, part: impl Into<String>) -> Self {
        self.filter.error_contains = Some(part.into());
        self
    }

    /// Events whose metadata has this value. May be asked for several keys.
    ///
    /// The key may be a path into objects, its parts separated by dots; keys
    /// that contain dots themselves are found too. Numbers are compared by
    /// value: `1` is `1.0`.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let (value, _) = bounded_nested(bounded_value(value.into(), METADATA_DEPTH_MAX));
        self.filter.metadata.push(SoughtValue::new(bounded_key(key.into()), value, &self.keys));
        self
    }

    /// The event with this id and everything that was done inside it: events of
    /// spans below its span, at any depth, also those that outlived it.
    pub fn trail_of(mut self, event_id: EventId) -> Self {
        self.filter.trail_of = Some(event_id);
        self
    }

    /// Entries of this kind. Without this: [`Kind::Event`].
    pub fn kind(mut self, kind: Kind) -> Self {
        self.filter.kinds = Kinds::Only(kind);
        self
    }

    /// Entries of every kind, facts about the trail itself included.
    pub fn every_kind(mut self) -> Self {
        self.filter.kinds = Kinds::Every;
        self
    }

    /// The order of the results. Without this: the most recent first.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Most events of a page, at least 1. Without this: all.
    ///
    /// Counts and groups are not limited.
    pub fn limit(mut self, events_max: usize) -> Self {
        self.limit = Some(events_max);
        self
    }

    /// Goes on where a page ended. The cursor is that page's
    /// [`next`](super::Page::next), and the query has to be the same.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.cursor = cursor.into();
        self
    }

    /// Also the events of the other logs in the journal's directory: of processes
    /// that write there beside this one, or did, as in a rolling restart
    /// ([`JournalState::other_logs`](crate::JournalState)). They are read from disk, as
    /// far as they are there by now.
    ///
    /// Sequences are places within one log, so that events of two logs may have the
    /// same; their ids are unique. In the answer each log keeps its order, and between
    /// two logs that event comes first which says to have been recorded first. As
    /// far as the clocks of the processes agree, that is the order of completion.
    ///
    /// A [`View`](super::View) is of one log; queries on it refuse this.
    #[cfg(feature = "journal")]
    pub fn every_log(mut self) -> Self {
        self.every_log = true;
        self
    }

    /// The same without a limit.
    pub(super) fn unlimited(self) -> Self {
        Query { limit: None, ..self }
    }

    fn sought(&self, value: impl Into<String>) -> Sought {
        Sought::text(text(value.into()), &self.keys)
    }
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query")
            .field("filter", &self.filter)
            .field("order", &self.order)
            .field("limit", &self.limit)
            .field("cursor", &self.cursor)
            .field("every_log", &self.every_log)
            .finish_non_exhaustive()
    }
}

/// Cut as it was cut when it was recorded, so that it is still found.
fn text(text: String) -> String {
    match bounded(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(cut) => cut,
    }
}

/// The same for a key. What has dots may be a path, which is longer than its keys.
fn bounded_key(key: String) -> String {
    if key.contains('.') { key } else { prefix(&key, KEY_BYTES_MAX).to_owned() }
}

/// Times of events are whole microseconds: one that is at `time` or later is at
/// the next whole microsecond or later.
fn whole_us(time: DateTime<Utc>) -> i64 {
    let rest = time.timestamp_subsec_nanos() % 1_000;
    time.timestamp_micros().saturating_add(i64::from(rest > 0))
}
