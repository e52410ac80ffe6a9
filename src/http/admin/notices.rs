//! The channels for notices.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, refused};
use crate::gateway::{ChannelReport, Notifier};

/// The endpoints for the channels over which operators are told of alarms.
pub fn notices_router(notifier: Arc<dyn Notifier>) -> Router {
    Router::new()
        .route("/notices", get(list))
        .route("/notices/test", post(test))
        .with_state(notifier)
}

#[derive(Deserialize)]
struct Chosen {
    channel: Option<String>,
}

async fn list(State(notifier): State<Arc<dyn Notifier>>) -> Json<Value> {
    Json(notifier.channels().iter().map(view).collect())
}

async fn test(
    State(notifier): State<Arc<dyn Notifier>>,
    Json(Chosen { channel }): Json<Chosen>,
) -> Answer {
    let tested = notifier.test(channel.clone()).await;
    if tested.is_empty() {
        let names: Vec<String> =
            notifier.channels().iter().map(|it| format!("\"{}\"", it.name)).collect();
        return Err(refused(match (channel, names.is_empty()) {
            (_, true) => "no channel is configured: add a [[notify]]".to_owned(),
            (name, false) => format!(
                "there is no channel \"{}\"; there are {}",
                name.unwrap_or_default(),
                names.join(", ")
            ),
        }));
    }
    let view = |(channel, sent): (String, Result<(), String>)| {
        let is_sent = sent.is_ok();
        json!({ "channel": channel, "sent": is_sent, "error": sent.err() })
    };
    Ok(Json(tested.into_iter().map(view).collect()))
}

fn view(report: &ChannelReport) -> Value {
    json!({
        "channel": report.name,
        "kind": report.kind,
        "sent": report.sent,
        "failed": report.failed,
        "sent_at": report.sent_at.map(|at| at.to_string()),
        "error": report.error,
    })
}
