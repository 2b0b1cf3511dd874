//! Events made elsewhere (read from a document, or changed field by field)
//! brought within the limits of an event. Nothing is refused.

use crate::event::AuditEvent;
use crate::event::limits::{
    ENTRY_IDS_CUT_KEY, ENTRY_IDS_MAX, METADATA_CUT_KEY, METADATA_FIELDS_MAX, bounded,
};

/// `event`, with what is too long cut and marked, and what is too much counted.
pub(super) fn within(mut event: AuditEvent) -> AuditEvent {
    // Recorded by hand, it is an event of its own.
    event.part = None;
    let texts = [
        &mut event.user_id,
        &mut event.session_id,
        &mut event.org_id,
        &mut event.resource,
        &mut event.source,
        &mut event.error_message,
    ];
    texts.into_iter().flatten().for_each(cut);
    event.entry_ids.iter_mut().for_each(cut);
    let ids_cut = event.entry_ids.len().saturating_sub(ENTRY_IDS_MAX);
    event.entry_ids.truncate(ENTRY_IDS_MAX);
    let fields_cut = event.metadata.truncate(METADATA_FIELDS_MAX);
    for (key, count) in [(ENTRY_IDS_CUT_KEY, ids_cut), (METADATA_CUT_KEY, fields_cut)] {
        if count > 0 {
            event.metadata.insert(key, count);
        }
    }
    event
}

fn cut(text: &mut String) {
    if let std::borrow::Cow::Owned(shorter) = bounded(text) {
        *text = shorter;
    }
}
