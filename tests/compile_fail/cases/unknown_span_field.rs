//! The field is `user_id`.
use tracing_audit::audited_span;

fn main() {
    audited_span!("STORE", user = "alice", entry_ids = "a");
}
