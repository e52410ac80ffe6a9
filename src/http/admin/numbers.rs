//! Numbers: who had them, and which are free for a service.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::books::with;
use super::{AdminState, Answer, ListQuery, banks, parse_time};
use crate::domain::message::Message;
use crate::domain::{Timestamp, availability};
use crate::gateway::{HeldBy, Holding, Mark, NumberState, Trace};

/// The endpoints for numbers.
pub(super) fn routes() -> Router<AdminState> {
    Router::new()
        .route("/numbers", get(list))
        .route("/numbers/{number}", get(show))
        .route("/numbers/{number}/marks", post(set_mark))
}

#[derive(Deserialize)]
struct At {
    at: Option<String>,
    /// Before when, if `at` is the beginning of a time.
    until: Option<String>,
}

async fn show(
    State(admin): State<AdminState>,
    Path(number): Path<String>,
    Query(At { at, until }): Query<At>,
) -> Answer {
    let at = at.as_deref().map(parse_time).transpose()?;
    let until = until.as_deref().map(parse_time).transpose()?;
    let after = |at: Timestamp| Timestamp(at.0.saturating_add(1));
    let asked = at.map(|at| (at, until.unwrap_or(at).max(after(at))));
    let history = admin.gateway.number_book().show(&number, asked).await?;
    Ok(Json(json!({
        "number": history.number,
        "at": at.map(|at| at.to_string()),
        "sims": history.sims,
        "holders": history.holdings.iter().map(holding).collect::<Vec<_>>(),
        "used_for": history.traces.iter().map(trace).collect::<Vec<_>>(),
        "marks": history.marks.iter().map(mark).collect::<Vec<_>>(),
        "unclaimed": history.unclaimed.iter().map(unclaimed).collect::<Vec<_>>(),
        "withheld": history.withheld.iter().map(withheld).collect::<Vec<_>>(),
    })))
}

fn holding(held: &Holding) -> Value {
    let (kind, id) = match held.by {
        HeldBy::Order(id) => ("order", id.0),
        HeldBy::Rental(id) => ("rental", id.0),
    };
    let place = held.location.as_ref().map(banks::location_row).unwrap_or_default();
    json!({
        "from": held.from.to_string(),
        "to": held.to.to_string(),
        "account": held.account,
        "as": kind,
        "id": id,
        "service": held.service,
        "state": held.state,
        "iccid": held.iccid,
        "modem": place.get("modem"),
        "bank": place.get("bank"),
        "slot": place.get("slot"),
    })
}

fn trace((trace, account, service): &(Trace, String, String)) -> Value {
    json!({
        "service": service,
        "account": account,
        "as": if trace.rented { "rental" } else { "order" },
        "sender": trace.sender,
        "first_at": trace.first_at.to_string(),
        "last_at": trace.last_at.to_string(),
    })
}

fn mark((mark, service): &(Mark, String)) -> Value {
    json!({
        "service": service,
        "used_at": mark.used_at.map(|at| at.to_string()),
        "unused_at": mark.unused_at.map(|at| at.to_string()),
    })
}

#[derive(Deserialize)]
struct NewMark {
    service: String,
    used: bool,
}

async fn set_mark(
    State(admin): State<AdminState>,
    Path(number): Path<String>,
    Json(NewMark { service, used }): Json<NewMark>,
) -> Answer {
    let (number, service) = admin.gateway.number_book().mark(number, service, used).await?;
    Ok(Json(json!({ "number": number, "service": service, "used": used })))
}

/// A message that was nobody's, without its text.
fn unclaimed(message: &Message) -> Value {
    json!({
        "id": message.id.0,
        "received_at": message.received_at.to_string(),
        "sender": message.sender,
        "iccid": message.iccid,
    })
}

/// A message that was kept from everybody, without its text.
fn withheld(message: &Message) -> Value {
    with(unclaimed(message), json!({ "rule": message.withheld }))
}

async fn list(State(admin): State<AdminState>, Query(mut query): Query<ListQuery>) -> Answer {
    let free = std::mem::take(&mut query.free);
    let filters = ["service", "number", "iccid", "country", "state"];
    let (request, page) = query.for_whole_list(&filters)?;
    let mut numbers = admin.gateway.stock().numbers_for(request).await?;
    numbers.retain(|one| !free || one.unavailable.is_none());
    let numbers = page.cut(numbers, |one| one.number.as_str().to_owned())?;
    Ok(Json(numbers.iter().map(state).collect()))
}

fn state(number: &NumberState) -> Value {
    json!({
        "number": number.number,
        "country": number.country,
        "iccid": number.iccid,
        "state": availability::word(number.unavailable),
    })
}
