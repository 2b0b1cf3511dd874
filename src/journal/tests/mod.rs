//! Every rule of the writer, with a test that can fail.

mod crash;
mod faults;
mod rig;
