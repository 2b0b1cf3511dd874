//! Identities from spans around a span, whoever made those.

use crate::capture::callsite::IdField;
use crate::capture::intake::Intake;
use crate::capture::message::Capture;
use crate::event::packed::ValueRef;
use crate::policy::{Origin, with_text};

use super::plan::{Plan, id_field};
use super::resolve::{enclosing_origins, for_each_id, told_as};
use super::values::value_of;

impl Intake {
    /// Takes what a rule looks for around its spans from the nearest span that
    /// says it, where nothing is known yet.
    pub(super) fn take_from_enclosing(&self, plan: &Plan, capture: &mut Capture) {
        let Some(from) = capture.enclosing() else { return };
        for (identity, origin) in enclosing_origins(plan) {
            match id_field(identity) {
                Some(field) if !capture.fields.has_identity(field) => {
                    if let Some(text) = self.identity_around(field, origin, from) {
                        capture.fields.set_identity(field, &text, false);
                    }
                }
                None if !capture.fields.has_entry_ids() => {
                    let ids = self.entry_ids_around(origin, from);
                    ids.iter().for_each(|id| capture.fields.add_entry_id(id, false));
                }
                _ => {}
            }
        }
    }

    /// What the nearest span says that was given this identity, or one of the
    /// fields.
    fn identity_around(&self, field: IdField, origin: &Origin, from: u64) -> Option<String> {
        self.first_around(from, |open| {
            if open.fields.owns(field) {
                return open.fields.identity(field).map(str::to_owned);
            }
            self.said_by(open, origin, |value| told_as(value, Some(origin)))
        })
    }

    fn entry_ids_around(&self, origin: &Origin, from: u64) -> Vec<String> {
        let ids = self.first_around(from, |open| {
            self.said_by(open, origin, |value| {
                let mut ids = Vec::new();
                for_each_id(value, |id| ids.push(told_as(ValueRef::Str(id), Some(origin))));
                ids
            })
        });
        ids.unwrap_or_default()
    }

    /// The first of the fields of an open span that has a value.
    fn said_by<R>(
        &self,
        open: &Capture,
        origin: &Origin,
        then: impl FnOnce(ValueRef<'_>) -> R,
    ) -> Option<R> {
        let callsite = self.callsites.by_index(open.callsite)?;
        let values = open.fields.values();
        let said = origin.fields.iter().filter_map(|name| value_of(&callsite.names, &values, name));
        let mut said = said.filter(|value| with_text(*value, |text| !text.is_empty()));
        said.next().map(then)
    }

    /// What `ask` answers first, of the tracked spans from `span` outwards.
    fn first_around<R>(&self, span: u64, ask: impl Fn(&Capture) -> Option<R>) -> Option<R> {
        let mut next = Some(span);
        while let Some(span) = next {
            let (answer, outer) = self.open.with(span, |open| (ask(open), open.enclosing()))?;
            if answer.is_some() {
                return answer;
            }
            next = outer;
        }
        None
    }
}
