//! Adding to the operation that is under way, from anywhere inside it.

use std::fmt::Display;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::event::packed::ValueRef;
use crate::event::{Actor, Status};

use super::callsite::IdField;
use super::intake::Intake;
use super::local;
use super::message::Capture;

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
    let found = tracing_core::dispatcher::get_default(|dispatch| {
        let intake = dispatch.downcast_ref::<Arc<Intake>>()?.clone();
        let span = dispatch.current_span().id()?.into_u64();
        let registry = dispatch.downcast_ref::<tracing_subscriber::Registry>();
        let span = intake.nearest_operation(span, registry)?;
        Some(Current { intake, span })
    });
    found.or_else(|| {
        // Behind `reload` a layer cannot be found; what this thread is inside of can.
        let (intake, span) = local::entered_spans().into_iter().find_map(|(instance, span)| {
            let intake = Intake::by_instance(instance)?;
            let span = intake.nearest_operation(span, None)?;
            Some((intake, span))
        })?;
        Some(Current { intake, span })
    })
    .ok_or_else(|| {
        Error::new(
            ErrorKind::NoSpan,
            "there is no audited span here; open one (a span with an `audit.operation` field) around this call",
        )
    })
}

/// A handle to an operation under way. Values it sets replace earlier ones,
/// except entry ids, which are added. After the operation ended it does nothing.
#[derive(Clone)]
#[must_use = "it does nothing until something is added"]
pub struct Current {
    intake: Arc<Intake>,
    span: u64,
}

impl Current {
    /// On whose behalf.
    pub fn user_id(self, id: impl Display) -> Self {
        self.identity(IdField::User, &id.to_string())
    }

    /// Who acts, if it is not the user.
    pub fn actor(self, actor: impl Into<Actor>) -> Self {
        self.identity(IdField::Actor, &actor.into().to_string())
    }

    /// The user's session or conversation.
    pub fn session_id(self, id: impl Display) -> Self {
        self.identity(IdField::Session, &id.to_string())
    }

    /// The organisation whose data it is.
    pub fn org_id(self, id: impl Display) -> Self {
        self.identity(IdField::Org, &id.to_string())
    }

    /// The knowledge base, collection or other container.
    pub fn resource(self, id: impl Display) -> Self {
        self.identity(IdField::Resource, &id.to_string())
    }

    /// Network origin.
    pub fn source(self, source: impl Display) -> Self {
        self.identity(IdField::Source, &source.to_string())
    }

    /// Adds an entry that it is done to.
    pub fn entry_id(self, id: impl Display) -> Self {
        self.entry_ids([id])
    }

    /// Adds entries that it is done to.
    pub fn entry_ids(self, ids: impl IntoIterator<Item = impl Display>) -> Self {
        let ids: Vec<_> = ids.into_iter().map(|id| id.to_string()).collect();
        self.intake.change(self.span, |capture| {
            ids.iter().for_each(|id| capture.fields.add_entry_id(id));
        });
        self
    }

    /// States how it ended or will end, for example that it did only a part.
    pub fn status(self, status: Status) -> Self {
        self.intake.change(self.span, |capture| capture.note_statement(Some(status), false));
        self
    }

    /// States that it failed, and why.
    pub fn error(self, message: impl Display) -> Self {
        let message = message.to_string();
        self.intake.change(self.span, |capture| {
            capture.fields.set_error(&message);
            capture.note_statement(Some(Status::Failure), true);
        });
        self
    }

    /// Sets a field that the span declared but could not fill yet, or one that
    /// it did not declare.
    pub fn metadata(self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        let value = value.into().to_string();
        self.intake.change(self.span, |capture| {
            capture.fields.add_named(key, ValueRef::Json(&value));
        });
        self
    }

    fn identity(self, field: IdField, text: &str) -> Self {
        let mut later = Capture::default();
        later.fields.set_identity(field, text, true);
        self.intake.record_late(self.span, &later);
        self
    }
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}
