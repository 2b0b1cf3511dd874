//! Cutting an event whose entry would be too long even without its entry ids.
//!
//! Nothing is refused for its size, or else size would be a way to act without
//! a trace. What goes: metadata, the last field first; then the error message.
//! Identity stays, but for what no frame could hold. A cut value is marked with
//! its original length, what is gone is counted. Entry ids are not touched
//! here: they go on in [further entries](super::split).

use serde_json::Value;

use super::super::AuditEvent;
use super::super::limits::{METADATA_CUT_KEY, cut_marker, prefix, unmarked};
use super::super::within::count;

/// Identity that is longer than this, encoded, is cut. With six such values an
/// entry still is short enough for a frame.
const IDENTITY_BYTES_MAX: usize = 9 * 1024;

/// Room for the longest sequence and for counts of what is gone.
pub(super) const SPARE_BYTES: usize = 128;

/// Cuts `event`, whose entry ids count for nothing, until its entry has at most
/// `bytes_max` bytes, or until nothing but identity is left.
pub(super) fn fit(event: &mut AuditEvent, bytes_max: usize) {
    let entry_ids = std::mem::take(&mut event.entry_ids);
    let mut over = Over((encoded(event) + SPARE_BYTES).saturating_sub(bytes_max));
    over.cut_metadata(event);
    over.drop_metadata(event);
    if let Some(message) = &mut event.error_message {
        over.cut(message);
    }
    over.drop_links(event);
    cut_identity(event);
    event.entry_ids = entry_ids;
}

/// How many bytes are too many.
struct Over(usize);

impl Over {
    fn cut_metadata(&mut self, event: &mut AuditEvent) {
        for (_, value) in event.metadata.fields_mut().iter_mut().rev() {
            match value {
                _ if self.0 == 0 => return,
                Value::String(text) => self.cut(text),
                nested => self.replace(nested),
            }
        }
    }

    fn drop_metadata(&mut self, event: &mut AuditEvent) {
        let fields = event.metadata.fields_mut();
        let mut dropped = 0;
        while self.0 > 0 {
            let Some((key, value)) = fields.pop() else { break };
            self.saved(encoded(&key) + encoded(&value) + 2);
            dropped += 1;
        }
        count(&mut event.metadata, METADATA_CUT_KEY, dropped);
    }

    fn drop_links(&mut self, event: &mut AuditEvent) {
        let Some(span) = &mut event.span else { return };
        while self.0 > 0 && span.links.pop().is_some() {
            self.saved(33);
        }
    }

    /// Cuts as much off the end as is too much, and marks it.
    fn cut(&mut self, text: &mut String) {
        let before = encoded(text);
        let cut = cut_to(text, before.saturating_sub(self.0));
        if self.0 > 0 && encoded(&cut) < before {
            self.saved(before - encoded(&cut));
            *text = cut;
        }
    }

    fn replace(&mut self, value: &mut Value) {
        let before = encoded(value);
        let mark = Value::String(cut_marker(Some(before)));
        if encoded(&mark) < before {
            self.saved(before - encoded(&mark));
            *value = mark;
        }
    }

    fn saved(&mut self, bytes: usize) {
        self.0 = self.0.saturating_sub(bytes);
    }
}

fn cut_identity(event: &mut AuditEvent) {
    let mut actor = event.actor.to_string();
    if shorten(&mut actor) {
        event.actor = actor.as_str().into();
    }
    for text in event.identity_mut().into_iter().flatten() {
        shorten(text);
    }
    for text in event.span.iter_mut().flat_map(|span| [&mut span.name, &mut span.target]) {
        if encoded(text) > SPAN_TEXT_BYTES_MAX {
            *text = cut_to(text, SPAN_TEXT_BYTES_MAX);
        }
    }
}

/// Names of spans and modules are the program's own.
const SPAN_TEXT_BYTES_MAX: usize = 1024;

fn shorten(text: &mut String) -> bool {
    let is_long = encoded(text) > IDENTITY_BYTES_MAX;
    if is_long {
        *text = cut_to(text, IDENTITY_BYTES_MAX);
    }
    is_long
}

/// The beginning of `text` with a mark, in at most `bytes_max` encoded bytes,
/// or the mark alone.
pub(super) fn cut_to(text: &str, bytes_max: usize) -> String {
    let (kept, original) = unmarked(text);
    let mark = cut_marker(Some(original));
    let room = bytes_max.saturating_sub(mark.len() + 2);
    // Each byte takes one or more.
    let mut cut = prefix(kept, room);
    while encoded(cut) > room + 2 {
        cut = prefix(cut, cut.len() - (encoded(cut) - room - 2).div_ceil(6).max(1));
    }
    format!("{cut}{mark}")
}

/// Length as JSON.
pub(super) fn encoded<T: serde::Serialize + ?Sized>(value: &T) -> usize {
    let mut bytes = Vec::new();
    let _ = serde_json::to_writer(&mut bytes, value);
    bytes.len()
}
