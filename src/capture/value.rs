//! Lists and nested values as span fields.
//!
//! Spans carry scalars. [`list`] and [`json`] give values whose `Debug` shows
//! a list or JSON to every other layer, but hands the items themselves over
//! when this crate's layer is the reader. Nothing is ever parsed from text, so
//! an id that an attacker chose (`["victim"]`) stays the id it is.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Debug, Display, Write};

use serde::Serialize;
use tracing_core::field::{DebugValue, debug};

use crate::event::limits::{ENTRY_IDS_MAX, FIELD_BYTES_MAX, cut_marker, prefix};
use crate::event::packed::write_id;

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
        let write = |bytes: &mut Vec<u8>| serde_json::to_writer(bytes, self.0).ok();
        if handover(f, |bytes| write(bytes).map(|()| Handed::Json)) {
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
    let mut text = Bounded::new(String::new(), FIELD_BYTES_MAX);
    let mut items = items.into_iter();
    for item in items.by_ref().take(ENTRY_IDS_MAX) {
        text.clear();
        let _ = write!(text, "{item}");
        text.mark_cut();
        write_id(bytes, &text.text);
    }
    Handed::List { more: u32::try_from(items.count()).unwrap_or(u32::MAX) }
}

/// What a value handed over instead of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handed {
    /// Packed ids, and how many more there were.
    List { more: u32 },
    /// JSON text.
    Json,
}

thread_local! {
    /// Whether the reader of a `Debug` on this thread takes items.
    static READER: Cell<bool> = const { Cell::new(false) };
    static HANDED: Cell<Option<Handed>> = const { Cell::new(None) };
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Hands bytes to the reader, if it is one that takes them.
///
/// The reader formats with a `-`, a flag without a meaning, so that what other
/// layers format on this thread meanwhile (a `Debug` may log) is theirs.
fn handover(f: &fmt::Formatter<'_>, write: impl FnOnce(&mut Vec<u8>) -> Option<Handed>) -> bool {
    if !f.sign_minus() || !READER.try_with(|reader| reader.replace(false)).unwrap_or(false) {
        return false;
    }
    let mut bytes = BYTES.try_with(RefCell::take).unwrap_or_default();
    bytes.clear();
    let handed = write(&mut bytes);
    HANDED.set(handed);
    let kept = BYTES.try_with(|place| place.replace(bytes)).is_ok();
    handed.is_some() && kept
}

/// A value that was read.
pub(super) enum Read<'a> {
    Text(&'a str),
    /// Packed ids, and how many more there were.
    List(&'a [u8], u32),
    /// JSON text.
    Json(&'a str),
}

/// Reads `value`: its text, cut and marked at `bytes_max`, or what it hands
/// over instead. User code runs here: it may panic, which becomes a marked
/// value, and it may log, which the caller's re-entrancy guard survives.
pub(super) fn read<R>(value: &dyn Debug, bytes_max: usize, then: impl FnOnce(Read<'_>) -> R) -> R {
    let mut text = Bounded::new(TEXT.try_with(RefCell::take).unwrap_or_default(), bytes_max);
    text.clear();
    HANDED.set(None);
    READER.set(true);
    text.write_caught(value);
    READER.set(false);
    let result = match HANDED.take() {
        Some(kind) if text.text.is_empty() => BYTES.with_borrow(|bytes| then(handed(kind, bytes))),
        // A list inside another value: all of it is text then.
        Some(_) => {
            text.clear();
            text.write_caught(value);
            then(Read::Text(&text.text))
        }
        None => then(Read::Text(&text.text)),
    };
    // On a thread that is ending the buffer is simply freed.
    let _ = TEXT.try_with(|place| place.replace(text.text));
    result
}

fn handed(kind: Handed, bytes: &[u8]) -> Read<'_> {
    match kind {
        Handed::List { more } => Read::List(bytes, more),
        Handed::Json => Read::Json(std::str::from_utf8(bytes).unwrap_or_default()),
    }
}

/// Text that stops growing at a limit and knows that it did.
struct Bounded {
    text: String,
    left: usize,
    bytes_max: usize,
    cut: bool,
}

impl Bounded {
    fn new(text: String, bytes_max: usize) -> Self {
        // The mark of a cut is within the limit.
        let bytes_max = bytes_max.saturating_sub(cut_marker(None).len());
        Bounded { text, left: bytes_max, bytes_max, cut: false }
    }

    fn clear(&mut self) {
        self.text.clear();
        self.left = self.bytes_max;
        self.cut = false;
    }

    /// Marks the text if it was cut.
    fn mark_cut(&mut self) {
        if self.cut {
            self.text.push_str(&cut_marker(None));
        }
    }

    fn write_caught(&mut self, value: &dyn Debug) {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // An error means that the limit was reached, which `cut` says.
            let _ = write!(self, "{value:-?}");
        }));
        if caught.is_err() {
            self.text.push_str("[its Debug panicked]");
        }
        self.mark_cut();
    }
}

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let kept = prefix(piece, self.left);
        self.text.push_str(kept);
        self.left -= kept.len();
        if kept.len() < piece.len() {
            self.cut = true;
            self.left = 0;
            return Err(fmt::Error);
        }
        Ok(())
    }
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
