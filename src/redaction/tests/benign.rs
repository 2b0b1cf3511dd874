//! What looks odd and is no secret, written from what makes it: ids of
//! databases and clouds, hashes, times, versions, paths; and sentences that
//! people wrote for other purposes (the licences and documents of this
//! repository, and the reasons that the standard library and HTTP give).

use std::io::ErrorKind;

use super::dice::*;
use super::secrets::base64;

/// Any value that is none.
#[rustfmt::skip]
pub(super) fn benign(dice: &mut Dice, sentences: &[&str]) -> String {
    match dice.below(4) {
        0 => id(dice),
        1 => hash(dice),
        2 => uuid(dice),
        _ => dice.pick(sentences).to_owned(),
    }
}

#[rustfmt::skip]
fn id(dice: &mut Dice) -> String {
    let mut of = |alphabet: &str, length: usize| dice.text(alphabet, length);
    const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let ids = [
        of(HEX, 24), format!("01{}", of(CROCKFORD, 24)), of(BASE64_URL, 21), of(DIGITS, 6), of(DIGITS, 10),
        format!("17{}", of(DIGITS, 11)), format!("17{}", of(DIGITS, 14)), format!("1{}", of(DIGITS, 18)),
        format!("user_{}", of(ALNUM, 14)), format!("cus_{}", of(ALNUM, 14)), format!("pi_{}", of(ALNUM, 24)),
        format!("pk_live_{}", of(ALNUM, 24)), format!("entry_{}", of(DIGITS, 8)), format!("sess-{}", of(HEX, 12)),
        format!("i-0{}", of(HEX, 16)), format!("vpc-0{}", of(HEX, 16)), format!("arn:aws:s3:::bucket-{}/key", of(HEX, 8)),
        format!("arn:aws:iam::{}:role/reader", of(DIGITS, 12)), format!("projects/p-{}/secrets/name", of(HEX, 6)),
        format!("gs://bucket-{}/objects/{}.json", of(HEX, 6), of(DIGITS, 4)), format!("AC{}", of(HEX, 32)),
        format!("+49 151 {} {}", of(DIGITS, 4), of(DIGITS, 4)), format!("978-3-16-14{}-0", of(DIGITS, 4)),
        format!("2025-01-{:02}T10:30:45.{}Z", 1 + of(DIGITS, 1).len(), of(DIGITS, 6)),
        format!("10.0.{}.{}:5432", of(DIGITS, 2), of(DIGITS, 2)), format!("fe80::{}:{}:{}", of(HEX, 4), of(HEX, 4), of(HEX, 4)),
        format!("v1.{}.{}-rc.1+build.{}", of(DIGITS, 1), of(DIGITS, 2), of(HEX, 7)), format!("node-{}.eu-west-1.compute.internal", of(HEX, 6)),
        format!("/var/lib/app/{}/segment-{}.idx", of(HEX, 8), of(DIGITS, 10)), format!("https://example.org/items/{}?page={}&sort=name", of(ALNUM, 10), of(DIGITS, 2)),
        format!("order-2025-{}", of(DIGITS, 6)), format!("INV-{}-{}", of(DIGITS, 4), of(DIGITS, 5)), format!("req_{}", of(ALNUM, 24)),
        format!("chatcmpl-{}", of(ALNUM, 29)), format!("msg_01{}", of(ALNUM, 22)), format!("toolu_01{}", of(ALNUM, 22)),
        format!("00-{}-{}-01", of(HEX, 32), of(HEX, 16)), format!("W/\"{}\"", of(HEX, 16)), format!("key_{}", of(ALNUM, 10)),
        format!("token_count={}", of(DIGITS, 3)), format!("user:{}", of(ALNUM, 10)), format!("tenant-{}:doc-{}", of(HEX, 6), of(DIGITS, 6)),
    ];
    ids[dice.below(ids.len())].clone()
}

fn hash(dice: &mut Dice) -> String {
    let length = dice.pick(&[16, 20, 32, 48, 64]);
    let digest = dice.bytes(length);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    match dice.below(6) {
        0 => hex.to_uppercase(),
        1 => format!("sha256:{hex}"),
        2 => format!("sha256-{}", base64(&digest, BASE64, true)),
        3 => base64(&digest, BASE64_URL, false),
        _ => hex,
    }
}

fn uuid(dice: &mut Dice) -> String {
    let hex = dice.text(HEX, 32);
    let text =
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    match dice.below(4) {
        0 => text.to_uppercase(),
        1 => format!("urn:uuid:{text}"),
        2 => hex,
        _ => text,
    }
}

/// Texts that nobody wrote with secrets in mind.
const TEXTS: &[&str] = &[
    include_str!("../../../LICENSE-APACHE"),
    include_str!("../../../LICENSE-MIT"),
    include_str!("../../../CONTRIBUTING.md"),
    include_str!("../../../docs/DESIGN.md"),
    include_str!("../../../docs/PERFORMANCE.md"),
    include_str!("../../../README.md"),
];

/// Lines of those texts, and other people's words for what went wrong.
pub(super) fn sentences() -> Vec<String> {
    let lines = TEXTS.iter().flat_map(|text| text.lines()).map(|line| line.trim().to_owned());
    let kinds = [
        ErrorKind::NotFound,
        ErrorKind::PermissionDenied,
        ErrorKind::ConnectionRefused,
        ErrorKind::ConnectionReset,
        ErrorKind::AddrInUse,
        ErrorKind::BrokenPipe,
        ErrorKind::AlreadyExists,
        ErrorKind::WouldBlock,
        ErrorKind::InvalidInput,
        ErrorKind::InvalidData,
        ErrorKind::TimedOut,
        ErrorKind::UnexpectedEof,
    ];
    let reasons = (1..134).map(|code| std::io::Error::from_raw_os_error(code).to_string());
    lines
        .filter(|line| line.len() > 8)
        .chain(kinds.map(|kind| kind.to_string()))
        .chain(reasons)
        .collect()
}
