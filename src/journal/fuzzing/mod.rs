//! The journal under bytes that nobody wrote: what the fuzzer and the tests
//! that replay its corpus call.

mod frame;
mod input;
mod model;
mod recovery;

pub use self::frame::frame;
pub use self::recovery::recovery;
