use std::sync::Arc;

use rig::test_utils::{MockControlledTool, MockTurn};
use serde_json::json;
use tokio::sync::Notify;
use tracing::Instrument;
use tracing_audit_real_crates::{agent, agent_with, tool_turn};

use crate::recording;

#[tokio::test]
async fn a_run_a_tool_and_a_model_say_what_they_are_and_how_they_ended() {
    let (recorder, _default) = recording();
    let answer = tool_turn("add", json!({"x": 2, "y": 3}));
    agent([answer, MockTurn::text("five")]).prompt("add").max_turns(3).run().await.unwrap();

    let [run] = &recorder.named("invoke_agent")[..] else { panic!() };
    assert_eq!(run.target, "rig_agent::agent::telemetry");
    assert_eq!(run.level, "INFO");
    assert_eq!(run.values["gen_ai.operation.name"], "invoke_agent");
    assert_eq!(run.values["gen_ai.agent.name"], "clerk");
    let finished = run.events.last().unwrap();
    assert_eq!(finished.target, "rig_agent::agent::engine");
    assert_eq!(finished.values["message"], "Agent run finished");

    let [tool] = &recorder.named("execute_tool")[..] else { panic!() };
    assert_eq!(tool.target, "rig_agent::agent::telemetry");
    assert_eq!(tool.parent, Some("invoke_agent"));
    assert_eq!(tool.values["gen_ai.tool.name"], "add");
    assert_eq!(tool.values["gen_ai.tool.call.outcome"], "success");
    assert!(!tool.values.contains_key("gen_ai.tool.call.result"), "only where asked for");

    let models = recorder.named("chat");
    assert_eq!(models.len(), 2);
    for model in &models {
        assert_eq!(model.target, "rig::agent_chat");
        assert_eq!(model.values["gen_ai.operation.name"], "chat");
        assert_eq!(model.values["gen_ai.request.model"], "mock-model");
    }
    assert_eq!(models[0].values["gen_ai.response.id"], "response-1");
    assert!(!models[1].values.contains_key("gen_ai.response.id"), "this one told none");
}

#[tokio::test]
async fn a_tool_that_fails_or_refuses_says_so() {
    for (name, outcome, error) in
        [("flaky_tool", "error", Some("timeout")), ("guarded", "denied", None)]
    {
        let (recorder, _default) = recording();
        let turns = [tool_turn(name, json!({})), MockTurn::text("sorry")];
        agent(turns).prompt("try").max_turns(3).run().await.unwrap();
        let [tool] = &recorder.named("execute_tool")[..] else { panic!() };
        assert_eq!(tool.values["gen_ai.tool.call.outcome"], outcome);
        assert_eq!(tool.values.get("gen_ai.tool.error.type").map(String::as_str), error);
    }
}

#[tokio::test]
async fn a_model_that_fails_leaves_no_trace_and_neither_does_its_run() {
    let (recorder, _default) = recording();
    agent([MockTurn::error("overloaded")]).prompt("try").run().await.unwrap_err();
    let [run] = &recorder.named("invoke_agent")[..] else { panic!() };
    let [model] = &recorder.named("chat")[..] else { panic!() };
    let text = format!("{run:?} {model:?}");
    assert!(!text.contains("overloaded") && !text.contains("finished"), "{text}");
    assert!(!model.values.contains_key("gen_ai.response.id"));
}

#[tokio::test]
async fn a_cancelled_run_leaves_no_trace_either() {
    let (recorder, _default) = recording();
    let (began, never) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let tool = MockControlledTool::new(began.clone(), never);
    let agent = agent_with([tool_turn("controlled", json!({}))], tool);
    tokio::select! {
        biased;
        _ = agent.prompt("wait").max_turns(3).run() => unreachable!(),
        () = began.notified() => {}
    }
    let [tool] = &recorder.named("execute_tool")[..] else { panic!() };
    assert!(tool.closed.is_some());
    assert!(!tool.values.contains_key("gen_ai.tool.call.outcome"));
}

#[tokio::test]
async fn a_span_around_the_run_stands_for_it() {
    let (recorder, _default) = recording();
    let run = agent([MockTurn::text("hello")]);
    let run = async { run.prompt("hello").run().await.unwrap() };
    run.instrument(tracing::info_span!("request")).await;
    assert!(recorder.named("invoke_agent").is_empty());
    assert_eq!(recorder.named("chat")[0].parent, Some("request"));
}
