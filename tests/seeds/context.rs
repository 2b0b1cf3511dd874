//! Who acted, and how it is known.

use tracing_audit::Actor;

use crate::memory::{Trail, store};

#[test]
fn a28_user_and_session_make_an_event_trackable_and_their_lack_is_visible() {
    let trail = Trail::start();
    store("user_123", "session_abc", "entry_1").unwrap();
    tracing::info_span!("store", audit.operation = "STORE");
    let events = trail.events();
    assert_eq!(events[0].session_id.as_deref(), Some("session_abc"));
    assert!(!events[0].is_anonymous() && events[1].is_anonymous());
    assert_eq!(trail.audit.statistics().anonymous_share, Some(0.5));
}

#[test]
fn m9_users_api_keys_services_and_the_system_act() {
    let trail = Trail::start();
    for actor in ["user:alice", "api_key:k1", "service:indexer", "system"] {
        tracing::info_span!("op", audit.operation = "SEARCH", audit.actor = actor);
    }
    let actors: Vec<_> = trail.events().into_iter().map(|event| event.actor).collect();
    let expected = [
        Actor::User("alice".into()),
        Actor::ApiKey("k1".into()),
        Actor::Service("indexer".into()),
        Actor::System,
    ];
    assert_eq!(actors, expected);
    assert_eq!(trail.audit.query().actor("api_key:k1").count().unwrap(), 1);
    assert_eq!(trail.events()[0].user_id.as_deref(), Some("alice"));
}

#[test]
fn a2_no_more_is_held_than_the_bound_and_that_is_the_newest() {
    let trail = Trail::with(|builder| builder.buffer_events_max(100));
    for id in 0..1_000 {
        store("user_123", "session_abc", &format!("entry_{id}")).unwrap();
        if id % 150 == 0 {
            assert!(trail.events().len() <= 100);
        }
    }
    let held = trail.events();
    assert!((1..=100).contains(&held.len()), "{}", held.len());
    let newest: Vec<_> = (1_000 - held.len()..1_000).map(|id| format!("entry_{id}")).collect();
    assert!(held.iter().map(|event| &event.entry_ids[0]).eq(&newest));
    assert_eq!(trail.audit.health().rotated_events, 1_000 - held.len() as u64);
}

#[test]
fn a2_a_bound_a_handle_and_choices_that_make_sense() {
    let trail = Trail::with(|builder| builder.buffer_events_max(10_000));
    store("user_123", "session_abc", "entry_1").unwrap();
    let handle = trail.audit.clone();
    assert_eq!(handle.query().user("user_123").count().unwrap(), 1);
    let refused = tracing_audit::AuditLayer::builder()
        .buffer_events_max(0)
        .build::<tracing_subscriber::Registry>();
    assert!(refused.unwrap_err().to_string().contains("buffer_events_max"));
}
