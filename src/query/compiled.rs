//! A filter made ready for many segments: texts hashed once, bounds in the form
//! of the columns, the trail resolved.

use std::time::Duration;

use memchr::memmem::Finder;

use super::filter::{Filter, Kinds};
use super::matching::MetadataMatch;
use super::sought::Sought;
use super::stored::Stored;
use super::trail::Trail;
use crate::buffer::{Hasher, Snapshot, hash_text, ordered_us};
use crate::error::Result;

/// A text to be looked up in dictionaries. Where there are several, they are
/// forms of one value, and any of them will do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needle<'q> {
    pub(super) text: &'q str,
    pub(super) hash: u64,
}

impl<'q> Needle<'q> {
    pub(super) fn new(hasher: &Hasher, text: &'q str) -> Self {
        Needle { text, hash: hash_text(hasher, text) }
    }
}

/// What actor to look for: as it is, and as a user acting in person.
pub(super) struct ActorNeedle<'q> {
    pub(super) actor: Needle<'q>,
    pub(super) user: Option<Needle<'q>>,
}

pub(super) struct Compiled<'q> {
    pub(super) org_scope: Option<Vec<Needle<'q>>>,
    pub(super) org: Option<Vec<Needle<'q>>>,
    pub(super) user: Option<Vec<Needle<'q>>>,
    pub(super) actor: Option<Vec<ActorNeedle<'q>>>,
    pub(super) session: Option<Vec<Needle<'q>>>,
    pub(super) resource: Option<Vec<Needle<'q>>>,
    pub(super) source: Option<Vec<Needle<'q>>>,
    pub(super) operations: Option<Vec<Needle<'q>>>,
    /// A bit for each status code.
    pub(super) statuses: Option<u8>,
    pub(super) entry_ids: Option<Vec<Needle<'q>>>,
    /// Inclusive bounds, as [`ordered_us`].
    pub(super) times: Option<(u64, u64)>,
    /// Inclusive bounds in nanoseconds.
    pub(super) durations: Option<(u64, u64)>,
    pub(super) error_contains: Option<Finder<'q>>,
    pub(super) metadata: Vec<MetadataMatch<'q>>,
    pub(super) trail: Option<Trail>,
    pub(super) kinds: Kinds,
}

impl<'q> Compiled<'q> {
    /// # Errors
    ///
    /// When a trail goes on on disk, and that can't be read.
    pub(super) fn new(filter: &'q Filter, snapshot: &Snapshot, stored: &Stored) -> Result<Self> {
        let hasher = &snapshot.hasher;
        let needle = |text: &'q str| Needle::new(hasher, text);
        let forms = |sought: &'q Option<Sought>| {
            sought.as_ref().map(|sought| sought.forms().map(needle).collect())
        };
        let trail = filter.trail_of.map(|root| Trail::new(root, snapshot, stored)).transpose()?;
        Ok(Compiled {
            org_scope: forms(&filter.org_scope),
            org: forms(&filter.org),
            user: forms(&filter.user),
            actor: filter.actor.as_ref().map(|sought| {
                let actors = sought.forms().map(|actor| ActorNeedle {
                    actor: needle(actor),
                    user: actor.strip_prefix("user:").map(needle),
                });
                actors.collect()
            }),
            session: forms(&filter.session),
            resource: forms(&filter.resource),
            source: forms(&filter.source),
            operations: filter
                .operations
                .as_ref()
                .map(|names| names.iter().map(|name| needle(name)).collect()),
            statuses: filter
                .statuses
                .as_ref()
                .map(|statuses| statuses.iter().fold(0, |mask, status| mask | 1 << status.code())),
            entry_ids: filter
                .entry_ids
                .as_ref()
                .map(|ids| ids.iter().flat_map(Sought::forms).map(needle).collect()),
            times: time_bounds(filter),
            durations: duration_bounds(filter),
            error_contains: filter.error_contains.as_ref().map(Finder::new),
            metadata: filter
                .metadata
                .iter()
                .map(|sought| MetadataMatch::new(hasher, sought))
                .collect(),
            trail,
            kinds: filter.kinds,
        })
    }
}

impl<'q> Compiled<'q> {
    /// The wanted user, if there is one alone, in one form.
    pub(super) fn one_user(&self) -> Option<&Needle<'q>> {
        match self.user.as_deref() {
            Some([user]) => Some(user),
            _ => None,
        }
    }
}

/// Bounds that no time satisfies have the greater one first.
fn time_bounds(filter: &Filter) -> Option<(u64, u64)> {
    let since = filter.since_us.map_or(0, ordered_us);
    let until = filter.until_us.map(ordered_us);
    if filter.since_us.is_none() && until.is_none() {
        return None;
    }
    Some(match until {
        None => (since, u64::MAX),
        Some(0) => (1, 0),
        Some(until) => (since, until - 1),
    })
}

fn duration_bounds(filter: &Filter) -> Option<(u64, u64)> {
    if filter.duration_min.is_none() && filter.duration_max.is_none() {
        return None;
    }
    let min = filter.duration_min.map_or(0, nanoseconds);
    Some((min, filter.duration_max.map_or(u64::MAX, nanoseconds)))
}

/// As the columns hold it: what does not fit is the greatest there is.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
