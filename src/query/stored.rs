//! Answers from the part of the trail that lies on disk.
//!
//! A filter becomes what an index can know of it, and a check of each entry in
//! the blocks that remain. Entries are looked at in their encoded form; only
//! those that satisfy the filter become events.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use memchr::memmem::Finder;
use serde_json::Value;

use super::compiled::Compiled;
use super::filter::{Filter, Kinds};
use super::matching::found;
use super::order::{Field, Order};
use super::sought::Sought;
use super::stored_parts::Parts;
use super::view::View;
use crate::error::{Error, ErrorKind, Result};
use crate::event::scan::{Key, ScannedEvent, is_text};
use crate::event::{AuditEvent, EventId, Kind, Sequence};
use crate::history::{
    FIELD_ACTOR, FIELD_ENTRY_ID, FIELD_KIND, FIELD_OPERATION, FIELD_ORG, FIELD_PARENT,
    FIELD_RESOURCE, FIELD_SESSION, FIELD_STATUS, FIELD_USER, History, Logs, Passed, Term, Wanted,
    index_id,
};

/// The log behind the buffer, if there is one. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored(Option<Arc<History>>);

/// An entry that satisfies a filter.
pub(super) struct StoredEvent<'a> {
    pub(super) sequence: Sequence,
    entry: &'a [u8],
    pub(super) scanned: ScannedEvent<'a>,
}

/// What a query looks for on disk.
pub(super) struct Search<'q> {
    pub(super) filter: &'q Filter,
    pub(super) compiled: &'q Compiled<'q>,
    pub(super) order: Order,
    pub(super) sequences: Range<u64>,
    /// The buffer holds everything from here on.
    pub(super) held: u64,
}

/// The logs in the same directory, if there is one. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct OtherLogs(Option<Arc<Logs>>);

impl OtherLogs {
    /// Those logs.
    pub(crate) fn new(logs: Arc<Logs>) -> Self {
        OtherLogs(Some(logs))
    }

    /// A view of what is in each of them by now.
    ///
    /// # Errors
    ///
    /// When one of them can't be read.
    pub(crate) fn views(&self) -> Result<Vec<View>> {
        let Some(logs) = &self.0 else { return Ok(Vec::new()) };
        let views = logs
            .extents()?
            .into_iter()
            .map(|(history, sequences)| View::on_disk(Stored::new(history), sequences.end));
        Ok(views.collect())
    }
}

impl Stored {
    /// A log on disk.
    pub(crate) fn new(history: Arc<History>) -> Self {
        Stored(Some(history))
    }

    /// Whether events before this sequence are to be had.
    pub(super) fn reaches_before(&self, sequence: u64) -> bool {
        self.first_sequence(sequence) < sequence
    }

    /// The oldest sequence that is to be had, where the buffer holds those from
    /// `held` on.
    pub(super) fn first_sequence(&self, held: u64) -> u64 {
        self.0.as_ref().map_or(held, |history| history.first().0.min(held))
    }

    /// A number that tells this log from others, in every process.
    pub(super) fn instance(&self) -> Option<u64> {
        let id = self.0.as_ref()?.log().0;
        let (half, _) = id.split_first_chunk::<8>()?;
        Some(u64::from_le_bytes(*half))
    }

    /// Hands over the events that satisfy a filter, in order, until told to
    /// stop. What was pruned meanwhile is missing, which is said.
    pub(super) fn each(
        &self,
        search: &Search<'_>,
        mut visit: impl FnMut(&StoredEvent<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<Passed> {
        let Some(history) = &self.0 else {
            return Ok(Passed { flow: ControlFlow::Continue(()), released_before: None });
        };
        let newest_first = search.order == Order::NewestFirst;
        let needle = search.needle();
        let mut parts = Parts::new(history, search);
        history.each(&search.wanted(), search.sequences.clone(), newest_first, |sequence, entry| {
            if needle.as_ref().is_some_and(|needle| is_absent(needle, entry)) {
                return Ok(ControlFlow::Continue(()));
            }
            with_event(sequence, entry, |event| {
                parts.whole(event, |event| match search.is_met(event)? {
                    true => visit(event),
                    false => Ok(ControlFlow::Continue(())),
                })
            })
        })
    }

    /// The ids of events before a sequence that have one of these as parent.
    pub(super) fn children_of(&self, parents: &[EventId], before: u64) -> Result<Vec<EventId>> {
        let mut children = Vec::new();
        let Some(history) = &self.0 else { return Ok(children) };
        let parents: Vec<String> = parents.iter().map(EventId::to_string).collect();
        let terms = parents.iter().map(|parent| Term::new(FIELD_PARENT, parent)).collect();
        let wanted = Wanted { all_of: vec![terms], ..Wanted::default() };
        let _ = history.each(&wanted, 0..before, true, |sequence, entry| {
            with_event(sequence, entry, |event| {
                let parent = event.scanned.parent().unwrap_or_default();
                if parents.iter().any(|wanted| is_text(parent, wanted)) {
                    children.extend(event.event_id());
                }
                Ok(ControlFlow::Continue(()))
            })
        })?;
        Ok(children)
    }
}

impl StoredEvent<'_> {
    /// The whole event.
    pub(super) fn to_event(&self) -> Result<AuditEvent> {
        let event = read(self.sequence, self.entry)?;
        Ok(AuditEvent { sequence: Some(self.sequence), ..event })
    }

    /// Its place in the trail.
    pub(super) fn sequence(&self) -> Sequence {
        self.sequence
    }

    pub(super) fn event_id(&self) -> Option<EventId> {
        self.scanned.event_id()
    }

    /// The value to group by; `None` if the event has none.
    pub(super) fn group(&self, field: Field) -> Option<Cow<'_, str>> {
        let key = match field {
            Field::User => Key::UserId,
            Field::Actor => Key::Actor,
            Field::Session => Key::SessionId,
            Field::Operation => Key::Operation,
            Field::Org => Key::OrgId,
            Field::Resource => Key::Resource,
            Field::Source => Key::Source,
            Field::Status => Key::Status,
            Field::StatusSource => Key::StatusSource,
        };
        self.scanned.text(key)
    }
}

