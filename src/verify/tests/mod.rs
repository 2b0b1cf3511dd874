//! Logs that nobody touched, and logs that were tampered with in every way.

mod forge;
mod rig;
mod shelf;
mod well;
