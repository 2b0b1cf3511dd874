//! Steps that fail.
