//! How an operation ended, from what was seen of it. Pure.

use crate::event::{Status, StatusSource};

use super::message::Seen;

/// The outcome of an operation, told no better than it is known.
///
/// The first of these that holds decides:
/// still open at shutdown · a panic that began inside · what the program
/// stated (except that an error returned after a stated success is a failure,
/// and so is a failure that an event told after it) · a stated error message ·
/// what the rule of a policy says of its values and events · a reported error,
/// return or cancellation · closed while somebody else's panic unwound · closed without the
/// return that this function usually reports · what the rule says otherwise ·
/// closed.
pub(crate) fn outcome(seen: &Seen, learnt: &Learnt) -> (Status, StatusSource) {
    let (status, source) = first_match(seen, learnt);
    // The operation itself says that it failed, where nothing else says how it ended.
    let is_unstated = status == Status::Unknown && source == StatusSource::Closed;
    if learnt.is_denial && (status == Status::Success || is_unstated) {
        return (Status::Failure, StatusSource::Explicit);
    }
    if learnt.closed_is_unknown && source == StatusSource::Closed {
        return (Status::Unknown, source);
    }
    (status, source)
}

/// What is known beside what was seen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Learnt {
    /// The operation is to have denied something.
    pub(crate) is_denial: bool,
    /// A span that simply closed is no success.
    pub(crate) closed_is_unknown: bool,
    /// What an event told by a policy's rule, after the program's statement.
    pub(crate) by_event: Option<Status>,
    /// What the rule says of all that is known.
    pub(crate) by_rule: Option<Status>,
    /// What it says when it knows nothing.
    pub(crate) otherwise: Option<Status>,
}

fn first_match(seen: &Seen, learnt: &Learnt) -> (Status, StatusSource) {
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
        (Some(Status::Success), _) if learnt.by_event == Some(Status::Failure) => {
            (Status::Failure, StatusSource::Policy)
        }
        (Some(stated), _) => (stated, StatusSource::Explicit),
        (None, _) if seen.stated_error => (Status::Failure, StatusSource::Explicit),
        (None, report) => match (learnt.by_rule, report) {
            (Some(status), _) => (status, StatusSource::Policy),
            (None, Some(report)) => report.outcome(),
            (None, None) => without_word(seen, learnt),
        },
    }
}

/// The outcome of what ended without a word.
fn without_word(seen: &Seen, learnt: &Learnt) -> (Status, StatusSource) {
    match learnt.otherwise {
        _ if seen.unwound => (Status::Unknown, StatusSource::Unwound),
        _ if seen.usually_reports => (Status::Unknown, StatusSource::Incomplete),
        Some(status) => (status, StatusSource::Policy),
        None if seen.is_error_level => (Status::Unknown, StatusSource::Closed),
        None => (Status::Success, StatusSource::Closed),
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
        outcome(&seen, &Learnt::default())
    }

    fn learnt(
        change: impl FnOnce(&mut Seen),
        learn: impl FnOnce(&mut Learnt),
    ) -> (Status, StatusSource) {
        let (mut seen, mut learnt) = (Seen::default(), Learnt::default());
        change(&mut seen);
        learn(&mut learnt);
        outcome(&seen, &learnt)
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
        assert_eq!(
            learnt(|_| (), |learnt| learnt.is_denial = true),
            (Failure, StatusSource::Explicit)
        );
        assert_eq!(case(|seen| seen.is_error_level = true), (Unknown, StatusSource::Closed));
        let denied = |change: fn(&mut Seen)| learnt(change, |learnt| learnt.is_denial = true);
        assert_eq!(denied(|seen| seen.is_error_level = true), (Failure, StatusSource::Explicit));
        assert_eq!(denied(|seen| seen.still_open = true), (Unknown, StatusSource::Open));
        assert_eq!(denied(|seen| seen.stated = Some(Partial)), (Partial, StatusSource::Explicit));
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
        let refuse = |learnt: &mut Learnt| learnt.closed_is_unknown = true;
        assert_eq!(learnt(|_| (), refuse), (Status::Unknown, StatusSource::Closed));
        let stated = learnt(|seen| seen.stated = Some(Status::Success), refuse);
        assert_eq!(stated, (Status::Success, StatusSource::Explicit));
    }

    #[test]
    fn a_rule_counts_after_what_is_stated_and_before_what_is_reported() {
        use Status::*;
        let failed = |learnt: &mut Learnt| learnt.by_rule = Some(Failure);
        let policy = |status| (status, StatusSource::Policy);
        assert_eq!(learnt(|_| (), failed), policy(Failure));
        assert_eq!(learnt(|seen| seen.reported = Some(Reported::Value), failed), policy(Failure));
        assert_eq!(
            learnt(|seen| seen.stated = Some(Success), failed),
            (Success, StatusSource::Explicit)
        );
        assert_eq!(learnt(|seen| seen.panicked = true, failed), (Failure, StatusSource::Panic));
        let told = |learnt: &mut Learnt| {
            (learnt.by_event, learnt.by_rule) = (Some(Failure), Some(Failure));
        };
        assert_eq!(learnt(|seen| seen.stated = Some(Success), told), policy(Failure));
        assert_eq!(
            learnt(|seen| seen.stated = Some(Partial), told),
            (Partial, StatusSource::Explicit)
        );
        let otherwise = |learnt: &mut Learnt| {
            (learnt.otherwise, learnt.closed_is_unknown) = (Some(Partial), true);
        };
        assert_eq!(learnt(|_| (), otherwise), policy(Partial));
        assert_eq!(learnt(|seen| seen.unwound = true, otherwise), (Unknown, StatusSource::Unwound));
        assert_eq!(
            learnt(|seen| seen.reported = Some(Reported::Value), otherwise),
            (Success, StatusSource::Return)
        );
    }
}
