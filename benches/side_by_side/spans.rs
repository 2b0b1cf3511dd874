//! The spans that are measured. Every arm runs exactly this code.
//!
//! A span says operation, user, session, entry and a number when it opens, is
//! entered, is given its status later, left and closed.

use std::hint::black_box;

use tracing::field::Empty;
use tracing::{debug_span, info_span};

use super::corpus::Item;

/// What a burst is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Audited; all fields are `&str`.
    Text,
    /// Audited; fields are formatted with `%`.
    Formatted,
    /// Audited; formatted, with two entry ids by `tracing_audit::list`.
    Listed,
    /// As `Text`, inside three spans that each carry an identity more.
    Nested,
    /// The same fields under names that are not ours.
    Unaudited,
    /// As `Unaudited`, with one field, from each of 256 callsites in turn. Their
    /// addresses are so regular that none meet in our table.
    ManyCallsites,
    /// As `Unaudited`, a span that ten rules of a policy name and none takes.
    Candidate,
    /// The same, a span that a policy makes an operation of.
    Matched,
    /// A span of level DEBUG, where nobody wants one.
    Debug,
    /// A span of level INFO, where nobody wants one.
    Info,
}

impl Workload {
    const NAMED: [(&'static str, Workload); 10] = [
        ("str", Workload::Text),
        ("fmt", Workload::Formatted),
        ("list", Workload::Listed),
        ("depth3", Workload::Nested),
        ("unaudited", Workload::Unaudited),
        ("many_callsites", Workload::ManyCallsites),
        ("candidate", Workload::Candidate),
        ("matched", Workload::Matched),
        ("debug", Workload::Debug),
        ("info", Workload::Info),
    ];

    pub(crate) fn named(name: &str) -> Workload {
        let known = Self::NAMED.iter().find(|(known, _)| *known == name);
        known.expect("the name of a workload").1
    }

    pub(crate) fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, known)| *known == self).map_or("?", |(name, _)| name)
    }

    /// Whether each of its spans is an audited operation.
    pub(crate) fn is_audited(self) -> bool {
        use Workload::*;
        matches!(self, Text | Formatted | Listed | Nested | Matched)
    }

    /// Runs `timed` in the surroundings that this workload has.
    pub(crate) fn surrounded<R>(self, timed: impl FnOnce() -> R) -> R {
        if self != Workload::Nested {
            return timed();
        }
        let connection = info_span!("connection", audit.source = "203.0.113.7");
        connection.in_scope(|| {
            let request = info_span!("request", audit.org_id = "org-1");
            request.in_scope(|| info_span!("batch", audit.resource = "kb-1").in_scope(timed))
        })
    }

    /// One span per item.
    #[inline]
    pub(crate) fn run(self, items: &[Item]) {
        match self {
            Workload::Text | Workload::Nested => items.iter().for_each(text),
            Workload::Formatted => items.iter().for_each(formatted),
            Workload::Listed => items.iter().for_each(listed),
            Workload::Unaudited => items.iter().for_each(unaudited),
            Workload::ManyCallsites => items.chunks(CALLSITES).for_each(many_callsites),
            Workload::Candidate => items.iter().for_each(candidate),
            Workload::Matched => items.iter().for_each(matched),
            Workload::Debug => items.iter().for_each(debug),
            Workload::Info => items.iter().for_each(info),
        }
    }
}

fn text(item: &Item) {
    let span = info_span!(
        "store",
        audit.operation = "STORE",
        audit.user_id = item.user.as_str(),
        audit.session_id = item.session.as_str(),
        audit.entry_ids = item.entry.as_str(),
        audit.status = Empty,
        importance = item.importance,
    );
    let entered = span.enter();
    span.record("audit.status", "SUCCESS");
    drop(entered);
}

fn formatted(item: &Item) {
    let span = info_span!(
        "store",
        audit.operation = "STORE",
        audit.user_id = %item.user,
        audit.session_id = %item.session,
        audit.entry_ids = %item.entry,
        audit.status = Empty,
        importance = item.importance,
    );
    let entered = span.enter();
    span.record("audit.status", "SUCCESS");
    drop(entered);
}

fn listed(item: &Item) {
    let entries = [item.entry.as_str(), item.other_entry.as_str()];
    let span = info_span!(
        "store",
        audit.operation = "STORE",
        audit.user_id = %item.user,
        audit.session_id = %item.session,
        audit.entry_ids = tracing_audit::list(&entries),
        audit.status = Empty,
        importance = item.importance,
    );
    let entered = span.enter();
    span.record("audit.status", "SUCCESS");
    drop(entered);
}

fn unaudited(item: &Item) {
    let span = info_span!(
        "store",
        operation = "STORE",
        user_id = item.user.as_str(),
        session_id = item.session.as_str(),
        entry_ids = item.entry.as_str(),
        status = Empty,
        importance = item.importance,
    );
    let entered = span.enter();
    span.record("status", "SUCCESS");
    drop(entered);
}

/// What [`many_callsites`] has.
const CALLSITES: usize = 1 << 8;

/// One span for each item, each from a callsite of its own.
fn many_callsites(items: &[Item]) {
    /// Its body once, and twice as often with each word behind it.
    macro_rules! times {
        ($items:ident) => {
            if let Some(item) = $items.next() {
                let span = info_span!("store", user_id = item.user.as_str());
                let entered = span.enter();
                drop(entered);
            }
        };
        ($items:ident twice $($more:ident)*) => {
            times!($items $($more)*);
            times!($items $($more)*);
        };
    }
    let mut items = items.iter();
    times!(items twice twice twice twice twice twice twice twice);
}

fn candidate(item: &Item) {
    let span = info_span!(
        "candidate",
        operation = "STORE",
        user_id = item.user.as_str(),
        session_id = item.session.as_str(),
        entry_ids = item.entry.as_str(),
        status = Empty,
        importance = item.importance,
    );
    let entered = span.enter();
    span.record("status", "SUCCESS");
    drop(entered);
}

fn matched(item: &Item) {
    let span = info_span!(
        "matched",
        user_id = item.user.as_str(),
        session_id = item.session.as_str(),
        entry_ids = item.entry.as_str(),
        status = Empty,
        importance = item.importance,
    );
    let entered = span.enter();
    span.record("status", "SUCCESS");
    drop(entered);
}

fn debug(item: &Item) {
    let span = debug_span!("parse", user_id = item.user.as_str(), importance = item.importance);
    black_box(&span);
}

fn info(item: &Item) {
    let span = info_span!("parse", user_id = item.user.as_str(), importance = item.importance);
    black_box(&span);
}
