//! Asking the trail: filters, pages, counts and groups.
//!
//! Everything runs on the caller's thread, on immutable segments: first those
//! in memory, then, with a journal, the log on disk, as one trail. A query never
//! makes the worker wait, and apart from [`Query::snapshot`] and queries on a
//! [`View`], it first asks the worker to make everything visible that was
//! completed before.
//!
//! With [`Query::every_log`] it also goes through the logs of other processes in the
//! same directory, and [`StoredTrail`] asks a directory of logs from outside.
//!
//! A query goes through the segments in order, newest first unless told
//! otherwise. In each one it takes the smallest list that an index has for one
//! of the filters, and checks the others on the columns. Filters on user,
//! actor, session, operation, entry ids, organisation, resource and status have
//! an index; those on time skip whole segments; the others look at each event.

mod asked;
mod builder;
mod checks;
mod compiled;
mod cursor;
mod filter;
mod group;
mod matching;
mod merged;
mod order;
mod page;
mod plan;
mod sought;
#[cfg_attr(not(feature = "journal"), path = "unstored.rs")]
mod stored;
#[cfg(feature = "journal")]
mod stored_parts;
#[cfg(feature = "journal")]
mod stored_trail;
mod terminals;
mod trail;
mod view;
mod walk;

#[cfg(test)]
#[cfg(feature = "journal")]
mod every_log_tests;
#[cfg(test)]
mod model;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod query_tests;
#[cfg(test)]
#[cfg(feature = "journal")]
mod stored_rig;
#[cfg(test)]
#[cfg(feature = "journal")]
mod stored_tests;

pub use builder::Query;
pub use cursor::Cursor;
pub(crate) use matching::same as same_value;
pub use order::{Field, Order};
pub use page::Page;
pub(crate) use stored::{OtherLogs, Stored};
#[cfg(feature = "journal")]
pub use stored_trail::StoredTrail;
pub use view::View;
pub(crate) use view::{FreshView, Source};
