//! Values recorded on an open span, on their way to it.
//!
//! Reading values runs user code, and changing an open span takes its lock; the
//! one must not happen under the other. So values are read into buffers of this
//! thread first, and played back under the lock.

use std::cell::RefCell;
use std::fmt::Debug;

use tracing_core::field::{Field, Visit};
use tracing_core::span;

use crate::event::limits::{FIELD_BYTES_MAX, bounded};
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
pub(super) struct Staged {
    /// With the index of the field.
    values: Vec<(u16, Value)>,
    text: String,
    lists: Vec<u8>,
}

/// A value; texts and lists end at these places of their buffers, and begin
/// where the ones before end.
#[derive(Debug, Clone, Copy)]
enum Value {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Text { end: usize },
    DebugText { end: usize },
    Json { end: usize },
    List { end: usize, more: u32 },
}

thread_local! {
    static BUFFERS: RefCell<Staged> = const {
        RefCell::new(Staged { values: Vec::new(), text: String::new(), lists: Vec::new() })
    };
}

/// Reads `recorded` and gives it to `then`. User code runs before `then`, none
/// within.
#[inline]
pub(super) fn stage<R>(recorded: &span::Record<'_>, then: impl FnOnce(&Staged) -> R) -> R {
    let mut staged = BUFFERS.try_with(RefCell::take).unwrap_or_default();
    recorded.record(&mut staged);
    let result = then(&staged);
    staged.clear();
    // On a thread that is ending the buffers are simply freed.
    let _ = BUFFERS.try_with(|place| place.replace(staged));
    result
}

impl Staged {
    /// Gives each value with the index of its field to `play`.
    #[inline]
    pub(super) fn replay(&self, mut play: impl FnMut(usize, Item<'_>)) {
        let (mut text_start, mut list_start) = (0, 0);
        for (index, value) in &self.values {
            let mut text = |end| {
                let text = self.text.get(text_start..end).unwrap_or_default();
                text_start = end;
                text
            };
            let item = match *value {
                Value::Bool(value) => Item::Value(ValueRef::Bool(value)),
                Value::I64(value) => Item::Value(ValueRef::I64(value)),
                Value::U64(value) => Item::Value(ValueRef::U64(value)),
                Value::F64(value) => Item::Value(ValueRef::F64(value)),
                Value::Text { end } => Item::Value(ValueRef::Str(text(end))),
                Value::DebugText { end } => Item::DebugText(text(end)),
                Value::Json { end } => Item::Value(ValueRef::Json(text(end))),
                Value::List { end, more } => {
                    let ids = self.lists.get(list_start..end).unwrap_or_default();
                    list_start = end;
                    Item::List(ids, more)
                }
            };
            play(usize::from(*index), item);
        }
    }

    fn clear(&mut self) {
        self.values.clear();
        self.text.clear();
        self.lists.clear();
        if self.text.capacity() + self.lists.capacity() > FIELD_BYTES_MAX {
            *self = Staged::default();
        }
    }

    #[inline]
    fn push(&mut self, field: &Field, value: Value) {
        // A callsite has far fewer fields than 2^16.
        self.values.push((field.index() as u16, value));
    }

    #[inline]
    fn append(&mut self, text: &str) -> usize {
        self.text.push_str(&bounded(text));
        self.text.len()
    }
}

impl Visit for Staged {
    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        let end = self.append(value);
        self.push(field, Value::Text { end });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Value::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Value::U64(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Value::F64(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Value::Bool(value));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.record_str(field, &super::record::bytes_text(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        read(value, FIELD_BYTES_MAX, |value| {
            let value = match value {
                Read::Text(text) => Value::DebugText { end: self.append(text) },
                Read::Json(json) => Value::Json { end: self.append(json) },
                Read::List(ids, more) => {
                    self.lists.extend_from_slice(ids);
                    Value::List { end: self.lists.len(), more }
                }
            };
            self.push(field, value);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_their_order() {
        let mut staged = Staged::default();
        let values = [
            Value::Text { end: staged.append("one") },
            Value::U64(2),
            Value::DebugText { end: staged.append("three") },
            Value::Json { end: staged.append("[4]") },
        ];
        staged.values = (0..).zip(values).collect();
        staged.lists.extend_from_slice(b"ids");
        staged.values.push((9, Value::List { end: 3, more: 1 }));
        let expected = [
            (0, Item::Value(ValueRef::Str("one"))),
            (1, Item::Value(ValueRef::U64(2))),
            (2, Item::DebugText("three")),
            (3, Item::Value(ValueRef::Json("[4]"))),
            (9, Item::List(b"ids", 1)),
        ];
        let mut expected = expected.into_iter();
        staged.replay(|index, item| assert_eq!(Some((index, item)), expected.next()));
        assert_eq!(expected.next(), None);
    }
}
