//! A filter resolved for one segment: what has to be checked on an event.

use memchr::memmem::Finder;

use super::matching::MetadataMatch;
use super::trail::Trail;
use crate::buffer::{EntryIds, Fields, Numbers, Segment, SymbolColumn};
use crate::event::Kind;

/// A part of a [`Pool`].
pub(super) type PoolRange = (usize, usize);

/// Numbers that checks refer to, in one place, so that a segment costs no
/// allocation.
#[derive(Default)]
pub(super) struct Pool(Vec<u32>);

/// One condition on an event of a segment.
#[derive(Clone, Copy)]
pub(super) enum Check<'a> {
    Symbol {
        column: &'a SymbolColumn,
        symbol: u16,
    },
    AnySymbol {
        column: &'a SymbolColumn,
        symbols: PoolRange,
    },
    /// `actor` is 0 if the segment does not have it; so is `user`.
    Actor {
        actor: u16,
        user: u16,
    },
    /// Several such pairs.
    AnyActor {
        pairs: PoolRange,
    },
    /// A bit for each status code.
    Status(u8),
    EntryIds {
        ids: &'a EntryIds,
        wanted: PoolRange,
    },
    /// Any, but no place that is only taken.
    Event,
    Kind(Kind),
    Within {
        numbers: &'a Numbers,
        min: u64,
        max: u64,
    },
    Trail(&'a Trail),
    Error(&'a Finder<'a>),
    Metadata {
        wanted: &'a MetadataMatch<'a>,
        fields: &'a Fields,
        keys: PoolRange,
    },
}

impl Check<'_> {
    /// Whether the event at `index` of the segment satisfies it.
    pub(super) fn holds(&self, segment: &Segment, index: usize, pool: &Pool) -> bool {
        match self {
            Check::Symbol { column, symbol } => column.symbol(index) == *symbol,
            Check::AnySymbol { column, symbols } => {
                pool.slice(*symbols).contains(&u32::from(column.symbol(index)))
            }
            Check::Actor { actor, user } => is_actor(segment, index, *actor, *user),
            Check::AnyActor { pairs } => {
                pool.slice(*pairs).chunks_exact(2).any(|pair| match *pair {
                    [actor, user] => is_actor(segment, index, actor as u16, user as u16),
                    _ => false,
                })
            }
            Check::Status(mask) => {
                segment.flags(index).is_some_and(|flags| mask >> flags.status_code() & 1 == 1)
            }
            Check::EntryIds { ids, wanted } => ids.names_any(index, pool.slice(*wanted)),
            Check::Event => segment.flags(index).is_some_and(|flags| !flags.is_taken()),
            Check::Kind(kind) => {
                segment.flags(index).is_some_and(|flags| flags.kind() == *kind && !flags.is_taken())
            }
            Check::Within { numbers, min, max } => {
                numbers.value(index).is_some_and(|value| (*min..=*max).contains(&value))
            }
            Check::Trail(ids) => segment.event_id(index).is_some_and(|id| ids.contains(id)),
            Check::Error(part) => {
                segment.errors().slice(index).is_some_and(|error| part.find(error).is_some())
            }
            Check::Metadata { wanted, fields, keys } => {
                wanted.matches(fields, index, pool.slice(*keys))
            }
        }
    }

    /// Cheaper checks have a lower rank.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Check::Symbol { .. } | Check::Status(_) | Check::Event | Check::Kind(_) => 0,
            Check::AnySymbol { .. }
            | Check::Actor { .. }
            | Check::AnyActor { .. }
            | Check::Within { .. } => 1,
            Check::EntryIds { .. } | Check::Trail(_) => 2,
            Check::Error(_) => 3,
            Check::Metadata { .. } => 4,
        }
    }
}

/// Actor symbol 0 means: the user.
fn is_actor(segment: &Segment, index: usize, actor: u16, user: u16) -> bool {
    match segment.columns().actor.symbol(index) {
        0 => user > 0 && segment.columns().user.symbol(index) == user,
        symbol => symbol == actor,
    }
}

impl Pool {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn add(&mut self, numbers: impl Iterator<Item = u32>) -> PoolRange {
        let start = self.0.len();
        self.0.extend(numbers);
        (start, self.0.len())
    }

    pub(super) fn slice(&self, (start, end): PoolRange) -> &[u32] {
        self.0.get(start..end).unwrap_or_default()
    }
}
