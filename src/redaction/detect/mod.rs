//! Where secrets are inside a text. Pure; runs on the worker's thread.
//!
//! [`scan`] looks at a text once: the bytes that assignments, addresses and
//! credentials of URLs cannot do without are searched for at the speed of
//! memory, and long runs of token characters are found by probing every
//! twelfth byte. Only what these turn up is looked at closely: [`token`] (with
//! the [`shapes`] of known providers), [`card`], [`assignment`], [`address`],
//! [`private_key`].

mod address;
mod assignment;
mod bytes;
mod card;
mod detector;
mod escaped;
mod private_key;
mod scan;
mod shapes;
mod token;
mod value;

pub(super) use card::is_card_number;
pub use detector::Detector;
pub(super) use detector::{Detectors, Finding};
pub(super) use scan::{Triggers, scan};
