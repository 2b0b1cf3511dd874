//! Which fields a rule looks at, so that no others need to be.

use super::operation::OperationFrom;
use super::outcome::{Case, Outcome, Seen};
use super::rule::Rule;

impl Rule {
    /// Fields of a span that decide whether it matches.
    pub(crate) fn deciding_fields(&self) -> impl Iterator<Item = &str> {
        let operation = self.operation.as_ref().filter(|from| !from.is_static());
        let named = operation.into_iter().flat_map(|from: &OperationFrom| &from.fields);
        let conditions = self.conditions.iter().map(|condition| &*condition.field);
        conditions.chain(named.map(|field| &**field))
    }

    /// Fields of a span whose values it uses in some way.
    pub(crate) fn used_fields(&self) -> impl Iterator<Item = &str> {
        let conditions = self.conditions.iter().map(|condition| &*condition.field);
        let named = self.operation.iter().flat_map(|from| &from.fields);
        let origins = self.identities.iter().flat_map(|(_, origin)| &origin.fields);
        let texts = named.chain(origins).map(|field| &**field);
        conditions.chain(texts).chain(self.outcome.span_fields())
    }
}

impl Outcome {
    /// Fields of the span that its cases look at.
    fn span_fields(&self) -> impl Iterator<Item = &str> {
        let fields = |case: &'_ Case| match &case.seen {
            Seen::Field(_) => true,
            Seen::Event(..) => false,
        };
        self.cases.iter().filter(move |case| fields(case)).flat_map(Case::fields)
    }

    /// Fields of an event that a case looks at.
    pub(crate) fn fields_of(&self, case: usize) -> impl Iterator<Item = &str> {
        self.cases.get(case).into_iter().flat_map(Case::fields)
    }
}

impl Case {
    fn fields(&self) -> impl Iterator<Item = &str> {
        let (condition, message) = match &self.seen {
            Seen::Field(condition) => (Some(condition), None),
            Seen::Event(event, condition) => {
                (condition.as_ref(), event.message.as_ref().map(|_| "message"))
            }
        };
        condition.map(|on| &*on.field).into_iter().chain(message).chain(self.error.as_deref())
    }
}
