//! What the cases do, without their mistakes: what fails there, fails for its mistake alone.
#![deny(unused_must_use)]

use tracing_audit::test_kit::TestTrail;
use tracing_audit::{AuditEvent, AuditLayer, assert_audited, audited_span};
use tracing_subscriber::layer::SubscriberExt;

pub fn without_mistakes() -> tracing_audit::Result<()> {
    let (layer, audit) = AuditLayer::builder().build()?;
    let subscriber = tracing_subscriber::registry().with(layer);
    let subscription = audit.subscribe();
    audit.record(AuditEvent::builder("STORE").user_id("alice"))?;
    drop((subscription, subscriber));
    let trail = TestTrail::start();
    audited_span!("STORE", user_id = "alice");
    assert_audited!(trail, user_id = "alice");
    Ok(())
}
