//! Values recorded on an open span, on their way to it.
//!
//! Reading values runs user code, and changing an open span takes its lock; the
//! one must not happen under the other. So values are read into a buffer of this
//! thread first, and played back under the lock.

use std::cell::RefCell;
use std::fmt::Debug;

use tracing_core::field::{Field, Visit};
use tracing_core::span;

use crate::event::limits::FIELD_BYTES_MAX;
use crate::event::packed::ValueRef;

use super::value::{Read, read};

/// One value, as it was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Item<'a> {
    Value(ValueRef<'a>),
    /// Text that a `Debug` wrote.
    DebugText(&'a str),
    /// Packed ids, and how many more there were.
    List(&'a [u8], u32),
}

/// Values in the order in which they were recorded.
#[derive(Debug, Default)]
pub(super) struct Staged(Vec<u8>);

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

const VALUE: u8 = 0;
const DEBUG_TEXT: u8 = 1;
const LIST: u8 = 2;

impl Staged {
    /// Reads `values`.
    pub(super) fn read(values: &span::Record<'_>) -> Self {
        let mut bytes = BUFFER.try_with(RefCell::take).unwrap_or_default();
        bytes.clear();
        let mut staged = Staged(bytes);
        values.record(&mut staged);
        staged
    }

    /// Gives each value with the index of its field to `play`.
    pub(super) fn replay(&self, mut play: impl FnMut(usize, Item<'_>)) {
        let mut rest = self.0.as_slice();
        while let Some((index, item)) = next_item(&mut rest) {
            play(usize::from(index), item);
        }
    }

    fn push(&mut self, field: &Field, kind: u8) -> &mut Vec<u8> {
        // Index and kind; a callsite has far fewer fields than 2^16.
        self.0.extend_from_slice(&(field.index() as u16).to_le_bytes());
        self.0.push(kind);
        &mut self.0
    }

    fn value(&mut self, field: &Field, value: ValueRef<'_>) {
        value.write(self.push(field, VALUE));
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.0);
        if bytes.capacity() <= FIELD_BYTES_MAX {
            // On a thread that is ending the buffer is simply freed.
            let _ = BUFFER.try_with(|place| place.replace(bytes));
        }
    }
}

impl Visit for Staged {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.value(field, ValueRef::Str(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.value(field, ValueRef::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.value(field, ValueRef::U64(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.value(field, ValueRef::F64(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.value(field, ValueRef::Bool(value));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.value(field, ValueRef::Str(&super::record::bytes_text(value)));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        read(value, FIELD_BYTES_MAX, |value| match value {
            Read::Text(text) => ValueRef::Str(text).write(self.push(field, DEBUG_TEXT)),
            Read::Json(json) => self.value(field, ValueRef::Json(json)),
            Read::List(ids, more) => {
                let bytes = self.push(field, LIST);
                bytes.extend_from_slice(&more.to_le_bytes());
                bytes.extend_from_slice(&(ids.len() as u32).to_le_bytes());
                bytes.extend_from_slice(ids);
            }
        });
    }
}

fn next_item<'a>(rest: &mut &'a [u8]) -> Option<(u16, Item<'a>)> {
    let (head, mut tail) = rest.split_first_chunk::<3>()?;
    let [low, high, kind] = *head;
    let item = match kind {
        LIST => {
            let (more, after) = tail.split_first_chunk()?;
            let (len, after) = after.split_first_chunk()?;
            let (ids, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            tail = after;
            Item::List(ids, u32::from_le_bytes(*more))
        }
        kind => match (kind, ValueRef::read(&mut tail)?) {
            (DEBUG_TEXT, ValueRef::Str(text)) => Item::DebugText(text),
            (_, value) => Item::Value(value),
        },
    };
    *rest = tail;
    Some((u16::from_le_bytes([low, high]), item))
}
