//! A whole policy.

use std::io::Read;
use std::path::Path;

use toml::de::DeTable;

use crate::error::{Error, ErrorKind, Result};
use crate::fs::{Filesystem, OsFilesystem};
use crate::policy::plan::Policy;
use crate::policy::rule::Rule;
use crate::policy::sets;
use crate::redaction::{Detector, Redaction};

use super::place::Source;
use super::read_rule::{action, read_rule};
use super::table::{Item, Table, listing, nearest};

const KEYS: &[&str] = &["rule", "sets", "expect_operations", "redact"];
const REDACT_KEYS: &[&str] = &["names", "detectors", "known_names"];

/// Longest policy that is read, in bytes.
const POLICY_BYTES_MAX: u64 = 1 << 20;

/// The variable that names a policy, or is one.
pub(crate) const POLICY_VARIABLE: &str = "TRACING_AUDIT_POLICY";

impl Policy {
    /// A policy from TOML. `name` stands in messages.
    ///
    /// # Errors
    ///
    /// With the line and column of the first mistake, and what to do about it.
    pub fn from_toml(text: &str, name: &str) -> Result<Policy> {
        let source = Source { name, text };
        let document = DeTable::parse(text)
            .map_err(|error| source.error(error.span().unwrap_or(0..0), error.message()))?;
        let table = Table::new(source, document.get_ref(), "a policy", KEYS)?;
        let mut rules = Vec::new();
        for (number, item) in table
            .item("rule")
            .map(|rules| rules.items())
            .transpose()?
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            rules.push(checked(item, read_rule(item, number + 1)?, &rules)?);
        }
        rules.extend(read_sets(&table, &rules)?);
        let redaction = table.item("redact").map(|item| read_redaction(&item)).transpose()?;
        Ok(Policy::new(rules)?
            .redaction(redaction.unwrap_or_default())
            .expect_operations(table.texts("expect_operations")?))
    }

    /// A policy from a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is longer than 1 MiB, and as
    /// [`from_toml`](Self::from_toml).
    pub fn from_path(path: impl AsRef<Path>) -> Result<Policy> {
        let path = path.as_ref();
        let text =
            read(path).map_err(|error| Error::io("the policy cannot be read", path, error))?;
        Policy::from_toml(&text, &path.display().to_string())
    }

    /// The policy that the environment names: `TRACING_AUDIT_POLICY` is the path
    /// of a file, or TOML where it has a line or a `=` in it. Nothing where the
    /// variable is not set.
    ///
    /// # Errors
    ///
    /// When the variable is set and empty, and as [`from_path`](Self::from_path).
    pub fn from_env() -> Result<Option<Policy>> {
        match std::env::var(POLICY_VARIABLE) {
            Ok(value) => Policy::from_variable(&value).map(Some),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(error) => Err(Error::caused(
                ErrorKind::InvalidInput,
                format!("{POLICY_VARIABLE} is no text; give the path of a policy"),
                error,
            )),
        }
    }

    pub(crate) fn from_variable(value: &str) -> Result<Policy> {
        if value.trim().is_empty() {
            Err(Error::invalid(format!(
                "{POLICY_VARIABLE} is empty; give the path of a policy, or unset it"
            )))
        } else if value.contains(['\n', '=']) {
            Policy::from_toml(value, POLICY_VARIABLE)
        } else {
            Policy::from_path(value)
        }
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    OsFilesystem.open_read(path)?.take(POLICY_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > POLICY_BYTES_MAX {
        return Err(std::io::Error::other("it is longer than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

/// A rule that a policy takes beside the ones before it.
fn checked(item: &Item<'_>, rule: Rule, earlier: &[Rule]) -> Result<Rule> {
    let alone = Policy::new([rule.clone()]);
    if let Err(error) = alone {
        return Err(item.error(error.to_string()));
    }
    let same_name = earlier.iter().any(|earlier| earlier.name == rule.name);
    if same_name {
        return Err(item.error(format!(
            "a rule before is called `{}`, too; give this one another name",
            rule.name
        )));
    }
    Ok(rule)
}

/// The rules of the sets that a policy names, beside its own rules.
fn read_sets(table: &Table<'_>, own: &[Rule]) -> Result<Vec<Rule>> {
    let (mut rules, mut names) = (Vec::new(), Vec::new());
    for item in table.item("sets").map(|sets| sets.items()).transpose()?.unwrap_or_default() {
        let (name, set) = (item.text()?, set(&item)?);
        if names.contains(&name) {
            return Err(item.error(format!("the set `{name}` is here twice; name it once")));
        }
        if let Some(own) = own.iter().find(|own| set.iter().any(|rule| rule.name == own.name)) {
            return Err(item.error(format!(
                "a rule of the file is called `{}`, as one of the set `{name}` is; give it another name",
                own.name
            )));
        }
        names.push(name);
        rules.extend(set);
    }
    Ok(rules)
}

fn set(item: &Item<'_>) -> Result<Vec<Rule>> {
    let name = item.text()?;
    sets::rules(name).unwrap_or_else(|| {
        let hint = nearest(name, sets::NAMES).map_or_else(
            || format!("there are {}", listing(sets::NAMES)),
            |known| format!("did you mean `{known}`?"),
        );
        Err(item.error(format!("there is no set of rules called `{name}`; {hint}")))
    })
}

fn read_redaction(item: &Item<'_>) -> Result<Redaction> {
    let table = item.table("`redact`", REDACT_KEYS)?;
    let mut redaction = Redaction::new();
    for (name, item) in
        table.item("names").map(|names| names.entries()).transpose()?.unwrap_or_default()
    {
        redaction = redaction.name(name, action(&item)?);
    }
    for (name, item) in
        table.item("detectors").map(|names| names.entries()).transpose()?.unwrap_or_default()
    {
        redaction = redaction.detector(detector(name, &item)?, action(&item)?);
    }
    match table.item("known_names") {
        Some(item) => Ok(redaction.known_names(action(&item)?)),
        None => Ok(redaction),
    }
}

fn detector(name: &str, item: &Item<'_>) -> Result<Detector> {
    let known = Detector::ALL.iter().copied().find(|detector| detector.as_str() == name);
    known.ok_or_else(|| {
        let names: Vec<_> = Detector::ALL.iter().map(|detector| detector.as_str()).collect();
        item.error(format!("there is no detector called `{name}`; there are {}", listing(&names)))
    })
}
