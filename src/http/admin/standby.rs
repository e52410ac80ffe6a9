//! The admin interface of a daemon that stands by: it can only say so.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;

/// All endpoints of a daemon that stands by for the reason that `reason` tells, except those of
/// [`health`](crate::http::health).
pub fn standby_router(reason: impl Fn() -> String + Clone + Send + Sync + 'static) -> Router {
    Router::new().fallback(async move || refuse(&reason()))
}

fn refuse(reason: &str) -> Response {
    let error = format!("{reason}; commands are for the daemon that leads");
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": error }))).into_response()
}
