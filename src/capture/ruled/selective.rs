//! Recording some of the fields, without looking at the others.

use std::fmt::Debug;

use tracing_core::field::{Field, Visit};

use crate::capture::callsite::Slot;
use crate::capture::record::FieldRecorder;

/// Passes the fields on that are known to the recorder; what else there is, is
/// not even formatted.
pub(super) struct Selective<'a, 'r>(pub(super) &'a mut FieldRecorder<'r>);

impl Selective<'_, '_> {
    #[inline]
    fn wants(&self, field: &Field) -> bool {
        self.0.meanings.get(field.index()).is_some_and(|known| known.slot != Slot::Unknown)
    }
}

impl Visit for Selective<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.wants(field) {
            self.0.record_str(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if self.wants(field) {
            self.0.record_i64(field, value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if self.wants(field) {
            self.0.record_u64(field, value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if self.wants(field) {
            self.0.record_f64(field, value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if self.wants(field) {
            self.0.record_bool(field, value);
        }
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        if self.wants(field) {
            self.0.record_bytes(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        if self.wants(field) {
            self.0.record_error(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.wants(field) {
            self.0.record_debug(field, value);
        }
    }
}
