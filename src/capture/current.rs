//! Adding to the operation that is under way, from anywhere inside it.

use std::fmt::Display;
use std::num::NonZeroU64;
use std::sync::Arc;

use tracing_core::{Dispatch, dispatcher};
use tracing_subscriber::Registry;

use crate::error::{Error, ErrorKind, Result};
use crate::event::packed::ValueRef;
use crate::event::{Actor, Status};

use super::callsite::IdField;
use super::intake::Intake;
use super::local;
use super::message::Capture;
use super::outcome::Reported;
use super::reading::shown;

/// The nearest audited span around the caller.
///
/// Unlike `Span::current().record(…)`, which writes onto whatever span happens
/// to be current and is lost where that span did not declare the field, this
/// finds the operation itself.
///
/// ```
/// # fn charge() -> Result<(), tracing_audit::Error> {
/// tracing_audit::current()?.user_id("alice").entry_id("entry_1");
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`ErrorKind::NoSpan`] where no audited span is open around the caller, or
/// its outcome was reported already.
pub fn current() -> Result<Current> {
    let mut operations = dispatcher::get_default(operations_of_layers);
    if operations.is_empty() {
        operations.extend(operation_entered_here());
    }
    if operations.is_empty() {
        return Err(Error::new(
            ErrorKind::NoSpan,
            "there is no audited span here; open one (a span with an `audit.operation` field) around this call",
        ));
    }
    Ok(Current { operations })
}

/// A handle to an operation under way. Values it sets replace earlier ones,
/// except entry ids, which are added. After the operation ended it does nothing.
#[derive(Clone)]
pub struct Current {
    /// One for each layer, as a rule a single one.
    operations: Vec<OpenOperation>,
}

/// An open operation of one layer. Ids of spans recur; keys do not.
#[derive(Clone)]
struct OpenOperation {
    intake: Arc<Intake>,
    span: u64,
    key: NonZeroU64,
}

impl Current {
    /// On whose behalf.
    pub fn user_id(self, id: impl Display) -> Self {
        self.identity(IdField::User, &shown(&id))
    }

    /// Who acts, if it is not the user.
    pub fn actor(self, actor: impl Into<Actor>) -> Self {
        self.identity(IdField::Actor, &actor.into().to_string())
    }

    /// The user's session or conversation.
    pub fn session_id(self, id: impl Display) -> Self {
        self.identity(IdField::Session, &shown(&id))
    }

    /// The organisation whose data it is.
    pub fn org_id(self, id: impl Display) -> Self {
        self.identity(IdField::Org, &shown(&id))
    }

    /// The knowledge base, collection or other container.
    pub fn resource(self, id: impl Display) -> Self {
        self.identity(IdField::Resource, &shown(&id))
    }

    /// Network origin.
    pub fn source(self, source: impl Display) -> Self {
        self.identity(IdField::Source, &shown(&source))
    }

    /// Adds an entry that it is done to.
    pub fn entry_id(self, id: impl Display) -> Self {
        self.entry_ids([id])
    }

    /// Adds entries that it is done to.
    pub fn entry_ids(self, ids: impl IntoIterator<Item = impl Display>) -> Self {
        let ids: Vec<_> = ids.into_iter().map(|id| shown(&id)).collect();
        self.change(|capture| ids.iter().for_each(|id| capture.fields.add_entry_id(id, true)))
    }

    /// States how it ended or will end, for example that it did only a part.
    pub fn status(self, status: Status) -> Self {
        self.change(|capture| capture.note_statement(Some(status), false))
    }

    /// States that it failed, and why.
    pub fn error(self, message: impl Display) -> Self {
        let message = shown(&message);
        self.change(|capture| {
            capture.fields.set_error(&message);
            capture.note_statement(Some(Status::Failure), true);
        })
    }

    /// Sets a field that the span declared but could not fill yet, or one that
    /// it did not declare.
    pub fn metadata(self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        let value = value.into();
        let json = if value.is_string() { String::new() } else { value.to_string() };
        let value = value.as_str().map_or(ValueRef::Json(&json), ValueRef::Str);
        self.change(|capture| capture.fields.set_named(key, value))
    }

    /// The same, if it is the operation that this span is.
    pub(super) fn of_span(mut self, span: u64) -> Option<Self> {
        self.operations.retain(|operation| operation.span == span);
        (!self.operations.is_empty()).then_some(self)
    }

    /// Notes how it ended, as somebody knows who was there.
    pub(super) fn report(&self, reported: Reported, error: Option<&str>) {
        self.each(|capture| capture.note_report(reported, error));
    }

    /// Notes that a panic began inside.
    pub(super) fn note_panic(&self) {
        self.each(|capture| capture.seen.panicked = true);
    }

    /// Notes that a panic ended it that may have begun elsewhere.
    pub(super) fn note_unwound(&self) {
        self.each(|capture| capture.seen.unwound = true);
    }

    fn identity(self, field: IdField, text: &str) -> Self {
        for OpenOperation { intake, span, key } in &self.operations {
            intake.change(*span, *key, |open| intake.set_late(open, field, text));
        }
        self
    }

    fn change(self, change: impl Fn(&mut Capture)) -> Self {
        self.each(change);
        self
    }

    fn each(&self, change: impl Fn(&mut Capture)) {
        for OpenOperation { intake, span, key } in &self.operations {
            intake.change(*span, *key, &change);
        }
    }
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

/// The nearest operation of each layer of a subscriber.
fn operations_of_layers(dispatch: &Dispatch) -> Vec<OpenOperation> {
    let Some(inside) = dispatch.current_span().id().map(|id| id.into_u64()) else {
        return Vec::new();
    };
    let registry = dispatch.downcast_ref::<Registry>();
    let layer = |number| {
        local::skip_layers(number);
        let intake = dispatch.downcast_ref::<Arc<Intake>>().cloned();
        local::skip_layers(0);
        intake
    };
    (0..).map_while(layer).filter_map(|intake| intake.operation_around(inside, registry)).collect()
}

/// The nearest operation that this thread has entered: behind `reload` layers
/// cannot be found.
fn operation_entered_here() -> Option<OpenOperation> {
    local::entered_spans()
        .into_iter()
        .find_map(|(instance, span)| Intake::by_instance(instance)?.operation_around(span, None))
}

impl Intake {
    fn operation_around(
        self: Arc<Self>,
        span: u64,
        registry: Option<&Registry>,
    ) -> Option<OpenOperation> {
        let (span, key) = self.nearest_operation(span, registry)?;
        Some(OpenOperation { intake: self, span, key })
    }
}
