//! What can be found.

use crate::redaction::action::Action;

/// A kind of secret that is found inside text, whatever its field is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Detector {
    /// What follows `Bearer`, `Basic` or `Token`, as in an HTTP header.
    Bearer = 0,
    /// JSON Web Tokens, signed or encrypted.
    Jwt = 1,
    /// Keys and tokens in the shapes that well-known providers give them.
    ApiKey = 2,
    /// Private keys in PEM and its relatives, whole or cut.
    PrivateKey = 3,
    /// Numbers of payment cards with a valid check digit, with or without
    /// spaces or dashes, as text or as a number.
    Card = 4,
    /// E-mail addresses in free text: metadata, error messages, resources and
    /// sources. Who acted for whom, in which session, on which entries, is
    /// never hidden by this: an address is often the only name a user has.
    Email = 5,
    /// What is assigned to a secret name inside a text: parameters of a URL,
    /// headers, configuration, nested quotes (`password=…`, `"token": "…"`), and
    /// the password of a URL.
    Assignment = 6,
}

impl Detector {
    /// Every detector.
    pub const ALL: &'static [Detector] = &[
        Detector::Bearer,
        Detector::Jwt,
        Detector::ApiKey,
        Detector::PrivateKey,
        Detector::Card,
        Detector::Email,
        Detector::Assignment,
    ];

    /// The name by which a policy and a mask call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Detector::Bearer => "bearer",
            Detector::Jwt => "jwt",
            Detector::ApiKey => "api_key",
            Detector::PrivateKey => "private_key",
            Detector::Card => "card",
            Detector::Email => "email",
            Detector::Assignment => "assignment",
        }
    }
}

/// A set of detectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::redaction) struct Detectors(u8);

impl Detectors {
    #[inline]
    pub(in crate::redaction) fn contains(self, detector: Detector) -> bool {
        self.0 & (1 << detector as u8) != 0
    }

    pub(in crate::redaction) fn without(self, detector: Detector) -> Self {
        Detectors(self.0 & !(1 << detector as u8))
    }

    #[inline]
    pub(in crate::redaction) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Detector> for Detectors {
    fn from_iter<I: IntoIterator<Item = Detector>>(detectors: I) -> Self {
        Detectors(detectors.into_iter().fold(0, |set, detector| set | 1 << detector as u8))
    }
}

/// A secret inside a text, at character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::redaction) struct Finding {
    pub(in crate::redaction) start: usize,
    pub(in crate::redaction) end: usize,
    pub(in crate::redaction) detector: Detector,
    /// What a rule about the name beside it says, rather than the detector's own.
    pub(in crate::redaction) action: Option<Action>,
}
