//! What stands where a secret is not.

use super::detector::Detector;

/// Longest name of a place that is filled in elsewhere.
const NAME_BYTES_MAX: usize = 64;

/// Words for nothing, and for what was hidden already.
const NOTHING: &[&str] = &[
    "",
    "null",
    "none",
    "nil",
    "true",
    "false",
    "undefined",
    "empty",
    "redacted",
    "hidden",
    "filtered",
    "removed",
    "omitted",
    "yes",
    "no",
];

/// Whether it is nothing, a word for nothing, or the place of a value that is filled in elsewhere,
/// by its whole shape: secrets begin with every character. `after` is the byte behind it where it is
/// not in quotes, `name` what stands before it.
pub(super) fn is_placeholder(value: &str, after: u8, name: &str) -> bool {
    let word = value.trim_matches(['<', '>', '{', '}', '[', ']', '(', ')']);
    is_mask(value, after)
        || is_template(value)
        || is_variable(value, name)
        || is_query(value, after)
        || value.bytes().all(|byte| matches!(byte, b'*' | b'.' | b'x' | b'X' | b'-' | b'_' | b'?'))
        || NOTHING.iter().any(|nothing| word.eq_ignore_ascii_case(nothing))
}

/// `[masked]` or `[masked:KIND]`; the bracket may be behind it.
pub(super) fn is_mask(value: &str, after: u8) -> bool {
    let Some(rest) = value.strip_prefix("[masked") else { return false };
    let Some(kind) = rest.strip_suffix(']').or((after == b']').then_some(rest)) else {
        return false;
    };
    kind.is_empty()
        || kind
            .strip_prefix(':')
            .is_some_and(|kind| Detector::ALL.iter().any(|detector| detector.as_str() == kind))
}

/// Whether it begins with the whole of a mask.
pub(super) fn begins_with_mask(bytes: &[u8]) -> bool {
    let end = if bytes.starts_with(b"[masked") { memchr::memchr(b']', bytes) } else { None };
    let mask = end.and_then(|end| std::str::from_utf8(bytes.get(..end)?).ok());
    mask.is_some_and(|mask| is_mask(mask, b']'))
}

/// `<…>`, `{…}`, `{{…}}`, `${…}`: a name in brackets, and perhaps how it is written.
pub(super) fn is_template(value: &str) -> bool {
    let inside = |open: char, close: char| value.strip_prefix(open)?.strip_suffix(close);
    let inside = inside('<', '>').or_else(|| {
        let value = value.strip_prefix('$').unwrap_or(value);
        let inside = value.strip_prefix('{')?.strip_suffix('}')?;
        let doubled = inside.strip_prefix('{').and_then(|inside| inside.strip_suffix('}'));
        Some(doubled.unwrap_or(inside))
    });
    inside.is_some_and(|name| {
        let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b" _.-:?#|".contains(&byte);
        name.len() <= NAME_BYTES_MAX && name.bytes().all(belongs)
    })
}

/// `$NAME` in capitals, `$1`, `%s`, or the name itself: `password: $password`.
fn is_variable(value: &str, name: &str) -> bool {
    let is_format = value
        .strip_prefix("%s")
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    let Some(variable) = value.strip_prefix('$') else { return is_format };
    let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_number = variable.bytes().all(|byte| byte.is_ascii_digit());
    let is_constant = variable.bytes().all(is_capital) && !is_number;
    let is_parameter = is_number && (1..=2).contains(&variable.len());
    let begins_with_digit = variable.starts_with(|c: char| c.is_ascii_digit());
    is_parameter || (is_constant && !begins_with_digit) || variable.eq_ignore_ascii_case(name)
}

/// `(SELECT …`: a word and a space.
fn is_query(value: &str, after: u8) -> bool {
    let Some(word) = value.strip_prefix('(') else { return false };
    after == b' ' && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::super::detector::Detector;
    use super::super::scan::findings;
    use super::*;

    #[test]
    fn only_a_whole_shape_is_the_place_of_a_value() {
        for value in [
            "<password>",
            "<your token here>",
            "{token}",
            "{{ token }}",
            "${TOKEN}",
            "${{ a.b }}",
            "$DB_PASSWORD",
            "$1",
            "$password",
            "%s",
            "[masked]",
            "[masked:email]",
            "(none)",
            "[REDACTED]",
            "****",
            "",
        ] {
            assert!(is_placeholder(value, 0, "password"), "{value}");
        }
        for value in [
            "$2b$12$R9h",
            "$ecret!pass1",
            "$123",
            "$PASS!",
            "(hunter2)",
            "[hunter2",
            "<hunter2",
            "{hunter2",
            "{\"user\":\"hunter2\"}",
            "<a>hunter2</a>",
            "%secret",
            "[masked",
            "[masked:hunter2]",
            "[masked:email]hunter2",
            "$token",
        ] {
            assert!(!is_placeholder(value, 0, "password"), "{value}");
        }
        assert!(is_placeholder("[masked:email", b']', "") && is_placeholder("(SELECT", b' ', ""));
    }

    #[test]
    fn secrets_that_begin_like_a_place_are_found() {
        let hash = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
        for (text, secret) in [
            (format!("bad row: password_hash={hash}"), hash),
            (r#"login {"password": "$ecret!pass1", "x": 1}"#.to_owned(), "$ecret!pass1"),
            ("password='(hunter2)'".to_owned(), "(hunter2)"),
            ("password=<hunter2&x".to_owned(), "<hunter2"),
            ("password=[hunter2".to_owned(), "[hunter2"),
            ("postgres://u:$ecret1pass@h/db".to_owned(), "$ecret1pass"),
        ] {
            assert_eq!(findings(&text), [(secret, Detector::Assignment)], "{text}");
        }
        for text in [
            "UPDATE users SET password=$1, token = $2 WHERE id=$3",
            "login(password: $password, token: $token)",
            "password=<hunter2>",
            "password: </strong>",
            "password: (optional)",
            "postgres://u:${PASSWORD}@h/db",
            "Authorization: Basic [masked:assignment]",
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }
}
