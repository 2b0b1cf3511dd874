//! How an operation ended, and how that is known.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal, $text:literal;)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every value, in the order of its documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The canonical text.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }

            /// A small number that stands for the value in the buffer's columns.
            pub(crate) const fn code(self) -> u8 {
                match self {
                    $($name::$variant => $code,)*
                }
            }

            pub(crate) const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some($name::$variant),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

codes! {
    /// How an operation ended.
    Status {
        /// It did what it was asked to do.
        Success = 0, "SUCCESS";
        /// It failed, or was refused.
        Failure = 1, "FAILURE";
        /// It did a part, for example some of the entries.
        Partial = 2, "PARTIAL";
        /// Nobody can know: cancelled, unwound, still open, or said unclearly.
        Unknown = 3, "UNKNOWN";
    }
}

codes! {
    /// How a [`Status`] is known. Always present, so that a guess can be told
    /// from a statement.
    StatusSource {
        /// The program said so (`audit.status`, `audit.error`, or by hand).
        Explicit = 0, "explicit";
        /// It returned an error (`#[instrument(err)]`, or seen by a guard).
        Error = 1, "error";
        /// It returned a value (`#[instrument(ret)]`, or seen by a guard).
        Return = 2, "return";
        /// A policy rule says so.
        Policy = 3, "policy";
        /// A panic began inside the operation.
        Panic = 4, "panic";
        /// The span was closed while somebody else's panic unwound.
        Unwound = 5, "unwound";
        /// The function usually reports its return, and this time did not.
        Incomplete = 6, "incomplete";
        /// It was cancelled: a guard was dropped before the end.
        Cancelled = 7, "cancelled";
        /// The span simply closed: nothing contradicts success.
        Closed = 8, "closed";
        /// The span was still open at shutdown.
        Open = 9, "open";
        /// Found after a crash: begun, end unknown.
        Recovered = 10, "recovered";
    }
}

impl Status {
    /// Parses a status in either case; `None` if it is none.
    pub fn parse(text: &str) -> Option<Status> {
        let exact = Status::ALL.iter().find(|status| text == status.as_str());
        let found = exact.or_else(|| {
            let text = text.trim();
            Status::ALL.iter().find(|status| text.eq_ignore_ascii_case(status.as_str()))
        });
        found.copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_texts_are_distinct_and_come_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_code(status.code()), Some(*status));
            assert_eq!(Status::parse(&status.as_str().to_lowercase()), Some(*status));
        }
        for source in StatusSource::ALL {
            assert_eq!(StatusSource::from_code(source.code()), Some(*source));
        }
        assert_eq!(Status::parse("done"), None);
    }
}
