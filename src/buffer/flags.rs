//! Status, status source and kind of an event, in one byte; or that there is
//! none.

use crate::event::{Kind, Status, StatusSource};

/// Bits 0–1 status, 2–5 status source, 6 kind, 7 whether the place is only
/// taken: by a further entry of the event before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Flags(pub(super) u8);

const TAKEN: u8 = 128;

impl Flags {
    pub(super) fn new(status: Status, source: StatusSource, kind: Kind) -> Self {
        Flags(status.code() | (source.code() << 2) | (u8::from(kind == Kind::Log) << 6))
    }

    /// Of a place behind an event that takes several.
    pub(super) fn taken(self) -> Self {
        Flags(self.0 | TAKEN)
    }

    /// Whether there is no event of its own here.
    pub(crate) fn is_taken(self) -> bool {
        self.0 & TAKEN != 0
    }

    /// A number from 0 to 3.
    pub(crate) fn status_code(self) -> u8 {
        self.0 & 3
    }

    pub(crate) fn status(self) -> Status {
        Status::from_code(self.status_code()).unwrap_or(Status::Unknown)
    }

    pub(crate) fn status_source(self) -> StatusSource {
        StatusSource::from_code((self.0 >> 2) & 15).unwrap_or(StatusSource::Explicit)
    }

    pub(crate) fn kind(self) -> Kind {
        if self.0 & 64 == 0 { Kind::Event } else { Kind::Log }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_comes_back() {
        for status in Status::ALL {
            for source in StatusSource::ALL {
                for kind in [Kind::Event, Kind::Log] {
                    let flags = Flags::new(*status, *source, kind);
                    for (flags, is_taken) in [(flags, false), (flags.taken(), true)] {
                        assert_eq!(
                            (flags.status(), flags.status_source(), flags.kind()),
                            (*status, *source, kind)
                        );
                        assert_eq!(flags.is_taken(), is_taken);
                    }
                }
            }
        }
    }
}
