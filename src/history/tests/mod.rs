//! Answers from disk.
