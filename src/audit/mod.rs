//! What users hold: the builder, and the handle through which a trail is
//! asked, exported, watched and ended.

mod begun;
mod builder;
#[cfg(feature = "policy")]
mod coverage;
mod figures;
mod handle;
mod health;
#[cfg(feature = "journal")]
mod journal_calls;
#[cfg(feature = "journal")]
mod journal_settings;
#[cfg(feature = "journal")]
mod journal_state;
#[cfg(feature = "metrics")]
mod metrics;
mod open;
mod org;
#[cfg(feature = "policy")]
mod policy;
mod receipt;
mod requests;
mod shutdown;
mod stored;
mod stream;

pub use begun::Begun;
pub use builder::{
    BUFFER_EVENTS_MAX, Builder, EXPORT_BACKLOG_FACTOR, QUEUE_EVENTS_MAX, STREAM_EVENTS_MAX,
};
pub use handle::Audit;
pub use health::{ExportState, Health};
#[cfg(feature = "journal")]
pub use journal_settings::JournalSettings;
#[cfg(feature = "journal")]
pub use journal_state::{CheckpointCopy, JournalState};
pub use open::OpenOperation;
pub use org::OrgAudit;
pub use receipt::{Durability, Receipt};
pub use shutdown::ShutdownReport;
pub use stream::Subscription;
