//! Names that became equal because what told them apart was hidden.

use std::collections::BTreeMap;

/// Numbers equal names, so that no value takes the place of another.
#[derive(Debug, Default)]
pub(super) struct Numbers(BTreeMap<String, usize>);

impl Numbers {
    /// `name`, or the first of `name 2`, `name 3` and so on that is not taken.
    pub(super) fn free(&mut self, name: String, is_taken: impl Fn(&str) -> bool) -> String {
        if !is_taken(&name) {
            return name;
        }
        // Goes on where it ended: there may be many.
        let count = self.0.entry(name.clone()).or_insert(1);
        loop {
            *count += 1;
            let numbered = format!("{name} {count}");
            if !is_taken(&numbered) {
                return numbered;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_numbered_and_no_number_is_given_twice() {
        let (mut numbers, mut taken) = (Numbers::default(), vec!["a 3".to_owned()]);
        for _ in 0..4 {
            let free = numbers.free("a".to_owned(), |name| taken.iter().any(|known| known == name));
            taken.push(free);
        }
        assert_eq!(taken, ["a 3", "a", "a 2", "a 4", "a 5"]);
    }
}
