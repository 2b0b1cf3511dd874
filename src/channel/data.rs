//! The bounded data lane and what happens when it is full.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, TrySendError, bounded};

use super::{LossReason, Losses, Wake};

/// What a producer does when the queue is full. Nothing is lost in silence:
/// whatever is given up is counted and becomes a gap entry of the trail.
///
/// On the worker's own thread (in hooks and sinks) nothing ever blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OverflowPolicy {
    /// Wait this long once per stall; from then on give up at once whatever
    /// finds the queue full, until the queue has been half empty.
    Block(Duration),
    /// Wait for as long as it takes: the audited program stops rather than go
    /// on unaudited.
    BlockForever,
    /// Give the event up at once.
    Drop,
}

impl OverflowPolicy {
    /// How long the default policy waits, once per stall.
    pub const DEFAULT_BLOCK: Duration = Duration::from_millis(5);
}

impl Default for OverflowPolicy {
    fn default() -> Self {
        OverflowPolicy::Block(OverflowPolicy::DEFAULT_BLOCK)
    }
}

/// The producers' end.
#[derive(Debug)]
pub(crate) struct DataSender<T> {
    sender: Sender<T>,
    policy: OverflowPolicy,
    /// Somebody already waited in vain, and the queue has not been half empty since.
    stalled: AtomicBool,
    /// The process whose worker empties the queue.
    process: u32,
    losses: Arc<Losses>,
    wake: Arc<Wake>,
}

/// The worker's end.
pub(crate) type DataReceiver<T> = Receiver<T>;

/// A lane for at most `events_max` waiting items.
pub(crate) fn data_lane<T>(
    events_max: usize,
    policy: OverflowPolicy,
    losses: Arc<Losses>,
    wake: Arc<Wake>,
) -> (DataSender<T>, DataReceiver<T>) {
    let (sender, receiver) = bounded(events_max);
    let stalled = AtomicBool::new(false);
    let process = std::process::id();
    (DataSender { sender, policy, stalled, process, losses, wake }, receiver)
}

impl<T> DataSender<T> {
    /// Hands `item` over; if that fails the loss is counted, as of `now_ns`, and
    /// the item comes back, so that its memory can be used again.
    #[inline]
    pub(crate) fn send(&self, item: T, now_ns: impl FnOnce() -> u64) -> Result<(), T> {
        match self.sender.try_send(item) {
            Ok(()) => {
                self.wake.nudge();
                Ok(())
            }
            Err(TrySendError::Full(item)) => self.send_when_full(item, now_ns()),
            Err(TrySendError::Disconnected(item)) => {
                self.losses.add(LossReason::AfterShutdown, 1, now_ns());
                Err(item)
            }
        }
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.sender.len()
    }

    /// How many items can wait.
    pub(crate) fn capacity(&self) -> usize {
        self.sender.capacity().unwrap_or(usize::MAX)
    }

    #[cold]
    fn send_when_full(&self, item: T, now_ns: u64) -> Result<(), T> {
        if std::process::id() != self.process {
            // After a fork nobody empties this queue: waiting would never end.
            self.losses.add(LossReason::Forked, 1, now_ns);
            return Err(item);
        }
        self.wake.now();
        let result = match self.policy {
            OverflowPolicy::Drop => Err(SendTimeoutError::Timeout(item)),
            OverflowPolicy::BlockForever => {
                self.sender.send(item).map_err(|lost| SendTimeoutError::Disconnected(lost.0))
            }
            OverflowPolicy::Block(at_most) => self.send_unless_stalled(item, at_most),
        };
        result.map_err(|error| {
            let reason = match error {
                SendTimeoutError::Timeout(_) => LossReason::Full,
                SendTimeoutError::Disconnected(_) => LossReason::AfterShutdown,
            };
            self.losses.add(reason, 1, now_ns);
            error.into_inner()
        })
    }

    fn send_unless_stalled(&self, item: T, at_most: Duration) -> Result<(), SendTimeoutError<T>> {
        if self.stalled.load(Ordering::Relaxed) {
            return Err(SendTimeoutError::Timeout(item));
        }
        let result = self.sender.send_timeout(item, at_most);
        if matches!(result, Err(SendTimeoutError::Timeout(_))) {
            self.stalled.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Ends a stall. Called by the worker when the queue is half empty, which
    /// it alone can see coming.
    pub(crate) fn end_stall(&self) {
        if self.stalled.load(Ordering::Relaxed) && self.len() <= self.capacity() / 2 {
            self.stalled.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(policy: OverflowPolicy) -> (DataSender<u32>, DataReceiver<u32>, Arc<Losses>) {
        let losses = Arc::new(Losses::default());
        let (sender, receiver) = data_lane(4, policy, losses.clone(), Arc::default());
        (sender, receiver, losses)
    }

    #[test]
    fn drop_gives_the_newest_up_and_counts_it() {
        let (sender, receiver, losses) = lane(OverflowPolicy::Drop);
        let sent = (0..10).filter(|item| sender.send(*item, || 0).is_ok()).count();
        assert_eq!(sent, 4);
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(losses.totals()[&LossReason::Full], 6);
    }

    #[test]
    fn block_waits_once_per_stall_and_recovers_at_half_empty() {
        let (sender, receiver, losses) = lane(OverflowPolicy::Block(Duration::from_millis(1)));
        for item in 0..4 {
            sender.send(item, || 0).unwrap();
        }
        assert_eq!(sender.send(4, || 0), Err(4));
        assert!(sender.stalled.load(Ordering::Relaxed));
        receiver.recv().unwrap();
        sender.end_stall();
        assert!(sender.stalled.load(Ordering::Relaxed), "three of four are not half empty");
        sender.send(5, || 0).unwrap();
        assert_eq!(sender.send(6, || 0), Err(6));
        receiver.recv().unwrap();
        receiver.recv().unwrap();
        sender.end_stall();
        assert!(!sender.stalled.load(Ordering::Relaxed));
        assert_eq!(losses.totals()[&LossReason::Full], 2);
    }

    #[test]
    fn block_forever_waits_for_the_worker() {
        let (sender, receiver, losses) = lane(OverflowPolicy::BlockForever);
        let worker = std::thread::spawn(move || receiver.iter().count());
        for item in 0..1_000 {
            sender.send(item, || 0).unwrap();
        }
        drop(sender);
        assert_eq!(worker.join().unwrap(), 1_000);
        assert!(losses.totals().is_empty());
    }

    #[test]
    fn a_gone_worker_is_a_loss_after_shutdown() {
        let (sender, receiver, losses) = lane(OverflowPolicy::BlockForever);
        drop(receiver);
        assert_eq!(sender.send(1, || 0), Err(1));
        assert_eq!(losses.totals()[&LossReason::AfterShutdown], 1);
    }
}
