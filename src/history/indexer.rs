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

/// Reads events.
#[derive(Debug)]
pub(crate) struct EventIndexer;

impl EntryIndexer for EventIndexer {
    fn describe(&self, entry: &[u8], facts: &mut EntryFacts) -> bool {
        ScannedEvent::scan(entry).and_then(|event| describe(&event, facts)).is_some()
    }
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
