//! Entry ids and metadata as self-describing bytes.
//!
//! This is the form in which they travel from a caller's thread through the
//! channel into the buffer's segments: one copy each, no allocation per value.
//! It is never written to disk.

use serde_json::Value;

use super::metadata::float_value;
use super::short::append;

/// A metadata value, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ValueRef<'a> {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Str(&'a str),
    /// JSON text, known to be well-formed where it was made.
    Json(&'a str),
}

/// The written form of a value: a tag, and what follows it. Before a text comes
/// its length (u32 LE).
pub(crate) enum Encoded<'a> {
    Tag(u8),
    Fixed(u8, [u8; 8]),
    Text(u8, &'a str),
}

impl Encoded<'_> {
    /// The tag, and how long the rest is.
    #[inline(always)]
    pub(crate) fn tagged(&self) -> (u8, usize) {
        match self {
            Encoded::Tag(tag) => (*tag, 0),
            Encoded::Fixed(tag, payload) => (*tag, payload.len()),
            Encoded::Text(tag, text) => (*tag, text.len()),
        }
    }
}

const TAG_FALSE: u8 = 0;
const TAG_TRUE: u8 = 1;
const TAG_I64: u8 = 2;
const TAG_U64: u8 = 3;
const TAG_F64: u8 = 4;
const TAG_STR: u8 = 5;
const TAG_JSON: u8 = 6;

impl From<i64> for ValueRef<'_> {
    fn from(value: i64) -> Self {
        ValueRef::I64(value)
    }
}

impl From<u64> for ValueRef<'_> {
    fn from(value: u64) -> Self {
        ValueRef::U64(value)
    }
}

impl From<f64> for ValueRef<'_> {
    fn from(value: f64) -> Self {
        ValueRef::F64(value)
    }
}

impl<'v> ValueRef<'v> {
    /// The owned JSON value. JSON text that cannot be read is kept as text.
    pub(crate) fn to_value(self) -> Value {
        match self {
            ValueRef::Bool(value) => value.into(),
            ValueRef::I64(value) => value.into(),
            ValueRef::U64(value) => value.into(),
            ValueRef::F64(value) => float_value(value),
            ValueRef::Str(text) => text.into(),
            ValueRef::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        }
    }

    /// Appends tag and payload.
    pub(crate) fn write(self, bytes: &mut Vec<u8>) {
        match self.encoded() {
            Encoded::Tag(tag) => bytes.push(tag),
            Encoded::Fixed(tag, payload) => {
                bytes.push(tag);
                bytes.extend_from_slice(&payload);
            }
            Encoded::Text(tag, text) => {
                bytes.push(tag);
                bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
                append(bytes, text.as_bytes());
            }
        }
    }

    /// How long it is, if it is a text.
    #[inline]
    pub(crate) fn text_bytes(self) -> usize {
        match self {
            ValueRef::Str(text) | ValueRef::Json(text) => text.len(),
            _ => 0,
        }
    }

    /// What [`write`](Self::write) writes, for those that write elsewhere.
    #[inline]
    pub(crate) fn encoded(self) -> Encoded<'v> {
        match self {
            ValueRef::Bool(value) => Encoded::Tag(if value { TAG_TRUE } else { TAG_FALSE }),
            ValueRef::I64(value) => Encoded::Fixed(TAG_I64, value.to_le_bytes()),
            ValueRef::U64(value) => Encoded::Fixed(TAG_U64, value.to_le_bytes()),
            ValueRef::F64(value) => Encoded::Fixed(TAG_F64, value.to_le_bytes()),
            ValueRef::Str(text) => Encoded::Text(TAG_STR, text),
            ValueRef::Json(text) => Encoded::Text(TAG_JSON, text),
        }
    }

    /// The value of which [`encoded`](Self::encoded) gave the tag and the bytes
    /// after it, the length of a text left out.
    #[inline]
    pub(crate) fn decoded(tag: u8, payload: &'v [u8]) -> Option<ValueRef<'v>> {
        let fixed = || payload.try_into().ok();
        let text = || std::str::from_utf8(payload).ok();
        Some(match tag {
            TAG_FALSE => ValueRef::Bool(false),
            TAG_TRUE => ValueRef::Bool(true),
            TAG_I64 => ValueRef::I64(i64::from_le_bytes(fixed()?)),
            TAG_U64 => ValueRef::U64(u64::from_le_bytes(fixed()?)),
            TAG_F64 => ValueRef::F64(f64::from_le_bytes(fixed()?)),
            TAG_STR => ValueRef::Str(text()?),
            TAG_JSON => ValueRef::Json(text()?),
            _ => return None,
        })
    }

    /// Reads what [`write`](Self::write) wrote at the front of `bytes`, and
    /// moves `bytes` behind it.
    pub(crate) fn read<'a>(bytes: &mut &'a [u8]) -> Option<ValueRef<'a>> {
        let (tag, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(match *tag {
            TAG_FALSE => ValueRef::Bool(false),
            TAG_TRUE => ValueRef::Bool(true),
            TAG_I64 => ValueRef::I64(i64::from_le_bytes(read_fixed(bytes)?)),
            TAG_U64 => ValueRef::U64(u64::from_le_bytes(read_fixed(bytes)?)),
            TAG_F64 => ValueRef::F64(f64::from_le_bytes(read_fixed(bytes)?)),
            TAG_STR => ValueRef::Str(read_text(bytes)?),
            TAG_JSON => ValueRef::Json(read_text(bytes)?),
            _ => return None,
        })
    }
}

fn read_fixed<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (payload, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*payload)
}

