//! Events made elsewhere (read from a document, or changed field by field)
//! brought within the limits of an event, and into the form that an entry of a
//! journal may have. Nothing is refused.

use std::borrow::Cow;

use serde_json::Value;

use super::audit_event::{complete_identity, written_duration};
use super::limits::{
    ENTRY_IDS_CUT_KEY, ENTRY_IDS_MAX, LINKS_CUT_KEY, LINKS_MAX, METADATA_BYTES_MAX,
    METADATA_CUT_KEY, METADATA_FIELDS_MAX, OWN_KEYS, bounded, cut_marker,
};
use super::row::time_from_us;
use super::{Actor, AuditEvent, Metadata, Operation};

/// What a value takes beside its text, as in what is captured of spans.
const VALUE_BYTES: usize = 8;

/// `event`, with what is too long cut and marked, what is too much counted, and
/// what no entry can say as the nearest that one can.
pub(crate) fn within(mut event: AuditEvent) -> AuditEvent {
    // Recorded by hand, it is an event of its own, and recorded now.
    (event.sequence, event.recorded_at, event.part) = (None, None, None);
    event.timestamp = time_from_us(event.timestamp.timestamp_micros());
    event.duration = event.duration.map(written_duration);
    event.busy = event.busy.map(written_duration);
    event.operation = Operation::from(event.operation.as_str());
    leave_empty_texts_out(&mut event);
    cut_texts(&mut event);
    (event.actor, event.user_id) =
        complete_identity(Some(bounded_actor(event.actor)), event.user_id.take());
    let ids_cut = event.entry_ids.len().saturating_sub(ENTRY_IDS_MAX);
    event.entry_ids.truncate(ENTRY_IDS_MAX);
    let links_cut = cut_links(&mut event);
    let (metadata, fields_cut) = bounded_metadata(event.metadata);
    event.metadata = metadata;
    for (key, more) in
        [(ENTRY_IDS_CUT_KEY, ids_cut), (LINKS_CUT_KEY, links_cut), (METADATA_CUT_KEY, fields_cut)]
    {
        count(&mut event.metadata, key, more as u64);
    }
    event
}

/// Adds to what was counted under a key before.
pub(super) fn count(metadata: &mut Metadata, key: &str, more: u64) {
    if more > 0 {
        let before = metadata.get(key).and_then(Value::as_u64).unwrap_or_default();
        metadata.insert(key, before.saturating_add(more));
    }
}

/// How many links were too many.
fn cut_links(event: &mut AuditEvent) -> usize {
    let Some(span) = &mut event.span else { return 0 };
    let more = span.links.len().saturating_sub(LINKS_MAX);
    span.links.truncate(LINKS_MAX);
    more
}

/// An empty text names nobody, as in spans.
fn leave_empty_texts_out(event: &mut AuditEvent) {
    let is_empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
    event.identity_mut().into_iter().filter(|text| is_empty(text)).for_each(|text| *text = None);
    event.entry_ids.retain(|id| !id.is_empty());
    if matches!(&event.actor, Actor::User(id) if id.is_empty()) {
        event.actor = Actor::Anonymous;
    }
}

fn cut_texts(event: &mut AuditEvent) {
    event.identity_mut().into_iter().flatten().for_each(cut);
    event.error_message.iter_mut().for_each(cut);
    event.entry_ids.iter_mut().for_each(cut);
    event.span.iter_mut().flat_map(|span| [&mut span.name, &mut span.target]).for_each(cut);
}

fn cut(text: &mut String) {
    if let Cow::Owned(shorter) = bounded(text) {
        *text = shorter;
    }
}

/// An actor as its text is read back. The id of a user is cut as that of
/// `user_id` is, so that the two stay the same.
pub(crate) fn bounded_actor(actor: Actor) -> Actor {
    let mut actor = match actor {
        Actor::Other(text) => Actor::from(text),
        known => known,
    };
    match &mut actor {
        Actor::User(text) | Actor::ApiKey(text) | Actor::Service(text) | Actor::Other(text) => {
            cut(text);
        }
        Actor::System | Actor::Anonymous => {}
    }
    actor
}

