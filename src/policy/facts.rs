//! What is known of a callsite without looking at a value.

/// How severe a span is, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Errors.
    Error,
    /// Warnings.
    Warn,
    /// What matters to operators.
    Info,
    /// What matters to developers.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// Every level, the most severe first.
    pub const ALL: &'static [Level] =
        &[Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];

    /// The name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        }
    }
}

/// A callsite of a span or of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallsiteFacts<'a> {
    pub(crate) name: &'a str,
    pub(crate) target: &'a str,
    pub(crate) level: Level,
    /// Names of the fields that it declares.
    pub(crate) fields: &'a [&'a str],
}

impl CallsiteFacts<'_> {
    pub(super) fn declares(&self, name: &str) -> bool {
        self.fields.contains(&name)
    }
}