impl Search<'_> {
    /// What an index can know of the filter, the most telling first.
    fn wanted(&self) -> Wanted {
        let filter = self.filter;
        let one = |field, sought: &Option<Sought>| sought.as_ref().map(|s| terms(field, [s]));
        let operations = filter.operations.as_ref().map(|names| {
            names.iter().map(|name| Term::new(FIELD_OPERATION, name)).collect::<Vec<_>>()
        });
        let statuses = filter.statuses.as_ref().map(|statuses| {
            statuses.iter().map(|status| Term::new(FIELD_STATUS, status.as_str())).collect()
        });
        let logs = filter.kinds == Kinds::Only(Kind::Log);
        let all_of = [
            filter.entry_ids.as_ref().map(|ids| terms(FIELD_ENTRY_ID, ids)),
            one(FIELD_SESSION, &filter.session),
            one(FIELD_USER, &filter.user),
            filter.actor.as_ref().map(|actor| actor.forms().flat_map(actor_terms).collect()),
            one(FIELD_RESOURCE, &filter.resource),
            one(FIELD_ORG, &filter.org_scope),
            one(FIELD_ORG, &filter.org),
            operations,
            statuses,
            logs.then(|| vec![Term::new(FIELD_KIND, "log")]),
        ];
        let times = filter.since_us.is_some() || filter.until_us.is_some();
        Wanted {
            all_of: all_of.into_iter().flatten().collect(),
            times: times.then(|| self.times()),
            ids: self.compiled.trail.as_ref().map(|trail| {
                let (min, max) = trail.range();
                (index_id(min), index_id(max))
            }),
        }
    }

    /// A text that every wanted event has in it, if there is one.
    fn needle(&self) -> Option<Finder<'_>> {
        let filter = self.filter;
        let id = filter.entry_ids.as_deref().and_then(|ids| match ids {
            [id] => Some(id),
            _ => None,
        });
        let texts = [&filter.session, &filter.user, &filter.resource, &filter.org_scope];
        let text = id.into_iter().chain(texts.into_iter().flatten()).find_map(Sought::only_form)?;
        Some(Finder::new(text.as_bytes()))
    }

    /// Inclusive bounds. Those that no time satisfies have the greater first.
    fn times(&self) -> (i64, i64) {
        let since = self.filter.since_us.unwrap_or(i64::MIN);
        match self.filter.until_us {
            None => (since, i64::MAX),
            Some(i64::MIN) => (i64::MAX, i64::MIN),
            Some(until) => (since, until - 1),
        }
    }

    /// Whether an event satisfies the filter.
    fn is_met(&self, event: &StoredEvent<'_>) -> Result<bool> {
        let scanned = &event.scanned;
        Ok(self.is_met_by_any_part(scanned)
            && self.entry_ids_are_met(scanned)
            && self.error_is_met(scanned)
            && self.metadata_is_met(event)?)
    }

    /// Whether what all entries of an event say satisfies the filter.
    pub(super) fn is_met_by_any_part(&self, scanned: &ScannedEvent<'_>) -> bool {
        self.kind_is_met(scanned)
            && self.texts_are_met(scanned)
            && self.lists_are_met(scanned)
            && self.bounds_are_met(scanned)
            && self.trail_is_met(scanned)
    }

    fn kind_is_met(&self, event: &ScannedEvent<'_>) -> bool {
        match self.filter.kinds {
            Kinds::Every => true,
            Kinds::Only(kind) => event.kind() == kind,
        }
    }

    fn texts_are_met(&self, event: &ScannedEvent<'_>) -> bool {
        let filter = self.filter;
        let texts = [
            (Key::UserId, &filter.user),
            (Key::SessionId, &filter.session),
            (Key::OrgId, &filter.org_scope),
            (Key::OrgId, &filter.org),
            (Key::Resource, &filter.resource),
            (Key::Source, &filter.source),
            (Key::Actor, &filter.actor),
        ];
        texts.into_iter().all(|(key, sought)| {
            sought.as_ref().is_none_or(|sought| sought.forms().any(|form| event.is_text(key, form)))
        })
    }

    fn lists_are_met(&self, event: &ScannedEvent<'_>) -> bool {
        let filter = self.filter;
        filter
            .operations
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| event.is_text(Key::Operation, name)))
            && filter.statuses.as_ref().is_none_or(|statuses| {
                statuses.iter().any(|status| event.is_text(Key::Status, status.as_str()))
            })
    }

    fn entry_ids_are_met(&self, event: &ScannedEvent<'_>) -> bool {
        self.filter.entry_ids.as_ref().is_none_or(|wanted| {
            let is_wanted = |id| wanted.iter().flat_map(Sought::forms).any(|w| is_text(id, w));
            event.entry_ids().any(is_wanted)
        })
    }

    fn bounds_are_met(&self, event: &ScannedEvent<'_>) -> bool {
        let (since, until) = (self.filter.since_us, self.filter.until_us);
        let is_in_time = since.is_none() && until.is_none()
            || event.timestamp_us().is_some_and(|at| {
                since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until)
            });
        let duration = || event.duration_ns();
        is_in_time
            && self
                .compiled
                .durations
                .is_none_or(|(min, max)| duration().is_some_and(|took| (min..=max).contains(&took)))
    }

    fn trail_is_met(&self, event: &ScannedEvent<'_>) -> bool {
        let trail = self.compiled.trail.as_ref();
        trail.is_none_or(|trail| event.event_id().is_some_and(|id| trail.contains(id)))
    }

    fn error_is_met(&self, event: &ScannedEvent<'_>) -> bool {
        self.compiled.error_contains.as_ref().is_none_or(|part| {
            let error = event.text(Key::ErrorMessage);
            error.is_some_and(|error| part.find(error.as_bytes()).is_some())
        })
    }

    fn metadata_is_met(&self, event: &StoredEvent<'_>) -> Result<bool> {
        let wanted = &self.filter.metadata;
        let raw = event.scanned.raw(Key::Metadata);
        if wanted.is_empty() || raw.is_empty() {
            return Ok(wanted.is_empty());
        }
        let metadata: Value = serde_json::from_slice(raw)
            .map_err(|error| unreadable(event.sequence, &error.to_string()))?;
        Ok(wanted
            .iter()
            .all(|sought| sought.values.iter().any(|value| found(&metadata, &sought.path, value))))
    }
}

