//! The live stream of recorded events.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::channel::{block_on, block_on_for};
use crate::event::AuditEvent;

/// A live stream of recorded events. Bounded: a subscriber that falls behind
/// loses the oldest, and [`lagged`](Subscription::lagged) counts them.
#[derive(Debug)]
#[must_use = "a subscription that is not read lags"]
pub struct Subscription {
    /// None once the trail has ended.
    receiver: Option<Receiver<Arc<AuditEvent>>>,
    lagged: u64,
}

impl Subscription {
    pub(super) fn new(receiver: Option<Receiver<Arc<AuditEvent>>>) -> Self {
        Subscription { receiver, lagged: 0 }
    }

    /// The next event; `None` when the trail has ended.
    pub async fn recv(&mut self) -> Option<Arc<AuditEvent>> {
        loop {
            match self.receiver.as_mut()?.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(count)) => self.lagged += count,
                Err(RecvError::Closed) => self.receiver = None,
            }
        }
    }

    /// The next event, blocking this thread; `None` when the trail has ended.
    pub fn recv_blocking(&mut self) -> Option<Arc<AuditEvent>> {
        block_on(self.recv())
    }

    /// The next event, blocking this thread for at most `at_most`; `None` also
    /// when that was too short.
    pub fn recv_timeout(&mut self, at_most: Duration) -> Option<Arc<AuditEvent>> {
        block_on_for(self.recv(), at_most).flatten()
    }

    /// The next event, if one is here already.
    pub fn try_recv(&mut self) -> Option<Arc<AuditEvent>> {
        loop {
            match self.receiver.as_mut()?.try_recv() {
                Ok(event) => return Some(event),
                Err(TryRecvError::Lagged(count)) => self.lagged += count,
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Closed) => self.receiver = None,
            }
        }
    }

    /// How many events this subscriber was too slow for, so far.
    pub fn lagged(&self) -> u64 {
        self.lagged
    }

    /// Whether the trail has ended and everything was read.
    pub fn has_ended(&self) -> bool {
        self.receiver.is_none()
    }
}
