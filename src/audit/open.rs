//! Operations that have not ended yet.

use std::time::Duration;

use crate::capture::{IdField, Intake};
use crate::event::Operation;
use crate::redaction::{Part, Redactor, Rules};

/// An audited span that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenOperation {
    /// What is being done.
    pub operation: Operation,
    /// On whose behalf, as far as known by then.
    pub user_id: Option<String>,
    /// Name of the span.
    pub span_name: String,
    /// `file:line` of the span.
    pub location: String,
    /// Since it began.
    pub age: Duration,
}

/// What has been open for longer than `longer_than`, the oldest first, without
/// what is hidden in the events that they will become.
pub(super) fn operations(
    intake: &Intake,
    longer_than: Duration,
    hidden: &Rules,
) -> Vec<OpenOperation> {
    let mut redactor = Redactor::default();
    let longer_ns = u64::try_from(longer_than.as_nanos()).unwrap_or(u64::MAX);
    let mut open: Vec<_> = intake
        .operations_open_longer_than(longer_ns)
        .into_iter()
        .filter_map(|open| {
            let callsite = intake.callsites.by_index(open.capture.callsite)?;
            let fields = &open.capture.fields;
            let operation = fields.operation().unwrap_or(callsite.metadata.name());
            let user_id = fields.identity(IdField::User);
            let hidden = open.capture.ruled.as_ref().map_or(hidden, |plan| plan.hidden());
            let mut hide = |text, part| redactor.part(text, part, hidden);
            Some(OpenOperation {
                operation: hide(operation, Part::Operation).unwrap_or_default().as_str().into(),
                user_id: user_id.and_then(|user_id| hide(user_id, Part::User)),
                span_name: callsite.metadata.name().to_owned(),
                location: callsite.location(),
                age: Duration::from_nanos(open.age_ns),
            })
        })
        .collect();
    open.sort_by_key(|operation| std::cmp::Reverse(operation.age));
    open
}
