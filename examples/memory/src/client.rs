//! A user at the front door: requests with a session, each in a span of its
//! own, as a web service has them.
//!
//! The span carries who asks, from where and in which session; the audited
//! operations inside take that over. Some requests know their user when they
//! begin, others find out by looking up a token.

use std::future::Future;
use std::sync::Arc;

use tracing::{Instrument, Span, field::Empty};

use crate::memory::{Caller, Memory, Result};
use crate::tally::{Outcome, Tally};

/// When a request learns who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    /// Before it begins, as on a connection that was authenticated.
    Before,
    /// After it began, by its token.
    Within,
}

/// Somebody with a session.
#[derive(Clone)]
pub(crate) struct Client {
    pub memory: Memory,
    pub caller: Caller,
    pub login: Login,
    session_id: String,
    address: String,
    tally: Arc<Tally>,
}

impl Client {
    pub(crate) fn new(memory: &Memory, tally: &Arc<Tally>, caller: Caller, number: u8) -> Self {
        Client {
            memory: memory.clone(),
            session_id: format!("session_{}_{number}", caller.owner()),
            address: format!("192.0.2.{number}"),
            login: if number.is_multiple_of(2) { Login::Before } else { Login::Within },
            caller,
            tally: Arc::clone(tally),
        }
    }

    /// Does one thing in a request of its own, and counts what came of it.
    pub(crate) async fn call<T: Outcome>(
        &self,
        operation: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let result = self.request(work).await;
        self.tally.outcome(operation, self.caller.owner(), &result);
        result
    }

    /// Does something in a request of its own. The caller counts it.
    pub(crate) async fn request<F: Future>(&self, work: F) -> F::Output {
        let span = tracing::info_span!(
            "request",
            audit.actor = Empty,
            audit.user_id = Empty,
            audit.session_id = %self.session_id,
            audit.org_id = %self.caller.org_id,
            audit.source = %self.address,
        );
        if self.login == Login::Before {
            self.introduce(&span);
        }
        let authenticated = async {
            if self.login == Login::Within {
                self.authenticate().await;
            }
            work.await
        };
        authenticated.instrument(span).await
    }

    /// Counts an operation that never returned to its caller.
    pub(crate) fn count(&self, operation: &str, status: &str) {
        self.tally.count(operation, status, self.caller.owner());
    }

    /// Stands for the look-up of a token.
    async fn authenticate(&self) {
        tokio::task::yield_now().await;
        self.introduce(&Span::current());
    }

    fn introduce(&self, request: &Span) {
        request.record("audit.actor", self.caller.actor.as_str());
        request.record("audit.user_id", self.caller.user_id.as_deref());
    }
}
