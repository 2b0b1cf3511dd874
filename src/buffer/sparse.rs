//! Columns for what few events have.

use std::mem::size_of;

/// Values of some events, in the order of the events.
#[derive(Debug)]
pub(crate) struct Sparse<T> {
    events: Box<[u16]>,
    values: Box<[T]>,
}

#[derive(Debug)]
pub(super) struct SparseBuilder<T> {
    events: Vec<u16>,
    values: Vec<T>,
}

impl<T> Default for SparseBuilder<T> {
    fn default() -> Self {
        SparseBuilder { events: Vec::new(), values: Vec::new() }
    }
}

impl<T: Copy> SparseBuilder<T> {
    pub(super) fn push(&mut self, event: usize, value: T) {
        self.events.push(event as u16);
        self.values.push(value);
    }

    /// The values of a segment whose first event is this one here.
    pub(super) fn append(&mut self, first: usize, others: &Sparse<T>) {
        others.iter().for_each(|(event, value)| self.push(first + event, value));
    }

    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.values.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        self.events.capacity() * size_of::<u16>() + self.values.capacity() * size_of::<T>()
    }

    pub(super) fn freeze(&self) -> Sparse<T> {
        Sparse { events: self.events.as_slice().into(), values: self.values.as_slice().into() }
    }
}

impl<T: Copy> Sparse<T> {
    pub(crate) fn value(&self, index: usize) -> Option<T> {
        self.values.get(self.position(index)?).copied()
    }

    /// The events that have a value, and the value.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, T)> + '_ {
        self.events.iter().map(|event| usize::from(*event)).zip(self.values.iter().copied())
    }

    fn position(&self, index: usize) -> Option<usize> {
        if self.events.is_empty() {
            return None;
        }
        self.events.binary_search(&u16::try_from(index).ok()?).ok()
    }

    pub(super) fn bytes(&self) -> usize {
        self.events.len() * size_of::<u16>() + self.values.len() * size_of::<T>()
    }
}

/// Slices of a shared store, of some events.
#[derive(Debug)]
pub(crate) struct SparseSlices<T> {
    ends: Sparse<u32>,
    store: Box<[T]>,
}

#[derive(Debug)]
pub(super) struct SparseSlicesBuilder<T> {
    ends: SparseBuilder<u32>,
    store: Vec<T>,
}

impl<T> Default for SparseSlicesBuilder<T> {
    fn default() -> Self {
        SparseSlicesBuilder { ends: SparseBuilder::default(), store: Vec::new() }
    }
}

impl<T: Copy> SparseSlicesBuilder<T> {
    pub(super) fn push(&mut self, event: usize, values: &[T]) {
        self.store.extend_from_slice(values);
        self.ends.push(event, self.store.len() as u32);
    }

    /// The slices of a segment whose first event is this one here.
    pub(super) fn append(&mut self, first: usize, others: &SparseSlices<T>) {
        let before = self.store.len() as u32;
        self.store.extend_from_slice(&others.store);
        for (event, end) in others.ends.iter() {
            self.ends.push(first + event, before + end);
        }
    }

    pub(super) fn clear(&mut self) {
        self.ends.clear();
        self.store.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.store.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.ends.bytes() + self.store.capacity() * size_of::<T>()
    }

    pub(super) fn freeze(&self) -> SparseSlices<T> {
        SparseSlices { ends: self.ends.freeze(), store: self.store.as_slice().into() }
    }
}

impl<T> SparseSlices<T> {
    pub(crate) fn slice(&self, index: usize) -> Option<&[T]> {
        let position = self.ends.position(index)?;
        let end = *self.ends.values.get(position)? as usize;
        let start = match position.checked_sub(1) {
            Some(before) => *self.ends.values.get(before)? as usize,
            None => 0,
        };
        self.store.get(start..end)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.events.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.ends.bytes() + self.store.len() * size_of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_events_that_have_a_value_get_one() {
        let mut numbers = SparseBuilder::default();
        numbers.push(2, 20_u128);
        numbers.push(5, 50);
        let numbers = numbers.freeze();
        assert_eq!([1, 2, 5, 70_000].map(|at| numbers.value(at)), [None, Some(20), Some(50), None]);
        let mut slices = SparseSlicesBuilder::default();
        slices.push(1, b"one");
        slices.push(3, b"");
        slices.push(4, b"four");
        let slices = slices.freeze();
        assert_eq!(slices.slice(1), Some(&b"one"[..]));
        assert_eq!(slices.slice(3), Some(&b""[..]));
        assert_eq!((slices.slice(4), slices.slice(2)), (Some(&b"four"[..]), None));
    }
}
