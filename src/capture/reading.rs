//! Reading a value that has to be formatted.
//!
//! Runs on callers' threads, for each `%` and `?` of an audited span. The text is
//! written where it is to travel, as long as there is room for it, and what does not
//! fit goes on in a text of its own. User code runs here: it may panic, which becomes
//! a marked value, and it may log, which the caller's re-entrancy guard survives.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Debug, Display, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::event::limits::{FIELD_BYTES_MAX, cut_marker, prefix};

/// A value that was read.
pub(super) enum Read<'a> {
    Text(&'a str),
    /// Packed ids, and how many more there were.
    List(&'a [u8], u32),
    /// JSON text.
    Json(&'a str),
}

/// Reads `value`: its text, cut and marked where it is longer than a field may be,
/// or what it hands over instead.
pub(super) fn read<R>(value: &dyn Debug, then: impl FnOnce(Read<'_>) -> R) -> R {
    match read_into(value, &mut []) {
        // Nothing fits there.
        Ok(_) => then(Read::Text("")),
        Err(elsewhere) => elsewhere.hand_on(then),
    }
}

/// The text of a value, as [`read`] reads it.
pub(super) fn shown(value: &dyn Display) -> String {
    read(&format_args!("{value}"), |read| match read {
        Read::Text(text) | Read::Json(text) => text.to_owned(),
        // Only handed over where it is all there is, which this is not.
        Read::List(..) => String::new(),
    })
}

/// Reads `value` as [`read`] does, its text into `room`; how many bytes there are of
/// it, or where it is instead.
#[inline(always)]
pub(super) fn read_into(value: &dyn Debug, room: &mut [u8]) -> Result<usize, Elsewhere> {
    let mut draft = Draft { room, used: 0, more: None };
    EXCHANGE.set(Exchange::Offered);
    let is_whole = draft.write_caught(value);
    match EXCHANGE.replace(Exchange::None) {
        Exchange::Handed(handed) => draft.handed(value, handed),
        _ if is_whole && draft.more.is_none() => Ok(draft.used),
        _ => draft.finish(is_whole),
    }
}

/// A value that was read and does not lie where it was to.
pub(super) struct Elsewhere {
    text: Bounded,
    handed: Option<Handed>,
}

impl Elsewhere {
    /// Hands it on.
    #[cold]
    #[inline(never)]
    pub(super) fn hand_on<R>(self, then: impl FnOnce(Read<'_>) -> R) -> R {
        let result = match self.handed {
            Some(handed) => BYTES.with_borrow(|bytes| match handed {
                Handed::List { more } => then(Read::List(bytes, more)),
                Handed::Json => then(Read::Json(utf8(bytes))),
                Handed::Text => then(Read::Text(utf8(bytes))),
            }),
            None => then(Read::Text(self.text.as_str())),
        };
        if self.handed.is_some() {
            BYTES.with_borrow_mut(|bytes| {
                bytes.clear();
                bytes.shrink_to(KEPT_BYTES_MAX);
            });
        }
        // On a thread that is ending the buffer is simply freed.
        let _ = TEXT.try_with(|place| place.replace(self.text.text));
        result
    }
}

/// What a value handed over instead of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    /// Packed ids, and how many more there were.
    List { more: u32 },
    /// JSON text.
    Json,
    /// Text that was JSON before it was cut.
    Text,
}

/// Most memory that a thread keeps for what is handed over next.
const KEPT_BYTES_MAX: usize = 8 * FIELD_BYTES_MAX;

/// What passes between the reader of a `Debug` on this thread and the `Debug`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exchange {
    None,
    /// The reader takes items.
    Offered,
    /// They lie in [`BYTES`].
    Handed(Handed),
}

thread_local! {
    static EXCHANGE: Cell<Exchange> = const { Cell::new(Exchange::None) };
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Hands bytes to the reader, if it is one that takes them.
///
/// The reader formats with a `-`, a flag without a meaning, so that what other
/// layers format on this thread meanwhile (a `Debug` may log) is theirs.
pub(super) fn handover(
    f: &fmt::Formatter<'_>,
    write: impl FnOnce(&mut Vec<u8>) -> Option<Handed>,
) -> bool {
    if !f.sign_minus() || EXCHANGE.get() != Exchange::Offered {
        return false;
    }
    EXCHANGE.set(Exchange::None);
    let mut bytes = BYTES.try_with(RefCell::take).unwrap_or_default();
    bytes.clear();
    let handed = write(&mut bytes);
    let kept = BYTES.try_with(|place| place.replace(bytes)).is_ok();
    match handed.filter(|_| kept) {
        Some(handed) => {
            EXCHANGE.set(Exchange::Handed(handed));
            true
        }
        None => false,
    }
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Text on its way to its place.
struct Draft<'a> {
    room: &'a mut [u8],
    /// Of the room; more than there is once there is `more`.
    used: usize,
    /// All of a text that does not fit.
    more: Option<Bounded>,
}

impl Draft<'_> {
    /// Writes `value`; whether it came to an end. An error means that the limit was
    /// reached, which the text knows.
    #[inline(always)]
    fn write_caught(&mut self, value: &dyn Debug) -> bool {
        let write = AssertUnwindSafe(|| {
            let _ = write!(self, "{value:-?}");
        });
        catch_unwind(write).is_ok()
    }

    /// What became of a value that handed something over.
    #[cold]
    #[inline(never)]
    fn handed(mut self, value: &dyn Debug, handed: Handed) -> Result<usize, Elsewhere> {
        if self.used == 0 {
            let text = Bounded::new(String::new());
            return Err(Elsewhere { text, handed: Some(handed) });
        }
        // A list inside another value: all of it is text then.
        (self.used, self.more) = (0, None);
        let is_whole = self.write_caught(value);
        self.finish(is_whole)
    }

    /// What became of a text.
    #[cold]
    #[inline(never)]
    fn finish(mut self, is_whole: bool) -> Result<usize, Elsewhere> {
        if !is_whole {
            const PANICKED: &str = "[its Debug panicked]";
            match &mut self.more {
                Some(more) => more.text.push_str(PANICKED),
                None => {
                    let _ = self.write_str(PANICKED);
                }
            }
        }
        match self.more {
            None => Ok(self.used),
            Some(mut text) => {
                text.mark_cut();
                Err(Elsewhere { text, handed: None })
            }
        }
    }

    /// Goes on in a text of its own.
    #[cold]
    #[inline(never)]
    fn write_more(&mut self, piece: &str) -> fmt::Result {
        let Some(more) = &mut self.more else {
            let mut text = Bounded::new(TEXT.try_with(RefCell::take).unwrap_or_default());
            let written = self.room.get(..self.used).unwrap_or_default();
            let result = text
                .write_str(std::str::from_utf8(written).unwrap_or_default())
                .and_then(|()| text.write_str(piece));
            self.more = Some(text);
            self.used = self.room.len() + 1;
            return result;
        };
        more.write_str(piece)
    }
}

impl Write for Draft<'_> {
    #[inline]
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let end = self.used + piece.len();
        match self.room.get_mut(self.used..end) {
            Some(place) => {
                self.used = end;
                place.copy_from_slice(piece.as_bytes());
                Ok(())
            }
            None => self.write_more(piece),
        }
    }
}

