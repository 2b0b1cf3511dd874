//! A campaign of power cuts: a worker records on a simulated disk until the
//! power is cut at a step of chance; then its log is verified, opened again,
//! verified again, and compared with what callers were told.
//!
//! `.ci/campaign` runs it longer, and can switch syncing off to show that it
//! can fail.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::journal_rig::{Disk, event, long_event};
use super::rig::Rig;
use crate::event::{EventId, Sequence};
use crate::journal::{LogReader, logs_under};
use crate::verify::{FindingKind, Severity, Verification};
use crate::worker::request::Request;

/// How many cycles `.ci/campaign` wants.
const CYCLES: &str = "TRACING_AUDIT_CAMPAIGN_CYCLES";

/// Whether it wants syncs that do nothing.
const WITHOUT_SYNC: &str = "TRACING_AUDIT_CAMPAIGN_WITHOUT_SYNC";

/// Cycles that share a disk.
const CYCLES_PER_DISK: u64 = 10;

/// What came of it.
#[derive(Debug, Default)]
struct Tally {
    cycles: u64,
    acknowledged: u64,
    lost: u64,
    unverifiable: u64,
}

/// One log, from power cut to power cut.
struct Campaign {
    disk: Disk,
    chance: u64,
    next: u64,
    told: Vec<(EventId, Range<u64>)>,
}

#[test]
fn power_cuts_lose_nothing_acknowledged_and_leave_what_verifies() {
    let wanted = std::env::var(CYCLES).ok();
    let cycles = wanted.as_ref().map_or(100, |cycles| cycles.parse().unwrap());
    let tally = run(cycles, std::env::var_os(WITHOUT_SYNC).is_none());
    if wanted.is_some() {
        use std::io::Write as _;
        std::io::stdout().write_all(format!("{tally}\n").as_bytes()).unwrap();
    }
    assert!(tally.acknowledged > cycles, "{tally}");
    assert_eq!((tally.lost, tally.unverifiable), (0, 0), "{tally}");
}

#[test]
fn without_syncing_power_cuts_lose_what_was_acknowledged() {
    let tally = run(40, false);
    assert!(tally.lost > 0, "{tally}");
}

fn run(cycles: u64, is_syncing: bool) -> Tally {
    let mut tally = Tally::default();
    let mut chance = 0;
    while tally.cycles < cycles {
        let disk = Disk::default();
        disk.fs.disk().syncs_lie = !is_syncing;
        let mut campaign = Campaign { disk, chance, next: 0, told: Vec::new() };
        for _ in 0..CYCLES_PER_DISK.min(cycles - tally.cycles) {
            if !campaign.cycle(&mut tally) {
                break;
            }
        }
        chance = campaign.chance;
    }
    tally
}

impl Campaign {
    /// Whether the log can be taken up again.
    fn cycle(&mut self, tally: &mut Tally) -> bool {
        let before = self.told.len();
        self.record_until_the_power_is_cut();
        tally.cycles += 1;
        tally.acknowledged += (self.told.len() - before) as u64;
        let is_verified = self.is_verified(Severity::Rebuildable);
        let is_opened = self.take_up();
        let is_verified = is_verified && is_opened && self.is_verified(Severity::Notice);
        tally.unverifiable += u64::from(!is_verified);
        let lost = self.lost();
        tally.lost += lost;
        is_verified && lost == 0
    }

    fn record_until_the_power_is_cut(&mut self) {
        if let Ok(mut rig) = self.disk.try_rig(None) {
            let steps = 1 + self.below(60);
            let at = self.disk.fs.disk().calls_total() + steps;
            self.disk.fs.disk().crash_at = Some(at);
            while !self.disk.fs.disk().has_crashed() {
                self.record(&mut rig);
            }
        }
        let seed = self.below(u64::MAX);
        self.disk.fs.disk().crash(seed);
    }

    /// Some callers record, spans complete, and time passes.
    fn record(&mut self, rig: &mut Rig) {
        let (callers, spans, ms) = (1 + self.below(5), self.below(30), self.below(50));
        rig.complete(spans);
        let mut replies = Vec::new();
        for _ in 0..callers {
            let event = match self.below(8) {
                0 => long_event(self.next, 500 + self.below(2_000)),
                _ => event(self.next),
            };
            replies.push((event.event_id, rig.begin_to_ask(|reply| Request::Record(event, reply))));
            self.next += 1;
        }
        rig.pass(ms);
        for (id, mut reply) in replies {
            if let Ok(Ok(stored)) = reply.try_recv() {
                self.told.push((id, stored.sequence.0..stored.end()));
            }
        }
    }

    fn take_up(&mut self) -> bool {
        let mut rig = match self.disk.try_rig(None) {
            Ok(rig) => rig,
            Err(error) => {
                self.say(&error.to_string());
                return false;
            }
        };
        rig.pass(2_000);
        rig.ask(Request::shutdown).is_some()
    }

    /// Says what speaks against it.
    fn is_verified(&self, allowed: Severity) -> bool {
        let verdict = Verification::of("/audit").on(Arc::new(self.disk.fs.clone())).run();
        let findings = verdict.logs.iter().flat_map(|log| &log.findings).chain(&verdict.findings);
        // A log that never was, or was not signed yet, has nothing to verify.
        let is_unborn = |kind| matches!(kind, FindingKind::Unsigned | FindingKind::Io);
        let against = findings.filter(|finding| {
            finding.severity > allowed && !(self.told.is_empty() && is_unborn(finding.kind))
        });
        against.inspect(|finding| self.say(&format!("{finding:?}"))).count() == 0
    }

    fn lost(&self) -> u64 {
        let entries = self.entries();
        let is_there = |(id, places): &&(EventId, Range<u64>)| {
            let id = id.to_string();
            let has_id = |at| entries.get(at as usize).is_some_and(|entry| entry.contains(&id));
            places.clone().all(has_id)
        };
        (self.told.len() - self.told.iter().filter(is_there).count()) as u64
    }

    /// Whatever can be read.
    fn entries(&self) -> Vec<String> {
        let parent = Path::new("/audit");
        let logs = logs_under(&self.disk.fs, parent).unwrap_or_default();
        let directories = logs.iter().map(|log| parent.join(format!("log-{log}")));
        directories.flat_map(|directory| self.entries_of(directory)).collect()
    }

    fn entries_of(&self, directory: PathBuf) -> Vec<String> {
        let mut read = Vec::new();
        let Ok(reader) = LogReader::open(Arc::new(self.disk.fs.clone()), &directory) else {
            return read;
        };
        let mut entries = reader.entries_from(Sequence(0));
        while let Ok(Some((_, entry))) = entries.next_entry() {
            read.push(String::from_utf8_lossy(entry).into_owned());
        }
        read
    }

    /// Shown if the test fails.
    #[expect(clippy::print_stdout, reason = "what it finds is what it is for")]
    fn say(&self, what: &str) {
        if !self.disk.fs.disk().syncs_lie {
            println!("{what}");
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { cycles, acknowledged, lost, unverifiable } = self;
        write!(f, "cycles {cycles}, acknowledged {acknowledged}, lost {lost}, ")?;
        write!(f, "unverifiable {unverifiable}")
    }
}
