//! The audit trail: everything that this program has to do for one.
//!
//! [`Trail::begin`] opens the journal and adds the audit layer to the
//! subscriber; that is all. The rest reads the trail back, from the files it
//! was exported to, the way an auditor would who has nothing else, and verifies
//! the journal against the checkpoint that an earlier run left elsewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tracing_audit::export::{Format, read};
use tracing_audit::verify::{Finding, FindingKind, Severity, Standing, Verdict, Verification};
use tracing_audit::{Audit, AuditEvent, AuditLayer, JournalSettings, Operation};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::prelude::*;

use crate::Failure;
use crate::tally::Totals;

/// Small, so that a run shows a rotation: what is beyond goes to a file.
const BUFFER_EVENTS_MAX: usize = 1_000;
/// The trail on disk, and where its checkpoints are copied to: in earnest that
/// is another machine.
const JOURNAL: &str = "audit";
const CHECKPOINTS: &str = "audit_checkpoints";
/// How long the trail may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Trail {
    pub audit: Audit,
    directory: PathBuf,
    /// Exports of earlier runs.
    earlier: BTreeSet<PathBuf>,
    /// The first place of this run in the trail.
    first_sequence: u64,
    /// What the journal was found to be before it was opened; none in the
    /// first run.
    pub found: Option<Verdict>,
}

/// All that was recorded.
pub(crate) struct Recorded {
    pub totals: Totals,
    pub events: Vec<AuditEvent>,
    pub last_export: PathBuf,
    /// What the journal is found to be now.
    pub verdict: Verdict,
}

impl Trail {
    /// Audits this process from here on. `RUST_LOG` switches on the ordinary
    /// log, which has its own filter and no influence on the trail.
    pub(crate) fn begin(directory: &Path) -> Result<Trail, Failure> {
        let found = found()?;
        let (layer, audit) = AuditLayer::builder()
            .journal(JournalSettings::new(JOURNAL).checkpoint_copy(CHECKPOINTS))
            .buffer_events_max(BUFFER_EVENTS_MAX)
            .export_directory(directory)
            .collapse(Operation::Import)
            .build()?;
        let journal = audit.health().journal.ok_or("the trail has no journal")?;
        let off = EnvFilter::builder().with_default_directive(LevelFilter::OFF.into());
        let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        tracing_subscriber::registry()
            .with(log.with_filter(off.from_env_lossy()))
            .with(layer)
            .init();
        let findings = audit.self_check();
        if !findings.is_empty() {
            return Err(format!("audited spans do not arrive: {findings:?}").into());
        }
        // What a kill left unfinished, opening has finished.
        let found = match found {
            Some(found) if !is_well(&found) => Some(verify()?),
            found => found,
        };
        let earlier = exports(directory)?;
        let (directory, first_sequence) = (directory.to_owned(), journal.size);
        Ok(Trail { audit, directory, earlier, first_sequence, found })
    }

    /// Ends the trail, which exports what is left, and reads all exports of
    /// this run: by the library, and by nothing but a JSON reader for what is
    /// counted.
    pub(crate) fn end(&self) -> Result<Recorded, Failure> {
        let report = self.audit.shutdown(PATIENCE);
        if !report.is_complete || !report.lost.is_empty() {
            return Err(format!("the trail did not end well: {report:?}").into());
        }
        let last_export = report.export_path.ok_or("the last export went nowhere")?;
        let files = exports(&self.directory)?;
        let mut counter = Counter { first_sequence: self.first_sequence, ..Counter::default() };
        let mut events = Vec::new();
        for file in files.difference(&self.earlier) {
            let bytes = std::fs::read(file)?;
            counter.count(&serde_json::from_slice(&bytes)?)?;
            events.extend(read(Format::default(), bytes.as_slice())?);
        }
        let is_of_this_run = |event: &AuditEvent| {
            event.sequence.is_some_and(|sequence| sequence.0 >= self.first_sequence)
        };
        events.retain(is_of_this_run);
        let totals = counter.end(report.recorded)?;
        let verdict = verify()?;
        if verdict.standing() != Standing::Anchored {
            return Err(refused(&verdict));
        }
        Ok(Recorded { totals, events, last_export, verdict })
    }
}

