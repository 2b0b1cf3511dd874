//! There is no such form of field.
use tracing_audit::audited_span;

fn main() {
    audited_span!("STORE", user_id = "alice", importance: 0.8);
}
