//! Where it comes from who acted on what.

/// What a rule can say about who acted on what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identity {
    /// On whose behalf.
    User = 0,
    /// Who acted.
    Actor = 1,
    /// The user's session.
    Session = 2,
    /// The organisation whose data it is.
    Org = 3,
    /// The collection or other container.
    Resource = 4,
    /// Network origin.
    Source = 5,
    /// The entries it was done to.
    EntryIds = 6,
}

impl Identity {
    /// Everything a rule can say.
    pub const ALL: &'static [Identity] = &[
        Identity::User,
        Identity::Actor,
        Identity::Session,
        Identity::Org,
        Identity::Resource,
        Identity::Source,
        Identity::EntryIds,
    ];

    /// The key in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Identity::User => "user",
            Identity::Actor => "actor",
            Identity::Session => "session",
            Identity::Org => "org",
            Identity::Resource => "resource",
            Identity::Source => "source",
            Identity::EntryIds => "entry_ids",
        }
    }
}

/// Where a value comes from: the first of some fields that has one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an origin does nothing until a rule has it"]
pub struct Origin {
    pub(crate) fields: Vec<Box<str>>,
    pub(crate) enclosing: bool,
    pub(crate) prefix: Option<Box<str>>,
    pub(crate) fixed: Option<Box<str>>,
}

impl Origin {
    /// These fields of the span, in this order.
    pub fn fields(fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Origin {
            fields: fields.into_iter().map(|field| field.as_ref().into()).collect(),
            enclosing: false,
            prefix: None,
            fixed: None,
        }
    }

    /// Always this value, unless a field has one.
    pub fn fixed(value: impl AsRef<str>) -> Self {
        Origin { fixed: Some(value.as_ref().into()), ..Origin::fields([""; 0]) }
    }

    /// Where the span itself has none of the fields, the nearest span around it
    /// that has one.
    pub fn enclosing(mut self, enclosing: bool) -> Self {
        self.enclosing = enclosing;
        self
    }

    /// What is put before the value, such as `service:` for an actor.
    pub fn prefix(mut self, prefix: impl AsRef<str>) -> Self {
        self.prefix = Some(prefix.as_ref().into());
        self
    }

    /// The value where no field has one.
    pub fn or(mut self, value: impl AsRef<str>) -> Self {
        self.fixed = Some(value.as_ref().into());
        self
    }

    /// Whether neither a field nor a fixed value is given.
    pub(super) fn is_nowhere(&self) -> bool {
        self.fields.is_empty() && self.fixed.is_none()
    }

    /// Why it can never give what it is meant to give, if it can't. An empty text
    /// names nobody.
    pub(super) fn mistake(&self) -> Option<&'static str> {
        if self.is_nowhere() {
            Some("comes from nowhere; give it a field or a value")
        } else if self.fields.iter().any(|field| field.is_empty()) {
            Some("has a field without a name in it")
        } else if self.fixed.as_deref() == Some("") {
            Some("falls back on an empty text; leave that out")
        } else {
            None
        }
    }
}
