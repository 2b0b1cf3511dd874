//! Values are bounded, cuts are marked and counted, and identity is never cut
//! away for metadata.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use tracing::field::Empty;
use tracing::{info_span, trace_span};
use tracing_audit::event::limits::{
    ENTRY_IDS_CUT_KEY, ENTRY_IDS_MAX, FIELD_BYTES_MAX, METADATA_BYTES_MAX, METADATA_CUT_KEY,
    METADATA_FIELDS_MAX,
};
use tracing_audit::list;

use crate::trail::{only, trail};

#[test]
fn a_long_field_is_cut_and_says_so() {
    let (audit, _default) = trail();
    let long = "é".repeat(FIELD_BYTES_MAX);
    drop(
        info_span!("op", audit.operation = "LONG", text = long.as_str(), shown = %long, audit.user_id = %long),
    );
    let event = only(&audit, "LONG");
    let text = event.metadata.get("text").unwrap().as_str().unwrap();
    assert!(text.len() <= FIELD_BYTES_MAX && text.len() > FIELD_BYTES_MAX - 50);
    assert!(text.ends_with(&format!("[cut from {} bytes]", long.len())));
    for cut in [event.metadata.get("shown").unwrap().as_str().unwrap(), &event.user_id.unwrap()] {
        assert!(cut.len() <= FIELD_BYTES_MAX && cut.starts_with("éé") && cut.ends_with("[cut]"));
    }
}

/// Writes on although it is told that there is no room.
struct Stubborn;

impl fmt::Debug for Stubborn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f.write_str(&"a".repeat(FIELD_BYTES_MAX - 12));
        let _ = f.write_str("éé");
        let _ = f.write_str("after the cut");
        Ok(())
    }
}

#[test]
fn nothing_is_added_after_a_cut() {
    let (audit, _default) = trail();
    drop(info_span!("op", audit.operation = "STUBBORN", value = ?Stubborn));
    let event = only(&audit, "STUBBORN");
    let value = event.metadata.get("value").unwrap().as_str().unwrap();
    let (kept, mark) = value.split_at(value.find(' ').unwrap());
    assert!(kept.trim_end_matches('é').bytes().all(|byte| byte == b'a'), "{}", &kept[8_000..]);
    assert_eq!(mark, " …[cut]");
}

/// Endless, unless its writer stops it.
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        loop {
            f.write_str("on and on ")?;
        }
    }
}

#[test]
fn formatting_stops_at_the_limit() {
    let (audit, _default) = trail();
    drop(info_span!("op", audit.operation = "ENDLESS", value = %Endless));
    assert!(
        only(&audit, "ENDLESS").metadata.get("value").unwrap().as_str().unwrap().ends_with("[cut]")
    );
}

/// Serialises as so many texts, and counts those that it was asked for.
struct Many<'a>(u64, &'a AtomicU64);

impl serde::Serialize for Many<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut items = serializer.serialize_seq(None)?;
        for number in 0..self.0 {
            self.1.fetch_add(1, Ordering::Relaxed);
            items.serialize_element(&format!("é{number:09}"))?;
        }
        items.end()
    }
}

#[test]
fn serialising_stops_at_the_limit() {
    let (audit, _default) = trail();
    let (few, many) = (AtomicU64::new(0), AtomicU64::new(0));
    let object = json!({"a": "x".repeat(2 * FIELD_BYTES_MAX)});
    drop(info_span!(
        "op",
        audit.operation = "MANY",
        audit.entry_ids = tracing_audit::json(&Many(ENTRY_IDS_MAX as u64, &few)),
        list = tracing_audit::json(&Many(1_000_000, &many)),
        object = tracing_audit::json(&object),
        whole = tracing_audit::json(&vec!["x".repeat(1_000); 4]),
    ));
    let event = only(&audit, "MANY");
    assert_eq!(event.entry_ids.len(), ENTRY_IDS_MAX);
    assert!(many.into_inner() < 100_000);
    for (key, begin) in [("list", "[\"é000000000\",\"é"), ("object", "{\"a\":\"xxx")] {
        let text = event.metadata.get(key).unwrap().as_str().unwrap();
        assert!(text.starts_with(begin) && text.ends_with(" …[cut]"), "{text}");
        assert!((FIELD_BYTES_MAX - 4..=FIELD_BYTES_MAX).contains(&text.len()));
    }
    assert!(event.metadata.get("whole").unwrap().is_array());
}

#[test]
fn a_long_text_is_cut_alike_however_it_comes() {
    let (audit, _default) = trail();
    let long = "x".repeat(FIELD_BYTES_MAX + 1_000);
    info_span!("op", audit.operation = "ALIKE", declared = long.as_str()).in_scope(|| {
        tracing_audit::current().unwrap().metadata("added", long.as_str());
    });
    let event = only(&audit, "ALIKE");
    assert_eq!(event.metadata.get("added"), event.metadata.get("declared"));
}

#[test]
fn nested_values_are_bounded_in_depth() {
    let (audit, _default) = trail();
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    drop(info_span!("op", audit.operation = "DEEP", value = tracing_audit::json(&deep)));
    let event = only(&audit, "DEEP");
    assert!(event.metadata.get("value").unwrap().to_string().contains("too deep"));
}

