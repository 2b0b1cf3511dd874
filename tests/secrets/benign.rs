//! What is no secret: ids, hashes and UUIDs in the forms in which databases,
//! clouds, registries and tools print them, and sentences from documents that
//! were written for readers.

use crate::chance::*;

/// Any of it.
pub(crate) fn value(chance: &mut Chance, sentences: &[&str]) -> String {
    match chance.below(4) {
        0 => id(chance),
        1 => hash(chance),
        2 => uuid(chance),
        _ => chance.one_of(sentences).to_owned(),
    }
}

#[rustfmt::skip]
fn id(chance: &mut Chance) -> String {
    match chance.below(26) {
        // Databases: MongoDB, Cassandra's tokens, sequences, snowflakes, ULID, KSUID, CUID, Nano ID.
        0 => chance.text(HEX, 24),
        1 => format!("-{}", chance.text(b"123456789", 18)),
        2 => chance.text(b"123456789", 7),
        3 => format!("1{}", chance.text(DIGITS, 18)),
        4 => format!("01J{}", chance.text(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23)),
        5 => format!("2{}", chance.text(MIXED, 26)),
        6 => format!("c{}", chance.text(b"abcdefghijklmnopqrstuvwxyz0123456789", 24)),
        7 => chance.text(URL_SAFE, 21),
        // Clouds: instances, volumes, names of resources, zones.
        8 => format!("i-0{}", chance.text(HEX, 16)),
        9 => format!("vol-0{}", chance.text(HEX, 16)),
        10 => format!("arn:aws:lambda:eu-west-1:{}:function:resize-{}", chance.text(DIGITS, 12), chance.text(LETTERS, 6)),
        11 => format!("/subscriptions/{}/resourceGroups/rg-{}", uuid(chance), chance.text(LETTERS, 5)),
        12 => format!("projects/acme-{}/locations/europe-west3", chance.text(DIGITS, 6)),
        // Clusters and builds.
        13 => format!("api-{}-{}", chance.text(b"456789bcdf", 10), chance.text(b"bcdfghjklmnpqrstvwxz2456789", 5)),
        14 => format!("registry.example.com/team/app:1.{}.{}", chance.text(DIGITS, 2), chance.text(DIGITS, 1)),
        15 => format!("v0.{}.0-{}-{}", chance.text(DIGITS, 2), chance.text(DIGITS, 14), chance.text(HEX, 12)),
        // Objects of other people's APIs, which are public.
        16 => format!("cus_{}", chance.mixed(14)),
        17 => format!("chatcmpl-{}", chance.mixed(29)),
        18 => format!("msg_01{}", chance.mixed(22)),
        19 => format!("U{}", chance.text(CAPITALS, 10)),
        // Traces, times, addresses, places.
        20 => format!("00-{}-{}-01", chance.text(HEX, 32), chance.text(HEX, 16)),
        21 => format!("2026-0{}-1{}T0{}:31:07.{}Z", 1 + chance.below(9), chance.below(10), chance.below(10), chance.text(DIGITS, 6)),
        22 => format!("192.168.{}.{}:{}", chance.below(256), chance.below(256), 1024 + chance.below(60_000)),
        23 => format!("2001:db8:{}:{}::{}", chance.text(HEX, 4), chance.text(HEX, 4), chance.text(HEX, 4)),
        24 => format!("{}.{}, {}.{}", chance.text(b"12345", 2), chance.text(DIGITS, 6), chance.text(b"12345", 1), chance.text(DIGITS, 6)),
        _ => format!("ORD-{}-{}", 2020 + chance.below(7), chance.text(DIGITS, 7)),
    }
}

fn hash(chance: &mut Chance) -> String {
    let length = [16, 20, 28, 32, 64][chance.below(5)];
    let digest = chance.bytes(length);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    match chance.below(7) {
        0 => hex.to_uppercase(),
        1 => format!("sha256:{hex}"),
        2 => format!("sha384-{}", base64(&digest, STANDARD)),
        3 => base64(&digest, STANDARD),
        4 => format!("W/\"{}\"", &hex[..16]),
        5 => hex[..7].to_owned(),
        _ => hex,
    }
}

fn uuid(chance: &mut Chance) -> String {
    let hex = chance.text(HEX, 31);
    let version = chance.one_of(&["1", "4", "7"]);
    let text = format!(
        "{}-{}-{version}{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..15],
        &hex[15..19],
        &hex[19..]
    );
    match chance.below(5) {
        0 => text.to_uppercase(),
        1 => format!("urn:uuid:{text}"),
        2 => format!("{{{text}}}"),
        3 => text.replace('-', ""),
        _ => text,
    }
}

const DOCUMENTS: &[&str] = &[
    include_str!("../../LICENSE-APACHE"),
    include_str!("../../ARCHITECTURE.md"),
    include_str!("../../CHANGELOG.md"),
    include_str!("../../docs/FAULTS.md"),
    include_str!("../../docs/FORMAT.md"),
    include_str!("../../docs/SEEDS.md"),
    include_str!("../../docs/THREATS.md"),
];

/// Lines of documents.
pub(crate) fn sentences() -> Vec<&'static str> {
    let lines = DOCUMENTS.iter().flat_map(|document| document.lines()).map(str::trim);
    lines.filter(|line| line.len() > 12).collect()
}