fn terms<'s>(field: u8, sought: impl IntoIterator<Item = &'s Sought>) -> Vec<Term> {
    let forms = sought.into_iter().flat_map(Sought::forms);
    forms.map(|form| Term::new(field, form)).collect()
}

/// A user in person is found by the user's id, unless it acts for another.
fn actor_terms(actor: &str) -> Vec<Term> {
    let user = actor.strip_prefix("user:").map(|user| Term::new(FIELD_USER, user));
    user.into_iter().chain([Term::new(FIELD_ACTOR, actor)]).collect()
}

/// Looks at an entry. One in another form than the canonical one is brought
/// into that first.
fn with_event<T>(
    sequence: Sequence,
    entry: &[u8],
    look: impl FnOnce(&StoredEvent<'_>) -> Result<T>,
) -> Result<T> {
    if let Some(scanned) = ScannedEvent::scan(entry) {
        return look(&StoredEvent { sequence, entry, scanned });
    }
    let event = read(sequence, entry)?;
    with_owned_event(sequence, &event, look)
}

/// Looks at an event that stands in no single entry, or not in canonical form.
pub(super) fn with_owned_event<T>(
    sequence: Sequence,
    event: &AuditEvent,
    look: impl FnOnce(&StoredEvent<'_>) -> Result<T>,
) -> Result<T> {
    let entry =
        serde_json::to_vec(event).map_err(|error| unreadable(sequence, &error.to_string()))?;
    match ScannedEvent::scan(&entry) {
        Some(scanned) => look(&StoredEvent { sequence, entry: &entry, scanned }),
        None => Err(unreadable(sequence, "it has no canonical form")),
    }
}

/// The event of an entry.
pub(super) fn read(sequence: Sequence, entry: &[u8]) -> Result<AuditEvent> {
    serde_json::from_slice(entry).map_err(|error| unreadable(sequence, &error.to_string()))
}

/// Whether an entry can't have a text in it. Where nothing is escaped, texts
/// stand in it as they are.
fn is_absent(needle: &Finder<'_>, entry: &[u8]) -> bool {
    needle.find(entry).is_none() && memchr::memchr(b'\\', entry).is_none()
}

fn unreadable(sequence: Sequence, why: &str) -> Error {
    Error::new(
        ErrorKind::Damaged,
        format!(
            "entry {sequence} of the log on disk is not an event that this version knows; read it with a newer one: {why}"
        ),
    )
}