/// Text that stops growing where it is as long as a field may be, and knows that it
/// did.
pub(super) struct Bounded {
    text: String,
    left: usize,
    cut: bool,
}

impl Bounded {
    /// Begins anew with the memory of `text`.
    pub(super) fn new(text: String) -> Self {
        let mut bounded = Bounded { text, left: 0, cut: false };
        bounded.clear();
        bounded
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        // The mark of a cut is within the limit.
        self.left = FIELD_BYTES_MAX.saturating_sub(cut_marker(None).len());
        self.cut = false;
    }

    /// Marks the text if it was cut.
    pub(super) fn mark_cut(&mut self) {
        if self.cut {
            self.text.push_str(&cut_marker(None));
        }
    }
}

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let kept = prefix(piece, self.left);
        self.text.push_str(kept);
        self.left -= kept.len();
        if kept.len() < piece.len() {
            self.cut = true;
            self.left = 0;
            return Err(fmt::Error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of a value in so much room.
    fn text_of(value: &dyn Debug, room: usize) -> (String, bool) {
        let mut room = vec![0; room];
        match read_into(value, &mut room) {
            Ok(used) => (String::from_utf8(room[..used].to_vec()).unwrap(), true),
            Err(elsewhere) => elsewhere.hand_on(|read| match read {
                Read::Text(text) => (text.to_owned(), false),
                Read::List(..) | Read::Json(_) => panic!("no text"),
            }),
        }
    }

    #[test]
    fn a_text_lies_where_it_was_to_as_far_as_there_is_room_and_else_whole_elsewhere() {
        // Written in several pieces, one of them empty.
        let value = format_args!("{}{}{}{}", "four", "", "five5", 'c');
        for room in 0..16 {
            assert_eq!(text_of(&value, room), ("fourfive5c".to_owned(), room >= 10));
        }
        assert_eq!(text_of(&format_args!(""), 0), (String::new(), true));
    }

    #[test]
    fn a_panic_is_told_behind_what_was_written() {
        struct Panics;
        impl Debug for Panics {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("before")?;
                std::panic::resume_unwind(Box::new(()));
            }
        }
        for room in [0, 3, 10, 25, 26, 100] {
            let expected = ("before[its Debug panicked]".to_owned(), room >= 26);
            assert_eq!(text_of(&Panics, room), expected);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_marked() {
        let long = "x".repeat(2 * FIELD_BYTES_MAX);
        let (text, in_place) = text_of(&format_args!("a{long}"), 100);
        assert!(text.len() <= FIELD_BYTES_MAX && text.starts_with("axxx") && !in_place);
        assert!(text.ends_with(&cut_marker(None)));
    }

    #[test]
    fn a_list_is_handed_over_and_within_another_value_it_is_text() {
        let items = ["a", "b"];
        let handed = read(&super::super::list(&items), |read| matches!(read, Read::List(_, 0)));
        assert!(handed);
        let inside = Some(super::super::list(&items));
        for room in [0, 8, 100] {
            assert_eq!(text_of(&inside, room).0, format!("{inside:?}"));
        }
    }
}
