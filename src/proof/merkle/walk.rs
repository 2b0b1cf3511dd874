//! The way from a leaf or a subtree up to the root, bit by bit: steps (b) and
//! (c) that RFC 9162's two verification algorithms (2.1.3.2 and 2.1.4.2) have
//! in common.

/// On which side the next hash of a proof stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Where the way is: `fn` and `sn` of RFC 9162.
#[derive(Debug)]
pub(super) struct Walk {
    node: u64,
    last: u64,
}

impl Walk {
    /// From leaf `node` of a tree whose last leaf is `last`.
    pub(super) fn new(node: u64, last: u64) -> Self {
        Walk { node, last }
    }

    /// From the largest subtree that ends with leaf `node`.
    pub(super) fn from_subtree_end(node: u64, last: u64) -> Self {
        let level = node.trailing_ones();
        Walk {
            node: node.checked_shr(level).unwrap_or(0),
            last: last.checked_shr(level).unwrap_or(0),
        }
    }

    /// Takes a step towards the root; none where it is already reached.
    pub(super) fn step(&mut self) -> Option<Side> {
        if self.is_at_root() {
            return None;
        }
        let side = self.side();
        if side == Side::Left && self.node & 1 == 0 {
            // The last node of its level has no sibling until here.
            let level = self.node.trailing_zeros();
            self.node = self.node.checked_shr(level).unwrap_or(0);
            self.last = self.last.checked_shr(level).unwrap_or(0);
        }
        self.node >>= 1;
        self.last >>= 1;
        Some(side)
    }

    /// Whether no hash may follow.
    pub(super) fn is_at_root(&self) -> bool {
        self.last == 0
    }

    fn side(&self) -> Side {
        if self.node & 1 == 1 || self.node == self.last { Side::Left } else { Side::Right }
    }
}
