//! Logs that nobody touched, and logs that were tampered with in every way.

mod flips;
mod forge;
mod forgeries;
mod grown;
mod live;
mod rig;
mod shelf;
mod well;
mod written;
