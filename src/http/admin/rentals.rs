//! Rentals with their ledger entries and messages, and what the operator does to them.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::books::{entries, key_of, with};
use super::catalogue::parse_amount;
use super::{AdminState, Answer, ListQuery, Refused, refused, views};
use crate::domain::{Currency, RentalId};
use crate::gateway::EndRefund;

pub(super) fn routes() -> Router<AdminState> {
    Router::new()
        .route("/rentals", get(list))
        .route("/rentals/{id}", get(show))
        .route("/rentals/{id}/revive", post(revive))
        .route("/rentals/{id}/end", post(end))
        .route("/rentals/{id}/days", post(give_days))
        .route("/rentals/{id}/move", post(move_to))
}

async fn list(State(admin): State<AdminState>, Query(query): Query<ListQuery>) -> Answer {
    let request = query.for_list(&["account", "number", "iccid", "country", "state"])?;
    Ok(Json(admin.gateway.rentals().list(request).await?.iter().map(views::rental).collect()))
}

async fn show(State(admin): State<AdminState>, Path(id): Path<i64>) -> Answer {
    let history = admin.gateway.rentals().history(RentalId(id)).await?;
    let currency = admin.gateway.currency();
    let outages = history.outages.iter().map(|outage| views::outage(outage, currency));
    let more = json!({
        "key": key_of(&history.entries),
        "client": history.client,
        "withheld": history.withheld,
        "ledger": entries(&history.entries, &admin),
        "moves": history.moves.iter().map(views::rental_move).collect::<Vec<_>>(),
        "outages": outages.collect::<Vec<_>>(),
        "messages": history.messages.iter().map(views::message).collect::<Vec<_>>(),
    });
    Ok(Json(with(views::rental(&history.view), more)))
}

async fn revive(State(admin): State<AdminState>, Path(id): Path<i64>) -> Answer {
    Ok(Json(views::rental(&admin.gateway.inbox().revive(RentalId(id)).await?)))
}

/// What is given back of a rental that is ended (`pro-rata`, which is meant if nothing is said,
/// `none`, or an amount), and why it is ended.
#[derive(Deserialize)]
struct End {
    refund: Option<String>,
    reason: String,
}

async fn end(
    State(admin): State<AdminState>,
    Path(id): Path<i64>,
    Json(End { refund, reason }): Json<End>,
) -> Answer {
    let currency = admin.gateway.currency();
    let refund = parse_refund(refund.as_deref(), currency)?;
    let (ended, amount) =
        admin.gateway.rentals().end_for_operator(RentalId(id), refund, reason).await?;
    Ok(Json(with(views::rental(&ended), json!({ "refunded": currency.text(amount) }))))
}

fn parse_refund(text: Option<&str>, currency: Currency) -> Result<EndRefund, Refused> {
    match text {
        None | Some("pro-rata") => Ok(EndRefund::ProRata),
        Some("none") => Ok(EndRefund::Nothing),
        Some(amount) => parse_amount(amount, currency)
            .map(EndRefund::Of)
            .map_err(|error| refused(format!("{error}; or give back pro-rata, or none"))),
    }
}

/// How many days a rental runs on for nothing, and why.
#[derive(Deserialize)]
struct Days {
    days: u32,
    reason: String,
}

async fn give_days(
    State(admin): State<AdminState>,
    Path(id): Path<i64>,
    Json(Days { days, reason }): Json<Days>,
) -> Answer {
    let longer = admin.gateway.rentals().give_days(RentalId(id), days, reason).await?;
    Ok(Json(views::rental(&longer)))
}

/// The SIM that a rental is moved to, by its ICCID or its number.
#[derive(Deserialize)]
struct Move {
    to: String,
}

async fn move_to(
    State(admin): State<AdminState>,
    Path(id): Path<i64>,
    Json(Move { to }): Json<Move>,
) -> Answer {
    let to = admin.gateway.sims().named(to).await?;
    let moved = admin.gateway.rentals().move_to(RentalId(id), to).await?;
    Ok(Json(views::rental(&moved)))
}