/// The fields within the limits, and how many had no place. What is too much in
/// bytes gives way to a mark, as long as there is room for that. Counts of what
/// was cut earlier are kept beside them.
fn bounded_metadata(metadata: Metadata) -> (Metadata, usize) {
    let mut kept = Metadata::new();
    let (mut fields, mut room, mut dropped) = (0, METADATA_BYTES_MAX, 0);
    for (key, value) in metadata.into_fields() {
        if value.is_number() && OWN_KEYS.contains(&key.as_str()) {
            kept.push_new(key, value);
            continue;
        }
        let fitting = bounded_field(value, room).filter(|_| fields < METADATA_FIELDS_MAX);
        let Some((value, bytes)) = fitting else {
            dropped += 1;
            continue;
        };
        (fields, room) = (fields + 1, room - bytes);
        kept.push_new(key, value);
    }
    (kept, dropped)
}

/// A value that is no longer than one may be, and how much of the room it
/// takes; a mark where that is too little, nothing where it is for that.
fn bounded_field(value: Value, room: usize) -> Option<(Value, usize)> {
    let (value, text_bytes) = bounded_nested(value);
    if text_bytes + VALUE_BYTES <= room {
        return Some((value, text_bytes + VALUE_BYTES));
    }
    let mark = cut_marker(Some(text_bytes));
    let bytes = mark.len() + VALUE_BYTES;
    (text_bytes > 0 && bytes <= room).then_some((Value::String(mark), bytes))
}

