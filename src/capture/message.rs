//! What is seen of one operation, on its way to the worker.

use std::mem::offset_of;
use std::num::{NonZeroU8, NonZeroU64};
use std::sync::Arc;

use crate::event::Status;
use crate::event::limits::LINKS_MAX;

use super::ahead::{ask_for, ask_to_read};
use super::captured::Captured;
use super::fields::Fields;
use super::open::Late;
use super::outcome::Reported;
use super::ruled::Plan;
use super::trace_ids::Traced;

/// Identity of an operation in this process; the worker makes the event id
/// from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventKey {
    pub(crate) key: NonZeroU64,
    pub(crate) opened_ticks: u64,
}

/// What a captured record came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// A span that ended.
    #[default]
    Span,
    /// A `tracing` event.
    Statement,
    /// A span that has begun, written down beforehand.
    Intent,
}

/// What was seen of an operation's end; `outcome` decides what it means.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) stated: Option<Status>,
    pub(crate) stated_error: bool,
    pub(crate) reported: Option<Reported>,
    /// The report came after the statement.
    pub(crate) reported_last: bool,
    pub(crate) panicked: bool,
    pub(crate) unwound: bool,
    pub(crate) still_open: bool,
    pub(crate) usually_reports: bool,
    /// The case of the rule's that an event told since the program stated
    /// something: its place, counted from one.
    pub(crate) case: Option<NonZeroU8>,
    /// A statement made at the level of errors.
    pub(crate) is_error_level: bool,
}

/// One captured operation, or a span that only carries identity. Boxed, pooled,
/// filled where it lies, and sent as it is. Times are ticks of the clock.
///
/// What comes back from the worker is not in the caller's cache. So first comes,
/// close together, what the worker reads, and then, in a line of its own, what
/// callers need alone. It is begun anew without reading it: what an ordinary span
/// does not need is absent in every capture of the pool.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(crate) struct Capture {
    pub(crate) key: NonZeroU64,
    pub(crate) opened_ticks: u64,
    /// Of an operation that ended.
    pub(crate) ended_ticks: u64,
    /// As far as the slot of the span does not keep it, until it ended.
    pub(crate) busy_ticks: u64,
    pub(crate) parent: Option<EventKey>,
    /// Index of the callsite in the layer's table.
    pub(crate) callsite: u32,
    pub(crate) seen: Seen,
    pub(crate) origin: Origin,
    /// Absent as a rule.
    rare: Option<Box<Rare>>,
    /// What a policy has to say, where one has. Absent in the pool.
    pub(crate) ruled: Option<Arc<Plan>>,
    pub(crate) fields: Fields,
    pub(super) open: WhileOpen,
}

/// What only matters while a span is open.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WhileOpen {
    /// Its id in the registry.
    pub(super) span: u64,
    /// The nearest enclosing tracked span; zero: none. Open as long as this one is.
    pub(super) enclosing: u64,
    /// State of the layer's count of late identities when this span opened.
    pub(super) epoch: u64,
    /// As far as the slot of the span does not keep it, like the busy time.
    pub(super) last_exit: LastExit,
    /// Whether it becomes an event, or only carries identity.
    pub(super) is_operation: bool,
    /// To be sent at the next exit: its end was reported.
    pub(super) is_reported: bool,
    /// By its rule it takes the operations inside it in.
    pub(super) collapses: bool,
    pub(super) sent: Sent,
}

/// Whether the event of an open span is on its way already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sent {
    #[default]
    No,
    /// Sent when its end was reported.
    AtReport,
    /// Written as still open by a shutdown.
    AtShutdown,
}

/// When a span was left the last time, if it was: one tick later, so that never
/// is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LastExit(pub(super) u64);

impl LastExit {
    pub(super) fn at(ticks: u64) -> Self {
        // Ticks that fill 64 bits are those of a clock that is out of order.
        LastExit(ticks.wrapping_add(1))
    }

    pub(super) fn ticks(self) -> Option<u64> {
        self.0.checked_sub(1)
    }
}

/// What few operations have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rare {
    pub(crate) links: Vec<EventKey>,
    /// How many more there were.
    pub(crate) links_cut: u64,
    /// Nested operations that were collapsed into this one, and how many of
    /// them failed.
    pub(crate) collapsed: u64,
    pub(crate) collapsed_failures: u64,
    pub(crate) traced: Option<Traced>,
    /// The enclosing operation that this one is collapsed into.
    pub(super) collapse_into: Option<u64>,
    /// The first value of each identity field that was absent and recorded
    /// later, with its place in the order of all such recordings.
    pub(super) late: Vec<Late>,
    /// What events told while it was not decided which rule the span is for.
    #[cfg(feature = "policy")]
    pub(super) told: Vec<super::ruled::Told>,
}

impl Rare {
    /// Links to an event, once.
    pub(super) fn link(&mut self, linked: EventKey) {
        if self.links.contains(&linked) {
            return;
        }
        if self.links.len() < LINKS_MAX {
            self.links.push(linked);
        } else {
            self.links_cut += 1;
        }
    }
}

impl Default for Capture {
    fn default() -> Self {
        Capture {
            key: NonZeroU64::MIN,
            opened_ticks: 0,
            ended_ticks: 0,
            busy_ticks: 0,
            parent: None,
            callsite: 0,
            origin: Origin::default(),
            seen: Seen::default(),
            open: WhileOpen::default(),
            rare: None,
            ruled: None,
            fields: Fields::default(),
        }
    }
}

