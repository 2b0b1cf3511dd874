//! What was recorded, by the names under which policies know it.

use std::cell::Cell;

use crate::capture::callsite::Slot;
use crate::capture::fields::Values;
use crate::event::packed::ValueRef;

/// The values of a span or event, by name. Rules that stand side by side often
/// ask for the same one, so the last answer is kept.
pub(super) struct ByName<'n, 'v> {
    names: &'n [&'static str],
    values: &'n Values<'v>,
    /// Index of the field, and its value.
    last: Cell<Option<(usize, Option<ValueRef<'v>>)>>,
}

impl<'n, 'v> ByName<'n, 'v> {
    pub(super) fn new(names: &'n [&'static str], values: &'n Values<'v>) -> Self {
        ByName { names, values, last: Cell::new(None) }
    }

    /// The last value that was recorded under a name.
    pub(super) fn value(&self, wanted: &str) -> Option<ValueRef<'v>> {
        if let Some((index, value)) = self.last.get() {
            if self.names.get(index).is_some_and(|name| *name == wanted) {
                return value;
            }
        }
        // Of several fields of one name, the last was recorded last.
        let index = self.names.iter().rposition(|name| *name == wanted);
        let value = self.looked_up(index, wanted);
        self.last.set(index.map(|index| (index, value)));
        value
    }

    fn looked_up(&self, index: Option<usize>, wanted: &str) -> Option<ValueRef<'v>> {
        if wanted.starts_with("audit.") {
            return said_in_code(self.values, wanted).map(ValueRef::Str);
        }
        // A callsite has far fewer fields than 2^16.
        self.values.recordings().last_value(index.map(|index| index as u16), wanted)
    }
}

/// The last value that was recorded under a name.
pub(super) fn value_of<'v>(
    names: &[&'static str],
    values: &Values<'v>,
    wanted: &str,
) -> Option<ValueRef<'v>> {
    ByName::new(names, values).value(wanted)
}

fn said_in_code<'v>(values: &Values<'v>, name: &str) -> Option<&'v str> {
    match Slot::of(name) {
        Slot::Operation => values.operation(),
        Slot::Identity(field) => values.identity(field),
        Slot::Error => values.error(),
        _ => None,
    }
}
