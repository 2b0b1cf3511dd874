//! What a layer does in the callbacks that name a span by its id alone.
//!
//! Runs on callers' threads, for every span that is enabled, whether it matters or
//! not. Most do not: that is found out by one load here, in functions that are not
//! made anew for each subscriber, so that what the thread keeps is found without a
//! call, and that the layer calls last, so that it keeps nothing meanwhile.

use std::sync::Arc;

use super::intake::Intake;
use super::local::{self, Thread};
use super::open::OpenSpans;
use super::others::Others;

/// What a layer has at hand.
pub(super) struct Callbacks {
    pub(super) intake: Arc<Intake>,
    /// Two tables of the intake, by which a span or event that is of no concern is
    /// told at once.
    pub(super) open: OpenSpans,
    pub(super) others: Others,
}

impl Callbacks {
    pub(super) fn new(intake: Arc<Intake>) -> Self {
        let (open, others) = (intake.open.clone(), intake.callsites.others.clone());
        Callbacks { intake, open, others }
    }

    /// Some span was entered.
    #[inline(never)]
    pub(super) fn entered(&self, span: u64) {
        local::with(Thread::count_entering);
        if let Some(slot) = self.open.slot_of(span) {
            self.intake.tracked_entered(span, slot);
        }
    }

    /// Some span was left.
    #[inline(never)]
    pub(super) fn left(&self, span: u64) {
        if !local::with(Thread::count_leaving) {
            return self.left_uncounted(span);
        }
        if let Some(slot) = self.open.slot_of(span) {
            self.intake.tracked_left(span, slot);
        }
    }

    /// A span was left that was entered before any layer was told of it.
    #[cold]
    #[inline(never)]
    fn left_uncounted(&self, span: u64) {
        local::with(Thread::stop_counting);
        if let Some(slot) = self.open.slot_of(span) {
            self.intake.tracked_left(span, slot);
        }
    }
}
