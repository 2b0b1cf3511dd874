//! Columns of interned text: a 16-bit symbol for each event, 0 for none.
//!
//! A segment has at most 65,535 events, so that symbols cannot run out. A
//! column in which all events agree (usual for organisation, resource and
//! source) takes no memory per event.

use std::mem::size_of;

use super::dictionary::Dictionary;
use super::interner::{Hasher, Interner};
use super::postings::{Posted, Postings};

/// What a user's actor text begins with.
pub(super) const USER_PREFIX: &str = "user:";

/// One `T` for each interned field of an event.
#[derive(Debug, Default)]
pub(crate) struct PerField<T> {
    /// Its texts are stored with `user:` before them, so that they serve as
    /// actor texts too.
    pub(crate) user: T,
    /// None where the actor is the user.
    pub(crate) actor: T,
    pub(crate) session: T,
    pub(crate) org: T,
    pub(crate) resource: T,
    pub(crate) operation: T,
    pub(crate) source: T,
    pub(crate) span_name: T,
    pub(crate) span_target: T,
}

impl<T> PerField<T> {
    pub(super) fn each(&self) -> [&T; 9] {
        let PerField { user, actor, session, org, resource, operation, source, .. } = self;
        let PerField { span_name, span_target, .. } = self;
        [user, actor, session, org, resource, operation, source, span_name, span_target]
    }

    pub(super) fn each_mut(&mut self) -> [&mut T; 9] {
        let PerField {
            user,
            actor,
            session,
            org,
            resource,
            operation,
            source,
            span_name,
            span_target,
        } = self;
        [user, actor, session, org, resource, operation, source, span_name, span_target]
    }
}

/// A column that grows.
#[derive(Debug, Default)]
pub(super) struct SymbolsBuilder {
    interner: Interner,
    /// The last symbol, and that of all events as long as they agree.
    last: u16,
    /// How many events there are.
    len: usize,
    /// Empty as long as all events agree.
    symbols: Vec<u16>,
    /// What the symbols of a segment are here, while it is appended.
    mapped: Vec<u16>,
}

impl SymbolsBuilder {
    pub(super) fn with_prefix(prefix: &'static str) -> Self {
        SymbolsBuilder { interner: Interner::with_prefix(prefix), ..SymbolsBuilder::default() }
    }

    #[inline]
    pub(super) fn push(&mut self, hasher: &Hasher, text: Option<&str>) {
        let symbol = text.map_or(0, |text| self.symbol(hasher, text));
        if symbol != self.last || !self.symbols.is_empty() {
            self.push_different(symbol);
        }
        self.last = symbol;
        self.len += 1;
    }

    fn push_different(&mut self, symbol: u16) {
        if self.len > 0 {
            self.spell_out();
            self.symbols.push(symbol);
        }
    }

    /// The values of so many events of a segment, as if each was pushed: its
    /// texts are looked up once, not once for each event.
    pub(super) fn append(&mut self, hasher: &Hasher, column: &SymbolColumn, events: usize) {
        let mut mapped = std::mem::take(&mut self.mapped);
        mapped.clear();
        mapped.push(0);
        // In the order in which they appeared there, so that symbols are given
        // in the order in which pushing would give them.
        mapped.extend(column.dictionary.texts().map(|text| self.symbol(hasher, text)));
        let symbol = |of: &u16| mapped.get(usize::from(*of)).copied().unwrap_or_default();
        match &column.cells {
            Cells::Constant(constant) => self.append_same(symbol(constant), events),
            Cells::Each { symbols, .. } => {
                self.spell_out();
                self.symbols.extend(symbols.iter().map(symbol));
                self.last = self.symbols.last().copied().unwrap_or_default();
            }
        }
        self.len += events;
        self.mapped = mapped;
    }

    fn append_same(&mut self, symbol: u16, events: usize) {
        if symbol != self.last || !self.symbols.is_empty() {
            self.spell_out();
            if self.len > 0 {
                self.symbols.resize(self.len + events, symbol);
            }
        }
        self.last = symbol;
    }

    /// Events may differ from now on.
    fn spell_out(&mut self) {
        if self.symbols.is_empty() {
            self.symbols.resize(self.len, self.last);
        }
    }

    #[inline]
    fn symbol(&mut self, hasher: &Hasher, text: &str) -> u16 {
        // Neighbours often agree, and comparing is cheaper than hashing.
        let last_at = u32::from(self.last).checked_sub(1);
        if last_at.is_some_and(|at| self.interner.is_at(at, text)) {
            return self.last;
        }
        self.interner.intern(hasher, text) as u16 + 1
    }

    pub(super) fn clear(&mut self) {
        self.interner.clear();
        self.symbols.clear();
        (self.last, self.len) = (0, 0);
    }

