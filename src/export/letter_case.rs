//! Keys between `snake_case` and `camelCase`, without ever losing one.
//!
//! A key is converted only if the way back gives the same key, and if no other
//! key of its object has that name already. Anything else stays as it is.

use serde_json::Value;

use crate::event::Metadata;
use crate::event::limits::KEY_BYTES_MAX;

/// How the words of a key are put together.
#[derive(Debug, Clone, Copy)]
pub(super) enum LetterCase {
    /// `likeThis`
    Camel,
    /// `like_this`
    Snake,
}

impl LetterCase {
    /// The fields with their keys, and those of their values, in this case.
    /// What `keeps` says is left alone. Order and number of fields stay.
    pub(super) fn convert(self, fields: &Metadata, keeps: impl Fn(&str) -> bool) -> Metadata {
        let convert = |(key, value)| {
            let converted = if keeps(key) { None } else { self.field(fields, key, value) };
            converted.unwrap_or_else(|| (key.to_owned(), Value::clone(value)))
        };
        fields.iter().map(convert).collect()
    }

    fn field(self, fields: &Metadata, key: &str, value: &Value) -> Option<(String, Value)> {
        let converted = self.key(key).filter(|converted| converted.len() <= KEY_BYTES_MAX)?;
        if converted != key && fields.get(&converted).is_some() {
            return None;
        }
        Some((converted, self.value(value)?))
    }

    /// The value with its keys in this case; `None` if one of them would not
    /// come back.
    fn value(self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(key, value)| Some((self.key(key)?, self.value(value)?)))
                .collect(),
            value => Some(value.clone()),
        }
    }

    /// The key in this case; `None` if it would not come back.
    fn key(self, key: &str) -> Option<String> {
        let (converted, back) = match self {
            LetterCase::Camel => (camel(key), snake(&camel(key))),
            LetterCase::Snake => (snake(key), camel(&snake(key))),
        };
        (back == key).then_some(converted)
    }
}

fn camel(key: &str) -> String {
    let mut converted = String::with_capacity(key.len());
    let mut letters = key.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(next) if letter == '_' && !converted.is_empty() && next.is_ascii_lowercase() => {
                converted.push(next.to_ascii_uppercase());
                letters.next();
            }
            _ => converted.push(letter),
        }
    }
    converted
}

fn snake(key: &str) -> String {
    let mut converted = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            converted.push('_');
        }
        converted.push(letter.to_ascii_lowercase());
    }
    converted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_convert_if_they_come_back() {
        for (ours, theirs) in [
            ("query", "query"),
            ("query_type", "queryType"),
            ("http.method", "http.method"),
            ("p50_ms", "p50Ms"),
            ("top_1", "top_1"),
            ("a__b", "a_B"),
            ("_hidden", "_hidden"),
            ("", ""),
        ] {
            assert_eq!(LetterCase::Camel.key(ours).as_deref(), Some(theirs));
            assert_eq!(LetterCase::Snake.key(theirs).as_deref(), Some(ours));
        }
        for stays in ["userId", "URL", "X-Request-Id"] {
            assert_eq!(LetterCase::Camel.key(stays), None);
        }
        assert_eq!(LetterCase::Snake.key("URL"), None);
    }

    #[test]
    fn nested_keys_convert_and_none_is_lost() {
        let fields: Metadata = [
            ("cascade_results", json!({"chunks_deleted": 12, "list": [{"inner_key": 1}]})),
            ("user_id", json!(1)),
            ("userId", json!(2)),
            ("headers", json!({"x_y": 1, "xY": 2})),
        ]
        .into_iter()
        .collect();
        let converted = LetterCase::Camel.convert(&fields, |_| false);
        assert_eq!(
            serde_json::to_value(&converted).unwrap(),
            json!({
                "cascadeResults": {"chunksDeleted": 12, "list": [{"innerKey": 1}]},
                "user_id": 1,
                "userId": 2,
                "headers": {"x_y": 1, "xY": 2},
            })
        );
        assert_eq!(LetterCase::Camel.convert(&fields, |_| true), fields);
        let longest: Metadata = [("aB".repeat(KEY_BYTES_MAX / 2), 1)].into_iter().collect();
        assert_eq!(LetterCase::Snake.convert(&longest, |_| false), longest);
    }
}
