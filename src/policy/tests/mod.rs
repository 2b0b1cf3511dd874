//! Policies, held against what real crates emit.

mod facts;
mod mistakes;
mod rules;
mod sets;
