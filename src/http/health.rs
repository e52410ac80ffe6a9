//! Endpoints for monitoring: metrics, liveness and readiness. They change nothing, so they may be
//! served on an address of their own as well as on the admin socket.

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

use crate::domain::modem::ModemCounts;

/// Resolves to the faults as text; to an empty list when there are none.
pub type Faults<'a> = Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>>;

/// The state of the daemon, as the endpoints show it.
pub trait Health: Send + Sync {
    /// All metrics in Prometheus' text format. Does not wait for anything.
    fn metrics(&self) -> String;

    /// Faults that only a restart may cure.
    fn liveness_faults(&self) -> Faults<'_>;

    /// What keeps the daemon from serving customers well now, including a start that has not been
    /// completed.
    fn readiness_faults(&self) -> Faults<'_>;

    /// How many modems there are, and how many of them are ready.
    fn modem_counts(&self) -> ModemCounts;

    /// What an operator needs first: alarms, stock, uptime.
    fn overview(&self) -> Value;
}

type SharedHealth = Arc<dyn Health>;

/// `/metrics`, `/healthz` and `/readyz`.
pub fn router(health: SharedHealth) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(health)
}

/// `/overview`, for the admin socket.
pub fn overview(health: SharedHealth) -> Router {
    Router::new()
        .route("/overview", get(async |State(health): State<SharedHealth>| Json(health.overview())))
        .with_state(health)
}

async fn metrics(State(health): State<SharedHealth>) -> Response {
    // With many modems these are thousands of lines: they are written on a thread of their own, so
    // that no request waits for them.
    match tokio::task::spawn_blocking(move || health.metrics()).await {
        Ok(text) => {
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn healthz(State(health): State<SharedHealth>) -> Response {
    let faults = health.liveness_faults().await;
    answer(&faults, json!({ "ok": faults.is_empty(), "faults": faults }))
}

async fn readyz(State(health): State<SharedHealth>) -> Response {
    let faults = health.readiness_faults().await;
    let modems = health.modem_counts();
    answer(
        &faults,
        json!({
            "ok": faults.is_empty(),
            "faults": faults,
            "modems": { "total": modems.total, "ready": modems.ready },
        }),
    )
}

fn answer(faults: &[String], body: Value) -> Response {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}
