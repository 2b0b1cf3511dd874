//! What the worker does about policies: it writes down which one is in force,
//! and counts what came of it.

use std::sync::Arc;

use serde_json::Value;

use crate::capture::Compiled;
use crate::error::Result;
use crate::event::row::{Row, time_from_us};
use crate::event::{Actor, AuditEvent, Kind, Operation, Status};

use super::decode::Times;
use super::request::Reply;
use super::state::Worker;
use super::trail::Stored;

/// The operation of the entry that says which policy is in force.
const POLICY: &str = "POLICY";

/// The policy in force, as the worker knows it.
#[derive(Default)]
pub(super) struct InForce(Option<Arc<Compiled>>);

impl InForce {
    /// Counts an event.
    pub(super) fn note(&self, row: &Row<'_>) {
        if let (Some(policy), Kind::Event) = (&self.0, row.kind) {
            policy.counts.note_event(row.operation, row.actor == "anonymous");
        }
    }
}

impl Worker {
    /// Writes down that a policy comes into force, and tells when that is durable.
    pub(super) fn begin_policy(
        &mut self,
        policy: Arc<Compiled>,
        times: Times,
        reply: Reply<Result<Stored>>,
    ) {
        let entry = policy_entry(&policy, self.policy.0.as_deref(), times);
        match self.append_own_for(&entry, times) {
            Ok(stored) => {
                self.hiding.adopt(policy.hidden_elsewhere.clone());
                self.policy = InForce(Some(policy));
                self.trail.keeper.acknowledge(stored, reply);
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }
}

fn policy_entry(policy: &Compiled, before: Option<&Compiled>, times: Times) -> AuditEvent {
    let names = policy.policy.rules().iter().map(|rule| Value::from(&*rule.name));
    let mut builder = AuditEvent::builder(Operation::from(POLICY))
        .actor(Actor::System)
        .status(Status::Success)
        .timestamp(time_from_us(times.recorded_us))
        .metadata("digest", policy.digest.as_str())
        .metadata("rules", names.collect::<Vec<_>>());
    if let Some(before) = before {
        builder = builder.metadata("previous_digest", before.digest.as_str());
    }
    let mut entry = builder.build();
    entry.kind = Kind::Log;
    entry
}
