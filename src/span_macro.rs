//! A macro that opens audited spans and knows the names of their fields.
//!
//! A plain `tracing::info_span!` takes any field name, so that a misspelt
//! `audit.user` is found only when the span is hit. Here it is found by the
//! compiler. Nothing else is different: it expands to `tracing::span!`.

/// Opens an audited span, with the names of its fields checked by the
/// compiler. Gives a `tracing::Span`.
///
/// ```
/// use tracing_audit::{audited_span, json, list};
///
/// # let trail = tracing_audit::test_kit::TestTrail::start();
/// # let (user, org_id, ids, tags) = ("alice".to_string(), "acme", ["entry_1"], ["verified"]);
/// let span = audited_span!(
///     "STORE",
///     user_id = %user,
///     entry_ids = list(&ids),
///     org_id,
///     status = Empty,
///     metadata { importance = 0.8, tags = json(&tags) },
/// );
/// span.in_scope(|| {
///     // … the operation …
/// });
/// span.record("audit.status", "PARTIAL");
/// # drop(span);
/// # tracing_audit::assert_audited!(
/// #     trail, operation = "STORE", user_id = "alice", entry_ids = ids, org_id = "acme",
/// #     status = PARTIAL, metadata.importance = 0.8, metadata.tags = tags, span_name = "STORE",
/// # );
/// ```
///
/// First come options, in any order: `level:` (a bare `DEBUG`, or any
/// `tracing::Level`; without it `INFO`), `name:` (without it the operation, if
/// it is a literal, else `audited`), `target:` (without it the module),
/// `parent:` (without it the current span).
///
/// Then the operation, and then fields: `user_id`, `actor`, `session_id`,
/// `org_id`, `resource`, `entry_ids`, `source`, `status` and `error`, each as
/// `key = value`, `key = %value`, `key = ?value`, or by the name of a variable
/// (`key`, `%key`, `?key`). `key = Empty` declares a field whose value is
/// recorded later, under its full name (`audit.status`). Any other key does
/// not compile.
///
/// Everything else goes into `metadata { … }`, in the syntax of `tracing`.
///
/// ```
/// # use tracing_audit::audited_span;
/// # let trail = tracing_audit::test_kit::TestTrail::start();
/// # let outer = tracing::info_span!("outer");
/// audited_span!(level: DEBUG, name: "cache.recall", target: "cache", parent: &outer, "RECALL");
/// # tracing_audit::assert_audited!(trail, operation = "RECALL", span_name = "cache.recall");
/// ```
///
/// ```compile_fail
/// tracing_audit::audited_span!("STORE", user = "alice"); // it is `user_id`
/// ```
#[macro_export]
macro_rules! audited_span {
    ($($arguments:tt)+) => {
        $crate::__audited_span!(
            @options
            [level: ($crate::__private::tracing::Level::INFO)]
            [name: ()]
            [target: (::core::module_path!())]
            [parent: ()]
            $($arguments)+
        )
    };
}

