//! A column of optional integers, as narrow as its range allows.

use std::mem::size_of;

/// Microseconds as an unsigned number of the same order.
pub(crate) const fn ordered_us(us: i64) -> u64 {
    (us as u64) ^ (1 << 63)
}

pub(super) const fn us_from_ordered(ordered: u64) -> i64 {
    (ordered ^ (1 << 63)) as i64
}

#[derive(Debug, Default)]
pub(super) struct NumbersBuilder {
    values: Vec<u64>,
    /// Empty as long as every value is there.
    present: Vec<bool>,
    range: Option<(u64, u64)>,
}

impl NumbersBuilder {
    #[inline]
    pub(super) fn push(&mut self, value: Option<u64>) {
        if value.is_none() && self.present.is_empty() {
            self.present.resize(self.values.len(), true);
        }
        if value.is_none() || !self.present.is_empty() {
            self.present.push(value.is_some());
        }
        self.values.push(value.unwrap_or_default());
        if let Some(value) = value {
            self.widen((value, value));
        }
    }

    /// The last value once more.
    pub(super) fn push_last(&mut self) {
        self.push(self.values.last().copied());
    }

    /// The values of so many events of a segment, as if each was pushed.
    pub(super) fn append(&mut self, numbers: &Numbers, events: usize) {
        match (&numbers.cells, numbers.range()) {
            (Cells::Narrow(cells), Some(range))
                if self.present.is_empty() && !cells.contains(&0) =>
            {
                let value = |cell: &u32| range.0 + u64::from(cell - 1);
                self.values.extend(cells.iter().map(value));
                self.widen(range);
            }
            _ => (0..events).for_each(|index| self.push(numbers.value(index))),
        }
    }

    #[inline]
    fn widen(&mut self, (min, max): (u64, u64)) {
        let (least, greatest) = self.range.unwrap_or((min, max));
        self.range = Some((least.min(min), greatest.max(max)));
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.present.clear();
        self.range = None;
    }

    pub(super) fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<u64>() + self.present.capacity()
    }

    pub(super) fn freeze(&self) -> Numbers {
        let Some((min, max)) = self.range else { return Numbers::default() };
        let cells = if max - min < u64::from(u32::MAX) {
            Cells::Narrow(self.narrow(min))
        } else {
            Cells::Wide { values: self.values.as_slice().into(), present: self.bits() }
        };
        Numbers { min, max, cells }
    }

    fn narrow(&self, min: u64) -> Box<[u32]> {
        let narrow = |value: &u64| value.wrapping_sub(min) as u32 + 1;
        if self.present.is_empty() {
            return self.values.iter().map(narrow).collect();
        }
        let each = self.values.iter().zip(&self.present);
        each.map(|(value, present)| if *present { narrow(value) } else { 0 }).collect()
    }

    fn bits(&self) -> Box<[u64]> {
        let full = |values: &[u64]| u64::MAX >> (64 - values.len());
        if self.present.is_empty() {
            return self.values.chunks(64).map(full).collect();
        }
        self.present
            .chunks(64)
            .map(|chunk| {
                chunk.iter().enumerate().fold(0, |bits, (at, set)| bits | (u64::from(*set) << at))
            })
            .collect()
    }
}

/// Integers or nothing, one for each event of a segment.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    min: u64,
    max: u64,
    cells: Cells,
}

#[derive(Debug, Default)]
enum Cells {
    /// No event has a value.
    #[default]
    Absent,
    /// Distance from the least value, plus one; 0 for none.
    Narrow(Box<[u32]>),
    Wide {
        values: Box<[u64]>,
        present: Box<[u64]>,
    },
}

impl Numbers {
    pub(crate) fn value(&self, index: usize) -> Option<u64> {
        match &self.cells {
            Cells::Absent => None,
            Cells::Narrow(cells) => Some(self.min + u64::from(cells.get(index)?.checked_sub(1)?)),
            Cells::Wide { values, present } => {
                let set = (present.get(index / 64)? >> (index % 64)) & 1 == 1;
                values.get(index).copied().filter(|_| set)
            }
        }
    }

    /// Least and greatest value; `None` if no event has one.
    pub(crate) fn range(&self) -> Option<(u64, u64)> {
        (!matches!(self.cells, Cells::Absent)).then_some((self.min, self.max))
    }

    pub(super) fn bytes(&self) -> usize {
        match &self.cells {
            Cells::Absent => 0,
            Cells::Narrow(cells) => cells.len() * size_of::<u32>(),
            Cells::Wide { values, present } => (values.len() + present.len()) * size_of::<u64>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frozen(values: &[Option<u64>]) -> Numbers {
        let mut builder = NumbersBuilder::default();
        values.iter().for_each(|value| builder.push(*value));
        builder.freeze()
    }

    #[test]
    fn values_come_back_at_every_width() {
        let narrow = [Some(7), None, Some(7 + u64::from(u32::MAX) - 1)];
        let wide = [Some(7), None, Some(7 + u64::from(u32::MAX))];
        let widest = [Some(0), None, Some(u64::MAX)];
        for (values, bytes) in [(narrow, 12), (wide, 32), (widest, 32), ([None; 3], 0)] {
            let numbers = frozen(&values);
            for (index, value) in values.iter().enumerate() {
                assert_eq!(numbers.value(index), *value);
            }
            assert_eq!(numbers.value(3), None);
            assert_eq!(numbers.bytes(), bytes);
        }
        assert_eq!(frozen(&narrow).range().map(|range| range.0), Some(7));
        assert_eq!(frozen(&[None]).range(), None);
        for all in [[Some(7); 70], [Some(7 + u64::from(u32::MAX)); 70]] {
            let numbers = frozen(&[&[Some(7)], &all[..]].concat());
            assert!((1..71).all(|index| numbers.value(index) == all[0]));
            assert_eq!(numbers.value(71), None);
        }
        let many: Vec<_> =
            (0..200).map(|n| (n % 3 > 0).then_some(n * u64::from(u32::MAX))).collect();
        let numbers = frozen(&many);
        assert!((0..200).all(|index| numbers.value(index) == many[index]));
    }

    #[test]
    fn the_order_of_times_is_kept() {
        let times = [i64::MIN, -1, 0, 1, i64::MAX];
        assert!(times.windows(2).all(|pair| ordered_us(pair[0]) < ordered_us(pair[1])));
        assert!(times.iter().all(|us| us_from_ordered(ordered_us(*us)) == *us));
    }
}
