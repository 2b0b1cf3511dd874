//! Entries of kind `log`: facts about the log, as events.

use std::path::Path;

use serde_json::{Value, json};

use crate::event::row::time_from_us;
use crate::event::{Actor, AuditEvent, Kind, Status};
use crate::journal::{Cut, CutReason, PackedSegment, SealedSegment};
use crate::ledger::{Opened, PrunePlan};
use crate::proof::VerifierKey;
use crate::worker::decode::Times;
use crate::worker::state::Worker;

/// Wall clock and monotonic clock may part by so much before an entry says so.
const CLOCK_STEP_US: i64 = 1_000_000;

/// The operation of the entry that says that segments are removed.
pub(super) const PRUNE: &str = "PRUNE";

impl Worker {
    /// Appends the facts that came up where nothing could be appended.
    pub(in crate::worker) fn append_facts(&mut self, times: Times) {
        while self.trail.keeper.takes_facts() {
            let Some(kept) = self.trail.keeper.open_mut() else { return };
            let Some(fact) = kept.facts.pop_front() else { return };
            // There is room; what fails is told by the next sync.
            let _ = self.append_only(&fact, times, true);
        }
    }

    /// The wall clock was set: times before and after cannot be compared.
    pub(in crate::worker) fn note_clock_step(&mut self, step_us: i64, times: Times) {
        if step_us.abs() > CLOCK_STEP_US {
            self.note(fact("CLOCK", times, [("stepped_us", step_us.into())]));
        }
        self.hold_pruning_after(step_us);
    }

    /// Events left the buffer: those before this sequence are not held any more.
    pub(in crate::worker) fn note_rotation(
        &mut self,
        events: u64,
        through: u64,
        path: Option<&Path>,
        times: Times,
    ) {
        if let Some(kept) = self.trail.keeper.open_mut() {
            kept.released_through = kept.released_through.max(through);
            if path.is_some() {
                kept.exported_through = kept.exported_through.max(through);
            }
        }
        let facts = [
            ("events", Some(events.into())),
            ("through", Some(through.into())),
            ("path", path.map(path_value)),
        ];
        self.note(fact("ROTATE", times, present(facts)));
    }

    /// A document holds the events before this sequence.
    pub(in crate::worker) fn note_export(&mut self, through: u64, path: &Path, times: Times) {
        if let Some(kept) = self.trail.keeper.open_mut() {
            kept.exported_through = kept.exported_through.max(through);
        }
        let facts = [("through", through.into()), ("path", path_value(path))];
        self.note(fact("EXPORT", times, facts));
    }

    pub(super) fn note_seal(&mut self, sealed: &SealedSegment, times: Times) {
        let facts = [
            ("first", sealed.first.0.into()),
            ("next", sealed.next.0.into()),
            ("bytes", sealed.bytes.into()),
        ];
        self.note(fact("SEAL", times, facts));
        self.append_facts(times);
    }

    /// A sealed segment was compressed and indexed.
    pub(super) fn note_packed(&mut self, segment: &PackedSegment, times: Times) {
        let facts = [
            ("first", segment.first.0.into()),
            ("next", segment.next.0.into()),
            ("bytes", segment.raw_bytes.into()),
            ("zst_bytes", segment.packed.bytes.into()),
            ("zst_sha256", hex(&segment.packed.sha256).into()),
            ("idx_bytes", segment.index.bytes.into()),
            ("idx_sha256", hex(&segment.index.sha256).into()),
        ];
        self.note(fact("SEAL", times, facts));
        self.append_facts(times);
    }

    fn note(&mut self, fact: AuditEvent) {
        if let Some(kept) = self.trail.keeper.open_mut() {
            kept.facts.push_back(fact);
        }
    }
}

/// The first entry after an opening. `unfinished` is the last entry before it,
/// where its event should have gone on.
pub(super) fn opening(
    opened: &Opened,
    unfinished: Option<&AuditEvent>,
    host: &str,
    times: Times,
) -> AuditEvent {
    let report = &opened.report;
    let cuts = (!report.cuts.is_empty()).then(|| report.cuts.iter().map(cut_value).collect());
    let facts = [
        ("host", Some(host.into())),
        ("process", Some(std::process::id().into())),
        ("version", Some(env!("CARGO_PKG_VERSION").into())),
        ("log", Some(report.log.to_string().into())),
        ("origin", Some(opened.origin.as_str().into())),
        ("vkey", Some(opened.verifier.to_string().into())),
        ("is_new", Some(report.is_new.into())),
        // Without it, entries that nobody was told of may be missing.
        ("was_closed", Some(report.was_closed.into())),
        ("size", Some(report.size.into())),
        ("cuts", cuts),
        ("unfinished", unfinished.map(unfinished_value)),
        ("abandoned_vkey", opened.abandoned_key.as_ref().map(|key| key.to_string().into())),
        ("rebuilt_tiles", Some(opened.rebuilt_tiles).filter(|tiles| *tiles > 0).map(Value::from)),
    ];
    fact("OPEN", times, present(facts))
}

/// Segments are about to be removed.
pub(super) fn pruning(plan: &PrunePlan, times: Times) -> AuditEvent {
    let facts = [
        ("from", plan.from.into()),
        ("first", plan.first.into()),
        ("segments", plan.segments.len().into()),
        ("bytes", plan.bytes.into()),
    ];
    fact(PRUNE, times, facts)
}

/// Another key is about to come into use.
pub(super) fn key_change(key: &VerifierKey, times: Times) -> AuditEvent {
    fact("KEY", times, [("vkey", key.to_string().into())])
}

/// The last entry before a closing.
pub(super) fn closing(recorded: u64, lost: Value, why: Option<&str>, times: Times) -> AuditEvent {
    let facts =
        [("recorded", Some(recorded.into())), ("lost", Some(lost)), ("why", why.map(Value::from))];
    fact("CLOSE", times, present(facts))
}

fn fact<'a>(
    operation: &str,
    times: Times,
    facts: impl IntoIterator<Item = (&'a str, Value)>,
) -> AuditEvent {
    let mut builder = AuditEvent::builder(operation)
        .actor(Actor::System)
        .status(Status::Success)
        .timestamp(time_from_us(times.recorded_us));
    for (key, value) in facts {
        builder = builder.metadata(key, value);
    }
    let mut event = builder.build();
    event.kind = Kind::Log;
    event
}

fn present<const N: usize>(
    facts: [(&str, Option<Value>); N],
) -> impl Iterator<Item = (&str, Value)> {
    facts.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn path_value(path: &Path) -> Value {
    path.to_string_lossy().into()
}

fn unfinished_value(last: &AuditEvent) -> Value {
    json!({ "event_id": last.event_id, "sequence": last.sequence, "part": last.part })
}

fn cut_value(cut: &Cut) -> Value {
    let reason = match cut.reason {
        CutReason::Torn => "torn",
        CutReason::ZeroFill => "zero_fill",
        CutReason::Unknown => "unknown",
    };
    json!({
        "segment": cut.segment,
        "offset": cut.offset,
        "bytes": cut.bytes,
        "sequence": cut.sequence,
        "reason": reason,
    })
}
