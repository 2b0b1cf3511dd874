//! What the spans carry: the same for every arm.
//!
//! 10,000 users drawn by Zipf, ids that never repeat, all of it fresh for each
//! repetition: recycling a few hundred values would flatter every cache.

use std::fmt::Write;

/// Users that events are drawn from.
pub(crate) const USERS: usize = 10_000;

/// Events of one user before it gets a new session, on average over all users.
const SESSION_EVENTS: u64 = 65_536;

/// The values of one span.
#[derive(Default, Clone)]
pub(crate) struct Item {
    pub(crate) user: String,
    pub(crate) session: String,
    /// 18 characters, unique.
    pub(crate) entry: String,
    /// 18 characters, unique.
    pub(crate) other_entry: String,
    pub(crate) importance: f64,
}

/// A stream of items.
pub(crate) struct Corpus {
    /// Of the users' shares, up to and including each.
    cumulative: Vec<f64>,
    random: u64,
    next: u64,
}

impl Corpus {
    /// A stream that shares no id with that of another seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut sum = 0.0;
        let shares = (1..=USERS).map(|rank| 1.0 / rank as f64);
        let cumulative = shares
            .map(|share| {
                sum += share;
                sum
            })
            .collect();
        Corpus { cumulative, random: seed, next: seed << 32 }
    }

    /// The next `count` items.
    pub(crate) fn items(&mut self, count: usize) -> Vec<Item> {
        let mut items = vec![Item::default(); count];
        items.iter_mut().for_each(|item| self.fill(item));
        items
    }

    /// Puts the next item into `item`, reusing its memory.
    pub(crate) fn fill(&mut self, item: &mut Item) {
        let user = self.user();
        let number = self.next;
        self.next += 1;
        let texts = [&mut item.user, &mut item.session, &mut item.entry, &mut item.other_entry];
        texts.into_iter().for_each(String::clear);
        let _ = write!(item.user, "user-{user:05}");
        let _ = write!(item.session, "sess-{user:05}-{:06x}", number / SESSION_EVENTS);
        let _ = write!(item.entry, "entry_{:012x}", scattered(2 * number));
        let _ = write!(item.other_entry, "entry_{:012x}", scattered(2 * number + 1));
        item.importance = (number % 1_000) as f64 / 1_000.0;
    }

    fn user(&mut self) -> usize {
        let total = self.cumulative.last().copied().unwrap_or_default();
        let point = (self.bits() >> 11) as f64 / (1_u64 << 53) as f64 * total;
        self.cumulative.partition_point(|upto| *upto < point).min(USERS - 1)
    }

    /// splitmix64.
    fn bits(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Another number of 48 bits for each number of 48 bits, without order.
fn scattered(number: u64) -> u64 {
    const BITS: u64 = (1 << 48) - 1;
    number.wrapping_mul(0x9E37_79B9_7F4B) & BITS
}
