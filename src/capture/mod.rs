//! The audited program's threads: from callbacks of `tracing` to captured
//! bytes in the data lane.
//!
//! The only place that names `tracing`. Everything here runs on threads that
//! are not ours, so it never waits for the worker (beyond the overflow policy),
//! never formats a value while it holds a lock, and never panics.
//!
//! [`layer`] is the face towards `tracing`, with [`callbacks`] for every span that
//! is enabled; [`intake`] does what those that matter ask, with [`context`] for whose context and [`ending`] for how it
//! ended; [`callsite`] decides once per callsite what matters; [`open`] holds what
//! is known of spans that are open; [`record`] says what field values mean,
//! [`later`] records on spans that are open, and [`fields`] and [`recorded`] keep
//! the values as bytes; a [`message`] travels as it was filled, and is
//! [`captured`] to its reader; [`trace_ids`] finds it among the traces of
//! OpenTelemetry. [`outcome`] says how an operation ended. A [`guard`],
//! and a future [`with_outcome`], are there to know the end for certain.
//! What a policy has to say is in [`ruled`].

mod ahead;
mod bytes;
mod callbacks;
mod callsite;
mod captured;
mod context;
mod current;
mod ending;
mod fields;
mod filter;
mod fixed;
mod guard;
mod intake;
mod later;
mod layer;
mod local;
mod lock;
mod lock_sync;
mod meaning;
mod message;
mod open;
mod opening;
mod opens;
mod others;
mod outcome;
mod place;
mod pool;
mod reading;
mod record;
mod recorded;
#[cfg(feature = "policy")]
mod ruled;
#[cfg(not(feature = "policy"))]
#[path = "unruled.rs"]
mod ruled;
mod slot;
#[cfg(not(feature = "opentelemetry"))]
#[path = "no_trace_ids.rs"]
mod trace_ids;
#[cfg(feature = "opentelemetry")]
mod trace_ids;
mod value;
mod with_outcome;

pub(crate) use callsite::{Callsite, IdField, Role};
pub(crate) use captured::Captured;
pub use current::{Current, current};
pub use guard::OutcomeGuard;
pub(crate) use intake::{Attachment, CaptureSettings, Intake};
pub use layer::AuditLayer;
pub(crate) use local::suppress_on_this_thread;
pub(crate) use message::{Capture, EventKey, Origin};
pub(crate) use pool::{Parcel, recycle};
pub(crate) use recorded::Recording;
#[cfg(feature = "policy")]
pub(crate) use ruled::Compiled;
pub(crate) use trace_ids::Traced;
pub use value::{Json, List, json, list};
pub use with_outcome::{FutureOutcome, ReportsOutcome, WithOutcome};
