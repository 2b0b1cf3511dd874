//! What events are to be found by.
//!
//! | field | number | text |
//! |---|---|---|
//! | user | 1 | `user_id` |
//! | actor | 2 | `actor`, unless it is `user:` and the `user_id` |
//! | session | 3 | `session_id` |
//! | operation | 4 | `operation` |
//! | organisation | 5 | `org_id` |
//! | resource | 6 | `resource` |
//! | entry | 7 | each of `entry_ids` |
//! | status | 8 | `status` |
//! | parent | 9 | `span.parent` |
//! | kind | 10 | `kind`, where it is there |
//!
//! The time of an entry is its `timestamp`, its id the first 64 bits of the
//! UUID in its `event_id`. What is not the canonical JSON of an event can't be
//! read here.

use std::borrow::Cow;

use crate::event::Kind;
use crate::event::row::{Row, written_us};
use crate::event::scan::{Key, ScannedEvent, text};
use crate::journal::index::{EntryFacts, EntryIndexer};

/// Numbers of the fields.
pub(crate) const FIELD_USER: u8 = 1;
pub(crate) const FIELD_ACTOR: u8 = 2;
pub(crate) const FIELD_SESSION: u8 = 3;
pub(crate) const FIELD_OPERATION: u8 = 4;
pub(crate) const FIELD_ORG: u8 = 5;
pub(crate) const FIELD_RESOURCE: u8 = 6;
pub(crate) const FIELD_ENTRY_ID: u8 = 7;
pub(crate) const FIELD_STATUS: u8 = 8;
pub(crate) const FIELD_PARENT: u8 = 9;
pub(crate) const FIELD_KIND: u8 = 10;

const TEXTS: [(u8, Key); 7] = [
    (FIELD_USER, Key::UserId),
    (FIELD_SESSION, Key::SessionId),
    (FIELD_OPERATION, Key::Operation),
    (FIELD_ORG, Key::OrgId),
    (FIELD_RESOURCE, Key::Resource),
    (FIELD_STATUS, Key::Status),
    (FIELD_KIND, Key::Kind),
];

/// What a user's actor text begins with.
const USER_PREFIX: &str = "user:";

/// Reads events.
#[derive(Debug)]
pub(crate) struct EventIndexer;

impl EntryIndexer for EventIndexer {
    fn describe(&self, entry: &[u8], facts: &mut EntryFacts) -> bool {
        ScannedEvent::scan(entry).and_then(|event| describe(&event, facts)).is_some()
    }
}

/// Adds what `describe` finds in the entry of a row, without reading it.
#[inline]
pub(crate) fn describe_row(row: &Row<'_>, facts: &mut EntryFacts) -> bool {
    // As in the entry, where it is refused.
    if row.user_id.is_none() && row.actor.starts_with(USER_PREFIX) {
        return false;
    }
    facts.time_us = written_us(row.timestamp_us);
    facts.id = index_id(row.event_id);
    let mut add = |field, text: Option<&str>| {
        if let Some(text) = text {
            facts.add(field, text.as_bytes());
        }
    };
    add(FIELD_USER, row.user_id);
    add(FIELD_SESSION, row.session_id);
    let mut ids = row.entry_ids;
    while let Some(id) = ids.next_unread() {
        facts.add(FIELD_ENTRY_ID, id);
    }
    let mut add_usual = |field, text: Option<&str>| {
        if let Some(text) = text {
            facts.add_usual(field, text.as_bytes());
        }
    };
    add_usual(FIELD_OPERATION, Some(row.operation));
    add_usual(FIELD_ORG, row.org_id);
    add_usual(FIELD_RESOURCE, row.resource);
    add_usual(FIELD_STATUS, Some(row.status.as_str()));
    add_usual(FIELD_KIND, (row.kind == Kind::Log).then_some("log"));
    let user = row.actor.strip_prefix(USER_PREFIX);
    if user.is_none() || user != row.user_id {
        add_usual(FIELD_ACTOR, Some(row.written_actor()));
    }
    if let Some(parent) = row.span.and_then(|span| span.parent) {
        facts.add(FIELD_PARENT, &parent.text());
    }
    true
}

/// Adds the id in the form that an index has.
pub(crate) fn index_id(id: crate::event::EventId) -> u64 {
    (id.as_u128() >> 64) as u64
}

