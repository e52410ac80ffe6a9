//! For those who watch the daemon: metrics, and whether it lives and is ready. Nothing here changes
//! anything, so an address of its own may serve it beside the admin socket.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// What is wrong; nothing, when all is well.
pub type Faults<'a> = Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>>;

/// Who knows how the daemon is.
pub trait Overseer: Send + Sync {
    /// All metrics in Prometheus' text format. Waits for nothing.
    fn metrics(&self) -> String;

    /// What keeps the daemon from doing its work at all.
    fn alive(&self) -> Faults<'_>;

    /// What keeps it from doing its work well now, or from having begun.
    fn ready(&self) -> Faults<'_>;

    /// What an operator sees first: alarms, stock, how long it runs.
    fn overview(&self) -> Value;
}

type Watched = Arc<dyn Overseer>;

/// `/metrics`, `/healthz` and `/readyz`.
pub fn router(overseer: Watched) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(overseer)
}

/// `/overview`, for the admin socket.
pub fn overview(overseer: Watched) -> Router {
    Router::new()
        .route("/overview", get(async |State(watched): State<Watched>| Json(watched.overview())))
        .with_state(overseer)
}

async fn metrics(State(watched): State<Watched>) -> Response {
    // Written where it keeps nobody waiting: some thousand lines at many modems.
    match tokio::task::spawn_blocking(move || watched.metrics()).await {
        Ok(text) => {
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn healthz(State(watched): State<Watched>) -> Response {
    answer(&watched.alive().await)
}

async fn readyz(State(watched): State<Watched>) -> Response {
    answer(&watched.ready().await)
}

fn answer(faults: &[String]) -> Response {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ok": faults.is_empty(), "faults": faults }))).into_response()
}
