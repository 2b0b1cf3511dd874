//! A trail of a test ends when it is dropped.
#![deny(unused_must_use)]

use tracing_audit::test_kit::TestTrail;

fn main() {
    TestTrail::start();
}