fn describe(event: &ScannedEvent<'_>, facts: &mut EntryFacts) -> Option<()> {
    facts.time_us = event.timestamp_us()?;
    facts.id = index_id(event.event_id()?);
    for (field, key) in TEXTS {
        add(facts, field, event.raw(key))?;
    }
    if !is_user_in_person(event) {
        add(facts, FIELD_ACTOR, event.raw(Key::Actor))?;
    }
    for id in event.entry_ids() {
        add(facts, FIELD_ENTRY_ID, id)?;
    }
    add(facts, FIELD_PARENT, event.parent().unwrap_or_default())
}

/// Adds a JSON string, if there is one.
fn add(facts: &mut EntryFacts, field: u8, raw: &[u8]) -> Option<()> {
    if raw.is_empty() {
        return Some(());
    }
    match text(raw)? {
        Cow::Borrowed(text) => facts.add(field, text.as_bytes()),
        Cow::Owned(text) => facts.add(field, text.as_bytes()),
    }
    Some(())
}

/// Compares the JSON, where both are escaped alike.
fn is_user_in_person(event: &ScannedEvent<'_>) -> bool {
    let actor = event.raw(Key::Actor).strip_prefix(b"\"user:");
    let user = event.raw(Key::UserId).strip_prefix(b"\"");
    actor.is_some() && actor == user
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::buffer::samples::event;
    use crate::event::encode::encode;
    use crate::event::row::{RowScratch, time_from_us};
    use crate::event::{Actor, AuditEvent, Sequence};
    use crate::journal::LogId;
    use crate::journal::index::{GatheredFacts, TermHasher};

    /// What is found in a row, and in its entry.
    fn both(row: &Row<'_>) -> [GatheredFacts; 2] {
        let mut entry = Vec::new();
        encode(row, Sequence(3), &mut entry);
        let mut facts = EntryFacts::new(TermHasher::new(LogId([9; 16])));
        let (mut of_row, mut of_entry) = (GatheredFacts::default(), GatheredFacts::default());
        of_row.gather(&mut facts, |facts| describe_row(row, facts));
        of_entry.gather(&mut facts, |facts| EventIndexer.describe(&entry, facts));
        [of_row, of_entry]
    }

    /// Terms in the order of the index, time and id.
    fn found(facts: &GatheredFacts) -> (Vec<u64>, Option<(i64, u64)>) {
        let entry = facts.each().next().unwrap();
        let mut terms = entry.terms.to_vec();
        terms.sort_unstable();
        (terms, entry.bounds)
    }

    proptest! {
        #[test]
        fn a_row_is_found_by_what_its_entry_is_found_by(
            event in event(),
            user in proptest::option::of(any::<String>()),
            session in proptest::option::of(any::<String>()),
            ids in proptest::collection::vec(any::<String>(), 0..4),
            time_us in prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>(), 0..4_000_000_000_000_000_i64],
        ) {
            let user_id = user.or(event.user_id);
            let event = AuditEvent { user_id, session_id: session, entry_ids: ids, ..event };
            let mut scratch = RowScratch::default();
            let row = Row { timestamp_us: time_us, ..scratch.row(&event, 0) };
            let [of_row, of_entry] = both(&row);
            prop_assert_eq!(found(&of_row), found(&of_entry));
        }
    }

    #[test]
    fn what_was_found_before_does_not_stay() {
        let mut facts = EntryFacts::new(TermHasher::new(LogId([9; 16])));
        let mut scratch = RowScratch::default();
        for (operation, org) in [("a", None), ("b", Some("")), ("b", Some("o")), ("a", Some(""))] {
            let mut event = AuditEvent::builder(operation).build();
            event.org_id = org.map(str::to_owned);
            let row = scratch.row(&event, 0);
            let mut gathered = GatheredFacts::default();
            gathered.gather(&mut facts, |facts| describe_row(&row, facts));
            assert_eq!(found(&gathered), found(&both(&row)[1]), "{operation} {org:?}");
        }
    }

    #[test]
    fn actors_and_times_at_the_edges_are_found_alike() {
        let times = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, time_from_us(-1)];
        for time in times {
            for (actor, user) in
                [("user:u", None), ("user:u", Some("u")), ("user:", Some("")), ("", None)]
            {
                let mut event = AuditEvent::builder("store").timestamp(time).build();
                (event.actor, event.user_id) = (Actor::from("system"), user.map(str::to_owned));
                let mut scratch = RowScratch::default();
                let row = Row { actor, ..scratch.row(&event, 0) };
                let [of_row, of_entry] = both(&row);
                assert_eq!(found(&of_row), found(&of_entry), "{time} {actor:?} {user:?}");
                assert_eq!(found(&of_row).1.is_none(), actor == "user:u" && user.is_none());
            }
        }
    }
}
