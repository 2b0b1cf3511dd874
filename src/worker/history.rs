//! When events leave the buffer, and what is written before they do.
//!
//! Decisions come from `buffer::rotation`; this carries them out: mark, export,
//! release. Until a document is complete its events stay where they are.

use chrono::{DateTime, Days, NaiveTime};

use crate::buffer::rotation::{Rotation, last_moment_us};
use crate::capture::Captured;
use crate::channel::LossReason;
use crate::error::Error;
use crate::event::row::time_from_us;

use super::decode::Times;
use super::exporter::{Exported, Exporter, Job, Purpose};
use super::request::{Reply, Rotated, ShutdownCounts};
use super::state::{Shutdown, Worker};

/// Daily documents that are written late at most.
const SNAPSHOTS_CAUGHT_UP: Days = Days::new(7);

/// A clock that is set back by less than this only follows its source; a midnight
/// that it then passes twice has one document.
const CLOCK_SET_BACK_US: i64 = 3_600_000_000;

impl Worker {
    /// Rotates, writes daily documents, retries and finishes a shutdown, as far
    /// as each is due.
    pub(super) fn keep_history(&mut self, times: Times) {
        if self.shutdown.is_some() {
            return self.keep_shutting_down(times);
        }
        self.note_due_snapshots(times);
        self.give_up_export_if_backlogged();
        self.retry_export(times);
        if self.is_exporting() {
            return;
        }
        if !self.rotate_waiting.is_empty() {
            self.rotate_answering.append(&mut self.rotate_waiting);
            self.rotate(Rotation::REQUESTED, times);
        } else if let Some(rotation) =
            self.trail.buffer.rotation_due(times.recorded_us, &self.rotation)
        {
            self.rotate(rotation, times);
        }
        self.write_due_snapshots(times);
    }

    /// Writes the documents that are due, each at most once more, and ends: the
    /// journal is closed whatever becomes of them.
    fn keep_shutting_down(&mut self, times: Times) {
        self.give_up_export_that_takes_too_long();
        self.retry_export(times);
        if !self.is_exporting() {
            self.write_due_snapshots(times);
        }
        if !self.is_exporting() {
            self.finish_shutdown(times);
        }
    }

    /// Keeps the count bound from one event to the next.
    pub(super) fn rotate_if_full(&mut self, times: Times) {
        let is_full = self.rotation.events_max.is_some_and(|max| self.trail.buffer.len() > max);
        if !is_full || self.is_exporting() {
            return;
        }
        if let Some(rotation) = self.trail.buffer.rotation_due(times.recorded_us, &self.rotation) {
            self.rotate(rotation, times);
        }
    }

    /// The exporter has finished a document, or failed to.
    pub(super) fn exported(&mut self, exported: Exported) {
        let Some(exporter) = &mut self.exporter else { return };
        let now_ns = self.intake.clock.monotonic_ns();
        let wall_us = self.intake.clock.wall_us();
        if !exporter.is_awaited(exported.number) {
            return;
        }
        match exported.result {
            Ok(path) => {
                exporter.succeeded(time_from_us(wall_us), &path);
                match exported.job.purpose {
                    Purpose::Rotation => self.release(Some(path)),
                    Purpose::Snapshot(_) => drop(self.snapshots_due.pop_front()),
                    Purpose::Final => {
                        let through = exported.job.end();
                        self.note_export(through, &path, self.current_times());
                        self.shutdown_exported(path);
                    }
                }
            }
            Err(error) => {
                let purpose = exported.job.purpose;
                exporter.failed(exported.job, &error, now_ns);
                if self.shutdown.is_some() {
                    self.give_up_export_at_the_end(purpose, &error);
                }
                self.tell(&error);
            }
        }
    }

