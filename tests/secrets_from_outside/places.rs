//! Where a value stands: the fields of an event, and in each a surrounding of its own.

use crate::chance::Chance;

/// Surroundings that leave a value as it is: `{}` is where it stands.
const PLAIN: &[&str] = &[
    "{}",
    "the user sent {} by mistake, please rotate it",
    "Invalid credential {}.",
    "could not parse '{}' as a header",
    "2026-03-01T10:00:00.123Z  WARN http::client: upstream refused: {} (attempt 3 of 5)",
    "request failed (value={}): 401 Unauthorized",
    "first line\n{}\nthird line",
    "deploy --env prod --with \"{}\" --verbose",
    "see `{}` in the ticket",
    "alpha,{},omega",
    "<value>{}</value>",
    "Der Wert „{}“ ist ungültig",
    "错误：{}。请重试",
    "X={}",
    "at src/main.rs:42:7: {}\n   0: core::panicking::panic_fmt",
    "\t{}\t17",
    "[{}]",
];

/// Surroundings that escape what stands in them.
const ESCAPING: &[&str] = &[
    r#"{"id":7,"value":"{}"}"#,
    r#"Err(Response { status: 401, body: "{}" })"#,
    r#"Custom { kind: InvalidInput, error: "refused: {}" }"#,
];

/// What an id is made of.
const OF_IDS: &[&str] = &["{}", "entry/{}", "{}:part-2", "v1/{}/0"];

/// Names under which values are secret, as the documentation has them or near to it.
pub(crate) const TELLING: &[&str] = &[
    "password",
    "passwd",
    "db_password",
    "user.password",
    "passphrase",
    "secret",
    "client_secret",
    "clientSecret",
    "token",
    "access_token",
    "accessToken",
    "refresh_token",
    "auth_token",
    "api_key",
    "apiKey",
    "apikey",
    "x-api-key",
    "X_API_KEY",
    "private_key",
    "authorization",
    "http.request.header.authorization",
    "credentials",
    "cookie",
    "aws_secret_access_key",
];

/// What one event carries, by the name of its place.
pub(crate) struct Carried {
    pub(crate) note: String,
    pub(crate) detail: String,
    pub(crate) nested: String,
    pub(crate) error: String,
    pub(crate) resource: String,
    pub(crate) source: String,
    pub(crate) panic: String,
    /// Of fields that say who and what, if the value may not stand there.
    pub(crate) session: Option<String>,
    pub(crate) entry: Option<String>,
    pub(crate) org: Option<String>,
    pub(crate) actor: Option<String>,
    /// A value that is nothing but digits, as a number.
    pub(crate) number: Option<u64>,
    /// Nobody's secret, which shows that what is looked through has everything.
    pub(crate) marker: String,
    /// A name that tells a secret, and the bare value.
    pub(crate) telling: Option<(&'static str, String)>,
}

impl Carried {
    /// A value in every place.
    pub(crate) fn everywhere(value: &str, chance: &mut Chance) -> Self {
        Carried {
            note: surrounded(value, chance),
            detail: surrounded(value, chance),
            nested: surrounded(value, chance),
            error: surrounded(value, chance),
            resource: surrounded(value, chance),
            source: chance.one(&["{}", "203.0.113.9; {}", "10.0.0.8 via {}"]).replace("{}", value),
            panic: format!("called `Result::unwrap()` on an `Err` value: {value:?}"),
            session: Some(chance.one(OF_IDS).replace("{}", value)),
            entry: Some(chance.one(OF_IDS).replace("{}", value)),
            org: Some(chance.one(OF_IDS).replace("{}", value)),
            actor: Some(format!("service:{value}")),
            number: value.parse().ok(),
            marker: format!("marker-{}", chance.text("ghjkmnpqrstvwxyz", 12)),
            telling: Some((TELLING[chance.below(TELLING.len())], value.to_owned())),
        }
    }

    /// A value that only a name tells to be secret.
    pub(crate) fn under_a_name(value: &str, chance: &mut Chance) -> Self {
        let mut carried = Self::everywhere("nothing", chance);
        carried.telling = Some((TELLING[chance.below(TELLING.len())], value.to_owned()));
        carried
    }
}

pub(crate) fn surrounded(value: &str, chance: &mut Chance) -> String {
    match chance.below(5) {
        0 => chance.one(ESCAPING).replace("{}", format!("{value:?}").trim_matches('"')),
        _ => chance.one(PLAIN).replace("{}", value),
    }
}
