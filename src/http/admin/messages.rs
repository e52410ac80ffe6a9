//! Messages: lists of them, following them, and search in their texts.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::listing::{ListQuery, parse_id};
use super::{AdminState, Answer, Refused, views};
use crate::domain::MessageId;
use crate::domain::message::Message;
use crate::gateway::MessageFilter;

/// How many seconds a request for new messages may wait at most.
const MAX_WAIT_SECONDS: u64 = 60;
/// What messages are filtered by beside times.
const FILTERS: [&str; 7] = ["account", "service", "number", "iccid", "order", "country", "state"];

/// Lists messages; or, asked only for those after one, follows them: a page of those, for which the
/// request waits `wait` seconds at most.
pub(super) async fn list(
    State(admin): State<AdminState>,
    Query(mut query): Query<ListQuery>,
) -> Result<Response, Refused> {
    if let (Some(after), None) = (&query.after, query.limit) {
        return messages_after(&admin, MessageId(parse_id(after)?), query.wait).await;
    }
    let all = std::mem::take(&mut query.all);
    let request = query.for_list(&FILTERS)?;
    Ok(write_messages(admin.gateway.inbox().list(request, all).await?).await)
}

/// The next messages after one, for which the request waits.
async fn messages_after(
    admin: &AdminState,
    after: MessageId,
    wait_seconds: u64,
) -> Result<Response, Refused> {
    let mut newest = admin.gateway.inbox().subscribe();
    let timeout = Duration::from_secs(wait_seconds.min(MAX_WAIT_SECONDS));
    tokio::select! {
        _ = tokio::time::timeout(
            timeout,
            newest.wait_for(|newest| newest.is_some_and(|id| id > after)),
        ) => {}
        () = admin.stopping.cancelled() => {}
    }
    let messages = admin.gateway.inbox().messages(MessageFilter::After(after)).await?;
    if let Some(first) = messages.first() {
        admin.gateway.audit().note_following(first.id).await?;
    }
    Ok(write_messages(messages).await)
}

/// The answer with these messages. There may be many with long texts, so it is written where that
/// keeps no other request waiting.
async fn write_messages(messages: Vec<Message>) -> Response {
    let write = move || {
        let views: Vec<_> = messages.iter().map(views::message).collect();
        Json(views).into_response()
    };
    let written = tokio::task::spawn_blocking(write).await;
    written.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

pub(super) async fn show(State(admin): State<AdminState>, Path(id): Path<i64>) -> Answer {
    let (message, pdus) = admin.gateway.inbox().message(MessageId(id)).await?;
    Ok(Json(views::message_with_pdus(&message, &pdus)))
}

/// What is searched for, which stands in no address.
#[derive(Deserialize)]
pub(super) struct Word {
    word: String,
}

/// One step of a search: what was found, the newest first, and how far back it has looked.
pub(super) async fn search(
    State(admin): State<AdminState>,
    Query(mut query): Query<ListQuery>,
    Json(Word { word }): Json<Word>,
) -> Answer {
    let all = std::mem::take(&mut query.all);
    let request = query.for_list(&FILTERS)?;
    let searched = admin.gateway.inbox().search(request, all, &word).await?;
    Ok(Json(json!({
        "messages": searched.messages.iter().map(views::message).collect::<Vec<_>>(),
        "until": searched
            .until
            .map(|(id, at)| json!({ "id": id.0, "received_at": at.to_string() })),
    })))
}
