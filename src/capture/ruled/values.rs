//! What was recorded, by the names under which policies know it.

use crate::capture::callsite::Slot;
use crate::capture::fields::Values;
use crate::capture::recorded::Recording;
use crate::event::packed::ValueRef;

/// The last value that was recorded under a name.
pub(super) fn value_of<'v>(
    names: &[&'static str],
    values: &Values<'v>,
    wanted: &str,
) -> Option<ValueRef<'v>> {
    if wanted.starts_with("audit.") {
        return said_in_code(values, wanted).map(ValueRef::Str);
    }
    let mut found = None;
    for recording in values.recordings() {
        match recording {
            Recording::Metadata(index, value)
                if names.get(usize::from(index)).is_some_and(|name| *name == wanted) =>
            {
                found = Some(value);
            }
            Recording::Named(name, value) if name == wanted => found = Some(value),
            _ => {}
        }
    }
    found
}

/// The last value that was recorded of the field with this index.
pub(super) fn value_at<'v>(values: &Values<'v>, wanted: u16) -> Option<ValueRef<'v>> {
    let of_field = |recording| match recording {
        Recording::Metadata(index, value) if index == wanted => Some(value),
        _ => None,
    };
    values.recordings().filter_map(of_field).last()
}

fn said_in_code<'v>(values: &Values<'v>, name: &str) -> Option<&'v str> {
    match Slot::of(name) {
        Slot::Operation => values.operation(),
        Slot::Identity(field) => values.identity(field),
        Slot::Error => values.error(),
        _ => None,
    }
}
