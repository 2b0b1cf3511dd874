//! What the tests of real crates share: the services that they run, and a layer
//! that notes what spans carry, and a trail.

mod agents;
mod recorder;
mod service;
mod trail;

pub use agents::{agent, agent_with, tool_turn};
pub use recorder::{Recorder, SeenEvent, SeenSpan};
pub use service::{Service, client, until};
pub use trail::{ended, events, only, trail};
