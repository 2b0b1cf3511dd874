//! How an operation ended, from what was seen of it. Pure.

use crate::event::{Status, StatusSource};

use super::message::Seen;

/// The outcome of an operation, told no better than it is known.
///
/// The first of these that holds decides:
/// still open at shutdown · a panic that began inside · what the program
/// stated (except that an error returned after a stated success is a failure)
/// · a stated error message · a reported error, return or cancellation · closed while
/// somebody else's panic unwound · closed without the return that this
/// function usually reports · closed.
pub(crate) fn outcome(seen: &Seen, closed_is_unknown: bool) -> (Status, StatusSource) {
    let (status, source) = first_match(seen);
    if seen.is_denial && status == Status::Success {
        return (Status::Failure, StatusSource::Explicit);
    }
    if closed_is_unknown && source == StatusSource::Closed {
        return (Status::Unknown, source);
    }
    (status, source)
}

fn first_match(seen: &Seen) -> (Status, StatusSource) {
    if seen.still_open {
        return (Status::Unknown, StatusSource::Open);
    }
    if seen.panicked {
        return (Status::Failure, StatusSource::Panic);
    }
    match (seen.stated, seen.reported) {
        (Some(Status::Success), Some(report)) if report.is_failure() && seen.reported_last => {
            report.outcome()
        }
        (Some(stated), _) => (stated, StatusSource::Explicit),
        (None, _) if seen.stated_error => (Status::Failure, StatusSource::Explicit),
        (None, Some(report)) => report.outcome(),
        (None, None) if seen.unwound => (Status::Unknown, StatusSource::Unwound),
        (None, None) if seen.usually_reports => (Status::Unknown, StatusSource::Incomplete),
        (None, None) if seen.is_error_level => (Status::Unknown, StatusSource::Closed),
        (None, None) => (Status::Success, StatusSource::Closed),
    }
}

/// What `#[instrument]` reported, or a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reported {
    /// `err`: the function returned this error.
    Error,
    /// `ret`: it returned a value.
    Value,
    /// `ret` without `err`: it returned an `Err`.
    ErrValue,
    /// It was dropped before its end.
    Cancelled,
}

impl Reported {
    pub(super) fn is_failure(self) -> bool {
        matches!(self, Reported::Error | Reported::ErrValue)
    }

    fn outcome(self) -> (Status, StatusSource) {
        match self {
            Reported::Error => (Status::Failure, StatusSource::Error),
            Reported::Value => (Status::Success, StatusSource::Return),
            Reported::ErrValue => (Status::Failure, StatusSource::Return),
            Reported::Cancelled => (Status::Unknown, StatusSource::Cancelled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(change: impl FnOnce(&mut Seen)) -> (Status, StatusSource) {
        let mut seen = Seen::default();
        change(&mut seen);
        outcome(&seen, false)
    }

    #[test]
    fn each_way_to_end_has_its_outcome() {
        use Status::*;
        assert_eq!(case(|_| ()), (Success, StatusSource::Closed));
        assert_eq!(case(|seen| seen.still_open = true), (Unknown, StatusSource::Open));
        assert_eq!(case(|seen| seen.panicked = true), (Failure, StatusSource::Panic));
        assert_eq!(case(|seen| seen.unwound = true), (Unknown, StatusSource::Unwound));
        assert_eq!(case(|seen| seen.usually_reports = true), (Unknown, StatusSource::Incomplete));
        assert_eq!(case(|seen| seen.stated = Some(Partial)), (Partial, StatusSource::Explicit));
        assert_eq!(case(|seen| seen.stated_error = true), (Failure, StatusSource::Explicit));
        assert_eq!(case(|seen| seen.is_denial = true), (Failure, StatusSource::Explicit));
        assert_eq!(case(|seen| seen.is_error_level = true), (Unknown, StatusSource::Closed));
        for (reported, status, source) in [
            (Reported::Error, Failure, StatusSource::Error),
            (Reported::Value, Success, StatusSource::Return),
            (Reported::ErrValue, Failure, StatusSource::Return),
            (Reported::Cancelled, Unknown, StatusSource::Cancelled),
        ] {
            assert_eq!(case(|seen| seen.reported = Some(reported)), (status, source));
        }
    }

    #[test]
    fn a_stated_success_does_not_hide_an_error_that_follows() {
        let stated = |last| {
            case(|seen| {
                seen.stated = Some(Status::Success);
                seen.reported = Some(Reported::Error);
                seen.reported_last = last;
            })
        };
        assert_eq!(stated(true), (Status::Failure, StatusSource::Error));
        assert_eq!(stated(false), (Status::Success, StatusSource::Explicit));
        let partial = case(|seen| {
            seen.stated = Some(Status::Partial);
            seen.reported = Some(Reported::Error);
            seen.reported_last = true;
        });
        assert_eq!(partial, (Status::Partial, StatusSource::Explicit));
    }

    #[test]
    fn a_policy_can_refuse_to_believe_in_closing() {
        assert_eq!(outcome(&Seen::default(), true), (Status::Unknown, StatusSource::Closed));
        let stated = Seen { stated: Some(Status::Success), ..Seen::default() };
        assert_eq!(outcome(&stated, true), (Status::Success, StatusSource::Explicit));
    }
}
