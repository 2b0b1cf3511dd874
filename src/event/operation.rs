//! The name of an audited operation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::limits::{KEY_BYTES_MAX, prefix};

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What was done. The known names are those of memory and retrieval
        /// systems; any other name is [`Operation::Custom`].
        ///
        /// Parsing takes either case and never fails: `store`, `Store` and
        /// `STORE` are one operation, and a custom name is kept in upper case,
        /// without white space at its ends. An empty name is
        /// [`UNNAMED`](Operation::UNNAMED). What is recorded was parsed so,
        /// whatever [`Operation::Custom`] was made of.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$doc])* $variant,)*
            /// Any other operation, in upper case.
            Custom(Box<str>),
        }

        impl Operation {
            /// The known operations, in the order of their documentation.
            pub const KNOWN: &'static [Operation] = &[$(Operation::$variant,)*];

            /// The canonical name, in upper case.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Operation::$variant => $name,)*
                    Operation::Custom(name) => name,
                }
            }

            fn known(upper: &str) -> Option<Operation> {
                match upper {
                    $($name => Some(Operation::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

operations! {
    /// New entries were stored.
    Store = "STORE",
    /// Entries were queried or read.
    Recall = "RECALL",
    /// Entries were deleted.
    Forget = "FORGET",
    /// Entries were merged or summarised.
    Compact = "COMPACT",
    /// Entries left the system.
    Export = "EXPORT",
    /// Entries came in from elsewhere, as one batch.
    Import = "IMPORT",
    /// Many entries were stored by one call.
    BulkStore = "BULK_STORE",
    /// An index was rebuilt.
    Reindex = "REINDEX",
    /// A retrieval pipeline ran.
    Search = "SEARCH",
    /// A document was taken in.
    Ingest = "INGEST",
    /// A document was deleted, with what hung on it.
    DeleteDocument = "DELETE_DOCUMENT",
    /// A knowledge base was deleted.
    DeleteKnowledgeBase = "DELETE_KNOWLEDGE_BASE",
    /// A user was deleted.
    DeleteUser = "DELETE_USER",
    /// Permissions were changed.
    SetAcl = "SET_ACL",
    /// Access was refused. Always a failure.
    AccessDenied = "ACCESS_DENIED",
    /// Access was given.
    AccessGranted = "ACCESS_GRANTED",
    /// A quota was changed.
    SetQuota = "SET_QUOTA",
}

impl Operation {
    /// The name of an operation whose name is empty, or white space alone.
    pub const UNNAMED: &'static str = "UNNAMED";

    /// The name as the second reference format spells it: in lower case.
    pub fn action(&self) -> String {
        self.as_str().to_ascii_lowercase()
    }
}

impl From<&str> for Operation {
    fn from(name: &str) -> Self {
        // The cut may fall behind white space.
        let name = match prefix(name.trim(), KEY_BYTES_MAX).trim_end() {
            "" => Operation::UNNAMED,
            name => name,
        };
        let upper = name.to_ascii_uppercase();
        Operation::known(&upper).unwrap_or_else(|| Operation::Custom(upper.into()))
    }
}

impl From<&Operation> for Operation {
    fn from(operation: &Operation) -> Self {
        operation.clone()
    }
}

impl FromStr for Operation {
    type Err = std::convert::Infallible;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(name.into())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Operation::from(String::deserialize(deserializer)?.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_case_and_the_action_spelling_parse_to_one_operation() {
        for operation in Operation::KNOWN {
            assert_eq!(&Operation::from(operation.as_str()), operation);
            assert_eq!(&Operation::from(operation.action().as_str()), operation);
        }
        assert_eq!(Operation::from(" rename "), Operation::Custom("RENAME".into()));
    }

    #[test]
    fn a_name_is_never_empty_and_has_no_white_space_at_its_ends() {
        for blank in ["", "   ", "\n", "\u{3000}", "\u{85}"] {
            assert_eq!(Operation::from(blank), Operation::Custom(Operation::UNNAMED.into()));
        }
        let long = format!("{} {}", "X".repeat(KEY_BYTES_MAX - 1), "Y".repeat(10));
        assert_eq!(Operation::from(long.as_str()).as_str(), "X".repeat(KEY_BYTES_MAX - 1));
    }
}
