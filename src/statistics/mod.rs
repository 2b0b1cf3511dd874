//! Figures over events: how many, how they ended, how long they took.
//!
//! The worker feeds a [`StatisticsRecorder`] with every event, so that totals
//! survive rotation. [`Statistics::of`] computes the same figures over a
//! result of a query, with the same code. Entries of kind `log` are about the
//! trail and never counted.
//!
//! What this does not do: keep events, or figures per user.

mod figures;
mod recorder;
mod sample;
mod user;

pub use figures::Statistics;
pub(crate) use recorder::StatisticsRecorder;
pub(crate) use sample::Sample;
pub use user::UserStatistics;
pub(crate) use user::UserTally;
