//! One rule of a policy.

use crate::error::Result;
use crate::event::Status;
use crate::policy::condition::{Condition, Test};
use crate::policy::facts::Level;
use crate::policy::operation::OperationFrom;
use crate::policy::origin::{Identity, Origin};
use crate::policy::outcome::{EventPattern, Outcome};
use crate::policy::pattern::Pattern;
use crate::policy::rule::{Detail, Rule};
use crate::redaction::Action;

use super::table::{Item, Table};

const KEYS: &[&str] = &[
    "name",
    "target",
    "span",
    "level",
    "fields",
    "where",
    "ignore",
    "operation",
    "user",
    "actor",
    "session",
    "org",
    "resource",
    "source",
    "entry_ids",
    "outcome",
    "otherwise",
    "detail",
    "collapse",
    "durability",
    "intent",
    "redact",
];
const OPERATION_KEYS: &[&str] = &["from", "map", "otherwise"];
const ORIGIN_KEYS: &[&str] = &["field", "fields", "enclosing", "prefix", "otherwise"];
const TEST_KEYS: &[&str] = &["recorded", "is", "not", "at_least", "at_most"];
const CASE_KEYS: &[&str] =
    &["field", "is", "not", "at_least", "at_most", "recorded", "event", "status", "error"];
const EVENT_KEYS: &[&str] = &["target", "name", "message", "level"];

const LEVELS: [(&str, Level); 5] = [
    ("error", Level::Error),
    ("warn", Level::Warn),
    ("info", Level::Info),
    ("debug", Level::Debug),
    ("trace", Level::Trace),
];
const STATUSES: [(&str, Status); 4] = [
    ("success", Status::Success),
    ("failure", Status::Failure),
    ("partial", Status::Partial),
    ("unknown", Status::Unknown),
];

/// Those that are one word.
const ACTIONS: [(&str, Action); 4] = [
    ("drop", Action::Drop),
    ("mask", Action::Mask),
    ("hash", Action::Hash),
    ("keep", Action::Keep),
];

/// The rule in a table; the `number`th of its policy, which is its name where
/// it has none.
pub(super) fn read_rule(item: &Item<'_>, number: usize) -> Result<Rule> {
    let table = item.table("a rule", KEYS)?;
    let name = table.text("name")?.map_or_else(|| format!("rule {number}"), str::to_owned);
    let mut rule = read_matches(Rule::new(name), &table)?;
    if table.flag("ignore")? {
        rule = rule.ignored();
    }
    if let Some(item) = table.item("operation") {
        rule = rule.operation_from(read_operation(&item)?);
    }
    for identity in Identity::ALL.iter().copied() {
        if let Some(item) = table.item(identity.as_str()) {
            rule = rule.identity(identity, read_origin(&item)?);
        }
    }
    read_effects(rule.outcome(read_outcome(&table)?), &table)
}

fn read_matches(mut rule: Rule, table: &Table<'_>) -> Result<Rule> {
    rule.target = table.text("target")?.map(Pattern::new);
    rule.span = table.text("span")?.map(Pattern::new);
    rule.level = table.item("level").map(|item| item.word(&LEVELS)).transpose()?;
    rule.fields = table.texts("fields")?.into_iter().map(Box::from).collect();
    for (field, item) in
        table.item("where").map(|item| item.entries()).transpose()?.unwrap_or_default()
    {
        rule.conditions.extend(read_conditions(field, &item)?);
    }
    Ok(rule)
}

fn read_effects(mut rule: Rule, table: &Table<'_>) -> Result<Rule> {
    if let Some(item) = table.item("detail") {
        rule.detail = item.word(&[
            ("none", Detail::None),
            ("metadata", Detail::Metadata),
            ("full", Detail::Full),
        ])?;
    }
    if let Some(item) = table.item("durability") {
        rule.durable = item.word(&[("buffered", false), ("durable", true)])?;
    }
    (rule.collapse, rule.intent) = (table.flag("collapse")?, table.flag("intent")?);
    for (name, item) in
        table.item("redact").map(|item| item.entries()).transpose()?.unwrap_or_default()
    {
        rule = rule.redact(name, action(&item)?);
    }
    Ok(rule)
}

/// A value or a list of them stands for `is`.
fn read_conditions(field: &str, item: &Item<'_>) -> Result<Vec<Condition>> {
    if item.value().as_table().is_none() {
        return Ok(vec![Condition::new(field, Test::Is(read_values(item)?))]);
    }
    let table = item.table("a condition", TEST_KEYS)?;
    let tests = read_tests(&table)?;
    if tests.is_empty() {
        return Err(item.error("this condition compares nothing; give `is`, `not`, `at_least`, `at_most` or `recorded = true`"));
    }
    Ok(tests.into_iter().map(|test| Condition::new(field, test)).collect())
}

fn read_tests(table: &Table<'_>) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    if let Some(item) = table.item("is") {
        tests.push(Test::Is(read_values(&item)?));
    }
    if let Some(item) = table.item("not") {
        tests.push(Test::Not(read_values(&item)?));
    }
    if let Some(item) = table.item("at_least") {
        tests.push(Test::AtLeast(item.number()?));
    }
    if let Some(item) = table.item("at_most") {
        tests.push(Test::AtMost(item.number()?));
    }
    if let Some(item) = table.item("recorded") {
        if !item.flag()? {
            return Err(item.error(
                "only `recorded = true` can be asked for; what holds where a field has no value goes \
                 into `otherwise`, or into a later rule",
            ));
        }
        tests.push(Test::Recorded);
    }
    Ok(tests)
}

