//! Secrets: each with the fragments that must not be found anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::chance::Chance;
use crate::issued::{ISSUED, TOLD_BY_TEXT};

/// Shortest fragment that is looked for.
pub(crate) const FRAGMENT_BYTES_MIN: usize = 8;

#[derive(Clone, Debug)]
pub(crate) struct Secret {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) fragments: Vec<String>,
    /// An address stays in fields that say who.
    pub(crate) is_address: bool,
    /// Only a name tells it: a password that is chosen by somebody.
    pub(crate) needs_name: bool,
}

impl Secret {
    fn new(kind: &'static str, text: String, parts: &[String]) -> Self {
        let fragments = parts.iter().flat_map(|part| fragments(part)).collect::<Vec<_>>();
        assert!(!fragments.is_empty(), "{kind}: {text}");
        Secret { kind, text, fragments, is_address: false, needs_name: false }
    }
}

/// The next secret; kinds come by turns.
pub(crate) fn secret(turn: usize, chance: &mut Chance) -> Secret {
    let others = turn / 3;
    match turn % 3 {
        0 => templated(ISSUED[others % ISSUED.len()], chance),
        1 => templated(TOLD_BY_TEXT[others % TOLD_BY_TEXT.len()], chance),
        _ => match others % 6 {
            0 | 1 => card(chance),
            2 => address(chance),
            3 => web_token(chance),
            4 => private_key(chance),
            _ => password(chance),
        },
    }
}

/// Of what chance made, the longest part is the secret; short ones name it.
fn templated((kind, template): (&'static str, &str), chance: &mut Chance) -> Secret {
    let (text, mut made) = chance.fill(template);
    let longest = made.iter().map(String::len).max().unwrap();
    made.retain(|part| part.len() >= longest.min(30));
    Secret::new(kind, text, &made)
}

/// Begin, middle and end of what chance made, so that a mask over a part of it is noticed.
fn fragments(part: &str) -> Vec<String> {
    let last = match part.len().checked_sub(FRAGMENT_BYTES_MIN) {
        Some(last) => last,
        None => return Vec::new(),
    };
    [0, last / 2, last].iter().map(|at| part[*at..at + FRAGMENT_BYTES_MIN].to_owned()).collect()
}

fn card(chance: &mut Chance) -> Secret {
    const NETWORKS: &[(&str, &[&str], &[usize])] = &[
        ("card: visa", &["4"], &[16, 16, 16, 19]),
        ("card: mastercard", &["51", "52", "53", "54", "55"], &[16]),
        ("card: mastercard, 2 series", &["2221", "2345", "2500", "2699", "2720"], &[16]),
        ("card: american express", &["34", "37"], &[15]),
        ("card: discover", &["6011", "644", "65"], &[16]),
        ("card: diners club", &["300", "305", "36", "38"], &[14]),
        ("card: jcb", &["3528", "3550", "3589"], &[16]),
        ("card: unionpay", &["62"], &[16, 19]),
        ("card: maestro", &["5018", "5020", "5038", "6304", "6759", "6761"], &[16]),
        ("card: mir", &["2200", "2202", "2204"], &[16]),
    ];
    let (kind, begins, lengths) = NETWORKS[chance.below(NETWORKS.len())];
    let length = lengths[chance.below(lengths.len())];
    let mut digits = chance.one(begins).to_owned();
    while digits.len() + 1 < length {
        digits.push_str(&chance.text("0123456789", 1));
    }
    let check = (0..10).map(|digit| format!("{digits}{digit}")).find(|whole| luhn(whole)).unwrap();
    // As a plain run of 19 digits a Visa number is an id like others.
    let between = match digits.starts_with('4') && length == 19 {
        true => " ",
        false => chance.one(&["", "", " ", "-"]),
    };
    let text = grouped(&check, between);
    let mut secret = Secret::new(kind, text.clone(), std::slice::from_ref(&text));
    secret.fragments = vec![text[2..text.len() - 2].to_owned()];
    secret
}

/// Four by four, as on most cards; those of 14 and 15 digits are printed 4-6-4 and 4-6-5.
fn grouped(digits: &str, between: &str) -> String {
    let ends: &[usize] =
        if digits.len() < 16 && digits.len() > 13 { &[4, 10] } else { &[4, 8, 12, 16] };
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if ends.contains(&at) {
            text.push_str(between);
        }
        text.push(digit);
    }
    text
}

