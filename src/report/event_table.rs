//! Events as a table for a terminal.

use std::borrow::Borrow;

use super::text_table::TextTable;
use crate::event::AuditEvent;
use crate::event::time_text;

/// How many entry ids a row names; how many more there are is said.
const ENTRY_IDS_SHOWN: usize = 3;

/// The events as an aligned text table, one a line, in their order.
///
/// Controls, bidirectional controls and invisible letters are escaped, and
/// long values are cut: a table is for looking at, not for reading back.
pub fn table<E: Borrow<AuditEvent>>(events: impl IntoIterator<Item = E>) -> String {
    let headings =
        ["TIMESTAMP", "OPERATION", "STATUS", "ACTOR", "USER", "ENTRIES", "DURATION MS", "ERROR"];
    let mut table = TextTable::new(headings);
    for event in events {
        let event = event.borrow();
        table.row([
            time_text(&event.timestamp),
            event.operation.to_string(),
            event.status.to_string(),
            event.actor.to_string(),
            event.user_id.clone().unwrap_or_default(),
            entry_ids(&event.entry_ids),
            event.duration_ms().map(|ms| format!("{ms:.3}")).unwrap_or_default(),
            event.error_message.clone().unwrap_or_default(),
        ]);
    }
    table.to_string()
}

fn entry_ids(ids: &[String]) -> String {
    let shown = ids.iter().take(ENTRY_IDS_SHOWN).map(String::as_str).collect::<Vec<_>>();
    match ids.len() - shown.len() {
        0 => shown.join(" "),
        more => format!("{} +{more}", shown.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_event_with_attacks_escaped() {
        let at = "2025-01-15T10:30:45.123456Z".parse().unwrap();
        let events = [
            AuditEvent::builder("store")
                .user_id("eve\u{202e}\u{1b}[2J")
                .entry_ids(["a", "b\n2025", "c", "d", "e"])
                .duration_ms(45.2)
                .timestamp(at)
                .build(),
            AuditEvent::builder("forget").actor("system").error("denied").timestamp(at).build(),
        ];
        assert_eq!(
            table(&events),
            "\
TIMESTAMP                    OPERATION  STATUS   ACTOR                      USER                  ENTRIES         DURATION MS  ERROR
2025-01-15T10:30:45.123456Z  STORE      SUCCESS  user:eve\\u{202e}\\u{1b}[2J  eve\\u{202e}\\u{1b}[2J  a b\\n2025 c +2  45.200
2025-01-15T10:30:45.123456Z  FORGET     FAILURE  system                                                                        denied
"
        );
    }
}
