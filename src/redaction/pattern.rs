//! Patterns for names: `*` stands for any characters, also none.

/// A pattern over a whole name, in which `*` matches any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamePattern {
    /// The pieces between the stars; at least one.
    pieces: Box<[Box<str>]>,
}

impl NamePattern {
    /// A pattern that matches regardless of the case of ASCII letters.
    pub(crate) fn new(text: &str) -> Self {
        NamePattern { pieces: text.to_ascii_lowercase().split('*').map(Box::from).collect() }
    }

    /// The pattern as it was given, in lower case.
    #[cfg(feature = "policy")]
    pub(crate) fn text(&self) -> String {
        self.pieces.join("*")
    }

    /// Whether `name`, which is in lower case, is matched as a whole.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let Some((first, others)) = self.pieces.split_first() else { return false };
        let Some((last, middle)) = others.split_last() else { return **first == *name };
        let Some(mut rest) = name.strip_prefix(&**first) else { return false };
        for piece in middle {
            let Some((_, after)) = rest.split_once(&**piece) else { return false };
            rest = after;
        }
        rest.ends_with(&**last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_characters_and_the_rest_matches_itself() {
        for (pattern, name, matches) in [
            ("ssn", "ssn", true),
            ("SSN", "ssn", true),
            ("ssn", "ssns", false),
            ("*", "", true),
            ("*.ssn", "customer.ssn", true),
            ("*.ssn", "ssn", false),
            ("user.*", "user.name", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("**", "x", true),
            ("", "", true),
        ] {
            assert_eq!(NamePattern::new(pattern).matches(name), matches, "{pattern} {name}");
        }
    }
}
