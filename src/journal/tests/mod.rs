//! Every rule of the writer, with a test that can fail.

mod ahead;
mod closing;
mod crash;
mod cuts;
mod damage;
mod faults;
mod full_disk;
#[cfg(unix)]
mod kill;
mod limits;
mod packing;
mod property;
#[cfg(unix)]
mod real;
mod rig;
mod several;
mod speed;
mod tampering;
