//! Words: keys by their shape, JSON Web Tokens, and what follows the name of an
//! HTTP scheme.

use crate::redaction::names::looks_random;

use super::bytes::{ALNUM, HEX, NAME, RUN, TOKEN, WIDE, at, is, run_end, run_start};
use super::detector::Detector;
use super::scan::Scan;
use super::shapes::{Shape, may_begin, shapes};
use super::signs::{KEY_BYTES_MIN, beginnings};

/// Looks at the word from `start` to `end`: a run of bytes without spaces.
pub(super) fn look(scan: &mut Scan<'_>, start: usize, end: usize) {
    if start > 1 {
        look_before(scan, start);
    }
    let bytes_min = if scan.is_cut_at(end) { 1 } else { KEY_BYTES_MIN };
    let Some(last) = end.checked_sub(bytes_min) else { return };
    let bytes = scan.bytes;
    for begin in beginnings(bytes, start, last) {
        let before = if begin == start { 0 } else { at(bytes, begin - 1) };
        if may_begin(bytes, begin) || scan.is_cut_at(end) {
            look_for_shapes(scan, begin, !is(before, RUN) || before == b'/');
        }
        match before {
            b'.' if matches!(at(bytes, begin + DISCORD_TIME_BYTES), b'.') => {
                look_at_discord_token(scan, begin);
            }
            b'~' => look_at_azure_secret(scan, begin),
            _ => {}
        }
    }
}

/// What stands before the word may say what it is.
#[inline]
fn look_before(scan: &mut Scan<'_>, start: usize) {
    // The last letters of the schemes.
    if matches!(
        at(scan.bytes, start - 2) | 0x20,
        b'r' | b'c' | b'n' | b'y' | b'e' | b't' | b'm' | b'k' | b'p' | b'd'
    ) {
        look_after_scheme(scan, start);
    }
}

/// Shapes so short that they are only believed at the start of a run.
const SHORT_PREFIX_BYTES: usize = 3;

#[inline(never)]
fn look_for_shapes(scan: &mut Scan<'_>, start: usize, is_run_start: bool) {
    let Some(rest) = scan.bytes.get(start..) else { return };
    if rest.starts_with(b"eyJ") {
        return look_at_jwt(scan, start);
    }
    for shape in shapes(rest) {
        let end = end_of_shape(scan, shape, start);
        let long_enough = end - start >= shape.prefix.len() + shape.body_bytes_min;
        let is_believed = is_run_start || shape.prefix.len() > SHORT_PREFIX_BYTES;
        let body = scan.text.get(start + shape.prefix.len()..end).unwrap_or_default();
        let is_key =
            (long_enough && is_believed && (!shape.mixed || is_mixed(body))) || scan.is_cut_at(end);
        if is_key {
            return scan.add(start, end, Detector::ApiKey);
        }
    }
}

fn end_of_shape(scan: &Scan<'_>, shape: &Shape, start: usize) -> usize {
    let body = start + shape.prefix.len();
    let end = run_end(scan.bytes, body, shape.body);
    let run = scan.bytes.get(body..end).unwrap_or_default();
    // A full stop ends a sentence, not a key.
    end - run.iter().rev().take_while(|byte| matches!(byte, b'.' | b'/')).count()
}

