//! What is done to a value that must not be kept as it is.

/// What is done to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Kept as it is, even where a default would hide it.
    Keep,
    /// Left out: the field, or the secret part of a text. An actor that is
    /// left out is `anonymous`.
    Drop,
    /// Replaced by `[masked]`, or `[masked:KIND]` where a detector found it.
    Mask,
    /// Replaced by `hmac:KEY:DIGITS`, which is the same for equal values under
    /// one key and cannot be guessed without it. Masked where no key was given.
    #[cfg(feature = "hash")]
    Hash,
    /// Cut to at most so many bytes, and marked with its original length.
    /// Secrets are looked for before the cut.
    Truncate(usize),
}

impl Action {
    /// The word for it in a policy.
    #[cfg(feature = "policy")]
    pub(crate) fn canonical(self) -> String {
        match self {
            Action::Keep => "keep".to_owned(),
            Action::Drop => "drop".to_owned(),
            Action::Mask => "mask".to_owned(),
            Action::Hash => "hash".to_owned(),
            Action::Truncate(bytes_max) => format!("truncate:{bytes_max}"),
        }
    }
}
