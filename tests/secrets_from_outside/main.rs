//! Redaction by default, tried from outside: what is promised to be hidden is in none of the
//! places that a trail leaves, and what is nobody's secret comes out as it went in.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]

mod benign;
mod chance;
mod found;
mod issued;
mod made;
mod places;
mod recorded;

use std::collections::BTreeMap;

use chance::Chance;
use found::Sought;
use made::{Secret, secret};
use places::Carried;

const SECRETS: usize = 5_000;
const BENIGN: usize = 5_000;

/// A count and two examples, by kind and place.
type Tally = BTreeMap<String, (usize, Vec<String>)>;

fn note(tally: &mut Tally, key: String, example: String) {
    let (count, examples) = tally.entry(key).or_default();
    *count += 1;
    if examples.len() < 2 {
        examples.push(example);
    }
}

fn shown(tally: &Tally) -> String {
    tally
        .iter()
        .map(|(key, (count, examples))| format!("{count:6} {key}\n         {}\n", examples.join("\n         ")))
        .collect()
}

#[test]
fn what_is_promised_to_be_hidden_is_nowhere() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut chance = Chance::seeded(std::env::var("SEED").map_or(0x5eed, |s| s.parse().unwrap()));
    let secrets: Vec<_> = (0..SECRETS).map(|turn| secret(turn, &mut chance)).collect();
    let carried: Vec<_> = secrets.iter().map(|secret| carried(secret, &mut chance)).collect();
    let mut sought = Sought::default();
    for (case, secret) in secrets.iter().enumerate() {
        secret.fragments.iter().for_each(|fragment| sought.add(fragment, case));
    }
    let seen = recorded::record(&carried);
    let mut leaks = Tally::new();
    for event in &seen.events {
        let case = recorded::case_of(event);
        for (part, text) in recorded::parts(event) {
            if sought.owners(text.as_bytes()).contains(&case) {
                note(&mut leaks, format!("{} in {part}", secrets[case].kind), text);
            }
        }
    }
    for event in &seen.streamed {
        for case in sought.owners(&serde_json::to_vec(&**event).unwrap()) {
            note(&mut leaks, format!("(stream) {}", secrets[case].kind), secrets[case].text.clone());
        }
    }
    for (place, bytes) in [("export", &seen.exported), ("journal", &seen.journal)] {
        for case in sought.owners(bytes) {
            note(&mut leaks, format!("({place}) {}", secrets[case].kind), secrets[case].text.clone());
        }
    }
    std::fs::write("/tmp/team/o-leaks.txt", shown(&leaks)).unwrap();
    assert!(leaks.is_empty(), "{}", shown(&leaks));
}

#[test]
fn what_is_nobodys_secret_comes_out_as_it_went_in() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut chance = Chance::seeded(std::env::var("SEED").map_or(0xbe9, |s| s.parse().unwrap()));
    let values: Vec<_> = (0..BENIGN).map(|turn| benign::benign(turn, &mut chance)).collect();
    let carried: Vec<_> = values
        .iter()
        .map(|value| Carried { telling: None, ..Carried::everywhere(&value.text, &mut chance) })
        .collect();
    let seen = recorded::record(&carried);
    let mut touched = Tally::new();
    let mut of = 0;
    for (event, carried) in seen.events.iter().zip(&carried) {
        let kind = values[recorded::case_of(event)].kind;
        for (part, text) in recorded::parts(event) {
            of += 1;
            let put = match part.as_str() {
                "note" => &carried.note,
                "detail" => &carried.detail,
                "error" => &carried.error,
                "resource" => &carried.resource,
                "source" => &carried.source,
                "panic.message" => &carried.panic,
                "session" => carried.session.as_ref().unwrap(),
                "entry" => carried.entry.as_ref().unwrap(),
                "org" => carried.org.as_ref().unwrap(),
                "actor" => carried.actor.as_ref().unwrap(),
                "number" => &carried.number.unwrap().to_string(),
                "nested" => &serde_json::json!({"step": 3, "items": [{"text": carried.nested}]}).to_string(),
                other => panic!("nobody put {other}"),
            };
            if text != *put {
                note(&mut touched, format!("{kind} in {part}"), format!("{put:?} -> {text:?}"));
            }
        }
    }
    let count: usize = touched.values().map(|(count, _)| count).sum();
    std::fs::write("/tmp/team/o-touched.txt", format!("{count} of {of}\n{}", shown(&touched))).unwrap();
    assert!(count * 1_000 <= of, "{count} of {of} were touched\n{}", shown(&touched));
}

fn carried(secret: &Secret, chance: &mut Chance) -> Carried {
    if secret.needs_name {
        return Carried::under_a_name(&secret.text, chance);
    }
    let mut carried = Carried::everywhere(&secret.text, chance);
    if secret.is_address {
        (carried.session, carried.entry) = (None, None);
        (carried.org, carried.actor) = (None, None);
    }
    carried
}
