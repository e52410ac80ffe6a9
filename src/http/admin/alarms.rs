//! The alarms that stand, and those that have ended.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::listing::check_limit;
use super::{AdminState, Answer};
use crate::domain::alarm::StandingAlarm;
use crate::domain::audit::Person;
use crate::domain::{RowLimit, Timestamp};

pub(super) fn routes() -> Router<AdminState> {
    Router::new()
        .route("/alarms", get(standing))
        .route("/alarms/ended", get(ended))
        .route("/alarms/{name}/acknowledgement", post(acknowledge))
}

#[derive(Deserialize)]
struct Limit {
    limit: RowLimit,
}

async fn standing(State(admin): State<AdminState>) -> Answer {
    let alarms = admin.gateway.alarms().standing();
    Ok(Json(alarms.iter().map(|standing| view(standing, None)).collect()))
}

async fn ended(State(admin): State<AdminState>, Query(Limit { limit }): Query<Limit>) -> Answer {
    check_limit(limit)?;
    let alarms = admin.gateway.alarms().ended(limit).await?;
    Ok(Json(alarms.iter().map(|it| view(&it.standing, it.ended_at)).collect()))
}

/// What is said of an alarm, and of which one of the name.
#[derive(Deserialize)]
struct Note {
    subject: Option<String>,
    note: String,
}

async fn acknowledge(
    State(admin): State<AdminState>,
    Path(name): Path<String>,
    Json(Note { subject, note }): Json<Note>,
) -> Answer {
    let alarm = admin.gateway.alarms().acknowledge(&name, subject.as_deref(), &note).await?;
    Ok(Json(view(&alarm, None)))
}

/// An alarm as commands print it.
pub fn view(standing: &StandingAlarm, ended_at: Option<Timestamp>) -> Value {
    let StandingAlarm { alarm, raised_at, acknowledged } = standing;
    let by = acknowledged.as_ref().and_then(|it| it.by.as_ref());
    json!({
        "alarm": alarm.name.as_str(),
        "subject": alarm.subject,
        "text": alarm.text_with_command(),
        "raised_at": raised_at.to_string(),
        "acknowledged_at": acknowledged.as_ref().map(|it| it.at.to_string()),
        "acknowledged_by": by.map(Person::to_string),
        "note": acknowledged.as_ref().map(|it| &it.note),
        "ended_at": ended_at.map(|at| at.to_string()),
    })
}
