//! What is assigned to a secret name inside a text.

use crate::event::limits::FIELD_BYTES_MAX;
use crate::redaction::action::Action;
use crate::redaction::names::{Known, looks_random};
use crate::redaction::verdict::Verdict;

use super::bytes::{NAME, at, is};
use super::container::{REACH_BYTES, container_at, is_hiding};
use super::detector::{Detector, Finding};
use super::placeholder::{is_mask, is_placeholder};
use super::scan::Scan;
use super::token;
use super::value::{Header, Value, is_hex, is_long_hex, value_at};

/// Longest name that is looked at.
const NAME_BYTES_MAX: usize = 64;

/// Longest key of JSON that is looked at.
const KEY_BYTES_MAX: usize = 128;

/// A name that stands before its value.
#[derive(Debug, Clone, Copy)]
struct Name<'a> {
    text: &'a str,
    verdict: Verdict,
    /// It is in quotes before a colon: the key of an object.
    is_key: bool,
}

/// Looks at what stands on both sides of a `=` or `:`.
#[inline]
pub(super) fn look(
    scan: &mut Scan<'_>,
    separator: usize,
    verdict: &mut impl FnMut(&str) -> Verdict,
) {
    if separator < scan.hidden_to {
        return;
    }
    let (text, bytes) = (scan.text, scan.bytes);
    let is_colon = at(bytes, separator) == b':';
    if is_colon && separator > 0 {
        token::look_at_bot_token(scan, separator + 1);
    }
    // In JSON that was cut, keys say what is hidden, whether there is this detector or not.
    let key = if scan.is_json && is_colon { key_before(bytes, separator) } else { None };
    let name = match key {
        None if scan.detectors.contains(Detector::Assignment) => name_before(bytes, separator),
        key => key,
    };
    let Some((start, end)) = name else { return };
    let Some(name) = text.get(start..end) else { return };
    let is_parameter = start > 0 && matches!(at(bytes, start - 1), b'?' | b'&');
    let verdict = match verdict(name) {
        Verdict::Look | Verdict::Name(Known::No) if is_parameter && is_query_secret(name) => {
            Verdict::Perhaps
        }
        Verdict::Look | Verdict::Name(Known::No) => return,
        Verdict::Do(Action::Keep | Action::Truncate(_)) => return,
        Verdict::Name(Known::Perhaps) => Verdict::Perhaps,
        Verdict::Name(Known::Secret) => Verdict::Secret,
        verdict => verdict,
    };
    let is_key = is_colon && matches!(at(bytes, end), b'"' | b'\'' | b'\\');
    look_behind(scan, separator, Name { text: name, verdict, is_key });
}

/// The key that ends before `separator`: whatever is in quotes.
fn key_before(bytes: &[u8], separator: usize) -> Option<(usize, usize)> {
    let end = separator.checked_sub(1).filter(|quote| at(bytes, *quote) == b'"')?;
    let earliest = end.saturating_sub(KEY_BYTES_MAX);
    let start = earliest + memchr::memrchr(b'"', bytes.get(earliest..end)?)? + 1;
    (start < end && at(bytes, end - 1) != b'\\').then_some((start, end))
}

/// The name that ends before `separator`, which quotes or spaces may follow.
#[inline]
fn name_before(bytes: &[u8], separator: usize) -> Option<(usize, usize)> {
    let is_path =
        at(bytes, separator + 1) == b':' || (separator > 0 && at(bytes, separator - 1) == b':');
    if is_path {
        return None;
    }
    let mut end = separator;
    while end > 0
        && end + 3 > separator
        && matches!(at(bytes, end - 1), b'"' | b'\'' | b'\\' | b' ')
    {
        end -= 1;
    }
    let mut start = end;
    while start > 0 && end - start <= NAME_BYTES_MAX && is(at(bytes, start - 1), NAME) {
        start -= 1;
    }
    let starts_with_digit = at(bytes, start).is_ascii_digit();
    (start < end && !starts_with_digit && end - start <= NAME_BYTES_MAX).then_some((start, end))
}

