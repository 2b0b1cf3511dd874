//! The identity of an event and its place in the trail.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind};

/// Position of an event in the trail: from 0, without holes, in the order of
/// completion.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Identity of an event, unique across hosts: a UUIDv7 (RFC 9562), written as
/// `evt_` and 26 characters of Crockford's base 32.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(u128);

const PREFIX: &str = "evt_";
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS: usize = 26;
/// Bits of the last digits, as many as a register holds.
const LAST_DIGITS_BITS: u32 = 60;
/// The value of each byte as a digit; 255 for what is none.
const DIGITS: [u8; 256] = digits();

impl EventId {
    /// The id with this UUID value.
    pub const fn from_u128(value: u128) -> Self {
        EventId(value)
    }

    /// A new one, for an event that is made by hand at this time.
    ///
    /// Unlike a random value for each, this asks the system for one only once:
    /// the 74 random bits of the UUIDv7 are that plus a number, and the process
    /// id, since a fork goes on with both.
    pub(crate) fn made_at(unix_ms: i64) -> Self {
        static RANDOM: OnceLock<u128> = OnceLock::new();
        static MADE: AtomicU64 = AtomicU64::new(0);
        let random = RANDOM.get_or_init(|| uuid::Uuid::now_v7().as_u128());
        let number = u128::from(MADE.fetch_add(1, Ordering::Relaxed));
        let process = u128::from(std::process::id()) << 42;
        uuid_v7(unix_ms.into(), random.wrapping_add(number) ^ process)
    }

    /// The UUID value.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// Its text.
    pub(crate) fn text(self) -> [u8; 30] {
        let mut text = *b"evt_00000000000000000000000000";
        self.write_first_digits(&mut text);
        self.write_last_digits(&mut text);
        text
    }

    /// What the first digits say. Neighbours mostly agree in it.
    #[cfg(feature = "journal")]
    #[inline]
    pub(crate) fn first_bits(self) -> u128 {
        self.0 >> LAST_DIGITS_BITS
    }

    /// Writes the digits that stand for [`first_bits`](EventId::first_bits).
    pub(crate) fn write_first_digits(self, text: &mut [u8; 30]) {
        write_digits((self.0 >> 120) as u64, &mut text[4..6]);
        write_digits((self.0 >> LAST_DIGITS_BITS) as u64, &mut text[6..18]);
    }

    /// Writes the other digits.
    #[inline]
    pub(crate) fn write_last_digits(self, text: &mut [u8; 30]) {
        write_digits(self.0 as u64, &mut text[18..30]);
    }

    /// Milliseconds since the Unix epoch at which the operation began.
    pub const fn unix_ms(self) -> u64 {
        (self.0 >> 80) as u64
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "{text:?} is not an event id; write `{PREFIX}` and {CHARACTERS} characters of base 32"
                ),
            )
        })
    }
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn digits() -> [u8; 256] {
    let mut digits = [255; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        digits[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    digits
}

/// Writes the lowest bits, of which a digit has five.
#[inline]
fn write_digits(mut bits: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((bits & 31) as usize).copied().unwrap_or(b'0');
        bits >>= 5;
    }
}

fn parse(text: &str) -> Option<EventId> {
    let digits = text.strip_prefix(PREFIX)?.as_bytes();
    let (first, _) = digits.split_first()?;
    if digits.len() != CHARACTERS || !(b'0'..=b'7').contains(first) {
        return None;
    }
    digits
        .iter()
        .try_fold(0_u128, |value, digit| {
            let value_of_digit = DIGITS.get(usize::from(*digit)).copied().filter(|v| *v < 32)?;
            Some((value << 5) | u128::from(value_of_digit))
        })
        .map(EventId)
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text.parse().unwrap_or_else(|_| foreign(&text)))
    }
}

/// An id of another system (`evt_abc123`) is mapped to one of ours, always the
/// same for the same text: a UUIDv8 over the text.
fn foreign(text: &str) -> EventId {
    // FNV-1a, 128 bits: an identity for documents that are read back, no protection.
    let hash = text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    EventId(uuid::Builder::from_custom_bytes(hash.to_be_bytes()).into_uuid().as_u128())
}