/// What earlier runs left, checked byte by byte against the checkpoints that
/// were copied; none if there is no journal yet. A run that was killed may have
/// left files behind that are made from the entries, and that opening makes
/// again; or nothing that was signed, if it had only just begun.
fn found() -> Result<Option<Verdict>, Failure> {
    if !Path::new(JOURNAL).exists() {
        return Ok(None);
    }
    let copies = copies()?;
    let verdict = verification(&copies)?.run();
    let has_begun =
        |finding: &&Finding| finding.kind != FindingKind::Unsigned || !copies.is_empty();
    let in_logs = verdict.logs.iter().flat_map(|log| &log.findings);
    let worst =
        in_logs.chain(&verdict.findings).filter(has_begun).map(|found| found.severity).max();
    match worst {
        Some(Severity::Tampered) => Err(refused(&verdict)),
        _ => Ok(Some(verdict)),
    }
}

/// The same check, which the journal has to pass.
fn verify() -> Result<Verdict, Failure> {
    let verdict = verification(&copies()?)?.run();
    if is_well(&verdict) { Ok(verdict) } else { Err(refused(&verdict)) }
}

fn is_well(verdict: &Verdict) -> bool {
    matches!(verdict.standing(), Standing::Anchored | Standing::SelfAttested)
}

fn verification(copies: &[PathBuf]) -> Result<Verification<'static>, Failure> {
    let mut verification = Verification::of(JOURNAL);
    for copy in copies {
        verification = verification.checkpoint_file(copy)?;
    }
    Ok(verification)
}

/// The checkpoints that were copied; others are on their way.
fn copies() -> Result<Vec<PathBuf>, Failure> {
    let mut copies = Vec::new();
    if Path::new(CHECKPOINTS).exists() {
        for copy in std::fs::read_dir(CHECKPOINTS)? {
            copies.push(copy?.path());
        }
    }
    copies.retain(|path| path.extension().is_some_and(|kind| kind == "checkpoint"));
    Ok(copies)
}

fn refused(verdict: &Verdict) -> Failure {
    format!("the journal is {:?}: {:?}", verdict.standing(), verdict.logs).into()
}

/// The export documents in a directory.
fn exports(directory: &Path) -> std::io::Result<BTreeSet<PathBuf>> {
    if !directory.exists() {
        return Ok(BTreeSet::new());
    }
    let paths = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let is_export = |path: &std::io::Result<PathBuf>| {
        path.as_ref().is_ok_and(|path| path.extension().is_some_and(|kind| kind == "json"))
    };
    paths.filter(is_export).collect()
}

/// Counts what is in export documents. What an earlier run that was killed
/// could not export any more is among them, and does not count.
#[derive(Default)]
struct Counter {
    first_sequence: u64,
    totals: Totals,
    sequences: Vec<u64>,
}

impl Counter {
    fn count(&mut self, document: &Value) -> Result<(), Failure> {
        let events = document["events"].as_array().ok_or("an export without events")?;
        if document["total_events"].as_u64() != u64::try_from(events.len()).ok() {
            return Err("an export that miscounts its events".into());
        }
        for event in events {
            let sequence = event["sequence"].as_u64();
            let sequence = sequence.ok_or("an event without a sequence number")?;
            if sequence < self.first_sequence {
                continue;
            }
            self.sequences.push(sequence);
            let text = |key: &str| event[key].as_str().ok_or(format!("an event without {key}"));
            let user = text("user_id").or_else(|_| text("actor"))?;
            self.totals.count(text("operation")?, text("status")?, user);
        }
        Ok(())
    }

    /// Every event of this run was exported, and none of them twice.
    fn end(mut self, recorded: u64) -> Result<Totals, Failure> {
        let exported = self.sequences.len();
        self.sequences.sort_unstable();
        self.sequences.dedup();
        if self.sequences.len() == exported && self.totals.operations() == recorded {
            return Ok(self.totals);
        }
        Err(format!("of {recorded} events, {exported} were exported").into())
    }
}
