//! Operations that said beforehand what they were about to do.
//!
//! An intent is an entry of kind `log` with the operation [`INTENT`]; the event
//! that completes it has the same id. Intents are left out of queries, counts
//! and statistics as everything of that kind is, so one operation is one event.
//! What is still open at shutdown becomes an event with the outcome UNKNOWN,
//! source `open`; what a crash left open, with source `recovered`, when the log
//! is opened again.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::event::limits::{ENTRY_IDS_CUT_KEY, ENTRY_IDS_MAX, INTENDED_KEY};
use crate::event::{AuditEvent, EventId, Kind, Metadata, Operation, Status, StatusSource, within};

use super::decode::Times;
use super::request::Reply;
use super::state::Worker;
use super::trail::Stored;

/// The operation of the entry that stands for an intent.
pub(crate) const INTENT: &str = "INTENT";

/// How an operation that was begun has ended.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    pub(crate) event_id: EventId,
    pub(crate) status: Status,
    pub(crate) status_source: StatusSource,
    pub(crate) error_message: Option<String>,
    pub(crate) duration: std::time::Duration,
    pub(crate) entry_ids: Vec<String>,
    pub(crate) metadata: Metadata,
}

impl Worker {
    /// Writes an intent down, and tells when it is durable.
    pub(super) fn begin(
        &mut self,
        event: Box<AuditEvent>,
        times: Times,
        reply: Reply<Result<Stored>>,
    ) {
        let is_new = !self.intents.contains_key(&event.event_id);
        let stored = match is_new {
            true => {
                let intended = self.hiding.operation(&event.operation);
                self.append_for(&intent(&event, &intended), times)
            }
            false => Err(Error::invalid("this event was begun already; build one for each")),
        };
        match stored {
            Ok(stored) => {
                self.intents.insert(event.event_id, *event);
                self.trail.keeper.acknowledge(stored, reply);
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// Writes down how an operation ended, and tells who waits when that is
    /// durable.
    pub(super) fn complete(
        &mut self,
        completion: Completion,
        times: Times,
        reply: Option<Reply<Result<Stored>>>,
    ) {
        let stored = match self.intents.remove(&completion.event_id) {
            // Shutdown has written it as open.
            None => Err(Error::stopped()),
            Some(mut event) => {
                completion.apply(&mut event);
                let event = within(event);
                // It was begun, so what cannot be recorded is a loss.
                self.append(&event, times).map_err(|reason| {
                    self.lose(reason, 1);
                    self.trail.keeper.refusal().unwrap_or_else(Error::stopped)
                })
            }
        };
        match (stored, reply) {
            (Ok(stored), Some(reply)) => self.trail.keeper.acknowledge(stored, reply),
            (Err(error), Some(reply)) => drop(reply.send(Err(error))),
            (_, None) => {}
        }
    }

    /// Writes those that are not completed as open.
    pub(super) fn complete_open_intents(&mut self, times: Times) -> u64 {
        let intents = std::mem::take(&mut self.intents);
        let count = intents.len() as u64;
        for mut event in intents.into_values() {
            (event.status, event.status_source) = (Status::Unknown, StatusSource::Open);
            if let Err(reason) = self.append(&event, times) {
                self.lose(reason, 1);
            }
        }
        count
    }
}

impl Completion {
    fn apply(self, event: &mut AuditEvent) {
        event.status = self.status;
        event.status_source = self.status_source;
        event.error_message = self.error_message.or(event.error_message.take());
        event.duration = Some(self.duration);
        let room = ENTRY_IDS_MAX.saturating_sub(event.entry_ids.len());
        let cut = self.entry_ids.len().saturating_sub(room);
        event.entry_ids.extend(self.entry_ids.into_iter().take(room));
        for (key, value) in self.metadata.iter() {
            event.metadata.insert(key, value.clone());
        }
        if cut > 0 {
            let before = event.metadata.get(ENTRY_IDS_CUT_KEY).and_then(Value::as_u64);
            event.metadata.insert(ENTRY_IDS_CUT_KEY, before.unwrap_or_default() + cut as u64);
        }
    }
}

/// The entry that stands for what `event` is about to do, which is called `intended`.
fn intent(event: &AuditEvent, intended: &Operation) -> AuditEvent {
    let mut metadata = Metadata::new();
    metadata.insert(INTENDED_KEY, intended.as_str());
    for (key, value) in event.metadata.iter().filter(|(key, _)| *key != INTENDED_KEY) {
        metadata.insert(key, value.clone());
    }
    AuditEvent {
        kind: Kind::Log,
        operation: Operation::from(INTENT),
        status: Status::Unknown,
        status_source: StatusSource::Open,
        metadata,
        ..event.clone()
    }
}

/// The event of an intent whose outcome a crash took away.
#[cfg(feature = "journal")]
pub(super) fn recovered(intent: AuditEvent) -> AuditEvent {
    let mut metadata = intent.metadata;
    let operation = match metadata.remove(INTENDED_KEY) {
        Some(Value::String(name)) => Operation::from(name.as_str()),
        _ => intent.operation,
    };
    AuditEvent {
        sequence: None,
        recorded_at: None,
        kind: Kind::Event,
        operation,
        status_source: StatusSource::Recovered,
        metadata,
        ..intent
    }
}
