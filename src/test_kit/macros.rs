//! The assertions.

use super::{AuditedEvents, Expectation};
use crate::test_kit::trail::fail;

/// Asserts that something was audited: at least one event with all the given
/// fields, or exactly `count` of them.
///
/// First comes what to look at (anything that is
/// [`AuditedEvents`](crate::test_kit::AuditedEvents)), then any of
///
/// | field | value |
/// |---|---|
/// | `operation`, `actor` | text, [`Operation`](crate::Operation), [`Actor`](crate::Actor) |
/// | `user_id`, `session_id`, `org_id`, `resource`, `source`, `error_message`, `span_name` | what serialises to text; `None`: absent |
/// | `error_contains` | a part of the error message |
/// | `entry_ids` | a list of all the ids, in order; `None`: none at all |
/// | `status` | `SUCCESS`, `FAILURE`, `PARTIAL`, `UNKNOWN` or a [`Status`](crate::Status) |
/// | `status_source` | a [`StatusSource`](crate::StatusSource) |
/// | `metadata.key`, `metadata."key"` | what serialises to JSON; `None`: absent |
/// | `count` | how many such events there are, exactly |
///
/// When it fails it says which event came nearest, where that one differs, and
/// what there was at all. See [`test_kit`](crate::test_kit) for an example.
#[macro_export]
macro_rules! assert_audited {
    ($events:expr $(, $($fields:tt)*)?) => {
        $crate::test_kit::assert_audited(
            &$events,
            &$crate::__expectation!(($crate::test_kit::Expectation::new()) $($($fields)*)?),
        )
    };
}

/// Asserts that no event has all the given fields; without fields, that
/// nothing was audited at all. Takes what
/// [`assert_audited!`](crate::assert_audited) takes, except `count`.
#[macro_export]
macro_rules! assert_not_audited {
    ($events:expr $(, $($fields:tt)*)?) => {
        $crate::test_kit::assert_not_audited(
            &$events,
            &$crate::__expectation!(($crate::test_kit::Expectation::new()) $($($fields)*)?),
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __expectation {
    (($so_far:expr)) => { $so_far };
    (($so_far:expr) metadata.$($key:tt).+ = None $(, $($rest:tt)*)?) => {
        $crate::__expectation!(
            ($so_far.metadata($crate::__metadata_key!($($key).+), ())) $($($rest)*)?
        )
    };
    (($so_far:expr) metadata.$($key:tt).+ = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expectation!(
            ($so_far.metadata($crate::__metadata_key!($($key).+), &$value)) $($($rest)*)?
        )
    };
    (($so_far:expr) status = $status:ident $(, $($rest:tt)*)?) => {
        $crate::__expectation!(($so_far.status($crate::__status!($status))) $($($rest)*)?)
    };
    (($so_far:expr) $field:ident = None $(, $($rest:tt)*)?) => {
        $crate::__expectation!(
            ($crate::__expected_field!(($so_far) $field ())) $($($rest)*)?
        )
    };
    (($so_far:expr) $field:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expectation!(
            ($crate::__expected_field!(($so_far) $field $value)) $($($rest)*)?
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __expected_field {
    (($so_far:expr) operation $value:expr) => { $so_far.operation($value) };
    (($so_far:expr) actor $value:expr) => { $so_far.actor($value) };
    (($so_far:expr) user_id $value:expr) => { $so_far.user_id(&$value) };
    (($so_far:expr) session_id $value:expr) => { $so_far.session_id(&$value) };
    (($so_far:expr) org_id $value:expr) => { $so_far.org_id(&$value) };
    (($so_far:expr) resource $value:expr) => { $so_far.resource(&$value) };
    (($so_far:expr) source $value:expr) => { $so_far.source(&$value) };
    (($so_far:expr) entry_ids $value:expr) => { $so_far.entry_ids(&$value) };
    (($so_far:expr) status $value:expr) => { $so_far.status($value) };
    (($so_far:expr) status_source $value:expr) => { $so_far.status_source($value) };
    (($so_far:expr) error_message $value:expr) => { $so_far.error_message(&$value) };
    (($so_far:expr) error_contains $value:expr) => { $so_far.error_contains(&$value) };
    (($so_far:expr) span_name $value:expr) => { $so_far.span_name(&$value) };
    (($so_far:expr) count $value:expr) => { $so_far.count($value) };
    (($so_far:expr) $other:ident $value:expr) => {
        ::core::compile_error!(::core::concat!(
            "unknown field `",
            ::core::stringify!($other),
            "`; the known ones are operation, actor, user_id, session_id, org_id, resource, source, entry_ids, ",
            "status, status_source, error_message, error_contains, span_name, count and metadata.<key>"
        ))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __metadata_key {
    ($key:literal) => {
        $key
    };
    ($($key:tt).+) => {
        ::core::concat!($(::core::stringify!($key), "."),+).trim_end_matches('.')
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __status {
    (SUCCESS) => {
        $crate::Status::Success
    };
    (FAILURE) => {
        $crate::Status::Failure
    };
    (PARTIAL) => {
        $crate::Status::Partial
    };
    (UNKNOWN) => {
        $crate::Status::Unknown
    };
    ($status:ident) => {
        $status
    };
}

/// What [`assert_audited!`](crate::assert_audited) expands to.
#[track_caller]
pub fn assert_audited(events: &(impl AuditedEvents + ?Sized), expected: &Expectation) {
    if let Some(difference) = expected.difference(&events.audited_events()) {
        fail(&difference);
    }
}

/// What [`assert_not_audited!`](crate::assert_not_audited) expands to.
#[track_caller]
pub fn assert_not_audited(events: &(impl AuditedEvents + ?Sized), unwanted: &Expectation) {
    if let Some(presence) = unwanted.presence(&events.audited_events()) {
        fail(&presence);
    }
}
