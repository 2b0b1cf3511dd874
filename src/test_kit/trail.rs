//! A trail that lives as long as one test.

use std::marker::PhantomData;
use std::sync::{MutexGuard, OnceLock};

use tracing_core::subscriber::NoSubscriber;
use tracing_core::{Dispatch, dispatcher};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::{Registry, registry};

use crate::audit::{Audit, Builder};
use crate::capture::AuditLayer;
use crate::event::AuditEvent;
use crate::query::Order;

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// A trail of one's own, and the subscriber of the thread that started it.
///
/// What the thread audits from here on is in this trail, until it is dropped.
/// Trails may be nested: the thread's subscriber is the one started last. It
/// stays on its thread, so `#[tokio::test]` has to keep its default flavour of
/// one thread, or hand [`dispatch`](Self::dispatch) to its tasks.
///
/// ```compile_fail,E0277
/// let trail = tracing_audit::test_kit::TestTrail::start();
/// std::thread::spawn(move || drop(trail)); // not on another thread
/// ```
#[must_use = "the trail ends when it is dropped; bind it to a name, not to `_`"]
pub struct TestTrail {
    // Dropped in this order: the thread's subscriber is put back first.
    _default: dispatcher::DefaultGuard,
    dispatch: Dispatch,
    audit: Audit,
    /// The subscriber has to be put back on the thread that set it, so this
    /// may be shared with other threads but not sent to them.
    _stays_on_its_thread: PhantomData<MutexGuard<'static, ()>>,
}

impl TestTrail {
    /// Starts a trail with defaults.
    pub fn start() -> TestTrail {
        TestTrail::builder().start()
    }

    /// Begins a trail with more layers beside it.
    pub fn builder() -> TestTrailBuilder {
        TestTrailBuilder { builder: AuditLayer::builder(), layers: Vec::new() }
    }

    /// Begins a trail with choices of its own, such as a clock that stands
    /// still.
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    /// use tracing_audit::{clock::ManualClock, test_kit::TestTrail};
    ///
    /// let clock = Arc::new(ManualClock::at("2025-01-15T10:30:45Z".parse().unwrap()));
    /// let trail = TestTrail::builder_with(|builder| builder.clock(clock.clone())).start();
    /// tracing::info_span!("store", audit.operation = "STORE").in_scope(|| {
    ///     clock.advance(Duration::from_millis(45));
    /// });
    /// assert_eq!(trail.events()[0].duration_ms(), Some(45.0));
    /// ```
    pub fn builder_with(choose: impl FnOnce(Builder) -> Builder) -> TestTrailBuilder {
        TestTrailBuilder { builder: choose(AuditLayer::builder()), layers: Vec::new() }
    }

    /// The handle.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Everything recorded so far, oldest first, this thread's completed
    /// operations included. Operations of other threads are included if they
    /// had ended before this call, for example because the thread was joined.
    ///
    /// # Panics
    ///
    /// On the trail's own worker, that is inside an error hook.
    #[track_caller]
    #[expect(clippy::expect_used, reason = "a test has nobody to hand an error to")]
    pub fn events(&self) -> Vec<AuditEvent> {
        let page = self.audit.query().order(Order::OldestFirst).run();
        page.expect("a test's trail can be asked").events
    }

    /// The subscriber, for other threads and for tasks on them.
    ///
    /// ```
    /// use tracing::instrument::WithSubscriber;
    /// use tracing_audit::{assert_audited, test_kit::TestTrail};
    ///
    /// async fn recall() {
    ///     tracing::info!(audit.operation = "RECALL");
    /// }
    ///
    /// let trail = TestTrail::start();
    /// let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    /// let task = runtime.spawn(recall().with_subscriber(trail.dispatch()));
    /// runtime.block_on(task).unwrap();
    ///
    /// let dispatch = trail.dispatch();
    /// let thread = std::thread::spawn(move || {
    ///     tracing::dispatcher::with_default(&dispatch, || tracing::info!(audit.operation = "STORE"));
    /// });
    /// thread.join().unwrap();
    /// assert_audited!(trail, operation = "RECALL", count = 1);
    /// assert_audited!(trail, operation = "STORE", count = 1);
    /// ```
    #[must_use = "it is for `with_subscriber` or `with_default`"]
    pub fn dispatch(&self) -> Dispatch {
        self.dispatch.clone()
    }
}

impl std::fmt::Debug for TestTrail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestTrail").finish_non_exhaustive()
    }
}

/// Choices for a [`TestTrail`].
#[must_use = "nothing is audited until `start` is called"]
pub struct TestTrailBuilder {
    builder: Builder,
    layers: Vec<BoxedLayer>,
}

impl TestTrailBuilder {
    /// Another layer, below the audit layer: filtered for itself, as in a
    /// program. May be called several times.
    pub fn layer(mut self, layer: impl Layer<Registry> + Send + Sync) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// Starts the trail, and makes it this thread's subscriber.
    ///
    /// # Panics
    ///
    /// When a choice makes no sense.
    #[track_caller]
    pub fn start(self) -> TestTrail {
        keep_callsites_for_all_threads();
        let (layer, audit) = match self.builder.build() {
            Ok(built) => built,
            Err(error) => fail(&format!("the trail of this test cannot start: {error}")),
        };
        // An empty `Vec` of layers would switch everything off.
        let others = (!self.layers.is_empty()).then_some(self.layers);
        let dispatch = Dispatch::new(registry().with(others).with(layer));
        let default = dispatcher::set_default(&dispatch);
        tracing_core::callsite::rebuild_interest_cache();
        TestTrail { _default: default, dispatch, audit, _stays_on_its_thread: PhantomData }
    }
}

impl std::fmt::Debug for TestTrailBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestTrailBuilder").finish_non_exhaustive()
    }
}

/// Ends a test.
#[track_caller]
#[expect(clippy::panic, reason = "this is how a test fails")]
pub(super) fn fail(why: &str) -> ! {
    panic!("{why}")
}

/// While one subscriber is all there is, `tracing` decides about a callsite by
/// the subscriber of the thread that hits it first. In a test binary that may
/// be a thread without any, and the callsite would be off for the trail of
/// every test. With a second subscriber all of them are asked.
fn keep_callsites_for_all_threads() {
    static SECOND: OnceLock<Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| Dispatch::new(NoSubscriber::new()));
}