pub(crate) fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, u32::from(digit - b'0')) {
            (0, digit) => digit,
            (_, digit) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn address(chance: &mut Chance) -> Secret {
    let first = chance.one(&["anna", "björn", "j.doe", "maria-luisa", "o'brien", "X_Æ", "info"]);
    let number = chance.text("0123456789", 8);
    let (before, after) = chance.one_of([(".", ""), ("+", "x"), ("_", ""), ("-", ".k"), ("", "")]);
    let domain = chance.one(&[
        "example.com",
        "mail.example.co.uk",
        "sub.dept.uni-ulm.de",
        "gmail.com",
        "x.io",
        "firma.museum",
        "münchen.de",
    ]);
    let (kind, first) = match first.is_ascii() && domain.is_ascii() {
        true => ("address", first),
        false => ("address beyond ASCII", first),
    };
    let text = format!("{first}{before}{number}{after}@{domain}");
    let mut secret = Secret::new(kind, text, &[number]);
    secret.is_address = true;
    secret
}

fn web_token(chance: &mut Chance) -> Secret {
    let encrypted = chance.below(4) == 0;
    let header = match encrypted {
        true => r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#,
        false => chance.one(&[
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"typ":"JWT","alg":"RS256","kid":"2f1c"}"#,
            r#"{"alg":"ES256"}"#,
            r#"{"kid":"main-7","alg":"EdDSA","typ":"at+jwt"}"#,
        ]),
    };
    let mut parts = vec![URL_SAFE_NO_PAD.encode(header)];
    if encrypted {
        parts.extend([256, 12, 120, 16].map(|bytes| URL_SAFE_NO_PAD.encode(chance.bytes(bytes))));
        return Secret::new("jwe", parts.join("."), &parts[1..]);
    }
    let claims =
        format!(r#"{{"sub":"{}","iat":17{}}}"#, chance.next(), chance.text("123456789", 8));
    parts.push(URL_SAFE_NO_PAD.encode(claims));
    let signature_bytes = [32, 64, 256][chance.below(3)];
    parts.push(URL_SAFE_NO_PAD.encode(chance.bytes(signature_bytes)));
    Secret::new("jwt", parts.join("."), &parts[2..])
}

fn private_key(chance: &mut Chance) -> Secret {
    let (kind, label) = chance.one_of([
        ("pem: rsa", "RSA PRIVATE KEY"),
        ("pem: pkcs 8", "PRIVATE KEY"),
        ("pem: pkcs 8, encrypted", "ENCRYPTED PRIVATE KEY"),
        ("pem: ec", "EC PRIVATE KEY"),
        ("pem: dsa", "DSA PRIVATE KEY"),
        ("pem: openssh", "OPENSSH PRIVATE KEY"),
        ("pem: pgp", "PGP PRIVATE KEY BLOCK"),
    ]);
    let bytes = chance.between(48, 1200);
    let body = STANDARD.encode(chance.bytes(bytes));
    let lines: Vec<_> =
        body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    // In the text of a program's JSON or environment the line's end is two characters.
    let end = chance.one(&["\n", "\n", "\r\n", "\\n"]);
    let text = format!("-----BEGIN {label}-----{end}{}{end}-----END {label}-----", lines.join(end));
    let whole: Vec<_> = lines.iter().map(|line| line.trim_end_matches('=').to_owned()).collect();
    Secret::new(kind, text, &whole)
}

fn password(chance: &mut Chance) -> Secret {
    let text = format!(
        "{}-{}!",
        chance.one(&["Sommer", "hunter", "Tr0ub4dor"]),
        chance.text("abcdefghkmnprstuvwxyz23456789", 10)
    );
    let mut secret = Secret::new("password under its name", text.clone(), &[text]);
    secret.needs_name = true;
    secret
}
