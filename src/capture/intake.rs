//! What the callbacks do: open, record, enter, exit, close, state.
//!
//! Runs on callers' threads. Two rules hold throughout: user code (`Debug`,
//! `record`) never runs under a lock, and no callback works while this thread
//! is already inside one (`local::enter_work`).

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crossbeam_channel::Sender;
use tracing_core::{Event, Level, Metadata, span};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::channel::{DataSender, LossReason, Losses};
use crate::clock::ChosenClock;
use crate::error::{Error, ErrorKind};
use crate::event::Operation;

use super::ahead::ask_for_at;
use super::callsite::{Callsite, Callsites, Role};
use super::local::{self, Entered, Thread};
use super::meaning::Meaning;
use super::message::{Capture, Origin, WhileOpen};
use super::open::{End, OpenSlot, OpenSpans};
use super::pool::{self, Parcel};
use super::record::{FieldRecorder, Misuse, Notes};
use super::trace_ids::Traces;

/// Choices of the user that capture heeds.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaptureSettings {
    /// Operations that take the operations nested in them in.
    pub(crate) collapse: Vec<Operation>,
    /// Targets, with the modules below them, that are never audited.
    pub(crate) ignored_targets: Vec<String>,
}

/// The layers of this process.
static PUBLISHED: Mutex<Vec<Weak<Intake>>> = Mutex::new(Vec::new());

/// How a layer became part of a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attachment {
    Never = 0,
    /// Without filters: it switches every span of the process on.
    Plain = 1,
    Filtered = 2,
}

/// Everything a layer needs on callers' threads. Shared with the worker and
/// the handle.
pub(crate) struct Intake {
    /// Tells layers of one process apart.
    pub(super) instance: u32,
    pub(crate) clock: ChosenClock,
    pub(crate) callsites: Callsites,
    pub(super) open: OpenSpans,
    pub(crate) data: DataSender<Capture>,
    pub(crate) losses: Arc<Losses>,
    pub(super) settings: CaptureSettings,
    /// Misuses, on their way to the error hook.
    problems: Sender<Error>,
    /// Set by shutdown: nothing is taken in any more.
    pub(super) closed: AtomicBool,
    /// Counts identities that were recorded after their span opened. While it
    /// stands still, what spans inherited at their opening is still true.
    pub(super) late_identities: AtomicU64,
    attachment: AtomicU8,
    pub(super) traces: Traces,
}

impl Intake {
    pub(crate) fn new(
        clock: ChosenClock,
        settings: CaptureSettings,
        data: DataSender<Capture>,
        losses: Arc<Losses>,
        problems: Sender<Error>,
    ) -> Self {
        static INSTANCES: AtomicU32 = AtomicU32::new(0);
        Intake {
            instance: INSTANCES.fetch_add(1, Ordering::Relaxed),
            clock,
            callsites: Callsites::new(settings.ignored_targets.clone()),
            open: OpenSpans::new(),
            data,
            losses,
            settings,
            problems,
            closed: AtomicBool::new(false),
            late_identities: AtomicU64::new(0),
            attachment: AtomicU8::new(0),
            traces: Traces::default(),
        }
    }

