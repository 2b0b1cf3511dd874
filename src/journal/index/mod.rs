//! What is in which block of a segment, so that a question reads few blocks.
//!
//! The journal knows no events: an [`EntryIndexer`] says of each entry under
//! which terms it is to be found (a term is the hash of a field's number and a
//! text), when it happened and what id it has. An index tells, for a term,
//! which blocks *may* hold such entries. Terms are cut to some 24 bits, so that
//! an index now and then names a block too many, and never one too few: whoever
//! asks has to look at the entries themselves.
//!
//! A [`StoredIndex`] is the file beside a compressed segment, of which a
//! question reads the head and a page or two. A [`BuiltIndex`] is the same in
//! memory, for segments that have no file yet, or a damaged one. Both are used
//! by whatever thread asks. An index can always be made again from its segment,
//! byte for byte.
//!
//! # The file
//!
//! Little endian; *varint* is LEB128, as short as possible; *zigzag* maps a
//! difference to a number so that small ones stay small.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic: `TAUDIDX` and a line feed |
//! | 2 | format version: 1 |
//! | 16 | log id |
//! | 8 | sequence of the segment's first entry |
//! | 8 | sequence after its last entry |
//! | 8 | length of the segment, decompressed |
//! | 4 | number of blocks |
//! | 1 | *p*: number of bits that choose a page |
//! | 4 | length of the table of blocks |
//! | … | table of blocks: for each, varints: length, decompressed; number of entries × 2, plus 1 if the block has to be looked at always; unless it has to, or has no entries: zigzag of the least time (µs) − that of the block before, greatest − least; the same two for the ids |
//! | 8 × 2^*p* | directory: for each page, where it ends, counted from the end of the head, and its CRC-32C |
//! | 4 | CRC-32C of everything before: the head |
//! | … | pages |
//!
//! A term is SipHash-1-3 (key: the log id) of the field's number and the text.
//! Its highest *p* bits choose the page, the next 16 its place there. *p* is
//! the least at which there are at most 1,024 terms to a page. A page is, for
//! each place that has blocks, in order: varint of its distance from the place
//! before, minus 1 (the first: the place itself); then for each block, in
//! order, a varint: twice its distance from the block before, minus 1 (the
//! first: its number), and 1 if another follows. Only the highest 40 bits of a
//! term count, so *p* is at most 24.

mod builder;
mod encode;
mod facts;
mod gathered;
mod pages;
mod stored;
mod varint;

pub(crate) use builder::BuiltIndex;
pub(crate) use facts::{BlockFacts, EntryFacts, EntryIndexer, TermHasher};
pub(crate) use gathered::GatheredFacts;
pub(crate) use stored::StoredIndex;