#[inline(never)]
fn look_behind(scan: &mut Scan<'_>, separator: usize, name: Name<'_>) {
    let mut from = separator + 1;
    // `==`, `:=` and `=>`.
    while matches!(at(scan.bytes, from), b'=' | b'>') {
        from += 1;
    }
    let reach_bytes = reach_bytes(scan, name);
    if let Some(container) = container_at(scan.bytes, from, name.is_key, reach_bytes) {
        return look_at_container(scan, container, name);
    }
    let Some(value) = value_at(scan.text, scan.bytes, from, header(name.text)) else { return };
    let Some(text) = scan.text.get(value.start..value.end) else { return };
    let is_colon = at(scan.bytes, separator) == b':';
    let scheme = scheme_bytes(text, value);
    let is_secret = match name.verdict {
        Verdict::Perhaps => is_random(scan, text, value, name.text),
        // What a rule names is hidden whatever it is, as it would be in JSON that is whole.
        Verdict::Do(_) if scan.is_json && name.is_key => !is_mask(text, at(scan.bytes, value.end)),
        _ => {
            let secret = text.get(scheme..).unwrap_or_default();
            let is_number = scan.is_json && name.is_key;
            !is_placeholder(secret, at(scan.bytes, value.end), name.text)
                && (!is_colon || is_number || !is_prose(scan, text, value, name.text))
        }
    } && !(is_colon && is_in_arn(scan.bytes, separator));
    if is_secret {
        add(scan, value.start + scheme, value.end, name.verdict);
    }
}

/// Looks at a value in brackets.
fn look_at_container(scan: &mut Scan<'_>, value: Value, name: Name<'_>) {
    let Some(text) = scan.text.get(value.start..value.end) else { return };
    let is_secret = match name.verdict {
        // The values of an object have names of their own.
        Verdict::Perhaps if text.starts_with('[') => {
            let last = text.rsplit('"').next().unwrap_or_default();
            let is_cut = scan.is_cut_at(value.end);
            text.split('"').any(looks_random) || (is_cut && begins_random(last))
        }
        Verdict::Perhaps => false,
        Verdict::Do(_) if scan.is_json && name.is_key => true,
        _ => is_hiding(text, name.is_key),
    };
    if is_secret {
        add(scan, value.start, value.end, name.verdict);
        scan.hidden_to = value.end;
    }
}

/// What is hidden as a whole may be as long as it likes: nothing in it is looked at again.
fn reach_bytes(scan: &Scan<'_>, name: Name<'_>) -> usize {
    let is_whole = name.is_key && name.verdict != Verdict::Perhaps;
    if is_whole || scan.bytes.len() <= FIELD_BYTES_MAX { usize::MAX } else { REACH_BYTES }
}

fn add(scan: &mut Scan<'_>, start: usize, end: usize, verdict: Verdict) {
    let action = if let Verdict::Do(action) = verdict { Some(action) } else { None };
    scan.found.push(Finding { start, end, detector: Detector::Assignment, action });
}

/// Whether a value looks like a key, or is what a cut left of one.
fn is_random(scan: &Scan<'_>, text: &str, value: Value, name: &str) -> bool {
    let is_cut = scan.is_cut_at(value.end);
    looks_random(text)
        || (is_cut && begins_random(text) && !is_placeholder(text, 0, name))
        || (is_signature(name) && (is_long_hex(text) || (is_cut && is_hex(text))))
}

/// Whether what looks random may begin like this: not with a small word.
fn begins_random(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    !text.contains(char::is_whitespace) && (is_mixed || has(u8::is_ascii_digit))
}

/// `Authorization: Basic x`: the scheme is no secret.
fn scheme_bytes(text: &str, value: Value) -> usize {
    let (word, rest) = text.split_once(' ').unwrap_or_default();
    let is_scheme = !value.quoted && !rest.is_empty() && token::is_scheme(word.as_bytes());
    if is_scheme { word.len() + 1 } else { 0 }
}

fn header(name: &str) -> Header {
    let is =
        |header: &str| name.len() >= header.len() && name.to_ascii_lowercase().ends_with(header);
    if is("authorization") {
        Header::Scheme
    } else if is("cookie") {
        Header::Line
    } else {
        Header::No
    }
}

