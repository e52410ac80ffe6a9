//! Reading the configuration anew.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

use super::{Answer, Refused};
use crate::gateway::{Error, Reload};

/// The endpoint, to stand beside those of [`super::router`].
pub fn router(reload: Arc<dyn Reload>) -> Router {
    Router::new().route("/reload", post(anew)).with_state(reload)
}

async fn anew(State(reload): State<Arc<dyn Reload>>) -> Answer {
    let done = reload.reload().await.map_err(|why| Refused::from(Error::Refused(why)))?;
    Ok(Json(json!({ "applied": done.applied, "needs_restart": done.needs_restart })))
}
