//! What an event's metadata, entry ids, duration and resource become in an
//! entry, and what a reader infers from that.

use std::time::Duration;

use serde_json::{Number, Value};

use super::super::letter_case::LetterCase;
use crate::event::{AuditEvent, Metadata, Operation, duration_from_ms, duration_ms};

const DOCUMENT_ID: &str = "documentId";
const ENTRY_IDS: &str = "entryIds";
const KNOWLEDGE_BASE_ID: &str = "knowledgeBaseId";

/// Largest whole number of milliseconds that is written without a fraction.
const WHOLE_MS_MAX: f64 = 9_007_199_254_740_992.0;

/// The `details` of an entry, and the keys beside them that say what can't be
/// inferred from them.
pub(super) struct Details {
    pub(super) fields: Metadata,
    /// Keys of `fields` that are spelled as the metadata's own.
    pub(super) verbatim: Vec<String>,
    pub(super) resource: Option<Option<String>>,
    pub(super) entry_ids: Option<Vec<String>>,
    pub(super) duration_ms: Option<Option<f64>>,
}

/// What a reader makes of [`Details`].
pub(super) struct Inferred {
    pub(super) metadata: Metadata,
    pub(super) resource: Option<String>,
    pub(super) entry_ids: Vec<String>,
    pub(super) duration: Option<Duration>,
}

impl Details {
    pub(super) fn of(event: &AuditEvent) -> Details {
        let fields = LetterCase::Camel.convert(&event.metadata, |_| false);
        let mut details = Details {
            verbatim: misread(&event.metadata, &fields),
            resource: (inferred_resource(&fields) != event.resource.as_deref())
                .then(|| event.resource.clone()),
            fields,
            entry_ids: None,
            duration_ms: None,
        };
        details.add_duration(duration_key(&event.operation), event.duration);
        details.add_entry_ids(&event.entry_ids);
        details
    }

    pub(super) fn read(mut self, operation: &Operation) -> Inferred {
        let resource = match self.resource.take() {
            Some(resource) => resource,
            None => inferred_resource(&self.fields).map(str::to_owned),
        };
        let entry_ids = match self.entry_ids.take() {
            Some(ids) => ids,
            None => take_entry_ids(&mut self.fields),
        };
        let duration = match self.duration_ms.take() {
            Some(ms) => ms.and_then(duration_from_ms),
            None => take_duration(&mut self.fields, duration_key(operation)),
        };
        let keeps = |key: &str| self.verbatim.iter().any(|verbatim| verbatim == key);
        let metadata = LetterCase::Snake.convert(&self.fields, keeps);
        Inferred { metadata, resource, entry_ids, duration }
    }

    /// Last in the details; beside them if they have such a key themselves.
    fn add_duration(&mut self, key: &str, duration: Option<Duration>) {
        let ms = duration.map(duration_ms);
        if self.fields.get(key).is_some() {
            self.duration_ms = Some(ms);
        } else if let Some(ms) = ms {
            self.fields.insert(key, milliseconds(ms));
        }
    }

    /// First in the details; beside them if they have such a key themselves.
    fn add_entry_ids(&mut self, ids: &[String]) {
        let (key, value) = match ids {
            _ if [DOCUMENT_ID, ENTRY_IDS].iter().any(|key| self.fields.get(key).is_some()) => {
                self.entry_ids = Some(ids.to_vec());
                return;
            }
            [] => return,
            [id] => (DOCUMENT_ID, Value::from(id.as_str())),
            ids => (ENTRY_IDS, Value::from(ids)),
        };
        let rest = std::mem::take(&mut self.fields);
        self.fields.insert(key, value);
        for (key, value) in rest.iter() {
            self.fields.insert(key, value.clone());
        }
    }
}

/// The keys of `fields` under which a reader would not find what `metadata`
/// say, unless it takes them as they are.
fn misread(metadata: &Metadata, fields: &Metadata) -> Vec<String> {
    let read = LetterCase::Snake.convert(fields, |_| false);
    let pairs = metadata.iter().zip(read.iter()).zip(fields.iter());
    pairs
        .filter(|((original, read), _)| original != read)
        .map(|(_, (key, _))| key.to_owned())
        .collect()
}

fn inferred_resource(fields: &Metadata) -> Option<&str> {
    fields.get(KNOWLEDGE_BASE_ID)?.as_str()
}

/// Takes the ids out of the details if writing them would put them back.
fn take_entry_ids(fields: &mut Metadata) -> Vec<String> {
    let ids = match (fields.get(DOCUMENT_ID), fields.get(ENTRY_IDS)) {
        (Some(Value::String(id)), None) => Some(vec![id.clone()]),
        (None, Some(Value::Array(ids))) if ids.len() > 1 => {
            ids.iter().map(|id| id.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    };
    if ids.is_some() {
        fields.remove(DOCUMENT_ID);
        fields.remove(ENTRY_IDS);
    }
    ids.unwrap_or_default()
}

/// Takes the duration out of the details if writing it would put it back.
fn take_duration(fields: &mut Metadata, key: &str) -> Option<Duration> {
    let ms = fields.get(key)?.as_f64()?;
    let duration = duration_from_ms(ms).filter(|duration| duration_ms(*duration) == ms)?;
    fields.remove(key);
    Some(duration)
}

fn duration_key(operation: &Operation) -> &'static str {
    match operation {
        Operation::Ingest => "processingTimeMs",
        _ => "latencyMs",
    }
}

fn milliseconds(ms: f64) -> Value {
    if ms.fract() == 0.0 && ms < WHOLE_MS_MAX {
        return Value::from(ms as u64);
    }
    Number::from_f64(ms).map_or(Value::Null, Value::Number)
}
