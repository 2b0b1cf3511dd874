//! 10,000 secrets in fields of every kind of a trail with default settings, of
//! which none is found in what comes out of it; and 10,000 values that are
//! none, of which at most one in a thousand is touched.
//!
//! Neither corpus is made from the patterns of the detectors. Secrets are made
//! by what issues them where that can be had ([`made`]: keys by `openssl`, web
//! tokens signed for real), and else to the descriptions that issuers publish
//! ([`issued`]); card numbers are the ranges of ISO/IEC 7812 with a check digit.
//! What is no secret ([`benign`]) is ids, hashes and UUIDs as databases, clouds
//! and tools print them, and sentences from documents.
//!
//! What comes out is searched as bytes, not as what it means: every file below
//! the directory of journal and exports, packed segments unpacked; the events
//! of queries, of a subscription and of sinks; reports, tables and what the
//! error hook was told.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]
#![expect(clippy::disallowed_methods, reason = "only the library has gates for files")]

mod benign;
mod chance;
mod issued;
mod made;
mod places;
mod search;
mod trail;

use chance::Chance;
use issued::{Secret, secret};
use places::{PLACES, benign_in, record};
use search::Search;
use tracing_audit::redaction::Redaction;
use trail::Trail;

const COUNT: usize = 10_000;

fn secrets(seed: u64, count: usize) -> Vec<Secret> {
    let (mut chance, made) = (Chance::new(seed), made::Made::new());
    (0..count).map(|_| secret(&mut chance, &made)).collect()
}

#[test]
fn of_10_000_secrets_in_fields_of_every_kind_none_comes_out() {
    let secrets = secrets(1, COUNT);
    let trail = Trail::new(Redaction::new());
    for (number, secret) in secrets.iter().enumerate() {
        record(&trail, secret, number);
    }
    let search = Search::new(&secrets);
    let found = trail.end(|name, bytes| search.found(name, bytes));
    let leaked: Vec<_> = found
        .iter()
        .map(|(number, wheres)| {
            format!("{:?} from place {} in {wheres:?}", secrets[*number], number % PLACES)
        })
        .collect();
    assert!(
        leaked.is_empty(),
        "{} leaked:\n{}",
        leaked.len(),
        leaked[..leaked.len().min(40)].join("\n")
    );
}

/// That nothing is found would say nothing if nothing could be.
#[test]
fn without_redaction_each_of_them_comes_out_everywhere() {
    let secrets = secrets(2, 20 * PLACES);
    let trail = Trail::new(Redaction::nothing());
    for (number, secret) in secrets.iter().enumerate() {
        record(&trail, secret, number);
    }
    let search = Search::new(&secrets);
    let found = trail.end(|name, bytes| search.found(name, bytes));
    for (number, secret) in secrets.iter().enumerate() {
        let wheres = found.get(&number).map(Vec::as_slice).unwrap_or_default();
        for way in ["query", "subscription", "sink", "journal", "export"] {
            let is_there = wheres.iter().any(|known| known.starts_with(way));
            assert!(
                is_there,
                "{secret:?} from place {} is not in {way}: {wheres:?}",
                number % PLACES
            );
        }
    }
    let wheres: std::collections::BTreeSet<_> = found.values().flatten().collect();
    assert!(wheres.iter().any(|known| known.contains("packed")), "{wheres:?}");
}

#[test]
fn of_10_000_values_that_are_no_secrets_at_most_one_in_a_thousand_is_touched() {
    let mut chance = Chance::new(3);
    let sentences = benign::sentences();
    let values: Vec<_> = (0..COUNT).map(|_| benign::value(&mut chance, &sentences)).collect();
    let trail = Trail::new(Redaction::new());
    for (number, value) in values.iter().enumerate() {
        trail.audit.record(benign_in(value, number)).unwrap();
    }
    let events = trail.events();
    let touched: Vec<_> = values
        .iter()
        .enumerate()
        .filter(|(number, value)| {
            let want = benign_in(value, *number);
            let have = &events[*number];
            (&have.metadata, &have.error_message, &have.session_id, &have.user_id, &have.resource)
                != (
                    &want.metadata,
                    &want.error_message,
                    &want.session_id,
                    &want.user_id,
                    &want.resource,
                )
                || (&have.entry_ids, &have.source, &have.org_id)
                    != (&want.entry_ids, &want.source, &want.org_id)
        })
        .map(|(number, value)| format!("{value:?} became {:?}", events[number]))
        .collect();
    assert!(touched.len() <= COUNT / 1_000, "{} touched:\n{}", touched.len(), touched.join("\n"));
}
