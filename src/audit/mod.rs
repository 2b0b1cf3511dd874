//! What users hold: the builder, and the handle through which a trail is
//! asked, exported, watched and ended.

mod builder;
mod handle;
mod health;
mod limits;
#[cfg(feature = "metrics")]
mod metrics;
mod open;
mod org;
mod requests;
mod shutdown;
mod stream;

pub use builder::{
    BUFFER_EVENTS_MAX, Builder, EXPORT_BACKLOG_FACTOR, QUEUE_EVENTS_MAX, STREAM_EVENTS_MAX,
};
pub use handle::Audit;
pub use health::{ExportState, Health};
pub use open::OpenOperation;
pub use org::OrgAudit;
pub use shutdown::ShutdownReport;
pub use stream::Subscription;
