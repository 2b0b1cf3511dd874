//! What runs for each event, on the worker's thread: a row goes in, and either
//! the same or a changed copy comes out.
//!
//! Every text is looked at once, most of them so quickly that nothing needs to be
//! remembered of them. Only where something is to be hidden are the
//! parts of the event built anew, in buffers that are used again and again.

use std::borrow::Cow;

use crate::event::packed::{PackedIds, PackedMetadata, write_id};
use crate::event::row::Row;

use super::action::Action;
use super::clean::Clean;
use super::detect::{Detectors, is_plain};
use super::look::Look;
use super::rules::{Part, Rules};
use super::text::MASK;

/// Buffers for hiding. Owned by the worker, reused for each event.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    look: Look,
    clean: Clean,
    texts: String,
    entry_ids: Vec<u8>,
    metadata: Vec<u8>,
}

type Edits = [Edit; Part::ALL.len()];

/// What has to be changed of an event.
#[derive(Debug)]
struct Changes {
    parts: Option<Edits>,
    entry_ids: bool,
    metadata: bool,
}

/// What a part of the event became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Same,
    Gone,
    /// These bytes of [`Redactor::texts`].
    Text(usize, usize),
}

impl Redactor {
    /// `row` without what `rules` hide.
    #[inline]
    pub(crate) fn apply<'a>(&'a mut self, row: &'a Row<'a>, rules: &Rules) -> Cow<'a, Row<'a>> {
        match self.changes(row, rules) {
            None => Cow::Borrowed(row),
            Some(changes) => Cow::Owned(self.changed(*row, &changes, rules)),
        }
    }

    /// `row`, of which nothing is the program's own, without what `rules` hide.
    pub(crate) fn apply_given<'a>(
        &'a mut self,
        row: &'a Row<'a>,
        rules: &Rules,
    ) -> Cow<'a, Row<'a>> {
        let mut span = row.span;
        for text in span.iter_mut().flat_map(|span| [&mut span.name, &mut span.target]) {
            if self.look.finds(text, rules.detectors, rules) {
                *text = MASK;
            }
        }
        let given = Row { span, ..*row };
        match self.changes(&given, rules) {
            None => Cow::Owned(given),
            Some(changes) => Cow::Owned(self.changed(given, &changes, rules)),
        }
    }

    /// A text that belongs to no field, with what is found in it hidden.
    pub(crate) fn text(&mut self, text: &str, rules: &Rules) -> String {
        let mut hidden = String::with_capacity(text.len());
        self.look.write_text(text, None, rules.detectors, rules, &mut hidden);
        hidden
    }

    /// The text of a part, whose name may have a rule, as it may be kept.
    pub(crate) fn part(&mut self, text: &str, part: Part, rules: &Rules) -> Option<String> {
        self.texts.clear();
        match self.edit(text, part, rules) {
            Edit::Same => Some(text.to_owned()),
            Edit::Gone => None,
            Edit::Text(start, end) => self.texts.get(start..end).map(str::to_owned),
        }
    }

    /// What has to be changed, if anything has.
    #[inline]
    fn changes(&mut self, row: &Row<'_>, rules: &Rules) -> Option<Changes> {
        self.texts.clear();
        let is_nothing_sought = rules.detectors.is_empty();
        let are_plain = !rules.names_parts() && (is_nothing_sought || parts_are_plain(row));
        let parts = if are_plain { None } else { self.edit_parts(row, rules) };
        let entry_ids = self.entry_ids_concern(row.entry_ids, rules);
        let metadata = match rules.settings.metadata_kept {
            true => self.look.metadata_concerns(row.metadata, rules),
            false => !row.metadata.0.is_empty(),
        };
        (parts.is_some() || entry_ids || metadata).then_some(Changes { parts, entry_ids, metadata })
    }

    #[cold]
    fn changed<'a>(&'a mut self, mut row: Row<'a>, changes: &Changes, rules: &Rules) -> Row<'a> {
        if changes.entry_ids {
            self.rewrite_entry_ids(row.entry_ids, rules);
            row.entry_ids = PackedIds(&self.entry_ids);
        }
        if changes.metadata {
            self.look.rewrite_metadata(row.metadata, rules, &mut self.metadata);
            row.metadata = PackedMetadata(&self.metadata);
        }
        match &changes.parts {
            Some(edits) => edited(row, edits, &self.texts),
            None => row,
        }
    }

    /// What becomes of the parts, unless all stay the same.
    #[inline]
    fn edit_parts(&mut self, row: &Row<'_>, rules: &Rules) -> Option<Edits> {
        let mut edits = None;
        // What is true of a user is true of the actor that it is.
        let skips_actor = rules.of_part(Part::Actor).is_none() && is_user(row);
        for part in Part::ALL {
            let Some(text) = part_of(row, part) else { continue };
            if part == Part::Actor && skips_actor {
                continue;
            }
            note(&mut edits, part, self.edit(text, part, rules));
        }
        if skips_actor && edits.is_some() {
            note(&mut edits, Part::Actor, self.edit(row.actor, Part::Actor, rules));
        }
        edits
    }

    #[inline]
    fn edit(&mut self, text: &str, part: Part, rules: &Rules) -> Edit {
        if part == Part::Operation {
            return self.edit_operation(text, rules);
        }
        let action = rules.of_part(part).or_else(|| user_action(text, part, rules));
        let detectors = rules.detectors_of(part);
        match action {
            None if !self.concerns(text, part, detectors, rules) => Edit::Same,
            Some(Action::Keep) => Edit::Same,
            action => self.rewrite_part(text, part, action, rules),
        }
    }

    /// Names of operations are in capitals, which secrets in them were not.
    fn edit_operation(&mut self, name: &str, rules: &Rules) -> Edit {
        let detectors = rules.detectors_of(Part::Operation);
        if !self.concerns(name, Part::Operation, detectors, rules) {
            return Edit::Same;
        }
        self.rewrite_operation(name, detectors, rules)
    }

    #[cold]
    fn rewrite_operation(&mut self, name: &str, detectors: Detectors, rules: &Rules) -> Edit {
        let (start, mut written) = (self.texts.len(), String::new());
        self.look.write_text(name, None, detectors, rules, &mut written);
        if written == name {
            let small = name.to_ascii_lowercase();
            written.clear();
            self.look.write_text(&small, None, detectors, rules, &mut written);
        }
        self.texts.push_str(&written.to_ascii_uppercase());
        Edit::Text(start, self.texts.len())
    }

    /// Whether there is something to hide in a part. Those that recur from event
    /// to event are looked at once.
    #[inline]
    fn concerns(&mut self, text: &str, part: Part, detectors: Detectors, rules: &Rules) -> bool {
        if is_plain(text.as_bytes()) {
            return false;
        }
        let kind = if part == Part::Operation { 2 } else { u64::from(part.is_free_text()) };
        let whose = rules.id * 3 + kind;
        let recurs = matches!(part, Part::Operation | Part::Org | Part::Resource);
        if recurs && self.clean.contains(whose, text.as_bytes()) {
            return false;
        }
        let mut finds = |text: &str| self.look.finds(text, detectors, rules);
        let concerns =
            finds(text) || (part == Part::Operation && finds(&text.to_ascii_lowercase()));
        if !concerns && recurs {
            self.clean.insert(whose, text.as_bytes());
        }
        concerns
    }

    #[cold]
    fn rewrite_part(
        &mut self,
        text: &str,
        part: Part,
        action: Option<Action>,
        rules: &Rules,
    ) -> Edit {
        let start = self.texts.len();
        let kind = if part == Part::Actor { actor_kind(text) } else { 0 };
        let (kind, id) = text.split_at_checked(kind).unwrap_or_default();
        self.texts.push_str(kind);
        let detectors = rules.detectors_of(part);
        let is_written = self.look.write_text(id, action, detectors, rules, &mut self.texts);
        match self.texts.get(start..) {
            _ if !is_written => Edit::Gone,
            Some(written) if written == text => Edit::Same,
            _ => Edit::Text(start, self.texts.len()),
        }
    }

    fn entry_ids_concern(&mut self, ids: PackedIds<'_>, rules: &Rules) -> bool {
        match rules.of_part(Part::EntryIds) {
            Some(action) => action != Action::Keep && !ids.0.is_empty(),
            None if rules.detectors.is_empty() => false,
            None => {
                let detectors = rules.detectors_of(Part::EntryIds);
                let mut ids = ids;
                std::iter::from_fn(|| ids.next_unread())
                    .filter(|id| !is_plain(id))
                    .filter_map(|id| std::str::from_utf8(id).ok())
                    .any(|id| self.look.finds(id, detectors, rules))
            }
        }
    }

    #[cold]
    fn rewrite_entry_ids(&mut self, ids: PackedIds<'_>, rules: &Rules) {
        let (action, detectors) =
            (rules.of_part(Part::EntryIds), rules.detectors_of(Part::EntryIds));
        self.entry_ids.clear();
        let mut written = String::new();
        for id in ids {
            written.clear();
            if self.look.write_text(id, action, detectors, rules, &mut written) {
                write_id(&mut self.entry_ids, &written);
            }
        }
    }
}

