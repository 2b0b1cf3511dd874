//! Texts with escapes of URLs in them (`%2B`): read as what they stand for.

use super::bytes::{HEX, at, is};

/// A text with its escapes resolved, and where each of its bytes came from.
#[derive(Debug)]
pub(super) struct Unescaped {
    pub(super) text: String,
    /// For each byte of `text`, and its end, the place in the escaped text.
    places: Vec<u32>,
}

impl Unescaped {
    /// `text` with its escapes of ASCII characters resolved; nothing if there
    /// are none.
    pub(super) fn of(text: &str) -> Option<Unescaped> {
        let bytes = text.as_bytes();
        memchr::memchr_iter(b'%', bytes).find_map(|percent| escape_at(bytes, percent))?;
        let (mut plain, mut places) = (Vec::new(), Vec::new());
        let mut index = 0;
        while index < bytes.len() {
            let escape = escape_at(bytes, index);
            places.push(index as u32);
            plain.push(escape.unwrap_or_else(|| at(bytes, index)));
            index += if escape.is_some() { 3 } else { 1 };
        }
        places.push(bytes.len() as u32);
        // Only whole characters were replaced by whole characters.
        Some(Unescaped { text: String::from_utf8(plain).ok()?, places })
    }

    /// Where the byte at `index` was.
    pub(super) fn place(&self, index: usize) -> usize {
        self.places.get(index).map_or(0, |place| *place as usize)
    }
}

/// The ASCII character whose escape stands at `index`.
fn escape_at(bytes: &[u8], index: usize) -> Option<u8> {
    let [b'%', high, low] = *bytes.get(index..)?.first_chunk()? else { return None };
    if !is(high, HEX) || !is(low, HEX) {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = (digit(high)? * 16 + digit(low)?) as u8;
    byte.is_ascii().then_some(byte)
}

#[cfg(test)]
mod tests {
    use super::super::detector::Detector;
    use super::super::scan::findings;
    use super::*;

    #[test]
    fn escapes_are_resolved_and_places_lead_back() {
        let text = "é%20%zz%C3%A9%2B1%";
        let plain = Unescaped::of(text).unwrap();
        assert_eq!(plain.text, "é %zz%C3%A9+1%");
        assert_eq!(&text[plain.place(2)..plain.place(3)], "%20");
        assert_eq!(plain.place(plain.text.len()), text.len());
        assert!(Unescaped::of("100%").is_none());
    }

    #[test]
    fn secrets_behind_escapes_are_found_where_they_stand() {
        for (text, secret, detector) in [
            ("?to=bob%40example.org&x=1", "bob%40example.org", Detector::Email),
            ("?pan=4111%201111%201111%201111&x", "4111%201111%201111%201111", Detector::Card),
            ("?h=Bearer%20mF_9.B5f-4.1JqM&x=%20", "mF_9.B5f-4.1JqM", Detector::Bearer),
            ("?password=a%26b%3Dc&x=1", "a%26b%3Dc", Detector::Assignment),
        ] {
            assert_eq!(findings(text), [(secret, detector)], "{text}");
        }
    }
}
