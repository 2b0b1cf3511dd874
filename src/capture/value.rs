//! Lists and nested values as span fields.
//!
//! Spans carry scalars. [`list`] and [`json`] give values whose `Debug` shows
//! a list or JSON to every other layer, but hands the items themselves over
//! when this crate's layer is the reader. Nothing is ever parsed from text, so
//! an id that an attacker chose (`["victim"]`) stays the id it is.

use std::fmt::{self, Debug, Display, Write};
use std::io;

use serde::Serialize;
use tracing_core::field::{DebugValue, debug};

use crate::event::limits::{ENTRY_IDS_MAX, FIELD_BYTES_MAX, cut_marker};
use crate::event::packed::write_id;

use super::reading::{Bounded, Handed, handover};

/// A list of ids or other values as one field.
///
/// ```
/// let ids = vec!["entry_1".to_string(), "entry_2".to_string()];
/// tracing::info_span!("store", audit.operation = "STORE", audit.entry_ids = tracing_audit::list(&ids));
/// ```
///
/// Each item is kept by its `Display` text. Borrows the collection; nothing is
/// formatted unless some layer reads the field.
pub fn list<'a, C>(items: &'a C) -> DebugValue<List<'a, C>>
where
    C: ?Sized,
    &'a C: IntoIterator<Item: Display>,
{
    debug(List(items))
}

/// Any serialisable value as one field: arrays and objects arrive as such.
///
/// Serialising stops where the value is longer than a field may be, and its
/// beginning is kept as text then. A list of texts, which may be entry ids, goes on
/// up to 1 MiB.
///
/// ```
/// # #[derive(serde::Serialize)] struct Filter { tags: Vec<String> }
/// # let filter = Filter { tags: vec!["verified".into()] };
/// tracing::info_span!("recall", audit.operation = "RECALL", filter = tracing_audit::json(&filter));
/// ```
pub fn json<T: Serialize + ?Sized>(value: &T) -> DebugValue<Json<'_, T>> {
    debug(Json(value))
}

/// What [`list`] wraps.
#[derive(Clone, Copy)]
pub struct List<'a, C: ?Sized>(&'a C);

/// What [`json`] wraps.
#[derive(Clone, Copy)]
pub struct Json<'a, T: ?Sized>(&'a T);

impl<'a, C> Debug for List<'a, C>
where
    C: ?Sized,
    &'a C: IntoIterator<Item: Display>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if handover(f, |bytes| Some(write_items(self.0, bytes))) {
            return Ok(());
        }
        f.debug_list().entries(self.0.into_iter().map(|item| item.to_string())).finish()
    }
}

impl<T: Serialize + ?Sized> Debug for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if handover(f, |bytes| write_json(self.0, bytes)) {
            return Ok(());
        }
        let text = serde_json::to_string(self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

/// Writes each item as a packed id, up to the limits, and counts the rest.
fn write_items<'a, C>(items: &'a C, bytes: &mut Vec<u8>) -> Handed
where
    C: ?Sized,
    &'a C: IntoIterator<Item: Display>,
{
    let mut text = Bounded::new(String::new());
    let mut items = items.into_iter();
    for item in items.by_ref().take(ENTRY_IDS_MAX) {
        text.clear();
        let _ = write!(text, "{item}");
        text.mark_cut();
        write_id(bytes, text.as_str());
    }
    Handed::List { more: u32::try_from(items.count()).unwrap_or(u32::MAX) }
}

/// Longest list of texts that is read, in bytes.
const LIST_BYTES_MAX: usize = 64 * ENTRY_IDS_MAX;

/// Writes a value as JSON, as far as it can be kept.
fn write_json<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Option<Handed> {
    let mut json = BoundedJson { bytes, is_cut: false };
    let written = serde_json::to_writer(&mut json, value);
    match (json.is_cut, written) {
        (true, _) => {
            mark_cut(bytes);
            Some(Handed::Text)
        }
        (false, Ok(())) => Some(Handed::Json),
        (false, Err(_)) => None,
    }
}

/// JSON that stops growing where it is longer than can be kept, and knows that it did.
struct BoundedJson<'a> {
    bytes: &'a mut Vec<u8>,
    is_cut: bool,
}

impl io::Write for BoundedJson<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let may_be_ids = self.bytes.starts_with(b"[\"");
        let bytes_max = if may_be_ids { LIST_BYTES_MAX } else { FIELD_BYTES_MAX };
        let room = bytes_max.saturating_sub(self.bytes.len());
        if self.is_cut || piece.len() > room {
            let kept = piece.get(..room).filter(|_| !self.is_cut).unwrap_or_default();
            self.bytes.extend_from_slice(kept);
            self.is_cut = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes JSON that was cut a text that says so, within the limit of a field.
fn mark_cut(json: &mut Vec<u8>) {
    let marker = cut_marker(None);
    json.truncate(FIELD_BYTES_MAX.saturating_sub(marker.len()));
    if let Err(error) = std::str::from_utf8(json) {
        json.truncate(error.valid_up_to());
    }
    json.extend_from_slice(marker.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_readers_see_a_list_and_json() {
        assert_eq!(format!("{:?}", list(&["a", "b\""])), r#"["a", "b\""]"#);
        assert_eq!(format!("{:?}", list(&vec![1, 2])), r#"["1", "2"]"#);
        assert_eq!(format!("{:?}", json(&serde_json::json!({"a": [1]}))), r#"{"a":[1]}"#);
    }
}
