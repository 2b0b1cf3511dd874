//! One step of the worker. Deterministic: everything it depends on is in the
//! lanes, the injected clock and its own state.

use std::sync::PoisonError;
use std::time::Duration;

use crate::capture::{Capture, Captured, Intake, recycle};
use crate::channel::{Gap, LossReason};
use crate::error::{Error, Result};
use crate::event::packed::PackedIds;
use crate::event::row::time_from_us;
use crate::event::{Actor, AuditEvent, Kind, Status};
use crate::self_check::CANARY_TARGET;
use crate::statistics::StatisticsRecorder;

use super::decode::Times;
use super::request::Request;
use super::state::{PUBLISH_EVERY, Worker};
use super::trail::{Stored, Wanted};

/// Most events of one turn, so that requests and rotation get theirs too.
const TURN_EVENTS_MAX: usize = 4_096;

/// Most events between two looks at what else is due.
const CHUNK_EVENTS: usize = 256;

/// Wall and monotonic clock may disagree by so much before timestamps follow
/// the wall clock; reading two clocks one after the other never is exact.
const CLOCK_TOLERANCE_US: i64 = 1_000;

/// Somebody may be told where it is, and everybody sees it.
const RECEIPTED: Wanted = Wanted { streamed: true, leaf: true };

/// What a turn found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing to do, and nothing that readers do not see.
    Idle,
    /// Nothing to do, but news are to be published soon.
    NewsPending,
    /// Something was done.
    Worked,
    /// More data waits than one turn takes.
    MoreWaits,
}

impl Worker {
    /// Takes what waits, appends it, answers requests, rotates, publishes.
    pub(super) fn turn(&mut self) -> Turn {
        self.pending.extend(self.requests.try_iter());
        let has_requests = !self.pending.is_empty();
        let times = self.times();
        self.append_facts(times);
        let (taken, more_waits) = self.take_data(times, has_requests);
        self.append_gaps(times);
        self.tell_problems();
        if has_requests {
            // Who is answered may look at health next.
            self.publish_totals();
        }
        while let Some(request) = self.pending.pop_front() {
            self.answer(request, times);
        }
        self.gather_callers(times);
        self.keep_journal(times);
        self.keep_history(times);
        self.publish_if_due();
        recycle(&mut self.used);
        self.given_back.give_back_if_due();
        match (taken > 0 || has_requests, more_waits, self.trail.has_news) {
            (_, true, _) => Turn::MoreWaits,
            (true, ..) => Turn::Worked,
            (false, _, true) => Turn::NewsPending,
            (false, _, false) => Turn::Idle,
        }
    }

    /// How long news may still wait before they are published.
    pub(super) fn until_publish(&self) -> Duration {
        let waited_ns = self.intake.clock.monotonic_ns().saturating_sub(self.last_published_ns);
        PUBLISH_EVERY.saturating_sub(Duration::from_nanos(waited_ns))
    }

    /// Gives up for good: the lanes are emptied and counted from here on.
    pub(super) fn poison(&mut self) {
        self.poisoned = true;
        self.published.totals.lock().unwrap_or_else(PoisonError::into_inner).poisoned = true;
    }

    /// After a panic: counts the event that was in hand, and puts the buffer in
    /// order.
    pub(super) fn recover(&mut self) {
        if self.trail.settle_in_hand() {
            self.lose(LossReason::WorkerPanic, 1);
        }
        self.restore_from_journal();
    }

    pub(super) fn lose(&self, reason: LossReason, count: u64) {
        self.intake.losses.add(reason, count, self.intake.clock.monotonic_ns());
    }

    pub(super) fn times(&mut self) -> Times {
        let clock = &self.intake.clock;
        let (wall_us, monotonic_us) = (clock.wall_us(), (clock.monotonic_ns() / 1_000) as i64);
        let step_us = wall_us - monotonic_us - self.offset_us;
        if step_us.abs() > CLOCK_TOLERANCE_US {
            self.offset_us += step_us;
            self.note_clock_step(step_us, self.current_times());
        }
        self.current_times()
    }

    /// The times by the clocks as they were last compared.
    pub(super) fn current_times(&self) -> Times {
        let monotonic_us = (self.intake.clock.monotonic_ns() / 1_000) as i64;
        Times { offset_us: self.offset_us, recorded_us: monotonic_us + self.offset_us }
    }

    /// Appends what waits in the data lane; all of it if somebody waits for it.
    fn take_data(&mut self, times: Times, all: bool) -> (usize, bool) {
        let waiting = self.data.len();
        let limit = if all { waiting } else { waiting.min(TURN_EVENTS_MAX) };
        if limit == 0 {
            return (0, false);
        }
        // Whoever subscribes from here on did so after what is taken had been completed.
        self.is_watched = self.trail.has_subscribers();
        let mut taken = 0;
        while taken < limit {
            let more = self.take_some(times, (limit - taken).min(CHUNK_EVENTS));
            taken += more;
            self.intake.data.made_room();
            recycle(&mut self.used);
            if std::mem::take(&mut self.sync_soon) {
                self.sync_journal();
            } else if self.trail.keeper.wants_sync() {
                self.begin_sync_journal();
            }
            if more == 0 {
                break;
            }
        }
        (taken, waiting > limit)
    }

