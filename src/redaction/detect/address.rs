//! E-mail addresses, and the passwords that stand before the host of a URL.

use crate::redaction::names::looks_random;

use super::bytes::{NAME, at, is, run_end};
use super::detector::Detector;
use super::placeholder::is_placeholder;
use super::scan::Scan;
use super::value::is_long_hex;

/// How far before the sign is looked.
const REACH_BYTES: usize = 256;

/// Looks around an `@`.
#[inline(never)]
pub(super) fn look(scan: &mut Scan<'_>, sign: usize) {
    let bytes = scan.bytes;
    match userinfo_before(bytes, sign) {
        Some(userinfo) => look_at_userinfo(scan, userinfo, sign),
        None => look_at_address(scan, sign),
    }
}

/// Looks whether a text was cut before the sign that a password stands before.
pub(super) fn look_at_cut_end(scan: &mut Scan<'_>) {
    let end = scan.bytes.len();
    let Some(start) = userinfo_before(scan.bytes, end) else { return };
    let Some(userinfo) = scan.text.get(start..end) else { return };
    // What may as well be the port of a host.
    let is_port = userinfo.rsplit_once(':').is_some_and(|(host, port)| {
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        host.starts_with('[') || (port.len() <= PORT_BYTES_MAX && digits)
    });
    if !is_port {
        look_at_userinfo(scan, start, end);
    }
}

const PORT_BYTES_MAX: usize = 5;

/// Where what ends before `end` begins, if it follows the scheme of a URL.
fn userinfo_before(bytes: &[u8], end: usize) -> Option<usize> {
    let start = start_of(bytes, end, |byte| {
        !byte.is_ascii_whitespace()
            && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'\\')
    });
    bytes.get(..start).is_some_and(|before| before.ends_with(b"://")).then_some(start)
}

/// The password between `scheme://user:` and `@`, or a token in its place.
fn look_at_userinfo(scan: &mut Scan<'_>, start: usize, end: usize) {
    let Some(userinfo) = scan.text.get(start..end) else { return };
    let (start, secret) = match userinfo.split_once(':') {
        Some((user, password)) => (start + user.len() + 1, password),
        None if looks_random(userinfo) || is_long_hex(userinfo) => (start, userinfo),
        None => return,
    };
    if !is_placeholder(secret, 0, "") {
        scan.add(start, end, Detector::Assignment);
    }
}

fn look_at_address(scan: &mut Scan<'_>, sign: usize) {
    let (bytes, host) = (scan.bytes, sign + 1);
    let start = start_of(bytes, sign, |byte| is(byte, NAME) || matches!(byte, b'+' | b'\''));
    let start = start + leading_dots(bytes.get(start..sign).unwrap_or_default());
    let mut run = run_end(bytes, host, NAME);
    let mut end = without_trailing_dots(bytes, host, run);
    let is_ascii = scan.text.get(host..end).is_some_and(is_domain);
    if !is_ascii && !at(bytes, run).is_ascii() {
        run = host + scan.text.get(host..).map_or(0, letters_of_any_language);
        end = without_trailing_dots(bytes, host, run);
    }
    let is_remote_path = bytes.get(start..sign) == Some(b"git") && at(bytes, end) == b':';
    let is_whole = scan.text.get(host..end).is_some_and(is_domain);
    let is_cut = scan.is_cut_at(run) && end > host;
    if start < sign && (is_whole || is_cut) && !is_remote_path {
        scan.add(start, end, Detector::Email);
    }
}

fn without_trailing_dots(bytes: &[u8], host: usize, end: usize) -> usize {
    let host = bytes.get(host..end).unwrap_or_default();
    end - host.iter().rev().take_while(|byte| matches!(byte, b'.' | b'-' | b'_')).count()
}

/// The length of what a host with letters beyond ASCII may be.
#[cold]
fn letters_of_any_language(text: &str) -> usize {
    const HOST_BYTES_MAX: usize = 253;
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    text.char_indices()
        .find(|(index, c)| !belongs(*c) || *index > HOST_BYTES_MAX)
        .map_or(text.len(), |(index, _)| index)
}

fn leading_dots(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'.' | b'\'' | b'-')).count()
}

fn is_domain(text: &str) -> bool {
    let Some((host, top)) = text.rsplit_once('.') else { return false };
    let is_top = (2..=24).contains(&top.len()) && top.chars().all(char::is_alphabetic);
    is_top && host.split('.').all(|label| !label.is_empty())
}

fn start_of(bytes: &[u8], end: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let earliest = end.saturating_sub(REACH_BYTES);
    let before = bytes.get(earliest..end).unwrap_or_default();
    let start =
        earliest + before.iter().rposition(|byte| !belongs(*byte)).map_or(0, |last| last + 1);
    // Letters beyond ASCII are of several bytes; none is cut apart.
    (start..end).find(|index| at(bytes, *index) & 0xC0 != 0x80).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::super::scan::findings;
    use super::*;

    #[test]
    fn addresses_are_found_and_what_only_has_the_sign_is_not() {
        for address in ["bob@example.org", "a.b+c_d@mail.example.co.uk", "o'neil@x.io"] {
            for (before, after) in
                [("", ""), ("mail <", ">"), ("to ", "."), ("?to=", "&x=1"), ("é", "é")]
            {
                let text = format!("{before}{address}{after}");
                assert_eq!(findings(&text), [(address, Detector::Email)], "{text}");
            }
        }
        for address in ["bob@münchen.de", "bob@mail.пример.рф"] {
            let text = format!("mail „{address}“");
            assert_eq!(findings(&text), [(address, Detector::Email)], "{text}");
        }
        for text in [
            "git@github.com:org/repo.git",
            "@org/package",
            "left-pad@1.3.0",
            "alpine@sha256:abc",
            "a @ b.c",
            "100%",
            "Main$1@1b2c3d4e",
            "user@host",
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }

    #[test]
    fn a_password_is_found_where_the_host_was_cut_off() {
        for (text, password) in [
            ("at https://user:hunter2pa …[cut from 900 bytes]", "hunter2pa"),
            ("postgres://app:p:w …[cut]", "p:w"),
            ("https://q0Zx9Kf2Lw7Vb3Nt5Rm8 …[cut]", "q0Zx9Kf2Lw7Vb3Nt5Rm8"),
        ] {
            assert_eq!(findings(text), [(password, Detector::Assignment)], "{text}");
        }
        for text in [
            "https://example.org:8080 …[cut]",
            "https://[2001:db8::1 …[cut]",
            "https://example.org …[cut]",
            "a note: https://exa …[cut]",
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }

    #[test]
    fn passwords_in_urls_are_found() {
        for (text, password) in [
            ("postgres://app:s3cr3t@db.example.org:5432/x", "s3cr3t"),
            ("at redis://:p@ss@host/0", "p@ss"),
            ("https://q0Zx9Kf2Lw7Vb3Nt5Rm8@example.org/", "q0Zx9Kf2Lw7Vb3Nt5Rm8"),
            (
                "https://9944b09199c62bcf9418ad846dd0e4bb@example.org/",
                "9944b09199c62bcf9418ad846dd0e4bb",
            ),
        ] {
            assert_eq!(findings(text), [(password, Detector::Assignment)], "{text}");
        }
        assert_eq!(
            findings("ssh://git@example.org/x, https://example.org/@bob, ftp://a:***@b.org"),
            []
        );
    }
}
