//! Asking the worker, blocking and not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::buffer::Snapshot;
use crate::channel::block_on;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{AuditEvent, Kind, within};
use crate::query::{FreshView, Source, View};
use crate::redaction::HashKeys;
use crate::worker::{Reply, Request, is_worker_thread};

use super::handle::{Audit, Inner};
use super::receipt::Durability;

/// A reply that is on its way.
pub(super) struct Pending<T>(oneshot::Receiver<T>);

impl<T> Future for Pending<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(|_| Error::stopped())
    }
}

impl Inner {
    /// Sends a request.
    pub(super) fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> Request) -> Result<Pending<T>> {
        if is_worker_thread() {
            return Err(Error::on_worker());
        }
        if std::process::id() != self.process {
            return Err(Error::new(
                ErrorKind::Stopped,
                "this process is a fork: the audit worker stayed with the parent; \
                 build a trail of its own after the fork",
            ));
        }
        let (reply, receiver) = oneshot::channel();
        self.requests.send(make(reply)).map_err(|_| Error::stopped())?;
        self.wake.now();
        Ok(Pending(receiver))
    }

    /// Sends a request that nobody waits for.
    pub(super) fn tell(&self, request: Request) -> Result<()> {
        self.requests.send(request).map_err(|_| Error::stopped())?;
        self.wake.now();
        Ok(())
    }

    /// Whether events outlive the process.
    pub(super) fn durability(&self) -> Durability {
        if self.has_journal { Durability::Durable } else { Durability::Memory }
    }

    /// What lies in memory, and behind that on disk.
    pub(super) fn view_of(&self, snapshot: Arc<Snapshot>) -> View {
        View::new(snapshot)
            .with_stored(self.stored.clone())
            .with_hash_keys(self.hidden().keys().clone())
    }

    /// What is hidden in all events.
    #[cfg(not(feature = "policy"))]
    pub(super) fn hidden(&self) -> Arc<crate::redaction::Rules> {
        self.hidden.clone()
    }

    /// Sends a request and waits for its reply.
    pub(super) fn ask_and_wait<T>(&self, make: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
        block_on(self.ask(make)?)
    }

    /// The same where the worker has the reply as soon as it is awake.
    pub(super) fn ask_and_look<T>(&self, make: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
        self.lookout.block_on(self.ask(make)?)
    }
}

impl Source for Audit {
    fn fresh(&self) -> Result<View> {
        self.view()
    }

    fn snapshot(&self) -> View {
        Audit::snapshot(self)
    }

    fn fresh_async(&self) -> FreshView {
        let audit = self.clone();
        Box::pin(async move {
            let snapshot = audit.inner.ask(Request::View)?.await?;
            Ok(audit.inner.view_of(snapshot))
        })
    }

    fn hash_keys(&self) -> HashKeys {
        self.inner.hidden().keys().clone()
    }

    fn every_log(&self, own: View) -> Result<Vec<View>> {
        let mut views = self.inner.other_logs.views()?;
        views.push(own);
        Ok(views)
    }
}

/// An event as it may be recorded by hand.
pub(super) fn acceptable(event: AuditEvent) -> Result<Box<AuditEvent>> {
    if event.kind != Kind::Event {
        return Err(Error::invalid(
            "entries about the trail itself cannot be recorded by hand; leave `kind` as it is",
        ));
    }
    Ok(Box::new(within(event)))
}
