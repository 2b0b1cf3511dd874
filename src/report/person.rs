//! Under which name reports count an event.

use crate::event::{Actor, AuditEvent};

/// The user's id; the actor, where there is no user; `anonymous`, where there
/// is neither. A user whose id looks like another actor is told apart as
/// `user:` and the id.
pub(super) fn person(event: &AuditEvent) -> String {
    match &event.user_id {
        Some(id) if matches!(Actor::from(id.as_str()), Actor::Other(_)) => id.clone(),
        Some(id) => format!("user:{id}"),
        None => event.actor.to_string(),
    }
}
