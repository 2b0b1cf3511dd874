//! What the fields of spans and events are to us, by their names. Pure.

/// The fields by which spans say who acts on what. Inherited by enclosed spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdField {
    User = 0,
    Actor = 1,
    Session = 2,
    Org = 3,
    Resource = 4,
    Source = 5,
}

impl IdField {
    pub(crate) const ALL: [IdField; 6] = [
        IdField::User,
        IdField::Actor,
        IdField::Session,
        IdField::Org,
        IdField::Resource,
        IdField::Source,
    ];

    /// Its bit in a set of identity fields.
    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What a field of a callsite is to us. One byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Operation,
    Identity(IdField),
    EntryIds,
    Status,
    Error,
    DurationMs,
    Metadata,
    /// A value that a rule looks at: kept whatever the limits of metadata say.
    #[cfg_attr(not(feature = "policy"), expect(dead_code, reason = "there are no rules"))]
    Kept,
    /// An unknown `audit.*` name: reported once, then ignored.
    Unknown,
    /// Names of other conventions, which give way to the `audit.*` names.
    OtherOperation,
    OtherSession,
    OtherResource,
    OtherEntryIds,
}

impl Slot {
    pub(super) fn of(name: &str) -> Slot {
        match name {
            "audit.operation" => Slot::Operation,
            "audit.user_id" => Slot::Identity(IdField::User),
            "audit.actor" => Slot::Identity(IdField::Actor),
            "audit.session_id" => Slot::Identity(IdField::Session),
            "audit.org_id" => Slot::Identity(IdField::Org),
            "audit.resource" => Slot::Identity(IdField::Resource),
            "audit.source" => Slot::Identity(IdField::Source),
            "audit.entry_ids" => Slot::EntryIds,
            "audit.status" => Slot::Status,
            "audit.error" => Slot::Error,
            "audit.duration_ms" => Slot::DurationMs,
            "gen_ai.operation.name" => Slot::OtherOperation,
            "gen_ai.conversation.id" => Slot::OtherSession,
            "gen_ai.memory.store.id" => Slot::OtherResource,
            "gen_ai.memory.record.id" => Slot::OtherEntryIds,
            name if name.starts_with("audit.") => Slot::Unknown,
            _ => Slot::Metadata,
        }
    }
}