/// Options, then the operation, then fields one by one; what is known so far
/// stands in brackets in front.
#[doc(hidden)]
#[macro_export]
macro_rules! __audited_span {
    // Options.
    (@options [level: $_level:tt] $name:tt $target:tt $parent:tt level: $level:ident, $($rest:tt)+) => {
        $crate::__audited_span!(
            @options [level: ($crate::__audited_level!($level))] $name $target $parent $($rest)+
        )
    };
    (@options [level: $_level:tt] $name:tt $target:tt $parent:tt level: $level:expr, $($rest:tt)+) => {
        $crate::__audited_span!(@options [level: ($level)] $name $target $parent $($rest)+)
    };
    (@options $level:tt [name: $_name:tt] $target:tt $parent:tt name: $name:expr, $($rest:tt)+) => {
        $crate::__audited_span!(@options $level [name: ($name)] $target $parent $($rest)+)
    };
    (@options $level:tt $name:tt [target: $_target:tt] $parent:tt target: $target:expr, $($rest:tt)+) => {
        $crate::__audited_span!(@options $level $name [target: ($target)] $parent $($rest)+)
    };
    (@options $level:tt $name:tt $target:tt [parent: $_parent:tt] parent: $parent:expr, $($rest:tt)+) => {
        $crate::__audited_span!(@options $level $name $target [parent: ($parent)] $($rest)+)
    };
    // The operation.
    (@options $level:tt [name: ()] $target:tt $parent:tt $operation:literal $(, $($fields:tt)*)?) => {
        $crate::__audited_span!(
            @fields [$level [name: ($operation)] $target $parent] []
            [audit.operation = $operation,] [] $($($fields)*)?
        )
    };
    (@options $level:tt [name: ()] $target:tt $parent:tt % $operation:expr $(, $($fields:tt)*)?) => {
        $crate::__audited_span!(
            @fields [$level [name: ("audited")] $target $parent] []
            [audit.operation = %$operation,] [] $($($fields)*)?
        )
    };
    (@options $level:tt [name: ()] $target:tt $parent:tt $operation:expr $(, $($fields:tt)*)?) => {
        $crate::__audited_span!(
            @fields [$level [name: ("audited")] $target $parent] []
            [audit.operation = $operation,] [] $($($fields)*)?
        )
    };
    (@options $level:tt $name:tt $target:tt $parent:tt % $operation:expr $(, $($fields:tt)*)?) => {
        $crate::__audited_span!(
            @fields [$level $name $target $parent] []
            [audit.operation = %$operation,] [] $($($fields)*)?
        )
    };
    (@options $level:tt $name:tt $target:tt $parent:tt $operation:expr $(, $($fields:tt)*)?) => {
        $crate::__audited_span!(
            @fields [$level $name $target $parent] []
            [audit.operation = $operation,] [] $($($fields)*)?
        )
    };
    // Fields: keys to check, fields of the span, metadata.
    (@fields $options:tt [$($keys:ident)*] $fields:tt $metadata:tt) => {{
        $($crate::__audited_key!($keys);)*
        $crate::__audited_span!(@open $options $fields $metadata)
    }};
    (@fields $options:tt $keys:tt $fields:tt [] metadata { $($metadata:tt)* } $(, $($rest:tt)*)?) => {
        $crate::__audited_span!(@fields $options $keys $fields [$($metadata)*] $($($rest)*)?)
    };
    (@fields $options:tt [$($keys:ident)*] [$($fields:tt)*] $metadata:tt $key:ident = Empty $(, $($rest:tt)*)?) => {
        $crate::__audited_span!(
            @fields $options [$($keys)* $key]
            [$($fields)* audit.$key = $crate::__private::tracing::field::Empty,]
            $metadata $($($rest)*)?
        )
    };
    (@fields $options:tt [$($keys:ident)*] [$($fields:tt)*] $metadata:tt $key:ident = % $value:expr $(, $($rest:tt)*)?) => {
        $crate::__audited_span!(
            @fields $options [$($keys)* $key] [$($fields)* audit.$key = %$value,]
            $metadata $($($rest)*)?
        )
    };
    (@fields $options:tt [$($keys:ident)*] [$($fields:tt)*] $metadata:tt $key:ident = ? $value:expr $(, $($rest:tt)*)?) => {
        $crate::__audited_span!(
            @fields $options [$($keys)* $key] [$($fields)* audit.$key = ?$value,]
            $metadata $($($rest)*)?
        )
    };
    (@fields $options:tt [$($keys:ident)*] [$($fields:tt)*] $metadata:tt $key:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__audited_span!(
            @fields $options [$($keys)* $key] [$($fields)* audit.$key = $value,]
            $metadata $($($rest)*)?
        )
    };
    (@fields $options:tt [$($keys:ident)*] [$($fields:tt)*] $metadata:tt % $key:ident $(, $($rest:tt)*)?) => {
        $crate::__audited_span!(
            @fields $options [$($keys)* $key] [$($fields)* audit.$key = %$key,]
            $metadata $($($rest)*)?
        )
    };
    (@fields $options:tt [$($keys:ident)*] [$($fields:tt)*] $metadata:tt ? $key:ident $(, $($rest:tt)*)?) => {
        $crate::__audited_span!(
            @fields $options [$($keys)* $key] [$($fields)* audit.$key = ?$key,]
            $metadata $($($rest)*)?
        )
    };
    (@fields $options:tt [$($keys:ident)*] [$($fields:tt)*] $metadata:tt $key:ident $(, $($rest:tt)*)?) => {
        $crate::__audited_span!(
            @fields $options [$($keys)* $key] [$($fields)* audit.$key = $key,]
            $metadata $($($rest)*)?
        )
    };
    (@fields $options:tt $keys:tt $fields:tt $metadata:tt $($rest:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "not understood: `",
            ::core::stringify!($($rest)+),
            "`; fields are `key = value`, `key = %value`, `key = ?value`, `key = Empty` or the name of a variable, ",
            "and everything of one's own goes into one `metadata { … }`"
        ))
    };
    // The span.
    (@open
        [[level: ($level:expr)] [name: ($name:expr)] [target: ($target:expr)] [parent: ()]]
        [$($fields:tt)*] [$($metadata:tt)*]
    ) => {
        $crate::__private::tracing::span!(
            target: $target, $level, $name, $($fields)* $($metadata)*
        )
    };
    (@open
        [[level: ($level:expr)] [name: ($name:expr)] [target: ($target:expr)] [parent: ($parent:expr)]]
        [$($fields:tt)*] [$($metadata:tt)*]
    ) => {
        $crate::__private::tracing::span!(
            target: $target, parent: $parent, $level, $name, $($fields)* $($metadata)*
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __audited_level {
    (ERROR) => {
        $crate::__private::tracing::Level::ERROR
    };
    (WARN) => {
        $crate::__private::tracing::Level::WARN
    };
    (INFO) => {
        $crate::__private::tracing::Level::INFO
    };
    (DEBUG) => {
        $crate::__private::tracing::Level::DEBUG
    };
    (TRACE) => {
        $crate::__private::tracing::Level::TRACE
    };
    ($level:ident) => {
        $level
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __audited_key {
    (user_id) => {};
    (actor) => {};
    (session_id) => {};
    (org_id) => {};
    (resource) => {};
    (entry_ids) => {};
    (source) => {};
    (status) => {};
    (error) => {};
    ($other:ident) => {
        ::core::compile_error!(::core::concat!(
            "unknown audit field `",
            ::core::stringify!($other),
            "`; the known ones are user_id, actor, session_id, org_id, resource, entry_ids, source, status and error, ",
            "and anything else goes into `metadata { … }`"
        ));
    };
}

/// What the macros of this crate expand to. Not for anybody else.
#[doc(hidden)]
pub mod __private {
    pub use tracing;
}
