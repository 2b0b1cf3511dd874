//! Values in brackets: lists and objects in JSON, and what `Debug` makes of them.

use super::bytes::at;
use super::placeholder::{begins_with_mask, is_template};
use super::value::{Value, quote_at, quoted, start_at};

/// How far the end of a value is looked for where nothing says that it is hidden as a whole: what
/// is inside is looked at again.
pub(super) const REACH_BYTES: usize = 512;

/// The value in brackets that begins at `from` or after some spaces, and ends within `reach_bytes`.
/// One under the key of an object that does not end was cut: it reaches to the end of the text.
pub(super) fn container_at(
    bytes: &[u8],
    from: usize,
    is_key: bool,
    reach_bytes: usize,
) -> Option<Value> {
    let start = start_at(bytes, from);
    // `${…}` and `${{ … }}`.
    let first = if at(bytes, start) == b'$' { start + 1 } else { start };
    let is_bracket = at(bytes, first) == b'{' || (first == start && at(bytes, first) == b'[');
    if !is_bracket || begins_with_mask(bytes.get(start..)?) {
        return None;
    }
    let reach = start.saturating_add(reach_bytes).min(bytes.len());
    let is_cut = is_key && first == start && reach == bytes.len();
    let end = end_of(bytes.get(..reach)?, first).or(is_cut.then_some(reach))?;
    Some(Value { start, end, quoted: false })
}

/// Behind the bracket that closes the one at `start`.
fn end_of(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut depth, mut index) = (0_usize, start);
    while index < bytes.len() {
        if let Some(quote) = quote_at(bytes, index) {
            index = quoted(bytes, index + quote.len(), quote).end + quote.len();
            continue;
        }
        match at(bytes, index) {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        index += 1;
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

/// Whether a value in brackets under a secret name says something: not if it is empty, a word, or
/// the place of a value. Where it is no JSON, less is believed.
pub(super) fn is_hiding(text: &str, is_key: bool) -> bool {
    const CONTENT_BYTES_MIN: usize = 6;
    let content = text.trim_matches(['{', '}', '[', ']', '$', ' ']);
    let has_quote = content.contains(['"', '\'']);
    let has_digit = content.bytes().any(|byte| byte.is_ascii_digit());
    let has_symbol = content.contains(['!', '@', '%', '^', '*', '+', '~']);
    let is_long_enough = is_key || content.len() >= CONTENT_BYTES_MIN;
    let is_said = has_quote || ((has_digit || has_symbol) && is_long_enough);
    is_said && !is_template(text)
}

#[cfg(test)]
mod tests {
    use super::super::detector::Detector;
    use super::super::scan::findings;

    #[test]
    fn values_in_brackets_are_found_whole() {
        for (text, secret) in [
            (r#"{"secret": {"value": "hunter2"}, "x": 1}"#, r#"{"value": "hunter2"}"#),
            (r#"{"password":["a]b","c"],"x":1}"#, r#"["a]b","c"]"#),
            (r#"{"password":{"a":{"b":"x"}},"y":"z"}"#, r#"{"a":{"b":"x"}}"#),
            (r#"{\"password\":[\"hunter2\"],\"x\":1}"#, r#"[\"hunter2\"]"#),
            (r#"{"x":1,"pin":[1,2"#, "[1,2"),
            ("Key { secret: [104, 117, 110], id: 7 }", "[104, 117, 110]"),
            ("Key { secret: Some([104, 117, 110]), id: 7 }", "[104, 117, 110]"),
            (r#"credentials={"bob": "hunter2"} id=7"#, r#"{"bob": "hunter2"}"#),
            ("password={hunter!pass}", "{hunter!pass}"),
            (r#"{"password":[masked, "hunter2"]}"#, r#"[masked, "hunter2"]"#),
            (r#"{"deploy_keys": ["q0Zx9Kf2Lw7Vb3Nt5Rm8"], "x": 1}"#, r#"["q0Zx9Kf2Lw7Vb3Nt5Rm8"]"#),
        ] {
            assert_eq!(findings(text), [(secret, Detector::Assignment)], "{text}");
        }
    }

    #[test]
    fn places_of_values_in_brackets_are_kept() {
        for text in [
            r#"{"password": [], "token": {}, "secret": [null], "pin": {{ pin }}}"#,
            "token: [optional]",
            "secret=[1]",
            r#"{"password":[masked:assignment],"x":"y"}"#,
            "secrets: [a, b]",
            "token: ${{ secrets.TOKEN }}",
            "password=${PASSWORD:-none}",
            "password={password:?}",
            r#"{"keys": ["a", "b"], "webhook": {"id": "q0Zx9Kf2Lw7Vb3Nt5Rm8"}}"#,
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }
}