    /// Takes a few, under one lock of the statistics: no sync happens under it.
    fn take_some(&mut self, times: Times, limit: usize) -> usize {
        let published = self.published.clone();
        let mut statistics = published.statistics.lock().unwrap_or_else(PoisonError::into_inner);
        let intake = self.intake.clone();
        let mut taken = 0;
        while taken < limit {
            let Some(parcel) = self.data.try_recv() else { break };
            // What callers wrote takes as long to get here as an event takes.
            Capture::ask_to_read(self.data.next_address());
            taken += 1;
            self.take_captured(&intake, &Captured::of(parcel), times, &mut statistics);
            self.used.push(parcel);
            if self.trail.keeper.wants_room() {
                break;
            }
        }
        taken
    }

    fn take_captured(
        &mut self,
        intake: &Intake,
        captured: &Captured<'_>,
        times: Times,
        statistics: &mut StatisticsRecorder,
    ) {
        if self.poisoned {
            self.lose(LossReason::WorkerPanic, 1);
        } else if self.shutdown.is_some() {
            self.lose(LossReason::AfterShutdown, 1);
        } else {
            self.append_captured(intake, captured, times, statistics);
        }
    }

    /// `intake` is the worker's own: counting its users once for each event would
    /// take it away from the threads that use it.
    pub(super) fn append_captured(
        &mut self,
        intake: &Intake,
        captured: &Captured<'_>,
        times: Times,
        statistics: &mut StatisticsRecorder,
    ) {
        let Some(callsite) = intake.callsites.by_index(captured.callsite) else { return };
        if callsite.metadata.target() == CANARY_TARGET {
            return self.note_canary(captured);
        }
        let row = self.decoder.row(captured, callsite, times, intake.clock.as_dyn());
        let row = self.hiding.captured(&row, captured);
        let wanted = Wanted { streamed: self.is_watched, leaf: false };
        match self.trail.append(&row, statistics, wanted) {
            Ok(_) => {
                self.policy.note(&row);
                self.sync_soon |= captured.ruled.is_some_and(|plan| plan.is_durable());
                self.rotate_if_full(times);
            }
            Err(reason) => self.lose(reason, 1),
        }
    }

    /// Appends what users recorded by hand, without what must not be kept.
    pub(super) fn append(
        &mut self,
        event: &AuditEvent,
        times: Times,
    ) -> Result<Stored, LossReason> {
        let row = self.scratch.row(event, times.recorded_us);
        let row = self.hiding.given(&row);
        let mut statistics =
            self.published.statistics.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = self.trail.append(&row, &mut statistics, RECEIPTED)?;
        drop(statistics);
        self.policy.note(&row);
        self.rotate_if_full(times);
        Ok(stored)
    }

    /// Appends what the worker itself has to say, or took from the log. Nothing
    /// leaves the buffer for it.
    pub(super) fn append_only(
        &mut self,
        event: &AuditEvent,
        times: Times,
        streamed: bool,
    ) -> Result<Stored, LossReason> {
        let row = self.scratch.row(event, times.recorded_us);
        let mut statistics =
            self.published.statistics.lock().unwrap_or_else(PoisonError::into_inner);
        self.trail.append(&row, &mut statistics, Wanted { streamed, ..RECEIPTED })
    }

    fn note_canary(&mut self, captured: &Captured<'_>) {
        let mut ids = Vec::new();
        captured.values.write_entry_ids(&mut ids);
        let marks = PackedIds(&ids).map(str::to_owned);
        self.published.totals.lock().unwrap_or_else(PoisonError::into_inner).canaries.extend(marks);
    }

    /// Says in the trail itself what is missing from it.
    ///
    /// What sinks lose by tracing themselves is not streamed to them: they
    /// would answer with the next loss.
    pub(super) fn append_gaps(&mut self, times: Times) {
        // Where they cannot be said, they are said later.
        if self.poisoned || !self.trail.keeper.takes_facts() {
            return;
        }
        for gap in self.intake.losses.take_gaps() {
            let event = gap_event(gap, times);
            // There is room; what fails is told by the next sync.
            let _ = self.append_only(&event, times, gap.reason != LossReason::Reentrant);
            self.rotate_if_full(times);
        }
    }

    fn tell_problems(&mut self) {
        // Those that the hook itself brings about have to wait for the next turn.
        for _ in 0..self.problems.len() {
            let Ok(problem) = self.problems.try_recv() else { break };
            let problem = self.hiding.problem(problem);
            self.tell(&problem);
        }
    }

