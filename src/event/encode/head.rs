//! What stands behind the sequence of every entry: its id and its times. They
//! have one length, so that the text is kept from entry to entry, and only what
//! differs is written anew: what seldom does in the text that is kept, what
//! always does in the copy, since who reads what was just written waits for it.

use super::super::row::{Row, time_from_us};
use super::super::time_text;
use super::room::Room;
use super::time::{micros_text, second_of, second_text};
use super::values::push_event_id;

const TEMPLATE: &[u8; 130] = b",\"event_id\":\"evt_00000000000000000000000000\",\
\"timestamp\":\"0000-00-00T00:00:00.000000Z\",\"recorded_at\":\"0000-00-00T00:00:00.000000Z\"";

const ID_AT: usize = 13;
const TIMESTAMP_AT: usize = 58;
const RECORDED_AT: usize = 102;
/// Where in a time its microseconds begin.
const MICROS_AT: usize = 20;

/// The text of the entries before.
#[derive(Debug)]
pub(super) struct Head {
    text: [u8; TEMPLATE.len()],
    /// What is said there of the id, of the second of the begin, and of the time
    /// of recording, which is the same for many entries.
    first_bits: Option<u128>,
    second: Option<i64>,
    recorded_us: Option<i64>,
}

impl Default for Head {
    fn default() -> Self {
        Head { text: *TEMPLATE, first_bits: None, second: None, recorded_us: None }
    }
}

impl Head {
    #[inline]
    pub(super) fn push(&mut self, row: &Row<'_>, out: &mut Room<'_>) {
        if self.keep(row).is_none() {
            return out.pass(|out| push_unusual(row, out));
        }
        if let Some(text) = out.take_chunk::<{ TEMPLATE.len() }>() {
            *text = self.text;
            text[TIMESTAMP_AT + MICROS_AT..TIMESTAMP_AT + MICROS_AT + 6]
                .copy_from_slice(&micros_text(row.timestamp_us));
            if let Some(id) = text[ID_AT..].first_chunk_mut() {
                row.event_id.write_last_digits(id);
            }
        }
    }

    /// Makes the text that is kept one of this row; none if a time has another
    /// length.
    #[inline]
    fn keep(&mut self, row: &Row<'_>) -> Option<()> {
        let second = second_of(row.timestamp_us)?;
        let is_same = self.second == Some(second)
            && self.first_bits == Some(row.event_id.first_bits())
            && self.recorded_us == Some(row.recorded_us);
        if is_same { Some(()) } else { self.rewrite(row, second) }
    }

    #[cold]
    fn rewrite(&mut self, row: &Row<'_>, second: i64) -> Option<()> {
        let recorded = second_text(second_of(row.recorded_us)?);
        let text = &mut self.text;
        text[RECORDED_AT..RECORDED_AT + MICROS_AT].copy_from_slice(&recorded);
        text[RECORDED_AT + MICROS_AT..RECORDED_AT + MICROS_AT + 6]
            .copy_from_slice(&micros_text(row.recorded_us));
        text[TIMESTAMP_AT..TIMESTAMP_AT + MICROS_AT].copy_from_slice(&second_text(second));
        row.event_id.write_first_digits(text[ID_AT..].first_chunk_mut()?);
        self.first_bits = Some(row.event_id.first_bits());
        (self.second, self.recorded_us) = (Some(second), Some(row.recorded_us));
        Some(())
    }
}

#[cold]
fn push_unusual<'a>(row: &Row<'_>, mut out: Room<'a>) -> Room<'a> {
    let time = |us| time_text(&time_from_us(us));
    out.put(b",\"event_id\":\"");
    push_event_id(&mut out, row.event_id);
    out.put(b"\",\"timestamp\":\"");
    out.put(time(row.timestamp_us).as_bytes());
    out.put(b"\",\"recorded_at\":\"");
    out.put(time(row.recorded_us).as_bytes());
    out.put(b"\"");
    out
}