fn read_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let len = u32::from_le_bytes(read_fixed(bytes)?) as usize;
    let (text, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

/// Appends a metadata field. `key` is at most 255 bytes; callers bound it.
pub(crate) fn write_field(bytes: &mut Vec<u8>, key: &str, value: ValueRef<'_>) {
    let key = super::limits::prefix(key, super::limits::KEY_BYTES_MAX);
    bytes.push(key.len() as u8);
    append(bytes, key.as_bytes());
    value.write(bytes);
}

/// The fields that [`write_field`] wrote, in order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PackedMetadata<'a>(pub(crate) &'a [u8]);

/// A value of which the text, if it is one, has not been looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Unread<'a> {
    /// A number, or true or false.
    Fixed(ValueRef<'a>),
    Str(&'a [u8]),
    Json(&'a [u8]),
}

impl<'a> PackedMetadata<'a> {
    /// The next field, whose texts have not been looked at: for who only needs
    /// their bytes.
    #[inline]
    pub(crate) fn next_unread(&mut self) -> Option<(&'a [u8], Unread<'a>)> {
        let (key, value) = self.next_written()?;
        let value = match value {
            [TAG_STR, _, _, _, _, text @ ..] => Unread::Str(text),
            [TAG_JSON, _, _, _, _, text @ ..] => Unread::Json(text),
            // Inlined: a value that is handed over in memory is slow to read again.
            [tag, payload @ ..] => Unread::Fixed(ValueRef::decoded(*tag, payload)?),
            [] => return None,
        };
        Some((key, value))
    }

    /// The next field as it was written. Copying that is far cheaper than reading
    /// it and writing it again.
    #[inline]
    pub(crate) fn next_written(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (len, rest) = self.0.split_first()?;
        let (key, rest) = rest.split_at_checked(usize::from(*len))?;
        let (value, rest) = rest.split_at_checked(written_len(rest)?)?;
        self.0 = rest;
        Some((key, value))
    }
}

/// Length of the value at the front of `bytes`.
pub(crate) fn written_len(bytes: &[u8]) -> Option<usize> {
    let (tag, mut rest) = bytes.split_first()?;
    match *tag {
        TAG_FALSE | TAG_TRUE => Some(1),
        TAG_I64 | TAG_U64 | TAG_F64 => Some(9),
        TAG_STR | TAG_JSON => Some(5 + u32::from_le_bytes(read_fixed(&mut rest)?) as usize),
        _ => None,
    }
}

impl<'a> Iterator for PackedMetadata<'a> {
    type Item = (&'a str, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (len, rest) = self.0.split_first()?;
        let (key, mut rest) = rest.split_at_checked(usize::from(*len))?;
        let value = ValueRef::read(&mut rest)?;
        self.0 = rest;
        Some((std::str::from_utf8(key).ok()?, value))
    }
}

/// Appends an id to a packed list. Ids are bounded to less than 64 KiB by
/// [`FIELD_BYTES_MAX`](super::limits::FIELD_BYTES_MAX).
pub(crate) fn write_id(bytes: &mut Vec<u8>, id: &str) {
    write_unread_id(bytes, super::limits::prefix(id, usize::from(u16::MAX)).as_bytes());
}

/// Appends the bytes of an id, which is UTF-8, to a packed list.
#[inline]
pub(crate) fn write_unread_id(bytes: &mut Vec<u8>, id: &[u8]) {
    bytes.extend_from_slice(&(id.len() as u16).to_le_bytes());
    append(bytes, id);
}

/// The ids that [`write_id`] wrote, in order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PackedIds<'a>(pub(crate) &'a [u8]);

impl<'a> PackedIds<'a> {
    /// The next id, which has not been looked at: for who only needs its bytes.
    #[inline]
    pub(crate) fn next_unread(&mut self) -> Option<&'a [u8]> {
        let mut rest = self.0;
        let len = u16::from_le_bytes(read_fixed(&mut rest)?);
        let (id, rest) = rest.split_at_checked(usize::from(len))?;
        self.0 = rest;
        Some(id)
    }
}

impl<'a> Iterator for PackedIds<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.next_unread()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_ids_come_back_and_cut_bytes_end_the_list() {
        let fields = [
            ("a", ValueRef::Bool(true)),
            ("b", ValueRef::I64(-3)),
            ("c", ValueRef::U64(u64::MAX)),
            ("d", ValueRef::F64(0.5)),
            ("e", ValueRef::Str("text")),
            ("f", ValueRef::Json("[1,2]")),
        ];
        let mut bytes = Vec::new();
        for (key, value) in fields {
            write_field(&mut bytes, key, value);
        }
        assert_eq!(PackedMetadata(&bytes).collect::<Vec<_>>(), fields);
        for cut in 0..bytes.len() {
            assert!(PackedMetadata(&bytes[..cut]).count() < fields.len());
        }
        let mut written = PackedMetadata(&bytes);
        for (key, value) in fields {
            let (have, mut bytes) = written.next_written().unwrap();
            assert_eq!((have, ValueRef::read(&mut bytes)), (key.as_bytes(), Some(value)));
            assert!(bytes.is_empty());
        }
        assert_eq!(written.next_written(), None);
        let mut ids = Vec::new();
        write_id(&mut ids, "one");
        write_id(&mut ids, "");
        assert_eq!(PackedIds(&ids).collect::<Vec<_>>(), ["one", ""]);
        assert_eq!(ValueRef::Json("[1,2]").to_value(), serde_json::json!([1, 2]));
        assert_eq!(ValueRef::Json("[1,").to_value(), serde_json::json!("[1,"));
    }
}
