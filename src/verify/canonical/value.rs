//! Values below `metadata`: any JSON, in its one spelling, not too deep, and
//! no key twice.

use super::text::{Cursor, Outcome, deviation};
use crate::event::limits::METADATA_DEPTH_MAX;

/// Objects and lists around a value: `metadata` itself, and what may be in it.
const DEPTH_MAX: usize = METADATA_DEPTH_MAX + 1;

impl Cursor<'_> {
    /// An object with at least one key.
    pub(super) fn object(&mut self) -> Outcome<()> {
        let begin = self.at();
        if self.rest().starts_with(b"{}") {
            return Err(deviation(begin, "no empty object: an absent key"));
        }
        self.fields(DEPTH_MAX)
    }

    fn value(&mut self, depth: usize) -> Outcome<()> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'{' | b'[') if depth == 0 => {
                Err(deviation(self.at(), "no deeper nesting than is allowed"))
            }
            Some(b'{') => self.fields(depth),
            Some(b'[') => self.items(depth),
            Some(b't') => self.demand("true"),
            Some(b'f') => self.demand("false"),
            Some(b'n') => self.demand("null"),
            _ => self.number(),
        }
    }

    fn fields(&mut self, depth: usize) -> Outcome<()> {
        self.demand("{")?;
        let mut keys = Vec::new();
        while !self.pass(b"}") {
            if !keys.is_empty() {
                self.demand(",")?;
            }
            keys.push(self.string()?);
            self.demand(":")?;
            self.value(depth - 1)?;
        }
        keys.sort_by_key(|key| self.slice(key.clone()));
        let twice = keys.windows(2).find_map(|pair| match pair {
            [one, other] if self.slice(one.clone()) == self.slice(other.clone()) => {
                Some(one.start.max(other.start))
            }
            _ => None,
        });
        match twice {
            Some(at) => Err(deviation(at, "a key that was not there before")),
            None => Ok(()),
        }
    }

    fn items(&mut self, depth: usize) -> Outcome<()> {
        self.demand("[")?;
        let mut is_first = true;
        while !self.pass(b"]") {
            if !is_first {
                self.demand(",")?;
            }
            is_first = false;
            self.value(depth - 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_canonical(text: &str) -> bool {
        let mut cursor = Cursor::new(text.as_bytes());
        cursor.object().is_ok() && cursor.is_at_end()
    }

    #[test]
    fn any_value_is_taken_in_its_one_spelling() {
        assert!(is_canonical(r#"{"a":[1,"x",null,true,{"b":false}],"":[],"c":{}}"#));
        for other in [
            "{}",
            r#"{"a":1,}"#,
            r#"{"a":1 }"#,
            r#"{ "a":1}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":tru}"#,
            r#"{"a":1"#,
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"b":2}"#,
            r#"[1]"#,
            r#"{"a":nul"#,
        ] {
            assert!(!is_canonical(other), "{other}");
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_pointed_at() {
        let text = r#"{"user":1,"a":2,"user":3}"#;
        let found = Cursor::new(text.as_bytes()).object().unwrap_err();
        assert_eq!(found.at, text.rfind("user").unwrap());
        assert!(!is_canonical(r#"{"a":{"x":1,"x":1}}"#));
    }

    #[test]
    fn nesting_ends_where_events_end_it() {
        let nested =
            |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_canonical(&nested(METADATA_DEPTH_MAX)));
        assert!(!is_canonical(&nested(METADATA_DEPTH_MAX + 1)));
        assert!(!is_canonical(&"{\"a\":".repeat(100_000)));
    }
}
