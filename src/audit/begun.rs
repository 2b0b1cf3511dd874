//! Operations that are written down before they are done.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::error::Result;
use crate::event::limits::bounded;
use crate::event::{AuditEvent, EventId, Metadata, Status, StatusSource};
use crate::worker::{Completion, Request};

use super::handle::{Audit, Inner};
use super::receipt::Receipt;
use super::requests::{Pending, acceptable};

/// An operation whose intent is in the trail and whose outcome is not.
///
/// Say how it ended with [`success`](Begun::success),
/// [`failure`](Begun::failure) or [`partial`](Begun::partial). Dropped without,
/// it is recorded as UNKNOWN, source `incomplete`; open at shutdown, as
/// UNKNOWN, source `open`; after a crash, when the log is opened again, as
/// UNKNOWN, source `recovered`.
#[must_use = "the operation is recorded as UNKNOWN unless its outcome is said"]
pub struct Begun {
    audit: Audit,
    receipt: Receipt,
    began_ns: u64,
    entry_ids: Vec<String>,
    metadata: Metadata,
    is_completed: bool,
}

impl Audit {
    /// Writes down what is about to be done, and waits until that is durable
    /// (without a journal: until it is in memory). For operations that must not
    /// happen without a trace: where this fails, don't do them.
    ///
    /// The intent is an entry of kind `log`, operation `INTENT`, with the
    /// event's id and all that it says; what is intended stands in its metadata
    /// under `audit.intended`. The event itself is recorded with its outcome.
    ///
    /// # Errors
    ///
    /// As [`record`](Audit::record).
    pub fn begin(&self, event: impl Into<AuditEvent>) -> Result<Begun> {
        let (began_ns, pending) = self.ask_to_begin(event.into())?;
        let stored = crate::channel::block_on(pending)??;
        Ok(Begun::new(self, Receipt::new(stored, &self.inner), began_ns))
    }

    /// [`begin`](Audit::begin) without blocking the thread.
    ///
    /// # Errors
    ///
    /// As [`begin`](Audit::begin).
    pub async fn begin_async(&self, event: impl Into<AuditEvent>) -> Result<Begun> {
        let (began_ns, pending) = self.ask_to_begin(event.into())?;
        let stored = pending.await??;
        Ok(Begun::new(self, Receipt::new(stored, &self.inner), began_ns))
    }

    fn ask_to_begin(
        &self,
        event: AuditEvent,
    ) -> Result<(u64, Pending<Result<crate::worker::Stored>>)> {
        let event = acceptable(event)?;
        let began_ns = self.inner.intake.clock.monotonic_ns();
        Ok((began_ns, self.inner.ask(|reply| Request::Begin(event, reply))?))
    }
}

impl Begun {
    fn new(audit: &Audit, receipt: Receipt, began_ns: u64) -> Self {
        Begun {
            audit: audit.clone(),
            receipt,
            began_ns,
            entry_ids: Vec::new(),
            metadata: Metadata::new(),
            is_completed: false,
        }
    }

    /// The event's identity: the intent's and the outcome's.
    pub fn event_id(&self) -> EventId {
        self.receipt.event_id
    }

    /// What became of the intent.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Adds entries it was done to, for the outcome. An empty id is none.
    pub fn entry_ids(&mut self, ids: impl IntoIterator<Item = impl AsRef<str>>) -> &mut Self {
        let named = ids.into_iter().filter(|id| !id.as_ref().is_empty());
        self.entry_ids.extend(named.map(|id| bounded(id.as_ref()).into_owned()));
        self
    }

    /// Adds a named value, for the outcome.
    pub fn metadata(&mut self, key: impl AsRef<str>, value: impl Into<Value>) -> &mut Self {
        self.metadata.insert(key, value);
        self
    }

    /// It did what it was meant to do. Waits until that is durable.
    ///
    /// # Errors
    ///
    /// When the outcome cannot be recorded; the intent stays without one.
    pub fn success(self) -> Result<Receipt> {
        self.complete(Status::Success, None)
    }

    /// It failed, and why.
    ///
    /// # Errors
    ///
    /// As [`success`](Begun::success).
    pub fn failure(self, error: impl AsRef<str>) -> Result<Receipt> {
        self.complete(Status::Failure, Some(error.as_ref()))
    }

    /// It did a part, and why not the rest.
    ///
    /// # Errors
    ///
    /// As [`success`](Begun::success).
    pub fn partial(self, why: impl AsRef<str>) -> Result<Receipt> {
        self.complete(Status::Partial, Some(why.as_ref()))
    }

    /// [`success`](Begun::success) without blocking the thread.
    ///
    /// # Errors
    ///
    /// As [`success`](Begun::success).
    pub async fn success_async(self) -> Result<Receipt> {
        self.complete_async(Status::Success, None).await
    }

    /// [`failure`](Begun::failure) without blocking the thread.
    ///
    /// # Errors
    ///
    /// As [`success`](Begun::success).
    pub async fn failure_async(self, error: impl AsRef<str>) -> Result<Receipt> {
        self.complete_async(Status::Failure, Some(error.as_ref())).await
    }

    /// [`partial`](Begun::partial) without blocking the thread.
    ///
    /// # Errors
    ///
    /// As [`success`](Begun::success).
    pub async fn partial_async(self, why: impl AsRef<str>) -> Result<Receipt> {
        self.complete_async(Status::Partial, Some(why.as_ref())).await
    }

    fn complete(mut self, status: Status, why: Option<&str>) -> Result<Receipt> {
        let pending = self.send(status, why)?;
        let stored = crate::channel::block_on(pending)??;
        Ok(Receipt::new(stored, &self.audit.inner))
    }

    async fn complete_async(mut self, status: Status, why: Option<&str>) -> Result<Receipt> {
        let pending = self.send(status, why)?;
        let stored = pending.await??;
        Ok(Receipt::new(stored, &self.audit.inner))
    }

    fn send(
        &mut self,
        status: Status,
        why: Option<&str>,
    ) -> Result<Pending<Result<crate::worker::Stored>>> {
        let completion = self.completion(status, StatusSource::Explicit, why);
        let pending = self.inner().ask(|reply| Request::Complete(completion, Some(reply)))?;
        self.is_completed = true;
        Ok(pending)
    }

    fn completion(
        &mut self,
        status: Status,
        status_source: StatusSource,
        why: Option<&str>,
    ) -> Box<Completion> {
        let now_ns = self.inner().intake.clock.monotonic_ns();
        Box::new(Completion {
            event_id: self.event_id(),
            status,
            status_source,
            error_message: why.map(|why| bounded(why).into_owned()),
            duration: Duration::from_nanos(now_ns.saturating_sub(self.began_ns)),
            entry_ids: std::mem::take(&mut self.entry_ids),
            metadata: std::mem::take(&mut self.metadata),
        })
    }

    fn inner(&self) -> &Arc<Inner> {
        &self.audit.inner
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if self.is_completed {
            return;
        }
        let completion = self.completion(Status::Unknown, StatusSource::Incomplete, None);
        // Without a worker there is nobody to tell.
        let _ = self.inner().tell(Request::Complete(completion, None));
    }
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Begun").field("receipt", &self.receipt).finish_non_exhaustive()
    }
}
