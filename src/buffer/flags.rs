//! Status, status source and kind of an event, in one byte.

use crate::event::{Kind, Status, StatusSource};

/// Bits 0–1 status, 2–5 status source, 6 kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Flags(pub(super) u8);

impl Flags {
    pub(super) fn new(status: Status, source: StatusSource, kind: Kind) -> Self {
        Flags(status.code() | (source.code() << 2) | (u8::from(kind == Kind::Log) << 6))
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
                    assert_eq!(
                        (flags.status(), flags.status_source(), flags.kind()),
                        (*status, *source, kind)
                    );
                }
            }
        }
    }
}
