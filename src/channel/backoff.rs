//! Waiting for a thread that has a few instructions left to do.

use std::time::Duration;

/// Rounds that are spent spinning, and those after which others were let run.
const SPINS: u32 = 100;
const YIELDS: u32 = SPINS + 20;
const SLEEP: Duration = Duration::from_micros(50);

/// Waits a little, the longer the more often it was for nothing: at last it sleeps,
/// so that a thread that was interrupted comes to its end whatever its priority.
pub(crate) fn wait_a_little(round: u32) {
    match round {
        0..SPINS => std::hint::spin_loop(),
        SPINS..YIELDS => std::thread::yield_now(),
        _ => std::thread::sleep(SLEEP),
    }
}
