//! The alarms that stand, and those that have ended.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::listing::check_limit;
use super::{AdminState, Answer};
use crate::domain::alarm::Alarm;
use crate::domain::{RowLimit, Timestamp};

pub(super) fn routes() -> Router<AdminState> {
    Router::new().route("/alarms", get(standing)).route("/alarms/ended", get(ended))
}

#[derive(Deserialize)]
struct Limit {
    limit: RowLimit,
}

async fn standing(State(admin): State<AdminState>) -> Answer {
    let alarms = admin.gateway.alarms().standing();
    Ok(Json(alarms.iter().map(|it| view(&it.alarm, it.raised_at, None)).collect()))
}

async fn ended(State(admin): State<AdminState>, Query(Limit { limit }): Query<Limit>) -> Answer {
    check_limit(limit)?;
    let alarms = admin.gateway.alarms().ended(limit).await?;
    Ok(Json(alarms.iter().map(|it| view(&it.alarm, it.raised_at, it.ended_at)).collect()))
}

/// An alarm as commands print it.
pub fn view(alarm: &Alarm, raised_at: Timestamp, ended_at: Option<Timestamp>) -> Value {
    json!({
        "alarm": alarm.name.as_str(),
        "subject": alarm.subject,
        "text": alarm.text,
        "raised_at": raised_at.to_string(),
        "ended_at": ended_at.map(|at| at.to_string()),
    })
}
