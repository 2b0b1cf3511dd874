//! The bounded data lane and what happens when it is full.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ring::{Place, Ring, Taker};
use super::{LossReason, Losses, Wake};
use crate::clock::{Clock, SystemClock};

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

/// What became of an item: taken, or given back.
type Sent<T> = Result<(), &'static mut T>;

/// The producers' end.
#[derive(Debug)]
pub(crate) struct DataSender<T: 'static> {
    queue: Arc<Ring<T>>,
    lane: Arc<Lane<T>>,
    policy: OverflowPolicy,
    /// Somebody already waited in vain, and the queue has not been half empty since.
    stalled: AtomicBool,
    /// The process whose worker empties the queue.
    process: u32,
    losses: Arc<Losses>,
    wake: Arc<Wake>,
}

/// The worker's end. Dropped, it counts what nobody takes any more as lost.
#[derive(Debug)]
pub(crate) struct DataReceiver<T: Send + 'static> {
    /// There until the end.
    taker: Option<Taker<T>>,
    lane: Arc<Lane<T>>,
    losses: Arc<Losses>,
    wake: Arc<Wake>,
}

#[derive(Debug)]
struct Lane<T: 'static> {
    /// What the receiver leaves behind, for whoever empties a closed lane.
    left: Mutex<Option<Taker<T>>>,
    room: Room,
}

/// Where producers wait for room.
#[derive(Debug, Default)]
struct Room {
    waiting: AtomicUsize,
    mutex: Mutex<()>,
    condvar: Condvar,
}

/// A lane for at most `events_max` waiting items.
pub(crate) fn data_lane<T: Send + 'static>(
    events_max: usize,
    policy: OverflowPolicy,
    losses: Arc<Losses>,
    wake: Arc<Wake>,
) -> (DataSender<T>, DataReceiver<T>) {
    let (queue, taker) = Ring::new(events_max);
    let lane = Arc::new(Lane { left: Mutex::new(None), room: Room::default() });
    let (stalled, process) = (AtomicBool::new(false), std::process::id());
    let receiver = DataReceiver {
        taker: Some(taker),
        lane: lane.clone(),
        losses: losses.clone(),
        wake: wake.clone(),
    };
    (DataSender { queue, lane, policy, stalled, process, losses, wake }, receiver)
}