    /// Makes the layer with this number findable for [`by_instance`](Self::by_instance).
    pub(crate) fn publish(self: &Arc<Self>) {
        let mut known = PUBLISHED.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|intake| intake.strong_count() > 0);
        known.push(Arc::downgrade(self));
    }

    pub(super) fn by_instance(instance: u32) -> Option<Arc<Intake>> {
        let known = PUBLISHED.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter_map(Weak::upgrade).find(|intake| intake.instance == instance)
    }

    /// Registers a callsite; whether it matters.
    pub(super) fn wants(&self, metadata: &'static Metadata<'static>) -> bool {
        let callsite = self.callsites.register(metadata, |message| self.report_misuse(message));
        callsite.is_some_and(Callsite::is_wanted)
    }

    #[inline]
    pub(super) fn callsite(&self, metadata: &'static Metadata<'static>) -> Option<&Callsite> {
        self.callsites.find(metadata, |message| self.report_misuse(message))
    }

    /// Asks for the tail of the queue, which another thread may have written last.
    /// Longer before a capture is sent than it takes to leave and close a span.
    #[inline(always)]
    fn ask_for_tail(&self) {
        ask_for_at::<0>(self.data.tail_address());
    }

    /// A span that may be tracked was entered.
    ///
    /// What is unusual is left to others at once, so that nothing has to be kept
    /// for afterwards.
    #[inline(never)]
    pub(super) fn tracked_entered(&self, span: u64, slot: OpenSlot<'_>) {
        self.ask_for_tail();
        match self.clock.counter() {
            Some(counter) if slot.is_alone(span) => self.entered_at(span, counter.ticks()),
            _ => self.entered_unusually(span, slot),
        }
    }

    #[cold]
    #[inline(never)]
    fn entered_unusually(&self, span: u64, slot: OpenSlot<'_>) {
        // What is noted of another span might never be taken back.
        if slot.holds(span) {
            self.entered_at(span, self.clock.ticks());
        }
    }

    #[inline(always)]
    fn entered_at(&self, span: u64, at_ticks: u64) {
        let entered = Entered { span, at_ticks, instance: self.instance, panicking: false };
        if !local::with(|thread| thread.push_entered(entered)) {
            return local::push_deep(span, at_ticks, self.instance);
        }
        if std::thread::panicking() {
            note_panicking();
        }
    }

    /// An event was emitted that may matter.
    #[inline(never)]
    pub(super) fn event_emitted<S>(&self, event: &Event<'_>, ctx: &Context<'_, S>)
    where
        S: tracing_core::Subscriber + for<'span> LookupSpan<'span>,
    {
        let Some(callsite) = self.callsite(event.metadata()) else { return };
        let is_statement = callsite.role == Role::Statement;
        let Some(_busy) = local::enter_work() else {
            return self.lose_reentrant(is_statement);
        };
        let span = if event.is_root() {
            None
        } else if event.is_contextual() {
            ctx.current_span().id().cloned()
        } else {
            event.parent().cloned()
        };
        if callsite.ruled.is_set() {
            if let Some(span) = &span {
                self.watched(callsite, event, span.into_u64());
            }
        }
        match callsite.role {
            Role::Statement => {
                let parent = self.nearest_tracked(span.clone(), ctx);
                self.statement(callsite, event, span.as_ref(), parent);
            }
            Role::Report(report) => {
                if let Some(span) = span {
                    self.report(callsite, report, event, span.into_u64());
                }
            }
            Role::Operation | Role::Context | Role::Silent => {}
        }
    }

    /// One span follows from another.
    pub(super) fn span_follows(&self, id: &span::Id, follows: &span::Id) {
        let linked = self.open.with(follows.into_u64(), |open| open.event_key()).flatten();
        if let Some(linked) = linked {
            self.open.with(id.into_u64(), |open| {
                open.rare_mut().link(linked);
            });
        }
    }

    /// Notes that the layer became part of a subscriber.
    pub(super) fn note_attached(&self, filtered: bool) {
        let attachment = if filtered { Attachment::Filtered } else { Attachment::Plain };
        self.attachment.store(attachment as u8, Ordering::Relaxed);
        self.callsites.told_of_all.store(filtered, Ordering::Relaxed);
    }

    /// Whether the layer is told of every span that is entered and left.
    pub(super) fn is_told_of_all(&self) -> bool {
        self.callsites.told_of_all.load(Ordering::Relaxed)
    }

    /// How the layer became part of a subscriber.
    pub(crate) fn attachment(&self) -> Attachment {
        match self.attachment.load(Ordering::Relaxed) {
            1 => Attachment::Plain,
            2 => Attachment::Filtered,
            _ => Attachment::Never,
        }
    }

    #[inline(always)]
    pub(super) fn begin(&self, callsite: &Callsite, open: WhileOpen) -> Parcel {
        let capture = pool::take();
        capture.restart(callsite.index, local::with(Thread::next_key), open);
        capture.opened_ticks = self.clock.ticks();
        capture
    }

    /// Records the fields with which a span or event begins.
    #[inline]
    pub(super) fn record_fields(
        &self,
        meanings: &[Meaning],
        callsite: &Callsite,
        capture: &mut Capture,
        visit: impl FnOnce(&mut FieldRecorder<'_>),
    ) {
        let mut recorder = FieldRecorder::new(meanings, &mut capture.fields);
        visit(&mut recorder);
        if recorder.notes.is_any {
            self.settle_opening(callsite, recorder.notes, capture);
        } else {
            // There is nothing in them that would have to be dropped.
            std::mem::forget(recorder.notes);
        }
    }

    #[inline(never)]
    fn settle_opening(&self, callsite: &Callsite, notes: Notes, capture: &mut Capture) {
        capture.note_statement(notes.stated, notes.stated_error);
        if let Some(Misuse(message)) = notes.misuse.as_deref() {
            self.report_misuse_at(callsite, message);
        }
    }

    #[cold]
    pub(super) fn report_misuse_at(&self, callsite: &Callsite, message: &str) {
        if callsite.first_warning() {
            self.report_misuse(format!("{message} (at {})", callsite.location()));
        }
    }

    /// Captures a `tracing` event that states an operation.
    fn statement(
        &self,
        callsite: &Callsite,
        event: &Event<'_>,
        span: Option<&span::Id>,
        parent: Option<u64>,
    ) {
        let capture = self.begin(callsite, WhileOpen::default());
        capture.origin = Origin::Statement;
        self.record_fields(&callsite.fields, callsite, capture, |recorder| event.record(recorder));
        capture.seen.is_error_level = *callsite.metadata.level() == Level::ERROR;
        if let Some(parent) = parent {
            let epoch = self.late_identities.load(Ordering::Acquire);
            self.inherit(capture, epoch, parent);
        }
        self.note_trace_around(capture, span);
        let end = End { ended_ticks: capture.opened_ticks, busy_ticks: 0 };
        self.send(capture, end);
    }

    pub(super) fn lose_reentrant(&self, is_event: bool) {
        if is_event {
            self.losses.add(LossReason::Reentrant, 1, self.clock.monotonic_ns());
        }
    }

    pub(super) fn report_misuse(&self, message: String) {
        // Without a worker there is nobody to tell.
        let _ = self.problems.send(Error::new(ErrorKind::Degraded, message));
    }
}

/// Notes that the thread was unwinding when it entered a span.
#[cold]
#[inline(never)]
fn note_panicking() {
    local::with(Thread::entered_panicking);
}
