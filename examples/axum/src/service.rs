//! A small service for notes, as it might have been written before anybody
//! thought of an audit trail: a span for each request, authentication in a
//! middleware, instrumented handlers.
//!
//! Nothing in here knows of audits. What its spans mean is said in `audit.toml`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use tower_http::trace::TraceLayer;
use tracing::{Span, field::Empty};

/// Whose requests are let in, by token.
pub(crate) const TOKENS: [(&str, &str); 3] =
    [("token-a", "alice"), ("token-b", "bob"), ("token-c", "carol")];

pub(crate) fn service() -> Router {
    Router::new()
        .route("/notes", post(store))
        .route("/notes/{id}", get(recall).delete(forget))
        .layer(middleware::from_fn(authenticate))
        .layer(TraceLayer::new_for_http().make_span_with(request_span))
        .with_state(Notes::default())
}

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    stored: usize,
    /// By id: owner and content.
    notes: HashMap<String, (String, String)>,
}

impl Notes {
    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The user of a request, once that is known.
#[derive(Clone)]
struct User(String);

/// Why a request was not answered with success.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("no valid token was sent")]
    Unauthorized,
    #[error("there is no note {0} of this user")]
    NotFound(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Refusal::Unauthorized => StatusCode::UNAUTHORIZED,
            Refusal::NotFound(_) => StatusCode::NOT_FOUND,
        };
        (status, self.to_string()).into_response()
    }
}

/// Nobody knows the user when this span opens.
fn request_span<B>(request: &axum::http::Request<B>) -> Span {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    tracing::info_span!(
        "request",
        method = %request.method(),
        path = request.uri().path(),
        user.id = Empty,
        session.id = header("x-session"),
        client.address = header("x-forwarded-for"),
    )
}

/// Finds out who it is, and says so on the span of the request.
async fn authenticate(mut request: Request, next: Next) -> Result<Response, Refusal> {
    let token = request.headers().get(header::AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some((_, user)) = TOKENS.iter().find(|(known, _)| Some(*known) == token) else {
        return refuse(request.uri().path());
    };
    Span::current().record("user.id", user);
    request.extensions_mut().insert(User((*user).to_owned()));
    Ok(next.run(request).await)
}

#[tracing::instrument(err, skip_all, fields(path = %path))]
fn refuse(path: &str) -> Result<Response, Refusal> {
    Err(Refusal::Unauthorized)
}

#[tracing::instrument(skip_all, fields(note.id, bytes = content.len()))]
async fn store(
    State(notes): State<Notes>,
    Extension(User(user)): Extension<User>,
    content: String,
) -> (StatusCode, String) {
    let mut shelf = notes.lock();
    shelf.stored += 1;
    let id = format!("{user}-{}", shelf.stored);
    Span::current().record("note.id", id.as_str());
    shelf.notes.insert(id.clone(), (user, content));
    (StatusCode::CREATED, id)
}

#[tracing::instrument(err, skip_all, fields(note.id = %id))]
async fn recall(
    State(notes): State<Notes>,
    Extension(User(user)): Extension<User>,
    Path(id): Path<String>,
) -> Result<String, Refusal> {
    // Somebody else's turn comes in between, as it does in any real service.
    tokio::task::yield_now().await;
    match notes.lock().notes.get(&id) {
        Some((owner, content)) if *owner == user => Ok(content.clone()),
        _ => Err(Refusal::NotFound(id)),
    }
}

#[tracing::instrument(err, skip_all, fields(note.id = %id))]
async fn forget(
    State(notes): State<Notes>,
    Extension(User(user)): Extension<User>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let mut shelf = notes.lock();
    if shelf.notes.get(&id).is_none_or(|(owner, _)| *owner != user) {
        return Err(Refusal::NotFound(id));
    }
    shelf.notes.remove(&id);
    Ok(StatusCode::NO_CONTENT)
}
