//! Patterns over names, targets and values.

/// A pattern over a whole text, in which `*` matches any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    text: Box<str>,
    /// There is a star in it.
    is_open: bool,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Pattern { text: text.into(), is_open: text.contains('*') }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        if !self.is_open {
            return *self.text == *text;
        }
        let Some((first, rest)) = self.text.split_once('*') else { return false };
        let Some(mut text) = text.strip_prefix(first) else { return false };
        let mut pieces = rest.split('*').peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return text.ends_with(piece);
            }
            let Some((_, after)) = text.split_once(piece) else { return false };
            text = after;
        }
        true
    }

    /// As a target: the target itself and the modules below it, unless stars say
    /// otherwise.
    pub(super) fn matches_target(&self, target: &str) -> bool {
        if self.is_open {
            return self.matches(target);
        }
        target
            .strip_prefix(&*self.text)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_match_with_the_modules_below_them() {
        for (pattern, target, matches) in [
            ("tower_http", "tower_http", true),
            ("tower_http", "tower_http::trace::make_span", true),
            ("tower_http", "tower_http_extra", false),
            ("tower_http::trace", "tower_http", false),
            ("*::store", "app::store", true),
            ("*::store", "app::store::memory", false),
            ("app::*::store", "app::a::b::store", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches_target(target), matches, "{pattern} {target}");
        }
        assert!(Pattern::new("GET *").matches("GET /x"));
        assert!(!Pattern::new("GET").matches("get"));
        assert!(Pattern::new("a*b*").matches("a-b-c"));
        assert!(!Pattern::new("a*a").matches("a"));
    }
}
