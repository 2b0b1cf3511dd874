//! The entry ids of the events of a segment, and for each id its events.

use std::mem::size_of;

use super::dictionary::Dictionary;
use super::interner::{Hasher, Interner};
use crate::event::packed::{PackedIds, write_id};

#[derive(Debug, Default)]
pub(super) struct EntryIdsBuilder {
    interner: Interner,
    positions: Vec<u32>,
    ends: Vec<u32>,
}

impl EntryIdsBuilder {
    pub(super) fn push(&mut self, hasher: &Hasher, ids: PackedIds<'_>) {
        for id in ids {
            self.positions.push(self.interner.intern(hasher, id));
        }
        self.ends.push(self.positions.len() as u32);
    }

    pub(super) fn clear(&mut self) {
        self.interner.clear();
        self.positions.clear();
        self.ends.clear();
    }

    /// Bytes that grow with the data.
    pub(super) fn data_bytes(&self) -> usize {
        self.interner.text_bytes() + self.positions.len() * size_of::<u32>()
    }

    pub(super) fn bytes(&self) -> usize {
        self.interner.bytes() + (self.positions.capacity() + self.ends.capacity()) * 4
    }

    pub(super) fn freeze(&self) -> EntryIds {
        if self.positions.is_empty() {
            return EntryIds::default();
        }
        let dictionary = Dictionary::freeze(&self.interner);
        let ends = self.ends.as_slice().into();
        if self.interner.len() == self.positions.len() {
            let events = self.occurrences().map(|(_, event)| event).collect();
            return EntryIds { dictionary, ends, repeated: None, events };
        }
        let (posting_ends, events) = self.postings();
        let positions = self.positions.as_slice().into();
        EntryIds { dictionary, ends, repeated: Some(Repeated { positions, posting_ends }), events }
    }

    /// Positions of ids, each with the event it occurs in.
    fn occurrences(&self) -> impl Iterator<Item = (u32, u16)> + '_ {
        let mut event = 0_usize;
        self.positions.iter().enumerate().map(move |(at, position)| {
            while self.ends.get(event).is_some_and(|end| *end as usize <= at) {
                event += 1;
            }
            (*position, event as u16)
        })
    }

    fn postings(&self) -> (Box<[u32]>, Box<[u16]>) {
        let mut starts = vec![0_u32; self.interner.len()].into_boxed_slice();
        for position in &self.positions {
            if let Some(count) = starts.get_mut(*position as usize) {
                *count += 1;
            }
        }
        let mut next = 0;
        for start in &mut starts {
            next += std::mem::replace(start, next);
        }
        let mut events = vec![0_u16; self.positions.len()].into_boxed_slice();
        for (position, event) in self.occurrences() {
            let Some(slot) = starts.get_mut(position as usize) else { continue };
            if let Some(place) = events.get_mut(*slot as usize) {
                *place = event;
            }
            *slot += 1;
        }
        (starts, events)
    }
}

/// Lists of entry ids, one for each event of a segment.
#[derive(Debug, Default)]
pub(crate) struct EntryIds {
    dictionary: Dictionary,
    ends: Box<[u32]>,
    /// `None` if every id occurs once: then the n-th occurrence is that of the
    /// n-th id, and its list of events is its one event.
    repeated: Option<Repeated>,
    events: Box<[u16]>,
}

#[derive(Debug)]
struct Repeated {
    positions: Box<[u32]>,
    posting_ends: Box<[u32]>,
}

impl EntryIds {
    /// The position of `id`, whose [`hash_text`](super::hash_text) is `hash`.
    pub(crate) fn find(&self, hash: u64, id: &str) -> Option<u32> {
        self.dictionary.find(hash, id)
    }

    /// The events with the id, oldest first. An event that names an id twice
    /// is listed twice.
    pub(crate) fn posted(&self, position: u32) -> &[u16] {
        let at = position as usize;
        let list = match &self.repeated {
            None => self.events.get(at..=at),
            Some(repeated) => slice(&repeated.posting_ends, &self.events, at),
        };
        list.unwrap_or_default()
    }

    /// Whether the event names one of the ids at `wanted`.
    pub(crate) fn names_any(&self, index: usize, wanted: &[u32]) -> bool {
        self.positions(index).any(|position| wanted.contains(&position))
    }

    /// Appends the event's ids in packed form.
    pub(super) fn write(&self, index: usize, bytes: &mut Vec<u8>) {
        for position in self.positions(index) {
            write_id(bytes, self.dictionary.text(position).unwrap_or_default());
        }
    }

    fn positions(&self, index: usize) -> impl Iterator<Item = u32> + '_ {
        let end = self.ends.get(index).copied().unwrap_or_default();
        let start =
            index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        (start..end).map(|at| match &self.repeated {
            None => at,
            Some(repeated) => repeated.positions.get(at as usize).copied().unwrap_or_default(),
        })
    }

    pub(super) fn bytes(&self) -> usize {
        let repeated = self.repeated.as_ref().map_or(0, |repeated| {
            (repeated.positions.len() + repeated.posting_ends.len()) * size_of::<u32>()
        });
        self.dictionary.bytes()
            + self.ends.len() * size_of::<u32>()
            + self.events.len() * size_of::<u16>()
            + repeated
    }
}

fn slice<'a, T>(ends: &[u32], store: &'a [T], at: usize) -> Option<&'a [T]> {
    let end = *ends.get(at)? as usize;
    let start = match at.checked_sub(1) {
        Some(before) => *ends.get(before)? as usize,
        None => 0,
    };
    store.get(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::hash_text;

    fn frozen(hasher: &Hasher, lists: &[&[&str]]) -> EntryIds {
        let mut builder = EntryIdsBuilder::default();
        for list in lists {
            let mut bytes = Vec::new();
            list.iter().for_each(|id| write_id(&mut bytes, id));
            builder.push(hasher, PackedIds(&bytes));
        }
        builder.freeze()
    }

    fn check(lists: &[&[&str]]) -> EntryIds {
        let hasher = Hasher::default();
        let ids = frozen(&hasher, lists);
        for (index, list) in lists.iter().enumerate() {
            let mut bytes = Vec::new();
            ids.write(index, &mut bytes);
            assert_eq!(PackedIds(&bytes).collect::<Vec<_>>(), *list);
            for id in *list {
                let position = ids.find(hash_text(&hasher, id), id).unwrap();
                assert!(ids.posted(position).contains(&(index as u16)));
                assert!(ids.names_any(index, &[position]));
            }
        }
        ids
    }

    #[test]
    fn lists_come_back_whether_ids_repeat_or_not() {
        assert!(check(&[&["a", "b"], &[], &["c"]]).repeated.is_none());
        let ids = check(&[&["a", "b"], &[], &["b", "b", ""], &["a"]]);
        assert_eq!(ids.posted(0), [0, 3]);
        assert_eq!(ids.posted(1), [0, 2, 2]);
        assert!(!ids.names_any(3, &[1, 2]));
        check(&[&[], &[]]);
    }
}
