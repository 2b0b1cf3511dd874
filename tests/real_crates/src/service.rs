//! An ordinary service of `axum` behind `tower-http`, and a client of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_tracing::TracingMiddleware;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tower_http::trace::{DefaultMakeSpan, TraceLayer};
use tracing::{Instrument, info_span};

/// Served on the loopback until it is dropped.
pub struct Service {
    address: std::net::SocketAddr,
    slow_began: Arc<Notify>,
    server: JoinHandle<()>,
}

impl Service {
    /// `GET` and `DELETE` of `notes/{id}`; `broken` fails, `panics` panics,
    /// `slow` never answers.
    pub async fn start() -> Self {
        let slow_began = Arc::new(Notify::new());
        let began = slow_began.clone();
        let slow = move || {
            began.notify_one();
            std::future::pending::<()>()
        };
        let router = Router::new()
            .route("/notes/{id}", get(note).delete(|| async { StatusCode::NO_CONTENT }))
            .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
            .route("/panics", get(panics))
            .route("/slow", get(slow));
        Self::serve(router.layer(TraceLayer::new_for_http()), slow_began).await
    }

    /// `GET` of `notes/{id}`, with the headers of requests in their spans.
    pub async fn start_with_headers() -> Self {
        let with_headers = DefaultMakeSpan::new().include_headers(true);
        let layer = TraceLayer::new_for_http().make_span_with(with_headers);
        let router = Router::new().route("/notes/{id}", get(note)).layer(layer);
        Self::serve(router, Arc::default()).await
    }

    /// `GET` of `work`.
    pub async fn start_with<F>(work: impl Fn() -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = &'static str> + Send + 'static,
    {
        let router = Router::new().route("/work", get(work));
        let router = router.layer(TraceLayer::new_for_http());
        Self::serve(router, Arc::default()).await
    }

    async fn serve(router: Router, slow_began: Arc<Notify>) -> Self {
        let router = router.layer(from_fn(authenticate));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback is there");
        let address = listener.local_addr().expect("it is bound");
        let server = tokio::spawn(async {
            axum::serve(listener, router).await.expect("a server on the loopback goes on");
        });
        Service { address, slow_began, server }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Waits until a request for `slow` is in its handler.
    pub async fn slow_began(&self) {
        self.slow_began.notified().await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Opens a span for whoever sent the request, around that of the request.
async fn authenticate(request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
    let Some(user) = user else { return next.run(request).await };
    let span = info_span!("authenticated", enduser.id = user, client.address = "192.0.2.7");
    next.run(request).instrument(span).await
}

async fn note(Path(id): Path<String>) -> String {
    format!("note {id}")
}

async fn panics() {
    panic!("on purpose")
}

/// A client with the tracing middleware.
pub fn client() -> ClientWithMiddleware {
    let client = reqwest::Client::builder().no_proxy().build().expect("nothing is asked of it");
    ClientBuilder::new(client).with(TracingMiddleware::default()).build()
}

/// Waits until it is so; fails after long.
pub async fn until(is_so: impl Fn() -> bool) {
    let waits = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waits).await.expect("it came to be");
}
