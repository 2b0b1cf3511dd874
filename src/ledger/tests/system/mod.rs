//! Faults of the operating system itself: calls that are made to fail or to
//! kill, limits, full and read-only filesystems. A child process writes a log;
//! its parent interferes, and then looks at what it left.
//!
//! Tests whose tool is missing say so on the terminal and pass, unless
//! `TRACING_AUDIT_REQUIRE_TOOLS` is set.

#![expect(clippy::disallowed_methods, reason = "looks at and interferes with real files")]

mod calls;
mod child;
mod limits;
mod mounts;
mod parent;