impl<T: Send> DataSender<T> {
    /// Hands `item` over, if nothing else is to be done. Otherwise [`send`](Self::send)
    /// is to be called with what comes back.
    #[inline(always)]
    pub(crate) fn send_at_once(
        &self,
        item: &'static mut T,
    ) -> Result<Place, Option<&'static mut T>> {
        let place = self.queue.push_at_once(item).map_err(Some)?;
        // Looked at behind the push: see `Lane::take_unwanted`.
        if self.wake.looks() { Ok(place) } else { Err(None) }
    }

    /// The address of what everyone who hands something over writes.
    #[inline(always)]
    pub(crate) fn tail_address(&self) -> usize {
        self.queue.tail_address()
    }

    /// Hands `item` over, unless it was; if that fails the loss is counted, as of
    /// `now_ns`, and the item comes back, so that its memory can be used again.
    pub(crate) fn send(
        &self,
        item: Option<&'static mut T>,
        now_ns: impl FnOnce() -> u64,
    ) -> Sent<T> {
        if let Some(item) = item {
            if let Err(item) = self.queue.push(item) {
                return self.send_when_full(item, now_ns());
            }
        }
        if self.wake.looks() {
            // As it is about to find the item, nothing is written that other producers read.
            return Ok(());
        }
        self.wake.nudge();
        if self.wake.is_gone() {
            return self.lane.take_unwanted(&self.losses, now_ns());
        }
        Ok(())
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// How many items can wait.
    pub(crate) fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    #[cold]
    #[inline(never)]
    fn send_when_full(&self, item: &'static mut T, now_ns: u64) -> Sent<T> {
        let lose = |reason, item: &'static mut T| {
            self.losses.add(reason, 1, now_ns);
            Err(item)
        };
        if std::process::id() != self.process {
            // After a fork nobody empties this queue: waiting would never end.
            return lose(LossReason::Forked, item);
        }
        self.wake.now();
        let sent = match self.policy {
            OverflowPolicy::Drop => Err(item),
            OverflowPolicy::BlockForever => self.push_in_time(item, None),
            OverflowPolicy::Block(at_most) => self.send_unless_stalled(item, at_most),
        };
        let is_closed = self.wake.is_gone();
        match sent {
            Ok(()) if is_closed => self.lane.take_unwanted(&self.losses, now_ns),
            Ok(()) => Ok(()),
            Err(item) if is_closed => lose(LossReason::AfterShutdown, item),
            Err(item) => lose(LossReason::Full, item),
        }
    }

    fn send_unless_stalled(&self, item: &'static mut T, at_most: Duration) -> Sent<T> {
        if self.stalled.load(Ordering::Relaxed) {
            return Err(item);
        }
        let result = self.push_in_time(item, Some(at_most));
        if result.is_err() {
            self.stalled.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Waits for room, for as long as it takes if no time is given.
    fn push_in_time(&self, item: &'static mut T, at_most: Option<Duration>) -> Sent<T> {
        let mut waited = Duration::ZERO;
        let mut item = item;
        self.lane.room.waiting.fetch_add(1, Ordering::SeqCst);
        loop {
            item = match self.queue.push(item) {
                Ok(()) => break self.lane.room.done(Ok(())),
                Err(item) => item,
            };
            let left = at_most.map_or(LOOK_EVERY, |at_most| at_most.saturating_sub(waited));
            if left.is_zero() || self.wake.is_gone() {
                break self.lane.room.done(Err(item));
            }
            waited += self.lane.room.wait(left.min(LOOK_EVERY));
        }
    }

    /// Says that there is room again: ends a stall when the queue is half empty,
    /// which the worker alone can see coming. Called by the worker.
    pub(crate) fn made_room(&self) {
        self.lane.room.tell();
        if self.stalled.load(Ordering::Relaxed) && self.len() <= self.capacity() / 2 {
            self.stalled.store(false, Ordering::Relaxed);
        }
    }
}

impl<T: Send> DataReceiver<T> {
    /// The next item, if one waits.
    #[inline]
    pub(crate) fn try_recv(&mut self) -> Option<&'static mut T> {
        self.taker.as_mut()?.pop()
    }

    /// The address of the next item; null if none waits. Nobody writes to it any
    /// more, but only who takes it may read it.
    #[inline]
    pub(crate) fn next_address(&self) -> *const T {
        self.taker.as_ref().map_or(std::ptr::null(), Taker::next_address)
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.taker.as_ref().map_or(0, Taker::len)
    }
}

impl<T: Send> Drop for DataReceiver<T> {
    fn drop(&mut self) {
        // There for everybody who sees that the worker is gone.
        *self.lane.left() = self.taker.take();
        self.wake.gone();
        // Nobody is left to make a gap entry of it, and so to ask for a time.
        let _ = self.lane.take_unwanted(&self.losses, 0);
        self.lane.room.tell();
    }
}

/// How long a producer waits at once: who is not told of room looks itself.
const LOOK_EVERY: Duration = Duration::from_millis(1);

impl<T: Send> Lane<T> {
    /// Counts what is in a closed lane as lost; the last of it comes back.
    ///
    /// Whoever pushes looks afterwards whether the lane was closed, and whoever
    /// closes it looks afterwards what was pushed, so that one of them finds each
    /// item, and none is counted twice.
    #[cold]
    #[inline(never)]
    fn take_unwanted(&self, losses: &Losses, now_ns: u64) -> Sent<T> {
        let mut left = self.left();
        let mut last = Ok(());
        while let Some(item) = left.as_mut().and_then(Taker::pop) {
            losses.add(LossReason::AfterShutdown, 1, now_ns);
            last = Err(item);
        }
        last
    }

