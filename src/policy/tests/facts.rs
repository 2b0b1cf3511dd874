//! Callsites as they were read in the sources of real crates.

use crate::event::packed::ValueRef;
use crate::policy::{CallsiteFacts, Level};

const fn facts(
    target: &'static str,
    name: &'static str,
    level: Level,
    fields: &'static [&'static str],
) -> CallsiteFacts<'static> {
    CallsiteFacts { name, target, level, fields }
}

pub(super) const REQUEST: CallsiteFacts<'_> =
    facts("tower_http::trace::make_span", "request", Level::Debug, &["method", "uri", "version"]);

pub(super) const ON_RESPONSE: CallsiteFacts<'_> = facts(
    "tower_http::trace::on_response",
    "event tower-http/src/trace/on_response.rs:115",
    Level::Debug,
    &["message", "latency", "status", "response_headers"],
);

pub(super) const ON_FAILURE: CallsiteFacts<'_> = facts(
    "tower_http::trace::on_failure",
    "event tower-http/src/trace/on_failure.rs:93",
    Level::Error,
    &["message", "classification", "latency"],
);

pub(super) const OPENDAL_WRITE: CallsiteFacts<'_> =
    facts("opendal_layer_tracing", "write", Level::Debug, &["path", "args"]);

pub(super) const OPENDAL_READER: CallsiteFacts<'_> =
    facts("opendal_layer_tracing", "reader.read", Level::Debug, &["range"]);

pub(super) const REQWEST: CallsiteFacts<'_> = facts(
    "reqwest_tracing::reqwest_otel_span_builder",
    "HTTP request",
    Level::Info,
    &[
        "http.request.method",
        "url.scheme",
        "server.address",
        "server.port",
        "user_agent.original",
        "otel.kind",
        "otel.name",
        "otel.status_code",
        "http.response.status_code",
        "error.message",
        "error.cause_chain",
    ],
);

pub(super) const RIG_TOOL: CallsiteFacts<'_> = facts(
    "rig_agent::agent::telemetry",
    "execute_tool",
    Level::Info,
    &[
        "gen_ai.operation.name",
        "gen_ai.tool.type",
        "gen_ai.tool.name",
        "gen_ai.tool.call.id",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.tool.call.outcome",
        "gen_ai.tool.error.type",
    ],
);

pub(super) const RIG_CHAT: CallsiteFacts<'_> = facts(
    "rig::completions",
    "chat",
    Level::Info,
    &[
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.system_instructions",
        "gen_ai.request.stream",
        "gen_ai.response.id",
        "gen_ai.response.model",
        "gen_ai.usage.output_tokens",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
    ],
);

/// A span of a service, as `#[instrument]` makes it.
pub(super) const HANDLER: CallsiteFacts<'_> =
    facts("shop::orders", "place_order", Level::Info, &["order", "user.id"]);

/// Looks values up by name.
pub(super) fn values<'a>(
    recorded: &'a [(&'a str, ValueRef<'a>)],
) -> impl Fn(&str) -> Option<ValueRef<'a>> + 'a {
    |name| recorded.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value)
}
