//! Where secrets are inside a text. Pure; runs on the worker's thread.
//!
//! [`scan`] looks at a text once. [`plain`] passes most names and ids by, which are
//! short; of others, [`signs`] says in a few instructions for eight bytes whether there is a word as long as a key, a row of digits as long as a
//! card's number, or a byte that assignments, addresses and private keys cannot
//! do without. Only where there is, is a text looked at closely: [`token`] (with
//! the [`shapes`] of known providers), [`card`], [`assignment`], [`address`],
//! [`private_key`].

mod address;
mod assignment;
mod bytes;
mod card;
mod container;
mod cut;
mod detector;
mod escaped;
mod placeholder;
mod plain;
mod private_key;
mod scan;
mod shapes;
mod signs;
mod token;
mod value;

pub(super) use card::is_card_number;
pub(super) use cut::is_cut_json;
pub use detector::Detector;
pub(super) use detector::{Detectors, Finding};
pub(super) use plain::is_plain;
pub(super) use scan::scan;