#[test]
fn fields_beyond_the_limit_are_counted_and_identity_stays() {
    let (audit, _default) = trail();
    let span = info_span!("op", audit.operation = "MANY", audit.user_id = Empty);
    span.in_scope(|| {
        for field in 0..METADATA_FIELDS_MAX + 10 {
            tracing_audit::current().unwrap().metadata(&format!("field_{field}"), field);
        }
    });
    span.record("audit.user_id", "alice");
    drop(span);
    let event = only(&audit, "MANY");
    assert_eq!(event.metadata.get("field_127"), Some(&json!(127)));
    assert_eq!(event.metadata.get("field_128"), None);
    assert_eq!(event.metadata.get(METADATA_CUT_KEY), Some(&json!(10)));
    assert_eq!(event.user_id.as_deref(), Some("alice"));
}

#[test]
fn one_field_set_again_and_again_has_its_last_value() {
    let (audit, _default) = trail();
    let large = "x".repeat(FIELD_BYTES_MAX / 2);
    let span = info_span!("op", audit.operation = "LOOP", declared = Empty, text = Empty);
    let rounds = METADATA_FIELDS_MAX.max(METADATA_BYTES_MAX / large.len()) * 3;
    for round in 0..rounds {
        span.record("declared", round);
        span.record("text", format!("{round} {large}"));
        span.in_scope(|| tracing_audit::current().unwrap().metadata("progress", round));
        span.in_scope(|| {
            tracing_audit::current().unwrap().metadata("log", format!("{round} {large}"))
        });
    }
    drop(span);
    let event = only(&audit, "LOOP");
    let last = rounds - 1;
    assert_eq!(event.metadata.get("declared"), Some(&json!(last)));
    assert_eq!(event.metadata.get("progress"), Some(&json!(last)));
    assert_eq!(event.metadata.get("text"), Some(&json!(format!("{last} {large}"))));
    assert_eq!(event.metadata.get("log"), Some(&json!(format!("{last} {large}"))));
    assert_eq!(event.metadata.get(METADATA_CUT_KEY), None);
}

#[test]
fn more_than_32_fields_are_kept() {
    let (audit, _default) = trail();
    drop(trace_span!(
        "op",
        audit.operation = "WIDE",
        f01 = 1,
        f02 = 2,
        f03 = 3,
        f04 = 4,
        f05 = 5,
        f06 = 6,
        f07 = 7,
        f08 = 8,
        f09 = 9,
        f10 = 10,
        f11 = 11,
        f12 = 12,
        f13 = 13,
        f14 = 14,
        f15 = 15,
        f16 = 16,
        f17 = 17,
        f18 = 18,
        f19 = 19,
        f20 = 20,
        f21 = 21,
        f22 = 22,
        f23 = 23,
        f24 = 24,
        f25 = 25,
        f26 = 26,
        f27 = 27,
        f28 = 28,
        f29 = 29,
        f30 = 30,
        f31 = 31,
        f32 = 32,
        f33 = 33,
        f34 = 34,
        f35 = 35,
        f36 = 36,
        f37 = 37,
        f38 = 38,
        f39 = 39,
        f40 = 40,
        audit.user_id = "alice",
    ));
    let event = only(&audit, "WIDE");
    let sum: i64 = event.metadata.iter().map(|(_, value)| value.as_i64().unwrap()).sum();
    assert_eq!((event.metadata.len(), sum), (40, 820));
    assert_eq!(event.user_id.as_deref(), Some("alice"));
}

#[test]
fn entry_ids_beyond_the_limit_are_counted() {
    let (audit, _default) = trail();
    let ids: Vec<_> = (0..ENTRY_IDS_MAX + 5).map(|id| format!("entry_{id}")).collect();
    drop(info_span!("op", audit.operation = "IDS", audit.entry_ids = list(&ids)));
    let event = only(&audit, "IDS");
    assert_eq!(event.entry_ids, &ids[..ENTRY_IDS_MAX]);
    assert_eq!(event.metadata.get(ENTRY_IDS_CUT_KEY), Some(&json!(5)));
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half of ")?;
        panic!("on purpose");
    }
}

impl fmt::Display for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("on purpose");
    }
}

#[test]
fn a_debug_that_panics_becomes_a_marked_value() {
    let (audit, _default) = trail();
    let span = info_span!("op", audit.operation = "PANICS", value = ?Panics, later = Empty, list = list(&[Panics]), audit.user_id = "alice");
    span.record("later", tracing::field::debug(Panics));
    drop(span);
    drop(info_span!("op", audit.operation = "NEXT", value = "fine"));
    let event = only(&audit, "PANICS");
    assert_eq!(event.metadata.get("value"), Some(&json!("half of [its Debug panicked]")));
    assert_eq!(event.metadata.get("later"), Some(&json!("half of [its Debug panicked]")));
    assert_eq!(event.metadata.get("list"), Some(&json!("[its Debug panicked]")));
    assert_eq!(event.user_id.as_deref(), Some("alice"));
    assert_eq!(only(&audit, "NEXT").metadata.get("value"), Some(&json!("fine")));
}
