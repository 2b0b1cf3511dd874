use super::super::recorded::Recording;
use super::*;

fn metadata(fields: &Fields) -> Vec<(u16, ValueRef<'_>)> {
    let metadata = |recording| match recording {
        Recording::Metadata(index, value) => Some((index, value)),
        _ => None,
    };
    fields.values().recordings().filter_map(metadata).collect()
}

fn entry_ids(fields: &Fields) -> Vec<String> {
    let mut ids = Vec::new();
    fields.values().write_entry_ids(&mut ids);
    PackedIds(&ids).map(str::to_owned).collect()
}

#[test]
fn later_values_replace_and_audit_names_win() {
    let mut fields = Fields::default();
    fields.set_identity(IdField::Session, "other", false);
    fields.set_identity(IdField::Session, "audit", true);
    assert!(!fields.set_identity(IdField::Session, "other again", false));
    assert_eq!(fields.identity(IdField::Session), Some("audit"));
    assert!(fields.set_identity(IdField::Session, "later", true));
    assert_eq!(fields.identity(IdField::Session), Some("later"));
    assert!(!fields.set_identity(IdField::User, "", true));
    assert_eq!(fields.identity(IdField::User), None);
    fields.set_operation("STORE", true);
    fields.set_operation("RECALL", false);
    assert_eq!(fields.operation(), Some("STORE"));
    fields.set_operation("", true);
    assert_eq!(fields.operation(), None);
}

#[test]
fn entry_ids_replace_each_other_and_are_added_to() {
    let mut fields = Fields::default();
    fields.set_entry_id("weak", false);
    fields.add_entry_id("from around", false);
    fields.set_entry_id("weak", false);
    assert_eq!(entry_ids(&fields), ["weak"]);
    fields.add_entry_id("added", true);
    fields.set_entry_id("weaker than what was added", false);
    fields.add_entry_id("", true);
    fields.set_entry_id("", true);
    assert_eq!(entry_ids(&fields), ["weak", "added"]);
    fields.set_entry_id("strong", true);
    fields.set_entry_id("weak again", false);
    fields.add_entry_id("added again", true);
    assert_eq!(entry_ids(&fields), ["strong", "added again"]);
    let mut outer = Fields::default();
    outer.set_entry_id("outer", true);
    outer.absorb_entry_ids(&fields);
    assert_eq!(entry_ids(&outer), ["outer", "strong", "added again"]);
    let mut collapsing = Fields::default();
    collapsing.absorb_entry_ids(&Fields::default());
    collapsing.set_entry_id("weak", false);
    collapsing.absorb_entry_ids(&fields);
    collapsing.set_entry_id("weak again", false);
    assert_eq!(entry_ids(&collapsing), ["weak", "strong", "added again"]);
    for number in 0..ENTRY_IDS_MAX {
        outer.add_entry_id(&number.to_string(), true);
    }
    assert_eq!((entry_ids(&outer).len(), outer.values().cuts.entry_ids), (ENTRY_IDS_MAX, 3));
    outer.set_entry_id("one", true);
    assert_eq!((entry_ids(&outer).len(), outer.values().cuts.entry_ids), (1, 0));
}

#[test]
fn a_field_recorded_in_a_loop_stays_bounded_and_keeps_its_last_value() {
    let mut fields = Fields::default();
    fields.set_duration(Some(1));
    for round in 0..10_000_u64 {
        fields.set_identity(IdField::User, &format!("user-{round}"), true);
        fields.record_metadata(1, ValueRef::U64(round));
        fields.record_metadata(2, ValueRef::Bool(true));
        fields.set_named("key", ValueRef::U64(round));
        fields.set_entry_id(&format!("entry-{round}"), true);
        fields.add_entry_id("added", true);
        fields.set_duration(Some(round));
        fields.collect_garbage();
        assert!(fields.recorded.as_bytes().len() < 2 * REPLACED_BYTES_MAX as usize);
    }
    assert_eq!(fields.identity(IdField::User), Some("user-9999"));
    assert!(metadata(&fields).contains(&(2, ValueRef::Bool(true))));
    let last = |fields: &Fields, wanted: fn(&Recording<'_>) -> bool| {
        fields.values().recordings().filter(wanted).last().map(|recording| format!("{recording:?}"))
    };
    let expected = |recording: Recording<'_>| Some(format!("{recording:?}"));
    assert_eq!(
        last(&fields, |recording| matches!(recording, Recording::Metadata(1, _))),
        expected(Recording::Metadata(1, ValueRef::U64(9_999)))
    );
    assert_eq!(
        last(&fields, |recording| matches!(recording, Recording::Named(..))),
        expected(Recording::Named("key", ValueRef::U64(9_999)))
    );
    assert_eq!(
        last(&fields, |recording| matches!(recording, Recording::DurationNs(_))),
        expected(Recording::DurationNs(Some(9_999)))
    );
    assert_eq!(entry_ids(&fields), ["entry-9999", "added"]);
    assert_eq!(fields.values().cuts.metadata, 0);
}

#[test]
fn metadata_beyond_the_limits_is_counted_and_identity_is_not_touched() {
    let mut fields = Fields::default();
    let long = "x".repeat(FIELD_BYTES_MAX);
    for index in 0..10 {
        fields.add_metadata(index, ValueRef::Str(&long));
    }
    fields.set_identity(IdField::User, "alice", true);
    assert_eq!(fields.values().cuts.metadata, 7);
    assert_eq!(metadata(&fields).len(), 3);
    assert_eq!(fields.identity(IdField::User), Some("alice"));
    assert!(!fields.is_plain());
    fields.make_plain();
    assert!(fields.is_plain());
    fields.restart();
    assert_eq!(format!("{fields:?}"), format!("{:?}", Fields::default()));
}