/// Letters and digits: no word of a language.
fn is_mixed(body: &str) -> bool {
    body.bytes().any(|byte| byte.is_ascii_digit())
        && body.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Header, dot, payload, and as a rule dot and signature.
fn look_at_jwt(scan: &mut Scan<'_>, start: usize) {
    const PART_BYTES_MIN: usize = 10;
    let bytes = scan.bytes;
    let header = run_end(bytes, start, TOKEN);
    let has_payload =
        at(bytes, header) == b'.' && run_end(bytes, header + 1, TOKEN) > header + PART_BYTES_MIN;
    let end = run_end(bytes, start, NAME);
    // Found by its payload, where the header begins unusually.
    let is_payload = start > 0 && at(bytes, start - 1) == b'.';
    let first = if is_payload { run_start(bytes, start - 1, TOKEN) } else { start };
    if header - start > PART_BYTES_MIN && has_payload {
        let trailing = bytes.get(start..end).unwrap_or_default();
        // The signature is empty where none was made.
        let dots = trailing.iter().rev().take_while(|byte| **byte == b'.').count();
        scan.add(first, end - dots, Detector::Jwt);
    } else if scan.is_cut_at(end) {
        scan.add(start, end, Detector::Jwt);
    }
}

/// The middle part of a bot's token, as Discord gives them.
const DISCORD_TIME_BYTES: usize = 6;

/// The number of a bot in base64, a dot, a time, a dot, and a secret. `time` is behind the first dot.
#[inline(never)]
fn look_at_discord_token(scan: &mut Scan<'_>, time: usize) {
    const SECRET_BYTES_MIN: usize = 27;
    let bytes = scan.bytes;
    let start = run_start(bytes, time - 1, TOKEN);
    let secret = time + DISCORD_TIME_BYTES + 1;
    let end = run_end(bytes, secret, TOKEN);
    // In base64 every digit begins with one of these letters.
    let is_number = matches!(at(bytes, start), b'M' | b'N' | b'O')
        && (23..=28).contains(&(time - 1 - start))
        && run_end(bytes, start, ALNUM) == time - 1;
    let is_long_enough = end - secret >= SECRET_BYTES_MIN || scan.is_cut_at(end);
    if is_number && is_long_enough && run_end(bytes, time, TOKEN) + 1 == secret {
        scan.add(start, end, Detector::ApiKey);
    }
}

/// Three characters, a digit, `Q~`, and the rest of a secret of Azure's directory. `rest` is behind
/// the tilde.
#[inline(never)]
fn look_at_azure_secret(scan: &mut Scan<'_>, rest: usize) {
    const BEFORE_BYTES: usize = 6;
    const REST_BYTES_MIN: usize = 31;
    let bytes = scan.bytes;
    let is_sign =
        rest >= BEFORE_BYTES && at(bytes, rest - 2) == b'Q' && at(bytes, rest - 3).is_ascii_digit();
    let mut end = rest;
    while is(at(bytes, end), NAME) || at(bytes, end) == b'~' {
        end += 1;
    }
    let is_cut = scan.is_cut_at(end);
    while end > rest && at(bytes, end - 1) == b'.' {
        end -= 1;
    }
    if is_sign
        && (end - rest >= REST_BYTES_MIN || is_cut)
        && scan.text.is_char_boundary(rest - BEFORE_BYTES)
    {
        scan.add(rest - BEFORE_BYTES, end, Detector::ApiKey);
    }
}

/// The number of a bot, a colon, and its secret, as Telegram gives them.
/// `start` is behind the colon.
pub(super) fn look_at_bot_token(scan: &mut Scan<'_>, start: usize) {
    const SECRET_BYTES: usize = 35;
    let bytes = scan.bytes;
    if at(bytes, start) != b'A' || at(bytes, start + 1) != b'A' {
        return;
    }
    let digits = bytes.get(..start - 1).unwrap_or_default();
    let digits = digits.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let end = run_end(bytes, start, TOKEN);
    let is_cut = scan.is_cut_at(end) && end - start < SECRET_BYTES;
    if (7..=12).contains(&digits) && (end - start == SECRET_BYTES || is_cut) {
        scan.add(start - 1 - digits, end, Detector::ApiKey);
    }
}

/// `Bearer …`, `Basic …`, `Token …` and their like.
fn look_after_scheme(scan: &mut Scan<'_>, start: usize) {
    let before = scan.bytes.get(..start - 1).unwrap_or_default();
    let word = before.get(run_start(before, before.len(), TOKEN)..).unwrap_or_default();
    if !is_scheme(word) && !is_option(word) {
        return;
    }
    let end = run_end(scan.bytes, start, WIDE);
    let Some(value) = scan.text.get(start..end) else { return };
    let value = value.trim_end_matches('.');
    if looks_random(value) || is_credential(value) || scan.is_cut_at(end) {
        scan.add(start, start + value.len(), Detector::Bearer);
    }
}

/// The schemes of HTTP that are followed by a secret.
pub(super) fn is_scheme(word: &[u8]) -> bool {
    [
        &b"bearer"[..],
        b"basic",
        b"token",
        b"apikey",
        b"negotiate",
        b"digest",
        b"ntlm",
        b"hawk",
        b"dpop",
    ]
    .iter()
    .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Options of a command line that are followed by a secret.
fn is_option(word: &[u8]) -> bool {
    let Some(name) = word.strip_prefix(b"--") else { return false };
    [&b"token"[..], b"password", b"passphrase", b"secret", b"key"]
        .iter()
        .any(|known| name == *known || name.strip_suffix(*known).is_some_and(is_begun))
}

/// What stands before the last word of a name: `api-`.
fn is_begun(before: &[u8]) -> bool {
    matches!(before, b"api-" | b"access-" | b"auth-" | b"client-" | b"secret-")
}

/// Too short to look random, and still no word: digits among letters, or
/// capitals inside, as base64 has them; or digits of a hash.
fn is_credential(value: &str) -> bool {
    const VALUE_BYTES_MIN: usize = 12;
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let capitals_inside = value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    let has_small = value.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_hash = value.len() >= 2 * VALUE_BYTES_MIN && value.bytes().all(|byte| is(byte, HEX));
    value.len() >= VALUE_BYTES_MIN && (is_hash || (has_small && (has_digit || capitals_inside)))
}

#[cfg(test)]
mod tests {
    use super::super::scan::findings;
    use super::*;

    #[test]
    fn what_follows_a_scheme_is_found_and_prose_is_not() {
        for (text, secret) in [
            ("Bearer mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"),
            ("got header: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== from", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("login --api-key aB3dE5gH7jK9 -v", "aB3dE5gH7jK9"),
            ("bearer 9944b09199c62bcf9418ad846dd0e4bb", "9944b09199c62bcf9418ad846dd0e4bb"),
        ] {
            assert_eq!(findings(text), [(secret, Detector::Bearer)], "{text}");
        }
        for text in [
            "bearer authentication required",
            "the token authorisation failed",
            "a basic understanding",
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }

    #[test]
    fn keys_are_found_by_what_is_inside_and_behind_slashes() {
        let secret = "q0Zx9Kf2Lw7Vb3Nt5Rm8q0Zx9Kf2Lw7Vb3Nt5Rm8";
        for key in [
            format!("MTk4NjIyNDgzNDcxOTI1MjQ4.Gx-2_a.{secret}"),
            format!("a.B8Q~x_{}", &secret[..32]),
            format!("hf_{}", &secret[..34]),
        ] {
            for (before, after) in [("", ""), ("v1/", "/0"), ("X=", "."), ("„", "“")] {
                let text = format!("{before}{key}{after}");
                assert_eq!(findings(&text), [(&*key, Detector::ApiKey)], "{text}");
            }
        }
        for text in [
            format!("com.example.module.{secret}"),
            format!("MTk4NjIyNDgzNDcxOTI1MjQ4.Gx-2_ab.{secret}"),
            format!("~{secret} éQ~{secret}"),
        ] {
            assert_eq!(findings(&text), [], "{text}");
        }
    }

    #[test]
    fn web_tokens_are_found_whole() {
        let signed = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0In0";
        for token in [signed, unsigned] {
            let text = format!("got {token}.");
            assert_eq!(findings(&text), [(token, Detector::Jwt)], "{text}");
        }
        assert_eq!(findings("cursor eyJpZCI6MTAsImRpciI6Im5leHQifQ"), []);
    }
}
