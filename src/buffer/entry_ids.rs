//! The entry ids of the events of a segment, and for each id its events.

use std::mem::size_of;

use super::dictionary::Dictionary;
use super::interner::{Hasher, hash_bytes, slice};
use crate::event::packed::{PackedIds, write_id};
use crate::event::short::append;

/// Ids are mostly unique, so that looking each of them up would be wasted:
/// equal ones are found when the head is frozen.
#[derive(Debug, Default)]
pub(super) struct EntryIdsBuilder {
    /// Of ids that were each found to be UTF-8.
    text: Vec<u8>,
    text_ends: Vec<u32>,
    hashes: Vec<u64>,
    /// Where the ids of each event end.
    ends: Vec<u32>,
}

impl EntryIdsBuilder {
    pub(super) fn push(&mut self, hasher: &Hasher, mut ids: PackedIds<'_>) {
        while let Some(id) = ids.next_unread().filter(|id| is_text(id)) {
            self.hashes.push(hash_bytes(hasher, id));
            append(&mut self.text, id);
            self.text_ends.push(self.text.len() as u32);
        }
        self.ends.push(self.hashes.len() as u32);
    }

    /// The ids of so many events of a segment, as if each was pushed.
    pub(super) fn append(&mut self, hasher: &Hasher, ids: &EntryIds, events: usize) {
        let before = self.hashes.len() as u32;
        for position in ids.all_positions() {
            let id = ids.dictionary.text(position).unwrap_or_default().as_bytes();
            self.hashes.push(hash_bytes(hasher, id));
            append(&mut self.text, id);
            self.text_ends.push(self.text.len() as u32);
        }
        let all = self.ends.len() + events;
        self.ends.extend(ids.ends.iter().map(|end| before + end));
        // Where no event has one, nothing is kept of them.
        self.ends.resize(all, before);
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.text_ends.clear();
        self.hashes.clear();
        self.ends.clear();
    }

    /// Bytes that grow with the data.
    pub(super) fn data_bytes(&self) -> usize {
        self.text.len() + self.hashes.len() * size_of::<u64>()
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity()
            + (self.text_ends.capacity() + self.ends.capacity()) * size_of::<u32>()
            + self.hashes.capacity() * size_of::<u64>()
    }

    pub(super) fn freeze(&self) -> EntryIds {
        let EntryIdsBuilder { text_ends, hashes, .. } = self;
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        if hashes.is_empty() {
            return EntryIds::default();
        }
        match Dictionary::unless_repeated(text, text_ends, hashes) {
            Err(firsts) => self.freeze_repeated(text, &firsts),
            Ok(dictionary) => EntryIds {
                dictionary,
                ends: self.ends.as_slice().into(),
                repeated: None,
                events: self.events().collect(),
            },
        }
    }

    fn freeze_repeated(&self, text: &str, firsts: &[u32]) -> EntryIds {
        let (mut distinct, mut distinct_text) = (EntryIdsBuilder::default(), String::new());
        let mut positions = Vec::<u32>::with_capacity(firsts.len());
        for (at, (first, hash)) in firsts.iter().zip(&self.hashes).enumerate() {
            let known = positions.get(*first as usize).copied();
            positions.push(known.unwrap_or(distinct.hashes.len() as u32));
            if known.is_none() {
                let id = slice(text, &self.text_ends, at as u32, 0);
                distinct_text.push_str(id.unwrap_or_default());
                distinct.text_ends.push(distinct_text.len() as u32);
                distinct.hashes.push(*hash);
            }
        }
        let EntryIdsBuilder { text_ends, hashes, .. } = &distinct;
        let (posting_ends, events) = self.postings(&positions, hashes.len());
        EntryIds {
            dictionary: Dictionary::distinct(&distinct_text, text_ends, hashes),
            ends: self.ends.as_slice().into(),
            repeated: Some(Repeated { positions: positions.into(), posting_ends }),
            events,
        }
    }

    /// The event of each id.
    fn events(&self) -> impl Iterator<Item = u16> + '_ {
        let mut event = 0_usize;
        (0..self.hashes.len()).map(move |at| {
            while self.ends.get(event).is_some_and(|end| *end as usize <= at) {
                event += 1;
            }
            event as u16
        })
    }

    fn postings(&self, positions: &[u32], distinct: usize) -> (Box<[u32]>, Box<[u16]>) {
        let mut starts = vec![0_u32; distinct].into_boxed_slice();
        for position in positions {
            if let Some(count) = starts.get_mut(*position as usize) {
                *count += 1;
            }
        }
        let mut next = 0;
        for start in &mut starts {
            next += std::mem::replace(start, next);
        }
        let mut events = vec![0_u16; positions.len()].into_boxed_slice();
        for (position, event) in positions.iter().zip(self.events()) {
            let Some(slot) = starts.get_mut(*position as usize) else { continue };
            if let Some(place) = events.get_mut(*slot as usize) {
                *place = event;
            }
            *slot += 1;
        }
        // Filling moved each start to the end of its own list.
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
            Some(repeated) => part(&repeated.posting_ends, &self.events, at),
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
        (start..end).map(|at| self.position(at))
    }

    /// Those of all events, one after the other.
    fn all_positions(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.ends.last().copied().unwrap_or_default()).map(|at| self.position(at))
    }

    /// Which id the one at this place of all lists is.
    fn position(&self, at: u32) -> u32 {
        match &self.repeated {
            None => at,
            Some(repeated) => repeated.positions.get(at as usize).copied().unwrap_or_default(),
        }
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

/// Whether these bytes are a text; most are of ASCII.
#[inline]
fn is_text(id: &[u8]) -> bool {
    id.is_ascii() || std::str::from_utf8(id).is_ok()
}

fn part<'a, T>(ends: &[u32], store: &'a [T], at: usize) -> Option<&'a [T]> {
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
