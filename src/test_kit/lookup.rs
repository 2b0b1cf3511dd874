//! Values of an event's JSON by path.

use serde_json::Value;

use crate::query::same_value;

/// Whether `value` has `wanted` at `path`; null stands for absent.
pub(super) fn found(value: &Value, path: &str, wanted: &Value) -> bool {
    let mut places = at(value, path).into_iter();
    match wanted {
        Value::Null => places.all(Value::is_null),
        wanted => places.any(|place| same_value(place, wanted)),
    }
}

/// What is at `path`. Keys may contain dots themselves, so that a path may
/// lead to several places.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let Some(object) = value.as_object() else { return Vec::new() };
    let mut places: Vec<_> = object.get(path).into_iter().collect();
    for (dot, _) in path.match_indices('.') {
        if let (Some(key), Some(rest)) = (path.get(..dot), path.get(dot + 1..)) {
            places.extend(object.get(key).into_iter().flat_map(|inner| at(inner, rest)));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_finds_keys_with_and_without_dots() {
        let event = json!({"metadata": {"http.status": 200, "retry": {"count": 2}, "none": null}});
        assert!(found(&event, "metadata.http.status", &json!(200.0)));
        assert!(found(&event, "metadata.retry.count", &json!(2)));
        assert!(!found(&event, "metadata.retry.count", &json!(3)));
        assert!(found(&event, "metadata.none", &Value::Null));
        assert!(found(&event, "metadata.other", &Value::Null));
        assert!(!found(&event, "metadata.http.status", &Value::Null));
    }
}
