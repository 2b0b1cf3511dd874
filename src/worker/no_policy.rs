//! What the worker does about policies in a build without them: nothing.

use crate::event::row::Row;

/// None is.
#[derive(Default)]
pub(super) struct InForce(());

impl InForce {
    #[inline]
    pub(super) fn note(&self, _: &Row<'_>) {}
}
