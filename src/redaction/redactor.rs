//! What runs for each event, on the worker's thread: a row goes in, and either
//! it or a changed copy comes out.
//!
//! Every text is looked at once. Only where something is to be hidden are the
//! parts of the event built anew, in buffers that are used again and again.

use crate::event::limits::OWN_KEYS;
use crate::event::packed::{PackedIds, PackedMetadata, ValueRef, write_field, write_id};
use crate::event::row::Row;

use super::action::Action;
use super::clean::Clean;
use super::detect::{Detectors, Finding, is_card_number, scan};
use super::json;
use super::names::looks_random;
use super::rules::{Part, Rules};
use super::text::{MASK, write_around, write_cut, write_whole};
use super::verdict::{Verdict, Verdicts};

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
    pub(crate) fn apply<'a>(&'a mut self, row: &Row<'a>, rules: &Rules) -> Row<'a> {
        self.texts.clear();
        let edits = self.edit_parts(row, rules);
        let new_ids = self.entry_ids_concern(row.entry_ids, rules);
        let new_metadata = if rules.settings.metadata_kept {
            self.look.metadata_concerns(row.metadata, rules)
        } else {
            !row.metadata.0.is_empty()
        };
        if edits.is_none() && !new_ids && !new_metadata {
            return *row;
        }
        if new_ids {
            self.rewrite_entry_ids(row.entry_ids, rules);
        }
        if new_metadata {
            self.look.rewrite_metadata(row.metadata, rules, &mut self.metadata);
        }
        let mut row = *row;
        if new_ids {
            row.entry_ids = PackedIds(&self.entry_ids);
        }
        if new_metadata {
            row.metadata = PackedMetadata(&self.metadata);
        }
        edits.map_or(row, |edits| edited(row, &edits, &self.texts))
    }

    /// `row`, of which nothing is the program's own, without what `rules` hide.
    pub(crate) fn apply_given<'a>(&'a mut self, row: &Row<'a>, rules: &Rules) -> Row<'a> {
        let mut row = *row;
        if let Some(span) = &mut row.span {
            for text in [&mut span.name, &mut span.target] {
                if self.look.finds(text, rules.detectors, rules) {
                    *text = MASK;
                }
            }
        }
        self.apply(&row, rules)
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
            None => {
                let detectors = rules.detectors_of(Part::EntryIds);
                let mut ids = ids;
                ids.any(|id| self.look.finds(id, detectors, rules))
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

/// What looks at values.
#[derive(Debug, Default)]
pub(super) struct Look {
    verdicts: Verdicts,
    found: Vec<Finding>,
}

impl Look {
    pub(super) fn verdict(&mut self, rules: &Rules, name: &str) -> Verdict {
        self.verdicts.on(rules, name)
    }

    /// Whether there is something to hide in a text.
    #[inline]
    pub(super) fn finds(&mut self, text: &str, detectors: Detectors, rules: &Rules) -> bool {
        if detectors.is_empty() {
            return false;
        }
        let verdicts = &mut self.verdicts;
        scan(text, detectors, |name| verdicts.on(rules, name), &mut self.found);
        !self.found.is_empty()
    }

    /// Appends a text as it may be kept: after `action`, or where there is none
    /// with what detectors find in it hidden. `false` where it is dropped.
    pub(super) fn write_text(
        &mut self,
        text: &str,
        action: Option<Action>,
        detectors: Detectors,
        rules: &Rules,
        out: &mut String,
    ) -> bool {
        match action {
            Some(Action::Keep) => out.push_str(text),
            None => self.write_looked_at(text, detectors, rules, out),
            Some(Action::Truncate(bytes_max)) => {
                // A secret that the cut would go through is hidden whole.
                let mut whole = String::new();
                self.write_looked_at(text, detectors, rules, &mut whole);
                write_cut(&whole, bytes_max, out);
            }
            Some(action) => return write_whole(text, action, rules, out),
        }
        true
    }

    fn write_looked_at(
        &mut self,
        text: &str,
        detectors: Detectors,
        rules: &Rules,
        out: &mut String,
    ) {
        self.finds(text, detectors, rules);
        write_around(text, &self.found, rules, out);
        self.found.clear();
    }

    #[inline]
    fn metadata_concerns(&mut self, metadata: PackedMetadata<'_>, rules: &Rules) -> bool {
        let mut metadata = metadata;
        metadata.any(|(name, value)| self.concerns(name, value, rules))
    }

    /// Whether a field cannot be kept as it is.
    #[inline]
    fn concerns(&mut self, name: &str, value: ValueRef<'_>, rules: &Rules) -> bool {
        match (self.verdicts.on(rules, name), value) {
            (Verdict::Look, _) => {}
            (Verdict::Do(action), _) => return action != Action::Keep,
            (Verdict::Name, _) => return true,
            (Verdict::Secret, ValueRef::Str(text)) if !json::is_hidden(text) => return true,
            (Verdict::Perhaps, ValueRef::Str(text)) if looks_random(text) => return true,
            (Verdict::Secret, ValueRef::Str(_) | ValueRef::Bool(_)) | (Verdict::Perhaps, _) => {}
            (Verdict::Secret, _) => return true,
        }
        match value {
            ValueRef::Bool(_) => false,
            ValueRef::Str(text) => self.finds(text, rules.detectors, rules),
            ValueRef::Json(text) => json::concerns(self, text, rules),
            number => is_card(number),
        }
    }

    #[cold]
    fn rewrite_metadata(&mut self, metadata: PackedMetadata<'_>, rules: &Rules, out: &mut Vec<u8>) {
        out.clear();
        for (name, value) in metadata {
            if rules.settings.metadata_kept || OWN_KEYS.contains(&name) {
                self.rewrite_field(name, value, rules, out);
            }
        }
    }

    fn rewrite_field(&mut self, name: &str, value: ValueRef<'_>, rules: &Rules, out: &mut Vec<u8>) {
        let mut hidden_name = String::new();
        let name = match self.verdict(rules, name) {
            Verdict::Name => {
                self.write_looked_at(name, rules.detectors, rules, &mut hidden_name);
                &hidden_name
            }
            _ => name,
        };
        let mut value = value.to_value();
        if json::hide_field(self, name, &mut value, rules) {
            let nested;
            let value = match &value {
                serde_json::Value::String(text) => ValueRef::Str(text),
                serde_json::Value::Bool(value) => ValueRef::Bool(*value),
                serde_json::Value::Number(number) => number_ref(number),
                value => {
                    nested = value.to_string();
                    ValueRef::Json(&nested)
                }
            };
            write_field(out, name, value);
        }
    }
}

/// A number as it was before it was looked at.
fn number_ref(number: &serde_json::Number) -> ValueRef<'static> {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(value), ..) => ValueRef::U64(value),
        (_, Some(value), _) => ValueRef::I64(value),
        (.., value) => ValueRef::F64(value.unwrap_or(f64::NAN)),
    }
}

/// Whether a number is that of a card.
#[inline]
fn is_card(number: ValueRef<'_>) -> bool {
    let number = match number {
        ValueRef::U64(number) => number,
        ValueRef::I64(number) => number.unsigned_abs(),
        ValueRef::F64(number) if number.fract() == 0.0 => number.abs() as u64,
        _ => return false,
    };
    number >= 10_u64.pow(13) && is_card_number(number.to_string().as_bytes())
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
