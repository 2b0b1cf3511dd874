//! A future that tells the operation around it how it ended.
//!
//! It runs on whatever thread polls or drops it, keeps neither results nor
//! panics from anybody, and without an audited span around it does nothing.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tracing::Span;
use tracing::instrument::{Instrument, Instrumented};

use super::current::{Current, current};
use super::guard::OutcomeGuard;
use super::reading::shown;

/// What a future gives, as far as it says whether the future did what it was
/// meant to do.
pub trait ReportsOutcome {
    /// Why it failed; `None` if it did not.
    fn failure(&self) -> Option<String>;
}

impl<T, E: Display> ReportsOutcome for Result<T, E> {
    fn failure(&self) -> Option<String> {
        self.as_ref().err().map(|error| shown(error))
    }
}

/// There is no other way to end.
impl ReportsOutcome for () {
    fn failure(&self) -> Option<String> {
        None
    }
}

/// Lets it be known how a future ended; for all futures.
pub trait FutureOutcome: Future + Sized {
    /// Tells the operation around it how this future ended: with `Ok`; with
    /// `Err`, and its text; with a panic; or dropped before its end, which makes
    /// the operation `UNKNOWN` with source `cancelled`.
    ///
    /// The operation is the one whose audited span the future is first polled
    /// in. A future that is dropped before that says nothing: it never was a
    /// part of any. [`in_span`](WithOutcome::in_span) gives it an operation of
    /// its own.
    ///
    /// ```
    /// use tracing_audit::{FutureOutcome, audited_span};
    /// # async fn put(key: &str) -> Result<(), std::io::Error> { Ok(()) }
    ///
    /// // Inside an instrumented function …
    /// #[tracing::instrument(fields(audit.operation = "STORE"))]
    /// async fn store(key: &str) -> Result<(), std::io::Error> {
    ///     put(key).with_outcome().await
    /// }
    ///
    /// // … and around a future of somebody else.
    /// # async fn around(key: &str) -> Result<(), std::io::Error> {
    /// put(key).with_outcome().in_span(audited_span!("STORE", entry_ids = key)).await
    /// # }
    /// ```
    fn with_outcome(self) -> WithOutcome<Self>
    where
        Self::Output: ReportsOutcome,
    {
        WithOutcome { bound: Bound::Unpolled { own_span: None }, future: self }
    }
}

impl<F: Future> FutureOutcome for F {}

pin_project! {
    /// A future that tells the operation around it how it ended. Made by
    /// [`with_outcome`](FutureOutcome::with_outcome).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct WithOutcome<F> {
        // First, so that it is dropped before what the future holds.
        bound: Bound,
        #[pin]
        future: F,
    }
}

impl<F> WithOutcome<F> {
    /// Runs it inside `span`, which should be an audited one: in another one it
    /// tells nobody, whatever is around that. Dropped before it was ever polled, it
    /// was cancelled too.
    pub fn in_span(mut self, span: Span) -> Instrumented<Self> {
        self.bound = match span.id() {
            // What is around it is not its own.
            None => Bound::Polled(None),
            Some(id) => Bound::Unpolled { own_span: Some(id.into_u64()) },
        };
        self.instrument(span)
    }
}

impl<F> Future for WithOutcome<F>
where
    F: Future,
    F::Output: ReportsOutcome,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.bound.bind();
        let polling = Polling { bound: this.bound, has_returned: false };
        let result = this.future.poll(context);
        polling.returned(&result);
        result
    }
}

/// The operation that a future tells of its end.
#[derive(Debug)]
enum Bound {
    Unpolled {
        own_span: Option<u64>,
    },
    /// `None`: it was told, or there is none.
    Polled(Option<OutcomeGuard>),
}

impl Bound {
    fn bind(&mut self) {
        if let Bound::Unpolled { own_span } = self {
            let own_span = own_span.take();
            *self = Bound::around(own_span);
        }
    }

    /// To the operation around the caller; if it has a span of its own, only to the
    /// operation that this is.
    fn around(own_span: Option<u64>) -> Self {
        let operation = current().ok().and_then(|around| match own_span {
            Some(span) => around.of_span(span),
            None => Some(around),
        });
        Bound::Polled(operation.map(Current::outcome_guard))
    }

    fn end(&mut self, tell: impl FnOnce(OutcomeGuard)) {
        if let Bound::Polled(guard) = self {
            guard.take().map(tell);
        }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Bound::Unpolled { own_span: Some(span) } = self {
            drop(Bound::around(Some(*span)));
        }
    }
}

/// While the future is polled: it ends then by returning, or by a panic.
struct Polling<'b> {
    bound: &'b mut Bound,
    has_returned: bool,
}

impl Polling<'_> {
    fn returned<O: ReportsOutcome>(mut self, result: &Poll<O>) {
        if let Poll::Ready(output) = result {
            let failure = output.failure();
            self.bound.end(|guard| match failure {
                None => guard.success(),
                Some(error) => guard.failure(error),
            });
        }
        self.has_returned = true;
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        if !self.has_returned {
            self.bound.end(OutcomeGuard::panicked);
        }
    }
}
