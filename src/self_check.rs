//! Does what is audited arrive?
//!
//! No layer can mend every way in which a subscriber can be put together, so
//! this finds the ways that lose spans and says what to change. It trusts,
//! above all, canaries: audited spans of its own that have to travel all the
//! way to the worker, where they are recognised and kept out of the trail.

use std::fmt;

use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};
use tracing_core::subscriber::NoSubscriber;
use tracing_core::{Dispatch, Level, Metadata, dispatcher};

use crate::audit::Audit;
use crate::capture::{Attachment, Callsite, Intake, Role};
use crate::worker::is_worker_thread;

/// Target of the canaries.
pub(crate) const CANARY_TARGET: &str = "tracing_audit::canary";

/// Something that keeps audited spans from arriving, and what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The layer was not added to a subscriber.
    NotAttached,
    /// The check was asked for where it cannot be done: on a thread without a
    /// subscriber.
    NoSubscriber,
    /// The check was asked for where it cannot be done: on the worker's own
    /// thread, in a hook.
    OnWorker,
    /// The calling thread's subscriber does not let the canaries through at
    /// these levels.
    CanariesLost {
        /// The levels at which nothing arrives.
        levels: Vec<Level>,
    },
    /// An audited span or event of the program is switched off.
    CallsiteDisabled {
        /// Its name.
        name: String,
        /// `file:line`.
        location: String,
        /// Its level.
        level: Level,
    },
    /// A span or event of the program that was met has fields under `audit.` that
    /// mean nothing, and are left out.
    UnknownFields {
        /// Their names.
        names: Vec<String>,
        /// `file:line`.
        location: String,
    },
    /// The subscriber does not support filters of layers, so that the layer
    /// switches every span and event of the process on.
    SwitchesEverythingOn,
    /// Levels above this one were compiled out of the whole program.
    CompiledOut {
        /// The most verbose level that is left.
        max_level: LevelFilter,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::NotAttached => f.write_str(
                "the audit layer was not added to a subscriber: `registry().with(…).with(audit_layer).init()`",
            ),
            Finding::NoSubscriber => f.write_str(
                "nothing could be checked, and nothing traced on this thread is audited: it has no subscriber. \
                 Check after `init()`, or on a thread on which the subscriber is the default",
            ),
            Finding::OnWorker => f.write_str(
                "nothing could be checked: the check waits for the audit worker and was asked for on its own \
                 thread; hand the work to another thread",
            ),
            Finding::CanariesLost { levels } => write!(
                f,
                "audited spans are lost at {}: something in the subscriber filters for all layers. Give each \
                 other layer a filter of its own, `registry().with(fmt_layer.with_filter(env_filter))\
                 .with(audit_layer)`, instead of `.with(env_filter)`; add the audit layer last, with `.with`, not \
                 `.and_then`, never wrapped in `.with_filter`, and no empty `Vec` of layers beside it",
                levels.iter().map(Level::to_string).collect::<Vec<_>>().join(", "),
            ),
            Finding::CallsiteDisabled { name, location, level } => write!(
                f,
                "the audited `{name}` at {location} is switched off at its level {level}; filter the other layers \
                 one by one, not the subscriber",
            ),
            Finding::UnknownFields { names, location } => write!(
                f,
                "{} at {location} means nothing and is left out; the known names are those of the README, and \
                 anything else goes under a name without `audit.`",
                names.join(", "),
            ),
            Finding::SwitchesEverythingOn => f.write_str(
                "this subscriber does not support filters of layers, so the audit layer switches every span and \
                 event on; build on `tracing_subscriber::registry()` instead of `fmt().finish()`, and do not swap \
                 the layer in by `reload`",
            ),
            Finding::CompiledOut { max_level } => write!(
                f,
                "spans more verbose than {max_level} were compiled out by a `max_level_*` or `release_max_level_*` \
                 feature of `tracing`, perhaps set by a dependency (`cargo tree -e features -i tracing` shows it)",
            ),
        }
    }
}

