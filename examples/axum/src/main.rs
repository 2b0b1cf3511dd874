//! An existing web service, to which an audit trail is added.
//!
//! The service is in `service.rs` and knows nothing of it. This file adds the
//! audit layer to the subscriber, with the policy in `audit.toml` (or the one
//! that `TRACING_AUDIT_POLICY` names), sends requests over the loopback as
//! several users at once, and checks that each operation is attributed to the
//! right one, although the user became known only after the span of the request
//! had opened.

mod client;
mod service;

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing_audit::policy::Policy;
use tracing_audit::{Audit, AuditEvent, AuditLayer, Operation, Status};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use client::Client;

const ROUNDS: usize = 20;

/// What the service's spans mean.
const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/audit.toml");

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let policy = Policy::from_env()?.map_or_else(|| Policy::from_path(POLICY), Ok)?;
    let (layer, audit) = AuditLayer::builder().policy(policy).build()?;
    let log = tracing_subscriber::fmt::layer().with_filter(LevelFilter::OFF);
    tracing_subscriber::registry().with(log).with(layer).init();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async { axum::serve(listener, service::service()).await });
    let ids = send_requests(address).await?;
    server.abort();

    print_trail(&audit).await?;
    for (user, ids) in ids {
        check_user(&audit, user, &ids).await?;
    }
    check_stranger(&audit).await?;
    check_coverage(&audit)?;
    println!("every operation is attributed to the user who sent the request");
    Ok(())
}

/// All users at once, and a stranger; returns the ids that each user's notes got.
async fn send_requests(service: SocketAddr) -> Result<Vec<(&'static str, Vec<String>)>, Failure> {
    let mut tasks = JoinSet::new();
    for (number, (token, user)) in (1..).zip(service::TOKENS) {
        let client = Client { service, token, user, address: format!("192.0.2.{number}") };
        tasks.spawn(async move { client.use_service(ROUNDS).await.map(|ids| (user, ids)) });
    }
    let address = "198.51.100.9".to_owned();
    let stranger = Client { service, token: "guessed", user: "nobody", address };
    let answer = stranger.request("POST", "/notes", "x").await?;
    check(answer.status == 401, "a stranger was let in")?;
    let mut ids = Vec::new();
    while let Some(done) = tasks.join_next().await {
        ids.push(done??);
    }
    Ok(ids)
}

async fn print_trail(audit: &Audit) -> Result<(), Failure> {
    for event in audit.query().limit(15).await?.events {
        println!(
            "{} {:<13} {:<8} {:<10} {:<14} {:<13} {}",
            event.timestamp.format("%H:%M:%S%.3f"),
            event.operation,
            event.status,
            event.user_id.as_deref().unwrap_or("-"),
            event.session_id.as_deref().unwrap_or("-"),
            event.source.as_deref().unwrap_or("-"),
            event.entry_ids.join(" "),
        );
    }
    Ok(())
}

async fn check_user(audit: &Audit, user: &str, ids: &[String]) -> Result<(), Failure> {
    let events = audit.query().user(user).limit(1_000).await?.events;
    let count = |operation: Operation, status: Status| {
        events.iter().filter(|event| event.operation == operation && event.status == status).count()
    };
    check(count(Operation::Store, Status::Success) == ROUNDS, "a store is missing")?;
    check(count(Operation::Recall, Status::Success) == ROUNDS, "a recall is missing")?;
    check(count(Operation::Recall, Status::Failure) == ROUNDS, "a failed recall is missing")?;
    check(count(Operation::Forget, Status::Success) == 1, "a deletion is missing")?;
    check(events.len() == 3 * ROUNDS + 1, "somebody else's operation is among the user's")?;
    let session = format!("session-{user}");
    let own = |event: &AuditEvent| {
        let known = |id: &String| ids.contains(id) || id == "missing";
        event.session_id.as_deref() == Some(&session) && event.entry_ids.iter().all(known)
    };
    check(events.iter().all(own), "an operation has another user's session or entries")
}

async fn check_stranger(audit: &Audit) -> Result<(), Failure> {
    let denied = audit.query().operation(Operation::AccessDenied).await?.events;
    let [event] = denied.as_slice() else { return Err("the refusal was not recorded once".into()) };
    check(event.is_anonymous(), "the stranger got a name")?;
    check(event.status == Status::Failure, "a refusal is no success")?;
    check(event.source.as_deref() == Some("198.51.100.9"), "where it came from is not recorded")
}

/// No rule was in vain, and nothing that looks like access to data was missed.
fn check_coverage(audit: &Audit) -> Result<(), Failure> {
    let coverage = audit.coverage().ok_or("there is no policy")?;
    check(coverage.is_complete(), &format!("the policy missed something: {coverage:#?}"))
}

fn check(so: bool, otherwise: &str) -> Result<(), Failure> {
    if so { Ok(()) } else { Err(otherwise.into()) }
}
