//! Identities of OpenTelemetry, by which an event is found among the traces.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// Identity of a trace: 32 hexadecimal digits, as in a W3C `traceparent`. Never
/// zero, which stands for none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(NonZeroU128);

/// Identity of a span in a trace: 16 hexadecimal digits. Never zero, which
/// stands for none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(NonZeroU64);

macro_rules! hexadecimal {
    ($name:ident, $number:ty, $nonzero:ty, $what:literal) => {
        impl $name {
            /// Digits of its text.
            pub const DIGITS: usize = <$number>::BITS as usize / 4;

            /// The id with these bytes, big-endian; `None` if all are zero.
            pub fn from_bytes(bytes: [u8; <$number>::BITS as usize / 8]) -> Option<Self> {
                <$nonzero>::new(<$number>::from_be_bytes(bytes)).map($name)
            }

            /// Its bytes, big-endian.
            pub const fn to_bytes(self) -> [u8; <$number>::BITS as usize / 8] {
                self.0.get().to_be_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:0width$x}", self.0, width = Self::DIGITS)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        /// Lower-case digits, exactly as many as it has.
        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let is_exact = text.len() == Self::DIGITS && text.bytes().all(is_digit);
                let number = <$number>::from_str_radix(text, 16).ok().filter(|_| is_exact);
                number.and_then(<$nonzero>::new).map($name).ok_or_else(|| {
                    Error::invalid(format!(
                        "{text:?} is no {}; write {} lower-case hexadecimal digits, not all zero",
                        $what,
                        Self::DIGITS
                    ))
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hexadecimal!(TraceId, u128, NonZeroU128, "trace id");
hexadecimal!(SpanId, u64, NonZeroU64, "span id");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_text() {
        let text = "0af7651916cd43dd8448eb211c80319c";
        let id: TraceId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(TraceId::from_bytes(id.to_bytes()), Some(id));
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("{text:?}"));
        for none in ["", "0af7651916cd43dd", &text.to_uppercase(), &"0".repeat(32), &"+".repeat(32)]
        {
            assert!(none.parse::<TraceId>().is_err(), "{none}");
        }
        assert_eq!(SpanId::from_bytes([0; 8]), None);
        assert_eq!(
            SpanId::from_bytes([0, 0, 0, 0, 0, 0, 1, 2]).unwrap().to_string(),
            "0000000000000102"
        );
    }
}