/// Whether what follows a colon is the rest of a sentence (`password: must
/// not be empty`) rather than a value: it is not in quotes, and is a word.
fn is_prose(scan: &Scan<'_>, text: &str, value: Value, name: &str) -> bool {
    const VALUE_BYTES_MIN: usize = 6;
    if value.quoted || header(name) != Header::No || scan.is_cut_at(value.end) {
        return false;
    }
    let text = text.trim_start_matches(['(', '[', '{', '<', '/']);
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let has_symbol = text
        .bytes()
        .any(|byte| byte.is_ascii_punctuation() && !matches!(byte, b'\'' | b'-' | b'.'));
    let capitals_inside = text.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
        && text.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_code =
        has_digit && text.bytes().all(|byte| byte.is_ascii_digit()) && is_short_code(name);
    let is_long_enough = text.len() >= VALUE_BYTES_MIN;
    !(is_code || (is_long_enough && (has_digit || has_symbol || capitals_inside)))
}

/// Whether it is a piece of an Amazon Resource Name (`arn:…:secret:prod/db`), which names a secret.
fn is_in_arn(bytes: &[u8], separator: usize) -> bool {
    let before = bytes.get(..separator).unwrap_or_default();
    let start = before.iter().rposition(|byte| !(is(*byte, NAME) || *byte == b':'));
    before.get(start.map_or(0, |last| last + 1)..).is_some_and(|name| name.starts_with(b"arn:"))
}

/// Names whose values are a few digits.
fn is_short_code(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pin", "otp", "cvv", "cvc", "code"].iter().any(|code| name.ends_with(code))
}

/// Parameters of a URL that are secret there, if they look like it.
fn is_query_secret(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "sig",
        "signature",
        "key",
        "code",
        "auth",
        "pass",
        "pw",
        "sid",
        "sessionid",
        "hmac",
        "state",
        "t",
    ];
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or(name);
    NAMES.iter().any(|known| last.eq_ignore_ascii_case(known))
}

/// Parameters whose values are hashes under a key. An id would have another name.
fn is_signature(name: &str) -> bool {
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or(name);
    ["sig", "signature", "hmac"].iter().any(|known| last.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::super::scan::findings;
    use super::*;

    #[test]
    fn values_of_secret_names_are_found_in_every_notation() {
        for (text, secret) in [
            ("password=hunter2", "hunter2"),
            ("/login?user=bob&password=hunter2&x=1", "hunter2"),
            ("PASSWORD = 'two words'", "two words"),
            (r#"{"user": "bob", "password": "hun\"ter2", "x": 1}"#, r#"hun\"ter2"#),
            (r#"{\"api_key\":\"hunter2\",\"x\":1}"#, "hunter2"),
            ("Login { user: \"bob\", password: Some(\"hunter\") }", "hunter"),
            ("Login { pin: 1234 }", "1234"),
            ("Login { token: Some(ApiToken(\"hunter\")), x: Y(\"z\") }", "hunter"),
            ("Authorization: Digest a=\"b\", response=\"c\"\nx", "a=\"b\", response=\"c\""),
            ("db.password: Tr0ub4dor&3 or", "Tr0ub4dor&3"),
            ("Authorization: Basic dTpw", "dTpw"),
            (r#"{"host": "x", "authorization": "Bearer abc", "accept": "*/*"}"#, "Bearer abc"),
            ("Cookie: a=b; theme=dark", "a=b; theme=dark"),
            ("secret := \"y\"", "y"),
            ("{\"token\"=>\"abc\"}", "abc"),
            (
                "?X-Amz-Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
                "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
            ),
            ("STRIPE_KEY=q0Zx9Kf2Lw7Vb3Nt5Rm8", "q0Zx9Kf2Lw7Vb3Nt5Rm8"),
        ] {
            assert_eq!(findings(text), [(secret, Detector::Assignment)], "{text}");
        }
    }

    #[test]
    fn sentences_and_places_of_values_are_kept() {
        for text in [
            "password: must not be empty",
            "invalid token: expired",
            "token: not found",
            "token::Kind::Word",
            "password=***",
            "password=<none>",
            "token={token}",
            "secret=$SECRET",
            "key=user_name",
            "?key=value",
            "password=[masked:assignment]",
            "token: None",
            "at 10:30:45",
            "user:alice",
            "next_page_token=12",
            "password:",
            "password=",
            "X=arn:aws:secretsmanager:eu-west-1:012345678901:secret:prod/db-1a2B3c",
            "?commit_signature_of=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
            "a cache_key=q0Zx9Kf2Lw7Vb3Nt5Rm8",
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }
}
