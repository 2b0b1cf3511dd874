//! A small generator of chance that gives the same values for the same seed everywhere.

/// Splitmix64.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Chance(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    pub(crate) fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    pub(crate) fn one_of<T: Copy, const COUNT: usize>(&mut self, of: [T; COUNT]) -> T {
        of[self.below(COUNT)]
    }

    /// So many characters of an alphabet.
    pub(crate) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..length).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// Fills a template: `<36a>` is 36 characters of the class `a`. Returns also the parts that
    /// chance made.
    pub(crate) fn fill(&mut self, template: &str) -> (String, Vec<String>) {
        let (mut text, mut made) = (String::new(), Vec::new());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('<') {
            let (place, after) = after.split_once('>').unwrap();
            let (count, class) = place.split_at(place.len() - 1);
            text.push_str(before);
            let part = self.text(class_of(class), count.parse().unwrap());
            text.push_str(&part);
            made.push(part);
            rest = after;
        }
        text.push_str(rest);
        (text, made)
    }
}

fn class_of(letter: &str) -> &'static str {
    match letter {
        "a" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "A" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "b" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        "B" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "c" => "bcdefghjkmnpqrstuvwxyzaio",
        "d" => "0123456789",
        "h" => "0123456789abcdef",
        "H" => "0123456789ABCDEF",
        "l" => "abcdefghijklmnopqrstuvwxyz0123456789",
        "u" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "2" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "3" => "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        _ => panic!("no class {letter}"),
    }
}
