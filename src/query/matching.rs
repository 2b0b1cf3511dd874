//! Whether the metadata of an event has a value under a path.

use serde_json::Value;

use super::compiled::Needle;
use super::sought::SoughtValue;
use crate::buffer::{Fields, Hasher};
use crate::event::limits::{FIELD_BYTES_MAX, METADATA_DEPTH_MAX};
use crate::event::metadata::bounded_value;
use crate::event::packed::ValueRef;

/// Stands for a key that a segment does not have.
pub(super) const NO_KEY: u32 = u32::MAX;

/// A value wanted under a path. Since keys may contain dots, each dot of the
/// path may or may not separate a field from what is inside it.
pub(super) struct MetadataMatch<'q> {
    /// Key of a field, and the path inside its value.
    pub(super) splits: Vec<(Needle<'q>, Option<&'q str>)>,
    /// Any of them.
    values: &'q [Value],
}

impl<'q> MetadataMatch<'q> {
    pub(super) fn new(hasher: &Hasher, sought: &'q SoughtValue) -> Self {
        let path = &*sought.path;
        let splits = splits(path)
            .map(|(key, rest)| (Needle::new(hasher, key), Some(rest)))
            .chain([(Needle::new(hasher, path), None)])
            .collect();
        MetadataMatch { splits, values: &sought.values }
    }

    /// `keys` are the positions of the splits' keys in this segment.
    pub(super) fn matches(&self, fields: &Fields, index: usize, keys: &[u32]) -> bool {
        self.splits.iter().zip(keys).filter(|(_, key)| **key != NO_KEY).any(|((_, rest), key)| {
            fields.value(index, *key).is_some_and(|value| match rest {
                None => self.values.iter().any(|wanted| equals(value, wanted)),
                Some(path) => contains(value, path, self.values),
            })
        })
    }
}

/// The path cut at each of its dots.
fn splits(path: &str) -> impl Iterator<Item = (&str, &str)> {
    path.match_indices('.').filter_map(|(at, _)| Some((path.get(..at)?, path.get(at + 1..)?)))
}

fn contains(value: ValueRef<'_>, path: &str, any_of: &[Value]) -> bool {
    match value {
        ValueRef::Json(text) if text.starts_with('{') => {
            let value = whole(value);
            any_of.iter().any(|wanted| found(&value, path, wanted))
        }
        _ => false,
    }
}

/// Whether an object has a value under a path.
pub(super) fn found(value: &Value, path: &str, wanted: &Value) -> bool {
    let Some(object) = value.as_object() else { return false };
    object.get(path).is_some_and(|value| same(value, wanted))
        || splits(path)
            .any(|(key, rest)| object.get(key).is_some_and(|inner| found(inner, rest, wanted)))
}

/// Compares without making a value, where the value is as its event shows it.
fn equals(value: ValueRef<'_>, wanted: &Value) -> bool {
    match (value, wanted) {
        (ValueRef::Bool(value), wanted) => wanted.as_bool() == Some(value),
        (ValueRef::F64(value), Value::Number(wanted)) => wanted.as_f64() == Some(value),
        (ValueRef::F64(value), _) if value.is_finite() => false,
        (ValueRef::Str(text), Value::String(wanted)) if text.len() <= FIELD_BYTES_MAX => {
            text == wanted
        }
        (ValueRef::Str(_), Value::String(_)) => same(&whole(value), wanted),
        (ValueRef::Str(_), _) => false,
        _ => same(&whole(value), wanted),
    }
}

/// The value as its event shows it.
fn whole(value: ValueRef<'_>) -> Value {
    bounded_value(value.to_value(), METADATA_DEPTH_MAX)
}

/// Equality in which numbers are equal by value.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, l)| right.get(key).is_some_and(|r| same(l, r)))
        }
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_finds_keys_with_and_without_dots() {
        let value = json!({"a": {"b.c": {"d": 1}}, "a.b": [true]});
        assert!(found(&value, "a.b.c.d", &json!(1)));
        assert!(found(&value, "a.b", &json!([true])));
        assert!(!found(&value, "a.b.c", &json!(1)));
        assert!(!found(&value, "", &json!(1)));
        assert!(found(&json!({"": {"": 2}}), ".", &json!(2)));
    }

    #[test]
    fn numbers_are_equal_by_value() {
        assert!(same(&json!([1, {"k": 2}]), &json!([1.0, {"k": 2.0}])));
        assert!(!same(&json!(1), &json!("1")) && !same(&json!([1]), &json!([1, 2])));
    }

    #[test]
    fn short_cuts_agree_with_whole_values() {
        let wanted = [
            json!(true),
            json!(1),
            json!(1.0),
            json!(-1),
            json!("1"),
            json!("NaN"),
            json!(null),
            json!([1]),
            json!("18446744073709551615"),
            json!(0.5),
        ];
        let values = [
            ValueRef::Bool(true),
            ValueRef::Bool(false),
            ValueRef::I64(-1),
            ValueRef::I64(1),
            ValueRef::U64(1),
            ValueRef::U64(u64::MAX),
            ValueRef::F64(1.0),
            ValueRef::F64(0.5),
            ValueRef::F64(f64::NAN),
            ValueRef::Str("1"),
            ValueRef::Str("NaN"),
            ValueRef::Json("[1]"),
            ValueRef::Json("null"),
            ValueRef::Json("1"),
        ];
        for value in values {
            for wanted in &wanted {
                let expected = same(&whole(value), wanted);
                assert_eq!(equals(value, wanted), expected, "{value:?} {wanted}");
            }
        }
    }
}
