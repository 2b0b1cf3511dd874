//! Agents of `rig`, over its scripted model.

use rig::test_utils::{
    MockAddTool, MockCompletionModel, MockDeniedTool, MockFailingTool, MockTurn,
};
use rig::tool::{Tool, ToolErrorKind};
use rig::{Agent, AgentBuilder};
use serde_json::Value;

/// A model's turn that calls a tool. Unlike other turns it has an id.
pub fn tool_turn(name: &str, arguments: Value) -> MockTurn {
    MockTurn::tool_call("call-1", name, arguments).with_response_id("response-1")
}

/// An agent with tools that work (`add`), fail (`flaky_tool`) and refuse
/// (`guarded`).
pub fn agent(turns: impl IntoIterator<Item = MockTurn>) -> Agent {
    agent_with(turns, MockAddTool)
}

/// The same with one tool in the place of `add`.
pub fn agent_with(turns: impl IntoIterator<Item = MockTurn>, tool: impl Tool + 'static) -> Agent {
    AgentBuilder::new(MockCompletionModel::from_turns(turns))
        .name("clerk")
        .tool(tool)
        .tool(MockFailingTool::new(ToolErrorKind::Timeout))
        .tool(MockDeniedTool)
        .build()
}
