//! The metadata of the events of a segment: packed values under interned keys.

use std::mem::size_of;

use super::dictionary::Dictionary;
use super::interner::{Hasher, Interner};
use crate::event::packed::{PackedMetadata, ValueRef, write_field, written_len};
use crate::event::short::{append, is_same};

#[derive(Debug, Default)]
pub(super) struct FieldsBuilder {
    keys: Interner,
    /// The positions of the keys that the last events had, by their place among
    /// the fields: most events have what the one before had.
    usual: Vec<u32>,
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl FieldsBuilder {
    pub(super) fn push(&mut self, hasher: &Hasher, metadata: PackedMetadata<'_>) {
        let mut fields = metadata;
        let mut place = 0;
        while let Some((key, value)) = fields.next_written() {
            let Some(position) = self.position(hasher, place, key) else { break };
            write_position(&mut self.bytes, position);
            append(&mut self.bytes, value);
            place += 1;
        }
        self.ends.push(self.bytes.len() as u32);
    }

    /// The fields of so many events of a segment, as if each was pushed.
    pub(super) fn append(&mut self, hasher: &Hasher, fields: &Fields, events: usize) {
        let before = self.bytes.len() as u32;
        let all = self.ends.len() + events;
        let positions: Vec<u32> =
            fields.keys.texts().map(|key| self.keys.intern(hasher, key)).collect();
        if positions.iter().copied().eq(0..positions.len() as u32) {
            self.bytes.extend_from_slice(&fields.bytes);
            self.ends.extend(fields.ends.iter().map(|end| before + end));
        } else {
            fields.ends.iter().enumerate().for_each(|(index, _)| {
                self.append_translated(fields.slice(index).unwrap_or_default(), &positions);
            });
        }
        // Where no event has one, nothing is kept of them.
        self.ends.resize(all, before);
    }

    /// The fields of one event, whose keys have these positions here.
    fn append_translated(&mut self, mut fields: &[u8], positions: &[u32]) {
        while let Some(key) = read_position(&mut fields) {
            let value = written_len(fields).and_then(|len| fields.split_at_checked(len));
            let (Some((value, rest)), Some(here)) = (value, positions.get(key as usize)) else {
                break;
            };
            write_position(&mut self.bytes, *here);
            append(&mut self.bytes, value);
            fields = rest;
        }
        self.ends.push(self.bytes.len() as u32);
    }

    /// The position of the key of the field at this place.
    #[inline]
    fn position(&mut self, hasher: &Hasher, place: usize, key: &[u8]) -> Option<u32> {
        let usual = self.usual.get(place).copied();
        let is_usual =
            |at: &u32| self.keys.text(*at).is_some_and(|text| is_same(text.as_bytes(), key));
        if let Some(usual) = usual.filter(is_usual) {
            return Some(usual);
        }
        let position = self.keys.intern(hasher, std::str::from_utf8(key).ok()?);
        match self.usual.get_mut(place) {
            Some(usual) => *usual = position,
            None => self.usual.push(position),
        }
        Some(position)
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.usual.clear();
        self.bytes.clear();
        self.ends.clear();
    }

    /// Bytes that grow with the data.
    pub(super) fn data_bytes(&self) -> usize {
        self.keys.text_bytes() + self.bytes.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.keys.bytes() + self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    pub(super) fn freeze(&self) -> Fields {
        if self.bytes.is_empty() {
            return Fields::default();
        }
        Fields {
            keys: Dictionary::freeze(&self.keys),
            bytes: self.bytes.as_slice().into(),
            ends: self.ends.as_slice().into(),
        }
    }
}

/// Metadata fields, a list for each event.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    keys: Dictionary,
    bytes: Box<[u8]>,
    ends: Box<[u32]>,
}

impl Fields {
    /// The position of `key`, whose [`hash_text`](super::hash_text) is `hash`.
    pub(crate) fn find_key(&self, hash: u64, key: &str) -> Option<u32> {
        self.keys.find(hash, key)
    }

    /// The event's fields, in order: position of the key, and value.
    fn iter(&self, index: usize) -> FieldIter<'_> {
        FieldIter { rest: self.slice(index).unwrap_or_default() }
    }

    /// The value under the key at this position; of a key that was given
    /// twice, the last one.
    pub(crate) fn value(&self, index: usize, key: u32) -> Option<ValueRef<'_>> {
        let mut rest = self.slice(index)?;
        let mut found = None;
        while let Some(have) = read_position(&mut rest) {
            let (value, after) = rest.split_at_checked(written_len(rest)?)?;
            if have == key {
                found = Some(value);
            }
            rest = after;
        }
        ValueRef::read(&mut found?)
    }

    /// Appends the event's fields in packed form.
    pub(super) fn write(&self, index: usize, bytes: &mut Vec<u8>) {
        for (key, value) in self.iter(index) {
            write_field(bytes, self.keys.text(key).unwrap_or_default(), value);
        }
    }

    fn slice(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.bytes.get(start..end)
    }

    pub(super) fn bytes(&self) -> usize {
        self.keys.bytes() + self.bytes.len() + self.ends.len() * size_of::<u32>()
    }
}

struct FieldIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for FieldIter<'a> {
    type Item = (u32, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = read_position(&mut self.rest)?;
        Some((key, ValueRef::read(&mut self.rest)?))
    }
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn write_position(bytes: &mut Vec<u8>, mut position: u32) {
    while position >= 0x80 {
        bytes.push(position as u8 | 0x80);
        position >>= 7;
    }
    bytes.push(position as u8);
}

fn read_position(bytes: &mut &[u8]) -> Option<u32> {
    let mut position = 0;
    let mut shift = 0;
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        position |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(position);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back_at_every_length() {
        for position in [0, 1, 127, 128, 16_383, 16_384, u32::MAX] {
            let mut bytes = Vec::new();
            write_position(&mut bytes, position);
            assert_eq!(read_position(&mut &bytes[..]), Some(position));
            assert_eq!(read_position(&mut &bytes[..bytes.len() - 1]), None);
        }
    }

    #[test]
    fn fields_come_back_with_keys_that_repeat() {
        let hasher = Hasher::default();
        let mut builder = FieldsBuilder::default();
        builder.push(&hasher, PackedMetadata(b"\x05other\x01"));
        builder.clear();
        let mut packed = Vec::new();
        write_field(&mut packed, "k", ValueRef::F64(0.5));
        write_field(&mut packed, "other", ValueRef::Str("x"));
        write_field(&mut packed, "k", ValueRef::Json("[1]"));
        builder.push(&hasher, PackedMetadata(&packed));
        builder.push(&hasher, PackedMetadata(&[]));
        let fields = builder.freeze();
        let mut back = Vec::new();
        fields.write(0, &mut back);
        assert_eq!(back, packed);
        assert_eq!(fields.iter(1).count(), 0);
        assert_eq!(fields.value(0, 0), Some(ValueRef::Json("[1]")));
        assert_eq!((fields.value(0, 2), fields.value(1, 0)), (None, None));
        assert_eq!(fields.keys.len(), 2);
    }
}
