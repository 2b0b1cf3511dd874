//! One step of the worker. Deterministic: everything it depends on is in the
//! lanes, the injected clock and its own state.

use std::sync::PoisonError;
use std::time::Duration;

use crate::capture::{Captured, Intake, recycle};
use crate::channel::{Gap, LossReason};
use crate::error::{Error, Result};
use crate::event::packed::PackedIds;
use crate::event::row::{Row, time_from_us};
use crate::event::{Actor, AuditEvent, Kind, Sequence, Status};
use crate::self_check::CANARY_TARGET;
use crate::statistics::StatisticsRecorder;

use super::decode::Times;
use super::request::{Receipt, Request};
use super::state::{PUBLISH_EVERY, Worker};

type Stream = tokio::sync::broadcast::Sender<std::sync::Arc<AuditEvent>>;

/// Most events of one turn, so that requests and rotation get theirs too.
const TURN_EVENTS_MAX: usize = 4_096;

/// Wall and monotonic clock may disagree by so much before timestamps follow
/// the wall clock; reading two clocks one after the other never is exact.
const CLOCK_TOLERANCE_US: i64 = 1_000;

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
        self.keep_history(times);
        self.publish_if_due();
        recycle(&mut self.used);
        match (taken > 0 || has_requests, more_waits, self.has_news) {
            (true, true, _) => Turn::MoreWaits,
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

    /// Counts the event that was in hand when a turn panicked.
    pub(super) fn lose_in_hand(&mut self) {
        if std::mem::take(&mut self.in_hand) {
            self.lose(LossReason::WorkerPanic, 1);
        }
    }

    pub(super) fn lose(&self, reason: LossReason, count: u64) {
        self.intake.losses.add(reason, count, self.intake.clock.monotonic_ns());
    }

    fn times(&mut self) -> Times {
        let clock = &self.intake.clock;
        let (wall_us, monotonic_us) = (clock.wall_us(), (clock.monotonic_ns() / 1_000) as i64);
        let offset_us = wall_us - monotonic_us;
        if (offset_us - self.offset_us).abs() > CLOCK_TOLERANCE_US {
            self.offset_us = offset_us;
        }
        Times { offset_us: self.offset_us, recorded_us: monotonic_us + self.offset_us }
    }

    /// Appends what waits in the data lane; all of it if somebody waits for it.
    fn take_data(&mut self, times: Times, all: bool) -> (usize, bool) {
        let waiting = self.data.len();
        let limit = if all { waiting } else { waiting.min(TURN_EVENTS_MAX) };
        if limit == 0 {
            return (0, false);
        }
        let published = self.published.clone();
        let mut statistics = published.statistics.lock().unwrap_or_else(PoisonError::into_inner);
        let intake = self.intake.clone();
        let mut taken = 0;
        while taken < limit {
            let Ok(parcel) = self.data.try_recv() else { break };
            taken += 1;
            self.take_captured(&intake, &Captured::of(parcel), times, &mut statistics);
            self.used.push(parcel);
            if taken % 256 == 0 {
                self.intake.data.end_stall();
                recycle(&mut self.used);
            }
        }
        self.intake.data.end_stall();
        (taken, waiting > limit)
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
        self.in_hand = true;
        let row = self.decoder.row(captured, callsite, times, &*intake.clock);
        let sequence = self.buffer.push(&row);
        statistics.record(&row);
        stream_out(&self.stream, &row, sequence);
        self.recorded += 1;
        self.has_news = true;
        self.in_hand = false;
        self.rotate_if_full(times);
    }

    /// Appends an event that is not captured.
    fn append(&mut self, event: &AuditEvent, times: Times, streamed: bool) -> Sequence {
        self.in_hand = event.kind == Kind::Event;
        let row: Row<'_> = self.scratch.row(event, times.recorded_us);
        let sequence = self.buffer.push(&row);
        self.published.statistics.lock().unwrap_or_else(PoisonError::into_inner).record(&row);
        if streamed {
            stream_out(&self.stream, &row, sequence);
        }
        self.recorded += u64::from(event.kind == Kind::Event);
        self.has_news = true;
        self.in_hand = false;
        self.rotate_if_full(times);
        sequence
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
    fn append_gaps(&mut self, times: Times) {
        if self.poisoned {
            return;
        }
        for gap in self.intake.losses.take_gaps() {
            let event = gap_event(gap, times);
            self.append(&event, times, gap.reason != LossReason::Reentrant);
        }
    }

    fn tell_problems(&mut self) {
        // Those that the hook itself brings about have to wait for the next turn.
        for _ in 0..self.problems.len() {
            let Ok(problem) = self.problems.try_recv() else { break };
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
            Request::Record(event, reply) => drop(reply.send(self.record(&event, times))),
            Request::Rotate(reply) => self.rotate_waiting.push(reply),
            Request::Shutdown(reply) => self.begin_shutdown(reply, times),
            Request::Exported(exported) => self.exported(exported),
        }
    }

    fn record(&mut self, event: &AuditEvent, times: Times) -> Result<Receipt> {
        if self.poisoned || self.shutdown.is_some() {
            return Err(Error::stopped());
        }
        let sequence = self.append(event, times, true);
        self.publish_totals();
        Ok(Receipt { event_id: event.event_id, sequence })
    }

    fn publish_if_due(&mut self) {
        if self.has_news && self.until_publish().is_zero() {
            self.publish();
        }
        self.publish_totals();
    }

    /// Shows health what was counted. Comes before every answer, so that who
    /// waited for one finds it.
    fn publish_totals(&self) {
        let mut totals = self.published.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.recorded = self.recorded;
        totals.rotated = self.rotated;
        totals.held = self.buffer.len();
        totals.held_bytes = self.buffer.bytes();
        if let Some(exporter) = &self.exporter {
            totals.export = exporter.health.clone();
        }
    }

    /// Shows readers everything that was appended.
    pub(super) fn publish(&mut self) {
        self.published.set_snapshot(self.buffer.publish());
        self.publish_totals();
        self.last_published_ns = self.intake.clock.monotonic_ns();
        self.has_news = false;
    }
}

/// Shows an event to the subscribers, if there are any.
fn stream_out(stream: &Option<Stream>, row: &Row<'_>, sequence: Sequence) {
    if let Some(stream) = stream.as_ref().filter(|stream| stream.receiver_count() > 0) {
        // The last subscriber may have gone meanwhile.
        let _ = stream.send(row.to_event(sequence).into());
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