fn read_values(item: &Item<'_>) -> Result<Vec<Pattern>> {
    let values = match item.value().as_array() {
        Some(_) => item.items()?,
        None => vec![*item],
    };
    values.iter().map(|value| Ok(Pattern::new(&value.scalar()?))).collect()
}

fn read_operation(item: &Item<'_>) -> Result<OperationFrom> {
    if item.value().as_str().is_some() {
        return Ok(OperationFrom::fixed(name_of_operation(item)?));
    }
    let table = item.table("`operation`", OPERATION_KEYS)?;
    let mut operation = OperationFrom::fields(table.texts("from")?);
    if operation.fields.is_empty() {
        return Err(item.error("this names no field; give `from = \"FIELD\"` beside `map`"));
    }
    for (value, item) in
        table.item("map").map(|item| item.entries()).transpose()?.unwrap_or_default()
    {
        operation = operation.value(value, name_of_operation(&item)?);
    }
    match table.item("otherwise") {
        Some(item) => Ok(operation.otherwise(name_of_operation(&item)?)),
        None if operation.map.is_empty() => Err(item
            .error("no value has a name; give `map = { VALUE = \"OPERATION\" }` or `otherwise`")),
        None => Ok(operation),
    }
}

fn name_of_operation<'a>(item: &Item<'a>) -> Result<&'a str> {
    let name = item.text()?;
    if name.trim().is_empty() {
        return Err(item.error("an operation needs a name, such as `STORE`"));
    }
    Ok(name)
}

fn read_origin(item: &Item<'_>) -> Result<Origin> {
    let origin = match item.value().as_table() {
        Some(_) => read_origin_table(&item.table("an origin", ORIGIN_KEYS)?)?,
        None => Origin::fields(item.texts()?),
    };
    if origin.is_nowhere() {
        return Err(item.error("this comes from nowhere; give `field`, `fields` or `otherwise`"));
    }
    Ok(origin)
}

fn read_origin_table(table: &Table<'_>) -> Result<Origin> {
    let mut origin = Origin::fields(table.texts("fields")?.into_iter().chain(table.text("field")?));
    origin.enclosing = table.flag("enclosing")?;
    origin.prefix = table.text("prefix")?.map(Box::from);
    origin.fixed = table.text("otherwise")?.map(Box::from);
    Ok(origin)
}

fn read_outcome(table: &Table<'_>) -> Result<Outcome> {
    let mut outcome = Outcome::new();
    for item in table.item("outcome").map(|item| item.items()).transpose()?.unwrap_or_default() {
        outcome = read_case(outcome, &item)?;
    }
    outcome.otherwise = table.item("otherwise").map(|item| item.word(&STATUSES)).transpose()?;
    Ok(outcome)
}

fn read_case(outcome: Outcome, item: &Item<'_>) -> Result<Outcome> {
    let table = item.table("a case of an outcome", CASE_KEYS)?;
    let Some(status) = table.item("status") else {
        return Err(
            item.error("this case says nothing; give `status = \"failure\"` or another one")
        );
    };
    let status = status.word(&STATUSES)?;
    let condition = read_case_condition(item, &table)?;
    let event = table.item("event").map(|item| read_event(&item)).transpose()?;
    let outcome = match (event, condition) {
        (Some(event), Some(condition)) => outcome.event_field(event, condition, status),
        (Some(event), None) => outcome.event(event, status),
        (None, Some(condition)) => outcome.field(condition, status),
        (None, None) => {
            return Err(item
                .error("this case never holds; give a `field` with a comparison, or an `event`"));
        }
    };
    Ok(match table.text("error")? {
        Some(field) => outcome.error_from(field),
        None => outcome,
    })
}

fn read_case_condition(item: &Item<'_>, table: &Table<'_>) -> Result<Option<Condition>> {
    let mut tests = read_tests(table)?;
    let test = match (tests.pop(), tests.is_empty()) {
        (test, true) => test,
        _ => return Err(item.error("this case compares twice; make two cases of it")),
    };
    match (table.text("field")?, test) {
        (Some(field), test) => Ok(Some(Condition::new(field, test.unwrap_or(Test::Recorded)))),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(item.error("this compares no field; give `field = \"NAME\"`")),
    }
}

fn read_event(item: &Item<'_>) -> Result<EventPattern> {
    if let Some(message) = item.value().as_str() {
        return Ok(EventPattern::new().message(message));
    }
    let table = item.table("`event`", EVENT_KEYS)?;
    Ok(EventPattern {
        target: table.text("target")?.map(Pattern::new),
        name: table.text("name")?.map(Pattern::new),
        message: table.text("message")?.map(Pattern::new),
        level: table.item("level").map(|item| item.word(&LEVELS)).transpose()?,
    })
}

/// `drop`, `mask`, `hash`, `keep`, or `truncate:BYTES`.
pub(super) fn action(item: &Item<'_>) -> Result<Action> {
    let text = item.text()?;
    if let Some(bytes) = text.strip_prefix("truncate:") {
        let bytes = bytes.trim().parse().ok();
        return bytes.map(Action::Truncate).ok_or_else(|| {
            item.error("this is no number of bytes; give for example `truncate:200`")
        });
    }
    if text == "truncate" {
        return Err(item.error("cut to how many bytes? Give for example `truncate:200`"));
    }
    let known = ACTIONS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    known
        .map(|(_, action)| *action)
        .ok_or_else(|| item.no_choice(text, &["drop", "mask", "hash", "keep", "truncate:BYTES"]))
}