/// Whether nothing can be found in any part, as far as the quickest look tells.
#[inline]
fn parts_are_plain(row: &Row<'_>) -> bool {
    let parts = [
        row.user_id,
        row.session_id,
        row.org_id,
        row.resource,
        row.source,
        row.error_message,
        // What is true of a user is true of the actor that it is.
        Some(row.actor).filter(|_| !is_user(row)),
    ];
    is_plain(row.operation.as_bytes())
        && parts.into_iter().flatten().all(|text| is_plain(text.as_bytes()))
}

#[inline]
fn note(edits: &mut Option<Edits>, part: Part, edit: Edit) {
    if edit == Edit::Same {
        return;
    }
    let edits = edits.get_or_insert([Edit::Same; Part::ALL.len()]);
    if let Some(known) = edits.get_mut(part as usize) {
        *known = edit;
    }
}

/// Whether the actor is the user, acting in person.
#[inline]
fn is_user(row: &Row<'_>) -> bool {
    row.actor.strip_prefix("user:").is_some_and(|id| row.user_id == Some(id))
}

fn part_of<'a>(row: &Row<'a>, part: Part) -> Option<&'a str> {
    match part {
        Part::Operation => Some(row.operation),
        Part::Actor => Some(row.actor),
        Part::User => row.user_id,
        Part::Session => row.session_id,
        Part::Org => row.org_id,
        Part::Resource => row.resource,
        Part::Source => row.source,
        Part::Error => row.error_message,
        Part::EntryIds => None,
    }
}

fn edited<'a>(mut row: Row<'a>, edits: &Edits, texts: &'a str) -> Row<'a> {
    for (part, edit) in Part::ALL.into_iter().zip(edits) {
        let text = match *edit {
            Edit::Same => continue,
            Edit::Gone => None,
            Edit::Text(start, end) => texts.get(start..end),
        };
        match part {
            Part::Operation => row.operation = text.unwrap_or_default(),
            Part::Actor => row.actor = text.unwrap_or("anonymous"),
            Part::User => row.user_id = text,
            Part::Session => row.session_id = text,
            Part::Org => row.org_id = text,
            Part::Resource => row.resource = text,
            Part::Source => row.source = text,
            Part::Error => row.error_message = text,
            Part::EntryIds => {}
        }
    }
    row
}

/// Length of the kind before the id of an actor.
fn actor_kind(actor: &str) -> usize {
    ["user:", "api_key:", "service:"]
        .iter()
        .find(|kind| actor.starts_with(**kind))
        .map_or(0, |kind| kind.len())
}

/// An actor that is a user is hidden as users are.
fn user_action(actor: &str, part: Part, rules: &Rules) -> Option<Action> {
    if part == Part::Actor && actor.starts_with("user:") { rules.of_part(Part::User) } else { None }
}