    /// Begins a shutdown: the intake is closed already.
    /// Exports are waited for until `exports_until_ns`.
    pub(super) fn begin_shutdown(
        &mut self,
        reply: Reply<ShutdownCounts>,
        exports_until_ns: u64,
        times: Times,
    ) {
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.waiting.push(reply);
            shutdown.exports_until_ns = shutdown.exports_until_ns.max(exports_until_ns);
            return;
        }
        let intake = self.intake.clone();
        let open = intake.take_open_operations();
        let published = self.published.clone();
        let mut statistics =
            published.statistics.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.is_watched = self.trail.has_subscribers();
        for capture in &open {
            self.append_captured(&intake, &Captured::of(capture), times, &mut statistics);
        }
        drop(statistics);
        let open = open.len() as u64 + self.complete_open_intents(times);
        self.publish();
        let counts = ShutdownCounts { open, ..ShutdownCounts::default() };
        let waiting = vec![reply];
        self.shutdown = Some(Shutdown { counts, waiting, exports_until_ns, exported: false });
    }

    fn is_exporting(&self) -> bool {
        self.exporter.as_ref().is_some_and(|exporter| exporter.is_busy())
    }

    fn rotate(&mut self, rotation: Rotation, times: Times) {
        let segments = self.trail.buffer.begin_release(rotation);
        let job = Job {
            purpose: Purpose::Rotation,
            segments,
            from: self.trail.keeper.exported_through(),
            recorded_before_us: None,
            at: time_from_us(times.recorded_us),
        };
        match &mut self.exporter {
            Some(exporter) if !job.is_done() => {
                exporter.begin(job, self.intake.clock.monotonic_ns());
            }
            _ => self.release(None),
        }
        self.take_inline_export();
    }

    fn release(&mut self, path: Option<std::path::PathBuf>) {
        let before_bytes = self.trail.buffer.bytes();
        let events = self.trail.buffer.finish_release();
        self.given_back.released(before_bytes, self.trail.buffer.bytes());
        self.rotated += events;
        self.trail.has_news |= events > 0;
        if events > 0 {
            let through = self.trail.buffer.first_sequence();
            self.note_rotation(events, through, path.as_deref(), self.current_times());
        }
        self.publish();
        for reply in self.rotate_answering.drain(..) {
            drop(reply.send(Ok(Rotated { events, path: path.clone() })));
        }
    }

    /// An export that keeps failing, or hangs, must not fill the memory: beyond a
    /// bound its events are given up, and the trail says so. A document that
    /// releases nothing is given up for the rotation that waits behind it.
    fn give_up_export_if_backlogged(&mut self) {
        if self.trail.buffer.len() <= self.export_backlog_events_max {
            return;
        }
        let now_ns = self.intake.clock.monotonic_ns();
        let in_trouble = self.exporter.as_mut().filter(|exporter| exporter.is_in_trouble(now_ns));
        let Some((job, hangs)) = in_trouble.and_then(Exporter::give_up) else { return };
        match job.purpose {
            Purpose::Rotation => {
                self.lose(LossReason::ExportFailed, job.events());
                self.release(None);
            }
            Purpose::Snapshot(_) => drop(self.snapshots_due.pop_front()),
            Purpose::Final => {}
        }
        if let Some(error) = hangs {
            self.tell(&error);
        }
    }

    /// The journal is not kept open by an export that takes too long. Its thread
    /// is left behind; with a journal, a later run exports its events again.
    fn give_up_export_that_takes_too_long(&mut self) {
        let Some(shutdown) = &mut self.shutdown else { return };
        if self.intake.clock.monotonic_ns() < shutdown.exports_until_ns {
            return;
        }
        let given_up = self.exporter.as_mut().and_then(Exporter::give_up);
        let Some(error) = given_up.and_then(|(_, hangs)| hangs) else { return };
        self.snapshots_due.clear();
        shutdown.counts.error.get_or_insert_with(|| error.to_string());
        shutdown.counts.is_export_left_behind = true;
        shutdown.exported = true;
        self.tell(&error);
    }

    /// At the end nothing is tried again. What a rotation could not write is in
    /// the last document, or with a journal, in that of a later run.
    fn give_up_export_at_the_end(&mut self, purpose: Purpose, error: &Error) {
        if let Some(exporter) = &mut self.exporter {
            exporter.give_up();
        }
        if let Purpose::Snapshot(_) = purpose {
            self.snapshots_due.pop_front();
        }
        let Some(shutdown) = &mut self.shutdown else { return };
        shutdown.counts.error.get_or_insert_with(|| error.to_string());
        shutdown.exported |= purpose == Purpose::Final;
    }

    fn retry_export(&mut self, times: Times) {
        let now_ns = self.intake.clock.monotonic_ns();
        let is_urgent = self.shutdown.is_some();
        if let Some(exporter) = &mut self.exporter {
            exporter.retry_if_due(now_ns, is_urgent, time_from_us(times.recorded_us));
        }
        self.take_inline_export();
    }

    /// Without a thread of its own the exporter has its result at once.
    fn take_inline_export(&mut self) {
        let done = self.exporter.as_mut().and_then(|exporter| exporter.take_inline_result());
        if let Some(exported) = done {
            self.exported(exported);
        }
    }

    /// Notes each midnight that passed, also those that were slept through, up to
    /// a bound: a clock may be far ahead for a moment. Where it then is set back,
    /// its midnights are still to come.
    fn note_due_snapshots(&mut self, times: Times) {
        let Some(exporter) = &self.exporter else { return };
        if !exporter.settings.daily_snapshot {
            return;
        }
        let now_us = times.recorded_us;
        if self.last_snapshot_us.saturating_sub(now_us) > CLOCK_SET_BACK_US {
            self.last_snapshot_us = now_us;
        }
        let today = last_midnight(now_us);
        let oldest = today.checked_sub_days(SNAPSHOTS_CAUGHT_UP).unwrap_or(today);
        let mut day = last_midnight(self.last_snapshot_us).max(oldest);
        while day < today {
            let Some(next) = day.checked_add_days(Days::new(1)) else { break };
            day = next;
            self.snapshots_due.push_back(day.date_naive());
        }
        self.last_snapshot_us = self.last_snapshot_us.max(now_us);
    }

    fn write_due_snapshots(&mut self, times: Times) {
        while !self.is_exporting() && !self.snapshots_due.is_empty() {
            self.write_due_snapshot(times);
        }
    }

    fn write_due_snapshot(&mut self, times: Times) {
        let Some(day) = self.snapshots_due.front().copied() else { return };
        let before_us = day.and_time(NaiveTime::MIN).and_utc().timestamp_micros();
        self.publish();
        let segments = self.published.snapshot().segments.to_vec();
        if let Some(exporter) = &mut self.exporter {
            let job = Job {
                purpose: Purpose::Snapshot(day),
                segments,
                from: 0,
                recorded_before_us: Some(before_us),
                at: time_from_us(times.recorded_us),
            };
            exporter.begin(job, self.intake.clock.monotonic_ns());
        }
        self.take_inline_export();
    }

    fn finish_shutdown(&mut self, times: Times) {
        if self.shutdown.as_ref().is_some_and(|shutdown| shutdown.exported) {
            self.close_journal(times);
        }
        let Some(shutdown) = &mut self.shutdown else { return };
        if shutdown.exported {
            self.trail.stream = None;
            for reply in shutdown.waiting.drain(..) {
                drop(reply.send(shutdown.counts.clone()));
            }
            for reply in self.rotate_answering.drain(..).chain(self.rotate_waiting.drain(..)) {
                drop(reply.send(Err(Error::stopped())));
            }
            return;
        }
        let segments = self.published.snapshot().segments.to_vec();
        match &mut self.exporter {
            Some(exporter) if exporter.settings.export_on_shutdown && !segments.is_empty() => {
                let job = Job {
                    purpose: Purpose::Final,
                    segments,
                    from: self.trail.keeper.exported_through(),
                    recorded_before_us: None,
                    at: time_from_us(times.recorded_us),
                };
                exporter.begin(job, self.intake.clock.monotonic_ns());
                self.take_inline_export();
            }
            _ => shutdown.exported = true,
        }
    }

    fn shutdown_exported(&mut self, path: std::path::PathBuf) {
        let Some(shutdown) = &mut self.shutdown else { return };
        shutdown.exported = true;
        shutdown.counts.path = Some(path);
    }
}

fn last_midnight(us: i64) -> DateTime<chrono::Utc> {
    time_from_us(last_moment_us(NaiveTime::MIN, us))
}