    pub(super) fn text_bytes(&self) -> usize {
        self.interner.text_bytes()
    }

    pub(super) fn bytes(&self) -> usize {
        let symbols = self.symbols.capacity() + self.mapped.capacity();
        self.interner.bytes() + symbols * size_of::<u16>()
    }

    pub(super) fn freeze(&self, indexed: bool) -> SymbolColumn {
        let dictionary = Dictionary::freeze(&self.interner);
        if self.symbols.is_empty() {
            return SymbolColumn { dictionary, cells: Cells::Constant(self.last) };
        }
        let postings = if indexed {
            Postings::build(self.symbols.iter().copied(), dictionary.len())
        } else {
            Postings::default()
        };
        let cells = Cells::Each { symbols: self.symbols.as_slice().into(), postings };
        SymbolColumn { dictionary, cells }
    }
}

/// One interned field of all events of a segment.
#[derive(Debug)]
pub(crate) struct SymbolColumn {
    dictionary: Dictionary,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Constant(u16),
    Each { symbols: Box<[u16]>, postings: Postings },
}

impl SymbolColumn {
    /// The symbol of an event; 0 if it has no value.
    pub(crate) fn symbol(&self, index: usize) -> u16 {
        match &self.cells {
            Cells::Constant(symbol) => *symbol,
            Cells::Each { symbols, .. } => symbols.get(index).copied().unwrap_or_default(),
        }
    }

    pub(crate) fn text(&self, index: usize) -> Option<&str> {
        self.symbol_text(self.symbol(index))
    }

    pub(crate) fn symbol_text(&self, symbol: u16) -> Option<&str> {
        self.dictionary.text(u32::from(symbol).checked_sub(1)?)
    }

    /// The text with the prefix of its dictionary.
    pub(crate) fn prefixed_symbol_text(&self, symbol: u16) -> Option<&str> {
        self.dictionary.prefixed_text(u32::from(symbol).checked_sub(1)?)
    }

    /// The greatest symbol; symbols count from 1.
    pub(super) fn symbol_max(&self) -> u16 {
        self.dictionary.len() as u16
    }

    /// The symbol of `text`, whose [`hash_text`](super::hash_text) is `hash`.
    pub(crate) fn find(&self, hash: u64, text: &str) -> Option<u16> {
        self.dictionary.find(hash, text).map(|position| position as u16 + 1)
    }

    /// The events with `symbol`; of an indexed column only.
    pub(crate) fn posted(&self, symbol: u16) -> Posted<'_> {
        match &self.cells {
            Cells::Constant(constant) if *constant == symbol => Posted::All,
            Cells::Constant(_) => Posted::List(&[]),
            Cells::Each { postings, .. } => Posted::List(postings.list(symbol)),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.dictionary.bytes()
            + match &self.cells {
                Cells::Constant(_) => 0,
                Cells::Each { symbols, postings } => {
                    symbols.len() * size_of::<u16>() + postings.bytes()
                }
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::hash_text;

    fn frozen(hasher: &Hasher, texts: &[Option<&str>]) -> SymbolColumn {
        let mut builder = SymbolsBuilder::default();
        texts.iter().for_each(|text| builder.push(hasher, *text));
        builder.freeze(true)
    }

    #[test]
    fn texts_come_back_and_are_found() {
        let hasher = Hasher::default();
        let texts = [Some("a"), None, Some("b"), Some("b"), Some("a"), Some("")];
        let column = frozen(&hasher, &texts);
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(column.text(index), *text);
        }
        let b = column.find(hash_text(&hasher, "b"), "b").unwrap();
        assert_eq!(column.posted(b), Posted::List(&[2, 3]));
        assert_eq!(column.find(hash_text(&hasher, "c"), "c"), None);
    }

    #[test]
    fn what_differs_after_many_that_agree_changes_none_of_them() {
        let hasher = Hasher::default();
        let mut builder = SymbolsBuilder::default();
        for first in [None, Some("a")] {
            for len in 0..4 {
                builder.clear();
                let texts = [&vec![first; len][..], &[Some("b"), first, None]].concat();
                texts.iter().for_each(|text| builder.push(&hasher, *text));
                let column = builder.freeze(true);
                for (index, text) in texts.iter().enumerate() {
                    assert_eq!(column.text(index), *text, "{texts:?}");
                }
            }
        }
    }

    #[test]
    fn a_column_that_agrees_takes_nothing_per_event() {
        let hasher = Hasher::default();
        let column = frozen(&hasher, &[Some("org"); 1000]);
        let symbol = column.find(hash_text(&hasher, "org"), "org").unwrap();
        assert_eq!((column.posted(symbol), column.text(999)), (Posted::All, Some("org")));
        assert!(column.bytes() < 32);
        assert_eq!(frozen(&hasher, &[None; 3]).text(2), None);
    }
}