/// Runs the check for the calling thread's subscriber.
pub(crate) fn run(audit: &Audit, intake: &Intake) -> Vec<Finding> {
    if is_worker_thread() {
        return vec![Finding::OnWorker];
    }
    let mut findings = Vec::new();
    match intake.attachment() {
        Attachment::Never => return vec![Finding::NotAttached],
        Attachment::Plain => findings.push(Finding::SwitchesEverythingOn),
        Attachment::Filtered => {}
    }
    findings.extend(unknown_fields(intake));
    if STATIC_MAX_LEVEL < LevelFilter::TRACE {
        findings.push(Finding::CompiledOut { max_level: STATIC_MAX_LEVEL });
    }
    let dispatch = dispatcher::get_default(Dispatch::clone);
    if dispatch.is::<NoSubscriber>() {
        // Rebuilding the cache here could switch everything off everywhere.
        findings.push(Finding::NoSubscriber);
        return findings;
    }
    tracing::callsite::rebuild_interest_cache();
    // A thread of its own: asking a filter leaves marks on the thread that asks.
    let asked = std::thread::scope(|scope| scope.spawn(|| ask(audit, intake, &dispatch)).join());
    findings.extend(asked.unwrap_or_default());
    findings
}

fn ask(audit: &Audit, intake: &Intake, dispatch: &Dispatch) -> Vec<Finding> {
    let levels = dispatcher::with_default(dispatch, || lost_levels(audit));
    let mut findings = Vec::new();
    if !levels.is_empty() {
        findings.push(Finding::CanariesLost { levels });
    }
    findings.extend(disabled(intake, dispatch).map(|callsite| Finding::CallsiteDisabled {
        name: callsite.metadata.name().to_owned(),
        location: callsite.location(),
        level: *callsite.metadata.level(),
    }));
    findings
}

fn unknown_fields(intake: &Intake) -> impl Iterator<Item = Finding> {
    intake.callsites.unknown_fields().into_iter().map(|unknown| Finding::UnknownFields {
        names: unknown.names.into_iter().map(str::to_owned).collect(),
        location: unknown.location,
    })
}

/// The audited callsites that are switched off. Asking a filter leaves marks on
/// the thread that asks.
fn disabled<'a>(intake: &'a Intake, dispatch: &'a Dispatch) -> impl Iterator<Item = &'a Callsite> {
    let audited = intake.callsites.iter().filter(|callsite| is_audited(callsite));
    audited.filter(|callsite| is_disabled(dispatch, callsite.metadata))
}

/// The audited callsites that a subscriber switches off: name, place and level.
#[cfg(feature = "policy")]
pub(crate) fn disabled_callsites(intake: &Intake, dispatch: &Dispatch) -> Vec<String> {
    let told = |callsite: &Callsite| {
        let metadata = callsite.metadata;
        format!("{} at {} ({})", metadata.name(), callsite.location(), metadata.level())
    };
    let ask = || disabled(intake, dispatch).map(told).collect();
    std::thread::scope(|scope| scope.spawn(ask).join()).unwrap_or_default()
}

fn is_audited(callsite: &Callsite) -> bool {
    let is_ours = callsite.metadata.target() == CANARY_TARGET;
    let is_audited = match callsite.role {
        Role::Operation | Role::Statement => true,
        Role::Silent => callsite.is_wanted(),
        Role::Context | Role::Report(_) => false,
    };
    is_audited && !is_ours
}

fn is_disabled(dispatch: &Dispatch, metadata: &'static Metadata<'static>) -> bool {
    *metadata.level() <= STATIC_MAX_LEVEL && !dispatch.enabled(metadata)
}

fn lost_levels(audit: &Audit) -> Vec<Level> {
    macro_rules! canary {
        ($level:ident) => {{
            let mark = uuid::Uuid::now_v7().to_string();
            let canary = tracing::span!(
                target: CANARY_TARGET,
                Level::$level,
                "canary",
                audit.operation = "SELF_CHECK",
                audit.entry_ids = mark.as_str(),
            );
            canary.in_scope(|| ());
            drop(canary);
            (Level::$level, mark)
        }};
    }
    let sent = [canary!(ERROR), canary!(WARN), canary!(INFO), canary!(DEBUG), canary!(TRACE)];
    let is_lost =
        |(level, mark): &(Level, String)| *level <= STATIC_MAX_LEVEL && !audit.canary_arrived(mark);
    sent.iter().filter(|canary| is_lost(canary)).map(|(level, _)| *level).collect()
}