    /// Calls the error hook. It is the user's code: it may panic, and then is
    /// not called again.
    pub(super) fn tell(&mut self, problem: &Error) {
        let Some(mut hook) = self.error_hook.take() else { return };
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hook(problem)));
        if told.is_ok() {
            self.error_hook = Some(hook);
        }
    }

    fn answer(&mut self, request: Request, times: Times) {
        // Who gave up waiting does not miss the answer.
        match request {
            Request::Flush(reply) => drop(reply.send(())),
            Request::View(reply) => {
                self.publish();
                drop(reply.send(self.published.snapshot()));
            }
            Request::Record(event, reply) => match self.append_for(&event, times) {
                Ok(stored) => self.trail.keeper.acknowledge(stored, reply),
                Err(error) => drop(reply.send(Err(error))),
            },
            Request::Begin(event, reply) => self.begin(event, times, reply),
            Request::Complete(completion, reply) => self.complete(*completion, times, reply),
            #[cfg(feature = "journal")]
            Request::Sync(reply) => self.trail.keeper.acknowledge_all(reply),
            #[cfg(feature = "journal")]
            Request::RotateKey(given, reply) => {
                drop(reply.send(self.rotate_key(given.as_deref(), times)));
            }
            #[cfg(feature = "journal")]
            Request::Checkpoint(sequence, reply) => {
                self.trail.keeper.await_checkpoint(sequence, reply);
            }
            #[cfg(feature = "policy")]
            Request::Policy(policy, reply) => self.begin_policy(policy, times, reply),
            Request::Rotate(reply) => self.rotate_waiting.push(reply),
            Request::Shutdown(reply, exports_until_ns) => {
                self.begin_shutdown(reply, exports_until_ns, times);
            }
            Request::Exported(exported) => self.exported(exported),
        }
    }

    /// Answers the requests that were taken from their lane, behind everything
    /// that was completed before.
    #[cfg(feature = "journal")]
    pub(super) fn answer_pending(&mut self, times: Times) {
        if self.pending.is_empty() {
            return;
        }
        self.take_data(times, true);
        self.publish_totals();
        while let Some(request) = self.pending.pop_front() {
            self.answer(request, times);
        }
    }

    /// Appends an event for somebody who is to be told that it is durable, or
    /// that it cannot be.
    pub(super) fn append_for(&mut self, event: &AuditEvent, times: Times) -> Result<Stored> {
        self.append_told(|worker| worker.append(event, times))
    }

    /// The same with what the worker itself has to say, of which nothing is hidden.
    #[cfg(feature = "policy")]
    pub(super) fn append_own_for(&mut self, event: &AuditEvent, times: Times) -> Result<Stored> {
        self.append_told(|worker| {
            let stored = worker.append_only(event, times, true)?;
            worker.rotate_if_full(times);
            Ok(stored)
        })
    }

    fn append_told(
        &mut self,
        append: impl Fn(&mut Self) -> Result<Stored, LossReason>,
    ) -> Result<Stored> {
        if self.poisoned || self.shutdown.is_some() {
            return Err(Error::stopped());
        }
        if self.trail.keeper.refusal().is_some() {
            self.sync_journal();
        }
        if let Some(refusal) = self.trail.keeper.refusal() {
            return Err(refusal);
        }
        let stored = match append(self) {
            Ok(stored) => Ok(stored),
            Err(_) => {
                self.sync_journal();
                append(self)
            }
        };
        if !self.trail.keeper.answers_later() || stored.is_err() {
            self.publish_totals();
        }
        stored.map_err(|_| self.trail.keeper.refusal().unwrap_or_else(Error::stopped))
    }

    fn publish_if_due(&mut self) {
        if self.trail.has_news && self.until_publish().is_zero() {
            self.publish();
        }
        self.publish_totals();
    }

    /// Shows health what was counted. Comes before every answer, so that who
    /// waited for one finds it.
    pub(super) fn publish_totals(&self) {
        let mut totals = self.published.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.recorded = self.trail.recorded;
        totals.rotated = self.rotated;
        totals.held = self.trail.buffer.len();
        totals.held_bytes = self.trail.buffer.bytes();
        self.publish_journal(&mut totals);
        if let Some(exporter) = &self.exporter {
            totals.export = exporter.health.clone();
        }
    }

    /// Shows readers everything that was appended.
    pub(super) fn publish(&mut self) {
        self.published.set_snapshot(self.trail.buffer.publish());
        self.publish_totals();
        self.last_published_ns = self.intake.clock.monotonic_ns();
        self.trail.has_news = false;
    }
}

/// The entry that stands for what was lost.
fn gap_event(gap: Gap, times: Times) -> AuditEvent {
    let time = |ns| time_from_us(times.wall_us(ns));
    let mut event = AuditEvent::builder("GAP")
        .actor(Actor::System)
        .timestamp(time(gap.first_ns))
        .status(Status::Unknown)
        .metadata("reason", gap.reason.as_str())
        .metadata("count", gap.count)
        .metadata("first", crate::event::time_text(&time(gap.first_ns)))
        .metadata("last", crate::event::time_text(&time(gap.last_ns)))
        .build();
    event.kind = Kind::Log;
    event
}
