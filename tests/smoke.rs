//! First light.
use tracing_audit::*;
use tracing_subscriber::prelude::*;
#[tracing::instrument(err, ret, skip_all, fields(audit.operation="STORE", audit.user_id=%user, audit.entry_ids = list(&["a","b"]), importance=0.8, nested=json(&vec![1,2])))]
fn store(user: &str, fail: bool) -> Result<u32, String> {
    if fail { Err("boom".into()) } else { Ok(1) }
}
#[test]
fn smoke() {
    let (layer, audit) = AuditLayer::builder().build().unwrap();
    let _g = tracing_subscriber::registry().with(layer).set_default();
    tracing::callsite::rebuild_interest_cache();
    let _ = store("alice", false);
    let _ = store("bob", true);
    tracing::info!(audit.operation = "SET_ACL", audit.actor = "user:admin");
    let page = audit.query().run().unwrap();
    for e in &page.events {
        println!("{}", serde_json::to_string(e).unwrap());
    }
    assert_eq!(page.events.len(), 3);
    println!("{:?}", audit.self_check());
    println!("{:?}", audit.statistics());
    println!("{:?}", audit.health());
    println!("{:?}", audit.shutdown(std::time::Duration::from_secs(1)));
}