    fn left(&self) -> MutexGuard<'_, Option<Taker<T>>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn done<R>(&self, result: R) -> R {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        result
    }

    /// Waits to be told of room; for how long it did.
    fn wait(&self, at_most: Duration) -> Duration {
        let clock = SystemClock::new();
        let before_ns = clock.monotonic_ns();
        let guard = self.mutex.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.condvar.wait_timeout(guard, at_most);
        Duration::from_nanos(clock.monotonic_ns().saturating_sub(before_ns))
    }

    fn tell(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.condvar.notify_all();
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

    fn taken(receiver: &mut DataReceiver<u32>) -> Vec<u32> {
        std::iter::from_fn(|| receiver.try_recv().copied()).collect()
    }

    /// As `Intake` sends.
    fn send(
        sender: &DataSender<u32>,
        item: &'static mut u32,
        now_ns: impl FnOnce() -> u64,
    ) -> Sent<u32> {
        sender.send_at_once(item).map(drop).or_else(|unsent| sender.send(unsent, now_ns))
    }

    fn item(item: u32) -> &'static mut u32 {
        Box::leak(Box::new(item))
    }

    #[test]
    fn where_items_are_put_is_known() {
        let (sender, _receiver, _) = lane(OverflowPolicy::Drop);
        let places: Vec<_> =
            (0..4).map(|number| sender.send_at_once(item(number)).unwrap().address()).collect();
        let from_first: Vec<_> = places.iter().map(|place| place - places[0]).collect();
        assert_eq!(from_first, [0, 1, 2, 3].map(|number| number * size_of::<&u32>()), "in a row");
    }

    #[test]
    fn drop_gives_the_newest_up_and_counts_it() {
        let (sender, mut receiver, losses) = lane(OverflowPolicy::Drop);
        let sent = (0..10).filter(|number| send(&sender, item(*number), || 0).is_ok()).count();
        assert_eq!(sent, 4);
        assert_eq!(taken(&mut receiver), [0, 1, 2, 3]);
        assert_eq!(losses.totals()[&LossReason::Full], 6);
    }

    #[test]
    fn block_waits_once_per_stall_and_recovers_at_half_empty() {
        let (sender, mut receiver, losses) = lane(OverflowPolicy::Block(Duration::from_millis(1)));
        for number in 0..4 {
            send(&sender, item(number), || 0).unwrap();
        }
        assert_eq!(send(&sender, item(4), || 0), Err(item(4)));
        assert!(sender.stalled.load(Ordering::Relaxed));
        receiver.try_recv().unwrap();
        sender.made_room();
        assert!(sender.stalled.load(Ordering::Relaxed), "three of four are not half empty");
        send(&sender, item(5), || 0).unwrap();
        assert_eq!(send(&sender, item(6), || 0), Err(item(6)));
        receiver.try_recv().unwrap();
        receiver.try_recv().unwrap();
        sender.made_room();
        assert!(!sender.stalled.load(Ordering::Relaxed));
        assert_eq!(losses.totals()[&LossReason::Full], 2);
    }

    #[test]
    fn block_forever_waits_for_the_worker() {
        let (sender, mut receiver, losses) = lane(OverflowPolicy::BlockForever);
        let sender = Arc::new(sender);
        let room = sender.clone();
        let worker = std::thread::spawn(move || {
            let mut received = Vec::new();
            while received.len() < 1_000 {
                received.extend(taken(&mut receiver));
                room.made_room();
            }
            received
        });
        for number in 0..1_000 {
            send(&sender, item(number), || 0).unwrap();
        }
        assert!(worker.join().unwrap().into_iter().eq(0..1_000));
        assert!(losses.totals().is_empty());
    }

    #[test]
    fn a_gone_worker_is_a_loss_after_shutdown() {
        let (sender, receiver, losses) = lane(OverflowPolicy::BlockForever);
        drop(receiver);
        assert_eq!(send(&sender, item(1), || 0), Err(item(1)));
        assert_eq!(losses.totals()[&LossReason::AfterShutdown], 1);
    }

    #[test]
    fn what_waits_when_the_worker_goes_is_a_loss_counted_once() {
        for round in 0..200 {
            let losses = Arc::new(Losses::default());
            let (sender, mut receiver) =
                data_lane::<u32>(64, OverflowPolicy::BlockForever, losses.clone(), Arc::default());
            let received = std::thread::scope(|scope| {
                for _ in 0..2 {
                    let sender = &sender;
                    let send = |number| drop(send(sender, item(number), || 0));
                    scope.spawn(move || (0..100).for_each(send));
                }
                let received = (0..round).filter(|_| receiver.try_recv().is_some()).count();
                drop(receiver);
                received as u64
            });
            let lost = losses.totals().get(&LossReason::AfterShutdown).copied().unwrap_or_default();
            assert_eq!((received + lost, sender.len()), (200, 0));
        }
    }
}