impl Capture {
    /// Asks for the lines of the cache that an ordinary span needs: those that the
    /// worker reads, as far as the recordings of a few fields, and the last one.
    #[inline(always)]
    pub(super) fn ask_for_memory(&self) {
        ask_for::<_, 0>(self);
        ask_for::<_, 64>(self);
        ask_for::<_, { 2 * 64 }>(self);
        ask_for::<_, { 3 * 64 }>(self);
        ask_for::<_, { offset_of!(Capture, open) }>(self);
    }

    /// Asks for the lines that the worker reads of an ordinary span, of the capture at
    /// an address, or of none.
    #[inline]
    pub(crate) fn ask_to_read(address: *const Capture) {
        ask_to_read::<_, 0>(address);
        ask_to_read::<_, 64>(address);
        ask_to_read::<_, { 2 * 64 }>(address);
        ask_to_read::<_, { 3 * 64 }>(address);
    }

    /// Begins anew with a capture that [is plain](Self::is_plain), without
    /// looking at it.
    #[inline]
    pub(super) fn restart(&mut self, callsite: u32, key: NonZeroU64, open: WhileOpen) {
        self.fields.restart();
        (self.key, self.callsite, self.busy_ticks) = (key, callsite, 0);
        self.parent = None;
        self.open = open;
        self.seen = Seen::default();
        self.origin = Origin::default();
    }

    /// Whether it has what an ordinary operation does not have.
    #[inline]
    pub(super) fn has_extras(&self) -> bool {
        self.rare.is_some() || self.ruled.is_some()
    }

    /// Whether it can be begun anew.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.rare.is_none() && self.ruled.is_none() && self.fields.is_plain()
    }

    /// Drops what an ordinary operation does not have.
    #[inline]
    pub(super) fn make_plain(&mut self) {
        if !self.is_plain() {
            self.rare = None;
            self.ruled = None;
            self.fields.make_plain();
        }
    }

    pub(crate) fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(super) fn own_key(&self) -> EventKey {
        EventKey { key: self.key, opened_ticks: self.opened_ticks }
    }

    /// The key of its event, or of the nearest enclosing one if it has none of
    /// its own.
    pub(super) fn event_key(&self) -> Option<EventKey> {
        let has_event = self.open.is_operation && self.collapse_into().is_none();
        if has_event { Some(self.own_key()) } else { self.parent }
    }

    /// The nearest enclosing tracked span.
    pub(super) fn enclosing(&self) -> Option<u64> {
        Some(self.open.enclosing).filter(|span| *span != 0)
    }

    /// The enclosing operation that this one is collapsed into.
    pub(super) fn collapse_into(&self) -> Option<u64> {
        self.rare()?.collapse_into
    }

    /// Whether its event is still to be sent.
    pub(super) fn is_unsent_operation(&self) -> bool {
        self.open.is_operation && self.open.sent == Sent::No
    }

    /// Notes a status that the program stated: it ends what a panic said.
    #[inline]
    pub(super) fn note_statement(&mut self, status: Option<Status>, error: bool) {
        if let Some(status) = status {
            self.seen.stated = Some(status);
            self.seen.reported_last = false;
            self.seen.case = None;
            #[cfg(feature = "policy")]
            if let Some(rare) = &mut self.rare {
                rare.told.clear();
            }
            self.seen.panicked = false;
        }
        self.seen.stated_error |= error;
    }

    /// Notes that success was stated, of an operation that has nothing rare; whether
    /// it was noted.
    #[inline(always)]
    pub(super) fn succeed_plainly(&mut self) -> bool {
        let is_plain = self.rare.is_none();
        if is_plain {
            self.note_statement(Some(Status::Success), false);
        }
        is_plain
    }

    /// Notes what `#[instrument]` or a guard reported, with the error's text if
    /// it is one. The last report counts.
    pub(super) fn note_report(&mut self, reported: Reported, error: Option<&str>) {
        let replaces_failure = self.seen.reported.is_some_and(Reported::is_failure);
        self.seen.reported = Some(reported);
        self.seen.reported_last = true;
        // Whoever is dropped after a panic was caught does not know of it.
        self.seen.panicked &= reported == Reported::Cancelled;
        if self.seen.stated_error {
            return;
        }
        match error {
            Some(error) if replaces_failure || self.fields.values().error().is_none() => {
                self.fields.set_error(error);
            }
            None if replaces_failure => self.fields.clear_error(),
            _ => {}
        }
    }

    /// Takes a nested operation in.
    pub(super) fn absorb(&mut self, nested: &Capture) {
        let (status, _) = Captured::of(nested).outcome(false);
        let of_nested =
            nested.rare().map_or((0, 0), |rare| (rare.collapsed, rare.collapsed_failures));
        let rare = self.rare_mut();
        rare.collapsed += 1 + of_nested.0;
        rare.collapsed_failures += u64::from(status == Status::Failure) + of_nested.1;
        self.fields.absorb_entry_ids(&nested.fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_worker_does_not_read_has_a_line_of_its_own() {
        assert_eq!(std::mem::size_of::<Capture>(), 7 * 64);
        assert!(std::mem::offset_of!(Capture, open) >= 6 * 64);
        assert_eq!(std::mem::size_of::<Option<EventKey>>(), 16);
    }
}