/// A value that is no longer than one may be, and the bytes of its text. A list or
/// an object that is cut is a text, as it is in spans.
pub(crate) fn bounded_nested(value: Value) -> (Value, usize) {
    match value {
        Value::String(text) => {
            let bytes = text.len();
            (Value::String(text), bytes)
        }
        Value::Array(_) | Value::Object(_) => {
            let json = value.to_string();
            match bounded(&json) {
                Cow::Borrowed(_) => (value, json.len()),
                Cow::Owned(cut) => {
                    let bytes = cut.len();
                    (Value::String(cut), bytes)
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => (value, 0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::event::limits::FIELD_BYTES_MAX;
    use crate::event::{EventId, SpanInfo};

    #[test]
    fn links_beyond_the_limit_are_counted() {
        let links: Vec<_> = (1..=LINKS_MAX as u128 + 3).map(EventId::from_u128).collect();
        let mut event = AuditEvent::builder("merge").build();
        event.span = Some(SpanInfo {
            name: "merge".into(),
            target: "store".into(),
            parent: None,
            trace_id: None,
            span_id: None,
            links: links.clone(),
        });
        let event = within(event);
        assert_eq!(event.metadata.get(LINKS_CUT_KEY), Some(&json!(3)));
        assert_eq!(event.span.unwrap().links, links[..LINKS_MAX]);
    }

    #[test]
    fn metadata_stays_within_its_limits_and_says_what_is_missing() {
        let many = (0..1001).fold(AuditEvent::builder("store"), |event, number| {
            event.metadata(format!("k{number}"), number)
        });
        let event = within(many.metadata(METADATA_CUT_KEY, 5).build());
        assert_eq!(event.metadata.len(), METADATA_FIELDS_MAX + 1);
        assert_eq!(event.metadata.get("k127"), Some(&json!(127)));
        assert_eq!(event.metadata.get(METADATA_CUT_KEY), Some(&json!(1001 - 128 + 5)));
        assert_eq!(within(event.clone()), event);

        let list = vec!["x".repeat(1000); 40_000];
        let long = AuditEvent::builder("store").metadata("list", list).metadata("n", 1).build();
        let event = within(long);
        let cut = event.metadata.get("list").and_then(Value::as_str).unwrap();
        assert!(cut.starts_with("[\"xxx") && cut.ends_with(&cut_marker(Some(40_120_001))), "{cut}");
        assert_eq!(event.metadata.get("n"), Some(&json!(1)));

        let wide = (0..8).fold(AuditEvent::builder("store"), |event, number| {
            event.metadata(format!("k{number}"), "v".repeat(FIELD_BYTES_MAX))
        });
        let event = within(wide.build());
        let lengths: usize =
            event.metadata.iter().filter_map(|(_, value)| value.as_str()).map(str::len).sum();
        assert!(lengths <= METADATA_BYTES_MAX && lengths > 3 * FIELD_BYTES_MAX, "{lengths}");
        assert_eq!(event.metadata.get("k7"), Some(&json!(cut_marker(Some(FIELD_BYTES_MAX)))));
    }

    #[test]
    fn a_duration_is_as_it_is_read_back() {
        let hundred_days = Duration::from_secs(100 * 86_400);
        for exact in [
            Duration::from_nanos(1),
            hundred_days,
            hundred_days + Duration::from_nanos(1),
            Duration::from_nanos((1 << 53) + 1),
            Duration::from_nanos(u64::MAX),
            Duration::MAX,
        ] {
            let mut event = AuditEvent::builder("store").duration(exact).build();
            event.busy = Some(exact);
            let event = within(event);
            let entry = serde_json::to_string(&event).unwrap();
            let read: AuditEvent = serde_json::from_str(&entry).unwrap();
            assert_eq!((read.duration, read.busy), (event.duration, event.busy), "{exact:?}");
            assert!(read.duration.is_some() && read.busy.is_some(), "{exact:?}");
            assert!(exact > hundred_days || event.duration == Some(exact), "{exact:?}");
        }
    }

    #[test]
    fn an_actor_is_bounded_and_as_it_is_read_back() {
        let mut event = AuditEvent::builder("store").build();
        event.actor = Actor::User("u".repeat(20_000));
        let event = within(event);
        assert_eq!(event.user_id.as_ref().map(String::len), Some(FIELD_BYTES_MAX));
        assert_eq!(Some(&event.actor), event.user_id.clone().map(Actor::User).as_ref());

        for (given, read) in [
            (Actor::Other("user:bob".into()), Actor::User("bob".into())),
            (Actor::Other(String::new()), Actor::Anonymous),
        ] {
            let event = within(AuditEvent::builder("store").actor(given).build());
            assert_eq!(event.actor, read);
            assert_eq!(event.user_id.is_some(), matches!(read, Actor::User(_)));
        }
        let long = AuditEvent::builder("store").actor(Actor::Service("s".repeat(1 << 20))).build();
        assert!(within(long).actor.to_string().len() <= "service:".len() + FIELD_BYTES_MAX);
    }

    #[test]
    fn what_the_trail_says_of_an_event_cannot_be_said_by_hand() {
        let mut event = AuditEvent::builder("store").build();
        event.recorded_at = Some(event.timestamp);
        event.sequence = Some(crate::event::Sequence(7));
        event.part = "2/3".parse().ok();
        let event = within(event);
        assert_eq!((event.recorded_at, event.sequence, event.part), (None, None, None));
    }

    #[test]
    fn an_empty_text_names_nobody_however_it_came_into_an_event() {
        let mut event = AuditEvent::builder("store").actor("user:").build();
        event.org_id = Some(String::new());
        event.entry_ids = vec![String::new(), "e1".to_owned()];
        let event = within(event);
        assert_eq!((&event.actor, &event.user_id), (&Actor::Anonymous, &None));
        assert_eq!((event.org_id, event.entry_ids), (None, vec!["e1".to_owned()]));
        let mut of_somebody = AuditEvent::builder("store").actor("api_key:k").build();
        of_somebody.user_id = Some(String::new());
        let of_somebody = within(of_somebody);
        assert_eq!((of_somebody.actor, of_somebody.user_id), (Actor::ApiKey("k".into()), None));
    }
}
