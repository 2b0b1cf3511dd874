//! A callsite that is first hit on a thread without a subscriber is still
//! audited by a test's trail. Alone in its binary, since it needs to be the
//! first to do anything with `tracing`.

use tracing_audit::assert_audited;
use tracing_audit::test_kit::TestTrail;

#[tracing::instrument(fields(audit.operation = "STORE"))]
fn store() {}

#[test]
fn a_callsite_first_hit_on_a_bare_thread_is_audited_by_a_trail() {
    let trail = TestTrail::start();
    std::thread::spawn(store).join().unwrap();
    store();
    assert_audited!(trail, operation = "STORE", count = 1);
}
