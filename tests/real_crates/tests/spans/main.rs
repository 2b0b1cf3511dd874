//! What the crates' spans really carry. The sets of rules rely on all of this:
//! where a newer version fails here, its set has to be read again.

mod gen_ai;
mod http;
mod opendal;

use tracing::subscriber::DefaultGuard;
use tracing_audit_real_crates::Recorder;
use tracing_subscriber::prelude::*;

/// A recorder, that of this thread until the guard is dropped.
fn recording() -> (Recorder, DefaultGuard) {
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    let guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    (recorder, guard)
}
