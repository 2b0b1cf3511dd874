//! Finite results as something to read: a monthly compliance report, a summary
//! by user, and plain tables.
//!
//! Pure aggregation over events that the caller chose. Text values come from
//! whoever used the audited program, and may attack the reader of a terminal:
//! every table escapes them. Entries of kind `log` are not counted.

mod compliance;
mod escape;
mod event_table;
mod person;
mod text_table;
mod user_summary;

pub use compliance::{ComplianceReport, UserActivity, compliance_report};
#[cfg(feature = "journal")]
pub(crate) use escape::deceives;
#[cfg(feature = "journal")]
pub(crate) use escape::escaped;
pub use event_table::table;
pub use user_summary::{UserSummary, UserSummaryRow, user_summary};
