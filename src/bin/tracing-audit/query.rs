//! `query`: the events that were asked for.

use std::fmt::Display;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::Value;
use tracing_audit::verify::terminal_text;
use tracing_audit::{EventId, Field, Order, Query, Status, StoredTrail};

use crate::arguments::{GroupBy, QueryArguments};
use crate::output::{Output, complain};
use crate::{Failure, Outcome};

/// Events that are held at once.
const PAGE_EVENTS: usize = 1000;

pub(crate) fn run(arguments: &QueryArguments) -> Outcome<u8> {
    let trail = StoredTrail::open(&arguments.dir)?;
    let query = filtered(trail.query(), arguments)?;
    let mut out = Output::new();
    match arguments.group_by {
        _ if arguments.count => out.line(query.count()?.to_string())?,
        _ if arguments.statistics => {
            let figures = query.statistics()?;
            out.text(serde_json::to_string_pretty(&figures).map_err(mistake)? + "\n")?;
        }
        Some(field) => {
            for (value, count) in query.group_by(field.into())? {
                // A value is within its line, whoever reads it.
                out.line(format!("{count}\t{}", terminal_text(value.as_bytes())))?;
            }
        }
        None => print(query, arguments, &mut out)?,
    }
    out.finish()?;
    Ok(0)
}

/// Prints page after page. Where a limit ends the answer, it is said how to go on.
fn print(query: Query, arguments: &QueryArguments, out: &mut Output) -> Outcome<()> {
    let mut left = arguments.limit.unwrap_or(usize::MAX);
    let mut cursor = arguments.after.as_deref().map(str::parse).transpose()?;
    if left == 0 {
        return Err(mistake("--limit 0 prints nothing; use at least 1, or --count"));
    }
    loop {
        let page = query.clone().limit(left.min(PAGE_EVENTS)).after(cursor).run()?;
        if let Some(before) = page.released_before {
            complain(&format!(
                "tracing-audit: events before {before} of a log are gone since; some may be missing"
            ));
        }
        for event in &page.events {
            out.line(serde_json::to_vec(event).map_err(mistake)?)?;
        }
        left -= page.events.len();
        let Some(next) = page.next else { return Ok(()) };
        if left == 0 {
            complain(&format!("tracing-audit: there are more: --after {next}"));
            return Ok(());
        }
        cursor = Some(next);
    }
}

fn filtered(mut query: Query, arguments: &QueryArguments) -> Outcome<Query> {
    let QueryArguments { user, actor, session, org, resource, source, error, .. } = arguments;
    if let Some(user) = user {
        query = query.user(user);
    }
    if let Some(actor) = actor {
        query = query.actor(actor.as_str());
    }
    if let Some(session) = session {
        query = query.session(session);
    }
    if let Some(org) = org {
        query = query.org(org);
    }
    if let Some(resource) = resource {
        query = query.resource(resource);
    }
    if let Some(source) = source {
        query = query.source(source);
    }
    if let Some(error) = error {
        query = query.error_contains(error);
    }
    for operation in &arguments.operation {
        query = query.operation(operation.as_str());
    }
    for status in &arguments.status {
        query = query.status(self::status(status)?);
    }
    for entry in &arguments.entry {
        query = query.entry_id(entry);
    }
    for pair in &arguments.metadata {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| mistake(format!("--metadata {pair:?}: write it as KEY=VALUE")))?;
        query = query.metadata(key, value_of(value));
    }
    times(query, arguments)
}

fn times(mut query: Query, arguments: &QueryArguments) -> Outcome<Query> {
    if let Some(since) = &arguments.since {
        query = query.since(time("--since", since)?);
    }
    if let Some(until) = &arguments.until {
        query = query.until(time("--until", until)?);
    }
    if let Some(id) = &arguments.trail {
        let id: EventId = id.parse()?;
        query = query.trail_of(id);
    }
    if arguments.every_kind {
        query = query.every_kind();
    }
    if arguments.oldest_first {
        query = query.order(Order::OldestFirst);
    }
    Ok(query)
}

fn status(text: &str) -> Outcome<Status> {
    Status::parse(text).ok_or_else(|| {
        let known: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
        mistake(format!("--status {text:?} is none; known are {}", known.join(", ")))
    })
}

/// A JSON value as such, and anything else as text.
fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// A time with its offset, or the first moment of a day, in UTC.
fn time(option: &str, text: &str) -> Outcome<DateTime<Utc>> {
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc());
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).ok();
    time.or_else(day).ok_or_else(|| {
        mistake(format!(
            "{option} {text:?} is no time; write it as 2025-01-15T10:30:00Z or 2025-01-15"
        ))
    })
}

fn mistake(message: impl Display) -> Failure {
    Failure::Message(message.to_string())
}

impl From<GroupBy> for Field {
    fn from(field: GroupBy) -> Self {
        match field {
            GroupBy::User => Field::User,
            GroupBy::Actor => Field::Actor,
            GroupBy::Session => Field::Session,
            GroupBy::Operation => Field::Operation,
            GroupBy::Org => Field::Org,
            GroupBy::Resource => Field::Resource,
            GroupBy::Source => Field::Source,
            GroupBy::Status => Field::Status,
        }
    }
}