/// Makes event ids from what the caller's thread can afford: a monotonic time
/// and a number that is unique in the process.
///
/// The 74 random bits of the UUIDv7 are a random value per process, plus that
/// number, so two processes collide only if those values are neighbours.
#[derive(Debug, Clone)]
pub(crate) struct EventIds {
    /// Wall clock minus monotonic clock, fixed at the start, so that the same
    /// operation always gets the same id.
    origin_unix_ns: i128,
    random: u128,
}

impl EventIds {
    pub(crate) fn new(wall_us: i64, monotonic_ns: u64) -> Self {
        EventIds {
            origin_unix_ns: i128::from(wall_us) * 1_000 - i128::from(monotonic_ns),
            random: uuid::Uuid::now_v7().as_u128(),
        }
    }

    /// The id of the operation `key` that began at `monotonic_ns`.
    pub(crate) fn id(&self, monotonic_ns: u64, key: u64) -> EventId {
        let unix_ns = self.origin_unix_ns + i128::from(monotonic_ns);
        // Of 64 bits as a rule, which takes no call to be divided.
        let unix_ms = match u64::try_from(unix_ns) {
            Ok(unix_ns) => (unix_ns / 1_000_000).into(),
            Err(_) => unix_ns / 1_000_000,
        };
        uuid_v7(unix_ms, self.random.wrapping_add(u128::from(key)))
    }
}

/// The UUIDv7 with this time and the lowest bits of `random`.
fn uuid_v7(unix_ms: i128, random: u128) -> EventId {
    let random = random.to_be_bytes();
    let mut bytes = [0; 10];
    bytes.copy_from_slice(random.get(6..).unwrap_or(&[0; 10]));
    let unix_ms = u64::try_from(unix_ms).unwrap_or_default();
    EventId(uuid::Builder::from_unix_timestamp_millis(unix_ms, &bytes).into_uuid().as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_and_bad_text_is_refused() {
        let ids = EventIds::new(1_736_937_045_123_456, 5_000);
        let id = ids.id(7_000_000, 42);
        let text = id.to_string();
        assert_eq!(text.len(), 30);
        assert_eq!(text.parse::<EventId>().unwrap(), id);
        assert_eq!(id.unix_ms(), 1_736_937_045_130);
        let max = EventId::from_u128(u128::MAX);
        assert_eq!(max.to_string().parse::<EventId>().unwrap(), max);
        for bad in ["", "evt_", "evt_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", &text[4..], &text.to_lowercase()]
        {
            assert!(bad.parse::<EventId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_uuid_v7_and_differ_by_key() {
        let ids = EventIds::new(1_736_937_045_123_456, 0);
        let uuid = uuid::Uuid::from_u128(ids.id(0, 1).as_u128());
        assert_eq!(uuid.get_version_num(), 7);
        let all: std::collections::HashSet<_> = (0..10_000).map(|key| ids.id(0, key)).collect();
        assert_eq!(all.len(), 10_000);
        assert_eq!(ids.id(3, 9), ids.id(3, 9));
    }

    #[test]
    fn ids_made_by_hand_differ_and_say_when() {
        let ids: std::collections::HashSet<_> = (0..10_000).map(|_| EventId::made_at(7)).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.unix_ms() == 7));
        let uuid = uuid::Uuid::from_u128(EventId::made_at(-1).as_u128());
        assert_eq!((uuid.get_version_num(), EventId(uuid.as_u128()).unix_ms()), (7, 0));
    }

    #[test]
    fn foreign_ids_map_to_stable_ones() {
        let read = |text: &str| serde_json::from_str::<EventId>(&format!("{text:?}")).unwrap();
        assert_eq!(read("evt_abc123"), read("evt_abc123"));
        assert_ne!(read("evt_abc123"), read("evt_abc124"));
    }
}
