//! Comparisons of a field's value.

use std::fmt::Display;
use std::io::Write;

use crate::event::packed::ValueRef;

use super::pattern::Pattern;

/// What a field's value has to be.
///
/// [`is`](Self::is) and [`not`](Self::not) compare values as text, in which `*`
/// matches any characters; numbers as they are shown, so that 1.0 is `1`.
/// [`at_least`](Self::at_least) and [`at_most`](Self::at_most) compare them as
/// numbers; a text that is a number counts as that number there.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a condition does nothing until a rule has it"]
pub struct Condition {
    pub(crate) field: Box<str>,
    pub(super) test: Test,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Recorded,
    Is(Vec<Pattern>),
    Not(Vec<Pattern>),
    AtLeast(f64),
    AtMost(f64),
}

impl Condition {
    /// The field was given a value.
    pub fn recorded(field: impl AsRef<str>) -> Self {
        Condition::new(field, Test::Recorded)
    }

    /// The value is one of these.
    pub fn is(field: impl AsRef<str>, values: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Condition::new(field, Test::Is(patterns(values)))
    }

    /// The field has a value, and it is none of these.
    pub fn not(field: impl AsRef<str>, values: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Condition::new(field, Test::Not(patterns(values)))
    }

    /// The value is a number and at least this.
    pub fn at_least(field: impl AsRef<str>, number: f64) -> Self {
        Condition::new(field, Test::AtLeast(number))
    }

    /// The value is a number and at most this.
    pub fn at_most(field: impl AsRef<str>, number: f64) -> Self {
        Condition::new(field, Test::AtMost(number))
    }

    pub(super) fn new(field: impl AsRef<str>, test: Test) -> Self {
        Condition { field: field.as_ref().into(), test }
    }

    /// Why no value can ever be as it has to be, if none can.
    pub(super) fn mistake(&self) -> Option<&'static str> {
        match &self.test {
            _ if self.field.is_empty() => Some("names no field"),
            Test::Is(values) if values.is_empty() => Some("gives no value; give at least one"),
            Test::AtLeast(number) | Test::AtMost(number) if number.is_nan() => {
                Some("compares with what is no number")
            }
            _ => None,
        }
    }

    /// Whether a value of the field is as it has to be.
    pub(super) fn holds(&self, value: ValueRef<'_>) -> bool {
        match &self.test {
            Test::Recorded => true,
            Test::Is(values) => is_one_of(value, values),
            Test::Not(values) => !is_one_of(value, values),
            Test::AtLeast(least) => number_of(value).is_some_and(|number| number >= *least),
            Test::AtMost(most) => number_of(value).is_some_and(|number| number <= *most),
        }
    }
}

fn patterns(values: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Pattern> {
    values.into_iter().map(|value| Pattern::new(value.as_ref())).collect()
}

fn is_one_of(value: ValueRef<'_>, patterns: &[Pattern]) -> bool {
    with_text(value, |text| patterns.iter().any(|pattern| pattern.matches(text)))
}

/// Hands a value over as text.
pub(crate) fn with_text<R>(value: ValueRef<'_>, then: impl FnOnce(&str) -> R) -> R {
    match value {
        ValueRef::Str(text) | ValueRef::Json(text) => then(text),
        ValueRef::Bool(value) => then(if value { "true" } else { "false" }),
        ValueRef::I64(number) => with_shown(number, then),
        ValueRef::U64(number) => with_shown(number, then),
        ValueRef::F64(number) => with_shown(number, then),
    }
}

/// Hands the text of a number over, without an allocation unless it is very long.
fn with_shown<R>(number: impl Display, then: impl FnOnce(&str) -> R) -> R {
    let mut place = [0_u8; 40];
    let mut rest = &mut place[..];
    let fits = write!(rest, "{number}").is_ok();
    let left = rest.len();
    let text = place.get(..place.len() - left).and_then(|text| std::str::from_utf8(text).ok());
    match text.filter(|_| fits) {
        Some(text) => then(text),
        None => then(&number.to_string()),
    }
}

fn number_of(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::I64(number) => Some(number as f64),
        ValueRef::U64(number) => Some(number as f64),
        ValueRef::F64(number) => Some(number),
        ValueRef::Str(text) | ValueRef::Json(text) => text.trim().parse().ok(),
        ValueRef::Bool(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_compared() {
        let status = Condition::at_least("status", 500.0);
        for (value, holds) in [
            (ValueRef::U64(500), true),
            (ValueRef::I64(499), false),
            (ValueRef::Str("503"), true),
            (ValueRef::Str("503 Service Unavailable"), false),
            (ValueRef::F64(500.5), true),
            (ValueRef::Bool(true), false),
        ] {
            assert_eq!(status.holds(value), holds, "{value:?}");
        }
        assert!(Condition::at_most("n", 1.0).holds(ValueRef::U64(1)));
        assert!(Condition::is("m", ["P*T", "DELETE"]).holds(ValueRef::Str("PUT")));
        assert!(!Condition::not("m", ["GET"]).holds(ValueRef::Str("GET")));
        assert!(Condition::is("n", ["7"]).holds(ValueRef::U64(7)));
        assert!(Condition::is("n", ["-7"]).holds(ValueRef::I64(-7)));
        assert!(Condition::is("n", ["1"]).holds(ValueRef::F64(1.0)));
        assert!(!Condition::is("n", ["1"]).holds(ValueRef::Str("1.0")), "texts are texts");
        assert!(Condition::is("n", [f64::MAX.to_string()]).holds(ValueRef::F64(f64::MAX)));
        assert!(Condition::is("b", ["true"]).holds(ValueRef::Bool(true)));
        assert!(Condition::recorded("x").holds(ValueRef::F64(f64::NAN)));
    }
}
