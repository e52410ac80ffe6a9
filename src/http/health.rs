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
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::domain::Timestamp;
use crate::domain::modem::ModemCounts;

/// Resolves to the faults as text; to an empty list when there are none.
pub type Faults<'a> = Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>>;

/// What `/metrics`, `/healthz` and `/readyz` show.
pub trait Probes: Send + Sync {
    /// All metrics in Prometheus' text format. Does not wait for anything.
    fn metrics(&self) -> String;

    /// Faults that only a restart may cure.
    fn liveness_faults(&self) -> Faults<'_>;

    /// What keeps the daemon from serving customers well now, including a start that has not been
    /// completed.
    fn readiness_faults(&self) -> Faults<'_>;

    /// How many modems there are, and how many of them are ready.
    fn modem_counts(&self) -> ModemCounts;
}

/// The state of the daemon that has the ledger.
pub trait Health: Probes {
    /// What an operator needs first: alarms, stock, uptime.
    fn overview(&self) -> Overview;

    /// How many numbers are left for each service.
    fn stock(&self) -> Vec<StockReport>;

    /// When the daemon was started.
    fn started_at(&self) -> Timestamp;

    /// The daemon as a program: its database and what it uses of the machine.
    fn system(&self) -> SystemReport;
}

/// What an operator needs first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    pub version: &'static str,
    #[serde(serialize_with = "as_text")]
    pub started_at: Timestamp,
    pub system: SystemReport,
    pub uptime_seconds: u64,
    #[serde(serialize_with = "as_text_or_null")]
    pub last_message_at: Option<Timestamp>,
    pub last_message_seconds: Option<u64>,
    pub stock: Vec<StockReport>,
    /// The alarms that stand, as commands print them.
    pub alarms: Vec<Value>,
}

/// How many numbers are left for a service in a country.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StockReport {
    pub service: String,
    pub country: String,
    pub count: usize,
    /// With one decimal.
    pub used_per_day: f64,
    /// How many days they last at that, with one decimal; `None` where none are used.
    pub days_left: Option<f64>,
    pub sims_needed: u64,
}

/// The daemon as a program. What cannot be read is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SystemReport {
    pub database: DatabaseReport,
    pub disk: Option<DiskReport>,
    pub process: ProcessReport,
}

/// The database, and what waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatabaseReport {
    /// The path of its file, or its name and where the server is.
    pub file: String,
    /// The lead that this daemon has; `None` for a file, which no other daemon uses.
    pub lead: Option<LeadReport>,
    /// `None` for a database on a server that was not counted yet.
    pub bytes: Option<u64>,
    /// The size of the write-ahead log; `None` for a database on a server, which has its own.
    pub log_bytes: Option<u64>,
    /// How many operations wait to be written.
    pub waiting: usize,
    /// Why it cannot be written, if it cannot.
    pub fault: Option<String>,
}

/// The lead of a database that several daemons may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeadReport {
    /// What this daemon is called.
    pub name: String,
    /// The number of its term.
    pub epoch: i64,
    /// What the daemon was called that led before; `None` if none has.
    pub previous: Option<String>,
}

/// The disk that the database is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiskReport {
    pub free_bytes: u64,
    pub size_bytes: u64,
    /// Whether little is left.
    pub is_low: bool,
}

/// What the daemon's process uses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProcessReport {
    pub cpu_seconds: f64,
    pub memory_bytes: Option<u64>,
    pub open_files: Option<usize>,
    pub max_files: Option<u64>,
    pub threads: Option<u64>,
}

fn as_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

fn as_text_or_null<S: Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => as_text(at, serializer),
        None => serializer.serialize_none(),
    }
}

type SharedHealth = Arc<dyn Health>;
type SharedProbes = Arc<dyn Probes>;

/// `/metrics`, `/healthz` and `/readyz`.
pub fn router(probes: SharedProbes) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(probes)
}

/// `/overview`, for the admin socket.
pub fn overview(health: SharedHealth) -> Router {
    Router::new()
        .route("/overview", get(async |State(health): State<SharedHealth>| Json(health.overview())))
        .with_state(health)
}

async fn metrics(State(health): State<SharedProbes>) -> Response {
    // With many modems these are thousands of lines: they are written on a thread of their own, so
    // that no request waits for them.
    match tokio::task::spawn_blocking(move || health.metrics()).await {
        Ok(text) => {
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn healthz(State(health): State<SharedProbes>) -> Response {
    let faults = health.liveness_faults().await;
    answer(&faults, json!({ "ok": faults.is_empty(), "faults": faults }))
}

async fn readyz(State(health): State<SharedProbes>) -> Response {
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
