//! One text for one policy, however it was written, and its digest.
//!
//! The text is compact JSON with sorted keys; what is at its default is left
//! out. The order of rules counts, that of fields within a rule does not. Keys
//! for hashing are no part of it.

use serde_json::{Map, Value, json};

use super::condition::{Condition, Test};
use super::operation::OperationFrom;
use super::origin::Origin;
use super::outcome::{Case, EventPattern, Seen};
use super::pattern::Pattern;
use super::plan::Policy;
use super::rule::{Detail, Rule};

impl Policy {
    /// The canonical text: equal for policies that do the same.
    pub fn canonical(&self) -> String {
        let rules: Vec<Value> = self.rules().iter().map(rule).collect();
        let expected: Vec<_> = self.expected().iter().map(|operation| operation.as_str()).collect();
        let mut text = object([("expect", list(expected)), ("rules", rules.into())]);
        if let Value::Object(fields) = &mut text {
            fields.insert("redact".to_owned(), self.hides().canonical());
        }
        text.to_string()
    }

    /// The SHA-256 of the canonical text, in hexadecimal digits.
    pub fn digest(&self) -> String {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(self.canonical().as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn rule(rule: &Rule) -> Value {
    let conditions = sorted(rule.conditions.iter().map(condition));
    let redact = rule.redact.iter().map(|(name, action)| json!([name, action.canonical()]));
    let identities =
        rule.identities.iter().map(|(what, from)| (what.as_str().to_owned(), origin(from)));
    object([
        ("name", (*rule.name).into()),
        ("target", pattern(&rule.target)),
        ("span", pattern(&rule.span)),
        ("level", rule.level.map(|level| level.as_str()).into()),
        ("fields", sorted(rule.fields.iter().map(|field| (**field).into()))),
        ("where", conditions),
        ("ignore", flag(rule.ignored)),
        ("operation", rule.operation.as_ref().map(operation).into()),
        ("who", identities.collect::<Map<_, _>>().into()),
        ("outcome", list(rule.outcome.cases.iter().map(case))),
        ("otherwise", rule.outcome.otherwise.map(|status| status.as_str()).into()),
        ("detail", detail(rule.detail).into()),
        ("collapse", flag(rule.collapse)),
        ("durable", flag(rule.durable)),
        ("intent", flag(rule.intent)),
        ("redact", list(redact)),
    ])
}

fn detail(detail: Detail) -> Option<&'static str> {
    match detail {
        Detail::None => Some("none"),
        Detail::Metadata => Some("metadata"),
        Detail::Full => None,
    }
}

fn condition(condition: &Condition) -> Value {
    let patterns =
        |patterns: &[Pattern]| sorted(patterns.iter().map(|pattern| pattern.as_str().into()));
    let test = match &condition.test {
        Test::Recorded => json!(["recorded"]),
        Test::Is(values) => json!(["is", patterns(values)]),
        Test::Not(values) => json!(["not", patterns(values)]),
        Test::AtLeast(number) => json!(["at_least", number]),
        Test::AtMost(number) => json!(["at_most", number]),
    };
    json!([condition.field, test])
}

fn operation(from: &OperationFrom) -> Value {
    let map =
        from.map.iter().map(|(value, operation)| (value.to_string(), operation.as_str().into()));
    object([
        ("from", list(from.fields.iter().map(|field| &**field))),
        ("map", map.collect::<Map<_, _>>().into()),
        ("otherwise", from.otherwise.as_ref().map(|operation| operation.as_str()).into()),
    ])
}

fn origin(origin: &Origin) -> Value {
    object([
        ("fields", list(origin.fields.iter().map(|field| &**field))),
        ("enclosing", flag(origin.enclosing)),
        ("prefix", origin.prefix.as_deref().into()),
        ("fixed", origin.fixed.as_deref().into()),
    ])
}

fn case(case: &Case) -> Value {
    let (field, event) = match &case.seen {
        Seen::Field(seen) => (condition(seen), Value::Null),
        Seen::Event(seen, on) => (on.as_ref().map(condition).into(), event(seen)),
    };
    object([
        ("status", case.status.as_str().into()),
        ("field", field),
        ("event", event),
        ("error", case.error.as_deref().into()),
    ])
}

/// An event without a word about it is every event, which is not no event.
fn event(event: &EventPattern) -> Value {
    json!([
        pattern(&event.target),
        pattern(&event.name),
        pattern(&event.message),
        event.level.map(|level| level.as_str())
    ])
}

fn pattern(pattern: &Option<Pattern>) -> Value {
    pattern.as_ref().map(Pattern::as_str).into()
}

fn flag(is_set: bool) -> Value {
    is_set.then_some(true).into()
}

fn list<V: Into<Value>>(items: impl IntoIterator<Item = V>) -> Value {
    Value::Array(items.into_iter().map(Into::into).collect())
}

fn sorted(items: impl Iterator<Item = Value>) -> Value {
    let mut items: Vec<Value> = items.collect();
    items.sort_by_key(Value::to_string);
    Value::Array(items)
}

/// An object without what says nothing.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    let fields = fields.into_iter().filter(|(_, value)| says(value));
    Value::Object(fields.map(|(name, value)| (name.to_owned(), value)).collect())
}
