//! What else is known about an operation: named values, in the order in which
//! they were given.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::limits::{KEY_BYTES_MAX, METADATA_DEPTH_MAX, bounded, prefix};

/// Largest integer that every JSON reader holds exactly (2^53).
const JSON_INTEGER_MAX: u64 = 1 << 53;

/// Named JSON values in insertion order. A key occurs once; setting it again
/// replaces its value in place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata(Vec<(String, Value)>);

impl Metadata {
    /// No values.
    pub const fn new() -> Self {
        Metadata(Vec::new())
    }

    /// Sets `key` to `value`, within the limits of [`limits`](super::limits).
    ///
    /// Integers beyond 2^53 become text, since JSON readers would round them.
    pub fn insert(&mut self, key: impl AsRef<str>, value: impl Into<Value>) {
        let key = prefix(key.as_ref(), KEY_BYTES_MAX);
        let value = bounded_value(value.into(), METADATA_DEPTH_MAX);
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// A number that the log says of itself, which beyond 2^53 is written as text.
    #[cfg(feature = "journal")]
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        let value = self.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// Takes the value under `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let index = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(index).1)
    }

    /// The fields, one by one.
    pub(super) fn into_fields(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter()
    }

    /// Adds a field from elsewhere, whose key is not there.
    pub(super) fn push_new(&mut self, key: String, value: Value) {
        self.0.push((key, value));
    }

    /// The fields, to be cut. Keys stay distinct.
    #[cfg(feature = "journal")]
    pub(super) fn fields_mut(&mut self) -> &mut Vec<(String, Value)> {
        &mut self.0
    }

    /// Keys and values in insertion order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Makes a value that every reader sees alike: bounded in bytes and depth, and
/// numbers that do not survive JSON as text.
pub(crate) fn bounded_value(value: Value, depth: usize) -> Value {
    match value {
        Value::String(text) if text.len() > super::limits::FIELD_BYTES_MAX => {
            Value::String(bounded(&text).into_owned())
        }
        Value::Number(number) => exact_number(number),
        Value::Array(_) | Value::Object(_) if depth == 0 => {
            Value::String("…[cut: too deep]".to_owned())
        }
        Value::Array(items) => {
            items.into_iter().map(|item| bounded_value(item, depth - 1)).collect()
        }
        Value::Object(fields) => {
            fields.into_iter().map(|(key, field)| (key, bounded_value(field, depth - 1))).collect()
        }
        value => value,
    }
}

fn exact_number(number: serde_json::Number) -> Value {
    let exact = match (number.as_u64(), number.as_i64()) {
        (Some(unsigned), _) => unsigned <= JSON_INTEGER_MAX,
        (None, Some(signed)) => signed.unsigned_abs() <= JSON_INTEGER_MAX,
        (None, None) => true,
    };
    if exact { Value::Number(number) } else { Value::String(number.to_string()) }
}

/// The JSON value of a float: NaN and the infinities become text.
pub(crate) fn float_value(value: f64) -> Value {
    serde_json::Number::from_f64(value)
        .map_or_else(|| Value::String(value.to_string()), Value::Number)
}

impl<K: AsRef<str>, V: Into<Value>> FromIterator<(K, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut metadata = Metadata::new();
        for (key, value) in iter {
            metadata.insert(key, value);
        }
        metadata
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Metadata;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
                let mut metadata = Metadata::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    metadata.insert(key, value);
                }
                Ok(metadata)
            }
        }

        deserializer.deserialize_map(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_is_kept_and_a_key_occurs_once() {
        let mut metadata = Metadata::new();
        metadata.insert("z", 1);
        metadata.insert("a", "x");
        metadata.insert("z", 2);
        assert_eq!(serde_json::to_string(&metadata).unwrap(), r#"{"z":2,"a":"x"}"#);
        let back: Metadata = serde_json::from_str(r#"{"z":2,"a":"x"}"#).unwrap();
        assert_eq!(back, metadata);
        assert_eq!(metadata.remove("z"), Some(json!(2)));
        assert_eq!(metadata.len(), 1);
    }

    #[test]
    fn values_stay_within_bounds() {
        let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
        let metadata: Metadata =
            [("big", json!(u64::MAX)), ("deep", deep), ("long", json!("x".repeat(9000)))]
                .into_iter()
                .collect();
        assert_eq!(metadata.get("big"), Some(&json!(u64::MAX.to_string())));
        assert!(metadata.get("deep").unwrap().to_string().contains("too deep"));
        assert!(metadata.get("long").unwrap().as_str().unwrap().ends_with("[cut from 9000 bytes]"));
        assert_eq!(float_value(f64::NAN), json!("NaN"));
        assert_eq!(float_value(0.5), json!(0.5));
    }
}
