//! Who acted.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who acted. Its text form is `user:ID`, `api_key:ID`, `service:ID`,
/// `system` or `anonymous`; any other text is kept as it is.
///
/// The actor is not always the user: a nightly job (`system`) may act on
/// behalf of a user, whose id is then the event's `user_id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Actor {
    /// A person, by user id.
    User(String),
    /// An API key, by its id (never the key itself).
    ApiKey(String),
    /// Another program, by name.
    Service(String),
    /// The program itself.
    System,
    /// Nobody was named.
    Anonymous,
    /// A form of actor that this crate does not know, verbatim.
    Other(String),
}

impl From<&str> for Actor {
    fn from(text: &str) -> Self {
        match text.split_once(':') {
            Some(("user", id)) => Actor::User(id.to_owned()),
            Some(("api_key", id)) => Actor::ApiKey(id.to_owned()),
            Some(("service", id)) => Actor::Service(id.to_owned()),
            _ => match text {
                "system" => Actor::System,
                "anonymous" | "" => Actor::Anonymous,
                other => Actor::Other(other.to_owned()),
            },
        }
    }
}

impl From<String> for Actor {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&Actor> for Actor {
    fn from(actor: &Actor) -> Self {
        actor.clone()
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::User(id) => write!(f, "user:{id}"),
            Actor::ApiKey(id) => write!(f, "api_key:{id}"),
            Actor::Service(id) => write!(f, "service:{id}"),
            Actor::System => f.pad("system"),
            Actor::Anonymous => f.pad("anonymous"),
            Actor::Other(text) => f.pad(text),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(deserializer)?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_survives_its_text() {
        for text in [
            "user:alice",
            "user:a:b",
            "api_key:k1",
            "service:indexer",
            "system",
            "anonymous",
            "job:nightly",
        ] {
            assert_eq!(Actor::from(text).to_string(), text);
        }
        assert_eq!(Actor::from("user:alice"), Actor::User("alice".into()));
    }
}
