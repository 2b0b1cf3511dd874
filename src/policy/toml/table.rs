//! A table of a policy: known keys, values of the wanted type.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result};

use super::place::Source;

/// A table whose keys were checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) source: Source<'a>,
    table: &'a DeTable<'a>,
}

/// A value and where it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    source: Source<'a>,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Table<'a> {
    /// A table that has no other keys than these.
    pub(super) fn new(
        source: Source<'a>,
        table: &'a DeTable<'a>,
        what: &str,
        keys: &[&str],
    ) -> Result<Self> {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !keys.contains(&name) {
                let hint = nearest(name, keys).map_or_else(
                    || format!("it knows {}", listing(keys)),
                    |known| format!("did you mean `{known}`?"),
                );
                return Err(source.error(key.span(), format!("{what} knows no `{name}`; {hint}")));
            }
        }
        Ok(Table { source, table })
    }

    pub(super) fn item(&self, key: &str) -> Option<Item<'a>> {
        let value = self.table.get(key)?;
        Some(Item { source: self.source, value })
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.item(key).map(|item| item.text()).transpose()
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<&'a str>> {
        self.item(key).map(|item| item.texts()).transpose().map(Option::unwrap_or_default)
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool> {
        self.item(key).map(|item| item.flag()).transpose().map(Option::unwrap_or_default)
    }
}

impl<'a> Item<'a> {
    pub(super) fn value(&self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    pub(super) fn place(&self) -> Range<usize> {
        self.value.span()
    }

    pub(super) fn error(&self, message: impl AsRef<str>) -> Error {
        self.source.error(self.place(), message)
    }

    fn wrong(&self, wanted: &str) -> Error {
        self.error(format!("this is {}; give {wanted}", described(self.value())))
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        self.value().as_str().ok_or_else(|| self.wrong("a text in quotes"))
    }

    pub(super) fn flag(&self) -> Result<bool> {
        self.value().as_bool().ok_or_else(|| self.wrong("true or false"))
    }

    pub(super) fn number(&self) -> Result<f64> {
        number(self.value()).ok_or_else(|| self.wrong("a number"))
    }

    /// A text, number or flag, as text.
    pub(super) fn scalar(&self) -> Result<String> {
        match self.value() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Boolean(flag) => Ok(flag.to_string()),
            DeValue::Integer(integer) => Ok(i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or_else(|_| integer.to_string(), |number| number.to_string())),
            value => number(value)
                .map(|number| number.to_string())
                .ok_or_else(|| self.wrong("a text, a number, true or false")),
        }
    }

    /// One text, or a list of them.
    pub(super) fn texts(&self) -> Result<Vec<&'a str>> {
        match self.value().as_array() {
            Some(_) => self.items()?.iter().map(Item::text).collect(),
            None => Ok(vec![
                self.value().as_str().ok_or_else(|| self.wrong("a text or a list of texts"))?,
            ]),
        }
    }

    pub(super) fn items(&self) -> Result<Vec<Item<'a>>> {
        let items = self.value().as_array().ok_or_else(|| self.wrong("a list"))?;
        Ok(items.iter().map(|value| Item { source: self.source, value }).collect())
    }

    pub(super) fn table(&self, what: &str, keys: &[&str]) -> Result<Table<'a>> {
        Table::new(self.source, self.raw_table()?, what, keys)
    }

    /// The entries of a table whose keys are names of the user's.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Item<'a>)>> {
        let table = self.raw_table()?.iter();
        let entry = |(key, value): (&'a Spanned<_>, &'a Spanned<_>)| {
            let key: &'a std::borrow::Cow<'a, str> = key.get_ref();
            (&**key, Item { source: self.source, value })
        };
        Ok(table.map(entry).collect())
    }

    fn raw_table(&self) -> Result<&'a DeTable<'a>> {
        self.value().as_table().ok_or_else(|| self.wrong("a table"))
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        found.map(|(_, value)| *value).ok_or_else(|| self.no_choice(text, &names))
    }

    /// This text is none of these.
    pub(super) fn no_choice(&self, text: &str, names: &[&str]) -> Error {
        let hint = nearest(text, names).map_or_else(
            || format!("give one of {}", listing(names)),
            |known| format!("did you mean `{known}`?"),
        );
        self.error(format!("`{text}` is none of the choices; {hint}"))
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|number| number as f64)
        }
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The known name that `name` is a slip of the pen away from.
pub(super) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    const SIMILAR_MIN: f64 = 0.6;
    const PREFIX_BYTES_MIN: usize = 3;
    let similarity = |known: &&&str| strsim::normalized_damerau_levenshtein(name, known);
    let best = known.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
    let is_beginning = name.len() >= PREFIX_BYTES_MIN && best.starts_with(name);
    (is_beginning || similarity(&best) >= SIMILAR_MIN).then_some(*best)
}

pub(super) fn listing(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
