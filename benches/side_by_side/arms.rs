//! The arms: the control, the control plus ours, the control plus each peer.

use tracing::Dispatch;
use tracing_audit::redaction::Redaction;
use tracing_audit::{Audit, AuditLayer, Builder, OverflowPolicy};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{fmt, registry};

use super::control::Empty;
use super::{peers, policy};

/// Spans of a burst: they fit the smallest of the queues in their default size,
/// and their values fit a cache, as those of a program do that has just made
/// them.
pub(crate) const BURST_SPANS: usize = 2_000;

/// A subscriber to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arm {
    Control,
    Ours,
    OpenTelemetry,
    FmtJson,
    /// `fmt` behind its own filter, alone.
    Fmt(LevelFilter),
    /// The same with ours beside it.
    FmtAndOurs(LevelFilter),
    /// Ours with a policy of 50 rules.
    Policy,
    /// `fmt` behind its own filter, and ours with that policy beside it.
    FmtAndPolicy(LevelFilter),
}

impl Arm {
    const NAMED: [(&'static str, Arm); 11] = [
        ("control", Arm::Control),
        ("ours", Arm::Ours),
        ("opentelemetry", Arm::OpenTelemetry),
        ("fmt_json", Arm::FmtJson),
        ("fmt_at_info", Arm::Fmt(LevelFilter::INFO)),
        ("fmt_at_warn", Arm::Fmt(LevelFilter::WARN)),
        ("fmt_at_info_and_ours", Arm::FmtAndOurs(LevelFilter::INFO)),
        ("fmt_at_warn_and_ours", Arm::FmtAndOurs(LevelFilter::WARN)),
        ("policy", Arm::Policy),
        ("fmt_at_info_and_policy", Arm::FmtAndPolicy(LevelFilter::INFO)),
        ("fmt_at_warn_and_policy", Arm::FmtAndPolicy(LevelFilter::WARN)),
    ];

    pub(crate) fn named(name: &str) -> Arm {
        Self::NAMED.iter().find(|(known, _)| *known == name).expect("the name of an arm").1
    }

    pub(crate) fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, known)| *known == self).map_or("?", |(name, _)| name)
    }

    /// Makes this the subscriber of the process.
    pub(crate) fn install(self) -> Installed {
        match self {
            Arm::Control => {
                init(registry().with(Empty).into());
                Installed::uncounted()
            }
            Arm::Ours => {
                let (layer, audit) = AuditLayer::builder().build().expect("a trail");
                init(registry().with(Empty).with(layer).into());
                Installed::ours(audit)
            }
            Arm::OpenTelemetry => peers::opentelemetry(),
            Arm::FmtJson => peers::fmt_json(),
            Arm::Fmt(level) => {
                init(registry().with(fmt::layer().with_filter(level)).into());
                Installed::uncounted()
            }
            Arm::FmtAndOurs(level) => beside_fmt(AuditLayer::builder(), level),
            Arm::Policy => {
                let (layer, audit) = policy::builder().build().expect("a trail");
                init(registry().with(Empty).with(layer).into());
                Installed::ours(audit)
            }
            Arm::FmtAndPolicy(level) => beside_fmt(policy::builder(), level),
        }
    }
}

fn beside_fmt(builder: Builder, level: LevelFilter) -> Installed {
    let (layer, audit) = builder.build().expect("a trail");
    init(registry().with(fmt::layer().with_filter(level)).with(layer).into());
    Installed::ours(audit)
}

/// Makes `dispatch` the subscriber of the process.
pub(crate) fn init(dispatch: Dispatch) {
    tracing::dispatcher::set_global_default(dispatch).expect("the first subscriber");
}

/// A trail that takes everything in, for arms that fill it.
pub(crate) fn unbounded_trail(queue_events_max: usize) -> Audit {
    let (layer, audit) = AuditLayer::builder()
        .rotation(false)
        .queue_events_max(queue_events_max)
        .overflow(OverflowPolicy::BlockForever)
        .build()
        .expect("a trail");
    init(registry().with(Empty).with(layer).into());
    audit
}

/// A trail that keeps little, for those who ask by its own dispatcher.
pub(crate) fn scoped_trail(redaction: Redaction, queue_events_max: usize) -> (Dispatch, Audit) {
    let (layer, audit) = AuditLayer::builder()
        .redaction(redaction)
        .queue_events_max(queue_events_max)
        .overflow(OverflowPolicy::BlockForever)
        .build()
        .expect("a trail");
    (registry().with(Empty).with(layer).into(), audit)
}

/// A subscriber at work.
pub(crate) struct Installed {
    /// Waits until so many audited spans have arrived since the start, or
    /// until it is clear that they never will; how many have.
    arrived: Box<dyn Fn(u64) -> u64 + Send>,
}

impl Installed {
    pub(crate) fn new(arrived: impl Fn(u64) -> u64 + Send + 'static) -> Self {
        Installed { arrived: Box::new(arrived) }
    }

    /// Waits for what is under way; how many of `expected` are lost.
    pub(crate) fn drain(&self, expected: u64) -> u64 {
        expected.abs_diff((self.arrived)(expected))
    }

    fn uncounted() -> Self {
        Installed::new(|expected| expected)
    }

    fn ours(audit: Audit) -> Self {
        Installed::new(move |_| {
            let recorded = audit.statistics().total_events;
            recorded.saturating_sub(audit.health().lost_events())
        })
    }
}
