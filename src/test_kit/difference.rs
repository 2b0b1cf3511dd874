//! What a failed assertion says: which event came nearest and where it
//! differs, and what there was at all.

use std::fmt::Write;

use serde_json::Value;

use super::expectation::{Expectation, Field, Wanted};
use super::lookup::at;
use crate::event::AuditEvent;
use crate::report;

/// Most events that a failure shows.
const EVENTS_SHOWN_MAX: usize = 50;

/// Why the expectation is not met, or `None`.
pub(super) fn from_expected(expected: &Expectation, events: &[AuditEvent]) -> Option<String> {
    let documents = documents(events);
    let matching = documents.iter().filter(|event| expected.is_met(event)).count();
    let is_met = expected.count.map_or(matching > 0, |count| count == matching);
    if is_met {
        return None;
    }
    let mut text = match expected.count {
        None => format!("no audited event is as expected: {}\n", expected.listing()),
        Some(count) => format!(
            "{matching} audited events instead of {count} are as expected: {}\n",
            expected.listing()
        ),
    };
    if expected.count.is_none_or(|count| matching < count) {
        text.push_str(&nearest(expected, &documents).unwrap_or_default());
    }
    text.push_str(&all(events));
    Some(text)
}

/// Which events are there that should not be, or `None`.
pub(super) fn from_absence(unwanted: &Expectation, events: &[AuditEvent]) -> Option<String> {
    let present = events.iter().zip(documents(events));
    let present: Vec<_> =
        present.filter(|(_, document)| unwanted.is_met(document)).map(|(event, _)| event).collect();
    if present.is_empty() {
        return None;
    }
    let listing = unwanted.listing();
    let mut text = format!("{} audited events should not be there: {listing}\n", present.len());
    text.push_str(&table(&present));
    Some(text)
}

impl Expectation {
    fn is_met(&self, event: &Value) -> bool {
        self.fields.iter().all(|field| field.is_met(event))
    }

    fn listing(&self) -> String {
        if self.fields.is_empty() {
            return "any event".to_owned();
        }
        self.fields.iter().map(Field::listing).collect::<Vec<_>>().join(", ")
    }
}

impl Field {
    fn listing(&self) -> String {
        match &self.wanted {
            Wanted::Value(Value::Null) => format!("{} absent", self.path),
            Wanted::Value(value) => format!("{} = {value}", self.path),
            Wanted::Containing(part) => format!("{} containing {part:?}", self.path),
        }
    }

    fn wanted_text(&self) -> String {
        match &self.wanted {
            Wanted::Value(Value::Null) => "nothing".to_owned(),
            Wanted::Value(value) => value.to_string(),
            Wanted::Containing(part) => format!("a text containing {part:?}"),
        }
    }
}

fn documents(events: &[AuditEvent]) -> Vec<Value> {
    events.iter().map(|event| serde_json::to_value(event).unwrap_or_default()).collect()
}

/// The event that differs least among those that differ, and where it does.
/// Of equals, one of the expected operation, and of those the latest.
fn nearest(expected: &Expectation, documents: &[Value]) -> Option<String> {
    let different = documents.iter().enumerate().filter(|(_, event)| !expected.is_met(event));
    let (index, event) = different.min_by_key(|(index, event)| {
        let unmet = expected.fields.iter().filter(|field| !field.is_met(event));
        let is_other = unmet.clone().any(|field| field.path == "operation");
        (unmet.count(), is_other, std::cmp::Reverse(*index))
    })?;
    let mut text = format!("nearest: event {} of {}\n", index + 1, documents.len());
    for field in expected.fields.iter().filter(|field| !field.is_met(event)) {
        let actual = at(event, &field.path).first().map(|value| value.to_string());
        let actual = actual.as_deref().unwrap_or("absent");
        let path = &field.path;
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {path}: expected {}, was {actual}", field.wanted_text());
    }
    Some(text)
}

fn all(events: &[AuditEvent]) -> String {
    if events.is_empty() {
        return "nothing was audited; does the code under test run on this thread, inside the trail?\n"
            .to_owned();
    }
    format!("all {} audited events:\n{}", events.len(), table(&events.iter().collect::<Vec<_>>()))
}

fn table(events: &[&AuditEvent]) -> String {
    let more = events.len().saturating_sub(EVENTS_SHOWN_MAX);
    let shown = events.get(more..).unwrap_or_default().iter().copied();
    let mut text = report::table(shown);
    if more > 0 {
        let _ = writeln!(text, "and {more} earlier ones");
    }
    text
}
