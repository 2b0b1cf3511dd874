use std::sync::Arc;

use rig::test_utils::{MockControlledTool, MockTurn};
use serde_json::json;
use tokio::sync::Notify;
use tracing::{Instrument, info_span};
use tracing_audit_real_crates::{agent, agent_with, ended, events, only, tool_turn, trail};

const POLICY: &str = r#"sets = ["gen-ai"]"#;

#[tokio::test]
async fn a_run_its_models_turns_and_its_tools_are_events() {
    let (audit, _default) = trail(POLICY);
    let turns =
        [tool_turn("add", json!({"x": 2, "y": 3})), MockTurn::text("5").with_response_id("r2")];
    agent(turns).prompt("add").max_turns(3).run().await.unwrap();
    let run = only(&audit, "INVOKE_AGENT");
    assert_eq!(run.resource.as_deref(), Some("clerk"));
    assert_eq!(ended(&run), "SUCCESS policy -");
    let tool = only(&audit, "EXECUTE_TOOL");
    assert_eq!(tool.resource.as_deref(), Some("add"));
    assert_eq!(ended(&tool), "SUCCESS policy -");
    assert_eq!(tool.span.as_ref().unwrap().parent, Some(run.event_id));
    let models = audit.query().operation("CHAT").run().unwrap().events;
    assert_eq!(models.len(), 2);
    for model in &models {
        assert_eq!(model.resource.as_deref(), Some("mock-model"));
        assert_eq!(ended(model), "SUCCESS policy -");
    }
    assert_eq!(events(&audit).len(), 4);
}

#[tokio::test]
async fn tools_that_fail_or_refuse_failed_and_the_run_goes_on() {
    for (name, end) in [("flaky_tool", "FAILURE policy timeout"), ("guarded", "FAILURE policy -")] {
        let (audit, _default) = trail(POLICY);
        let turns = [tool_turn(name, json!({})), MockTurn::text("sorry")];
        agent(turns).prompt("try").max_turns(3).run().await.unwrap();
        assert_eq!(ended(&only(&audit, "EXECUTE_TOOL")), end);
        assert_eq!(ended(&only(&audit, "INVOKE_AGENT")), "SUCCESS policy -");
    }
}

/// Failures leave no trace in these spans, and nobody guesses.
#[tokio::test]
async fn a_model_that_fails_and_a_run_that_is_cancelled_are_unknown() {
    let (audit, _default) = trail(POLICY);
    agent([MockTurn::error("overloaded")]).prompt("try").run().await.unwrap_err();
    assert_eq!(ended(&only(&audit, "CHAT")), "UNKNOWN policy -");
    assert_eq!(ended(&only(&audit, "INVOKE_AGENT")), "UNKNOWN policy -");

    let (audit, _default) = trail(POLICY);
    let (began, never) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let tool = MockControlledTool::new(began.clone(), never);
    let agent = agent_with([tool_turn("controlled", json!({}))], tool);
    tokio::select! {
        biased;
        _ = agent.prompt("wait").max_turns(3).run() => unreachable!(),
        () = began.notified() => {}
    }
    assert_eq!(ended(&only(&audit, "CHAT")), "SUCCESS policy -", "the model had answered");
    assert_eq!(ended(&only(&audit, "EXECUTE_TOOL")), "UNKNOWN policy -");
    assert_eq!(ended(&only(&audit, "INVOKE_AGENT")), "UNKNOWN policy -");
}

/// Where a service has rig record what was said, the trail does not repeat it.
#[tokio::test]
async fn what_was_said_is_not_kept_in_plain_text() {
    let (audit, _default) = trail(POLICY);
    let turns = [
        tool_turn("add", json!({"x": 20_202, "y": 30_303})),
        MockTurn::text("the answer of the oracle").with_response_id("r2"),
    ];
    let run = agent(turns).prompt("the question to the oracle").record_content_telemetry(true);
    run.max_turns(3).run().await.unwrap();
    let text = serde_json::to_string(&events(&audit)).unwrap();
    for said in ["oracle", "20202", "50505"] {
        assert!(!text.contains(said), "{said}: {text}");
    }
    for field in ["gen_ai.output.messages", "gen_ai.tool.call.arguments", "gen_ai.completion"] {
        assert!(text.contains(field), "it was recorded: {field}: {text}");
    }
}

#[tokio::test]
async fn what_it_does_is_done_for_the_user_of_the_conversation() {
    let (audit, _default) = trail(POLICY);
    let turns = [tool_turn("add", json!({"x": 2, "y": 3})), MockTurn::text("5")];
    let agent = agent(turns);
    let conversation =
        info_span!("conversation", enduser.id = "alice", gen_ai.conversation.id = "c1");
    async { agent.prompt("add").max_turns(3).run().await.unwrap() }.instrument(conversation).await;
    let events = events(&audit);
    assert_eq!(events.len(), 3, "the conversation's span stands for the run: {events:#?}");
    for event in &events {
        assert_eq!(event.user_id.as_deref(), Some("alice"));
        assert_eq!(event.session_id.as_deref(), Some("c1"));
    }
}
