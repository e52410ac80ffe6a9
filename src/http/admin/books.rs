//! Orders with their ledger entries and messages, the audit log, and the database as a whole.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use super::catalogue::parse_amount;
use super::listing::check_order;
use super::{AdminState, Answer, ListQuery, Refused, parse_time, refused, views};
use crate::domain::availability::{self, UnavailableReason};
use crate::domain::ledger::RevenueGroup;
use crate::domain::{MessageId, OrderId};
use crate::gateway::{self, ListRequest};

/// How many bytes of a copy are read at once.
const CHUNK: usize = 256 * 1024;

/// Adds the fields of `more` to an object.
pub(super) fn with(mut object: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (object.as_object_mut(), more) {
        fields.extend(more);
    }
    object
}

pub(super) fn entries(entries: &[gateway::Entry], admin: &AdminState) -> Vec<Value> {
    let currency = admin.gateway.currency();
    entries.iter().map(|entry| views::entry(entry, currency)).collect()
}

/// The first characters of the key with which an order or a rental was made: that of its first
/// entry.
pub(super) fn key_of(entries: &[gateway::Entry]) -> Option<&str> {
    entries.first().and_then(|entry| entry.key.as_deref())
}

pub(super) async fn order(State(admin): State<AdminState>, Path(id): Path<i64>) -> Answer {
    let history = admin.gateway.orders().history(OrderId(id)).await?;
    let now = admin.gateway.now();
    let modem = history.iccid.as_ref().and_then(|iccid| admin.gateway.modems().port_of(iccid, now));
    let more = json!({
        "iccid": history.iccid,
        "modem": modem,
        "key": key_of(&history.entries),
        "client": history.client,
        "withheld": history.withheld,
        "ledger": entries(&history.entries, &admin),
        "messages": history.messages.iter().map(views::message).collect::<Vec<_>>(),
        "unmatched": history.unmatched.iter().map(views::message).collect::<Vec<_>>(),
        "awaited": history.awaited.iter().map(views::awaited).collect::<Vec<_>>(),
    });
    Ok(Json(with(views::order(&history.view, admin.gateway.currency()), more)))
}

pub(super) async fn cancel_order(State(admin): State<AdminState>, Path(id): Path<i64>) -> Answer {
    let canceled = admin.gateway.orders().cancel_for_operator(OrderId(id)).await?;
    Ok(Json(views::order(&canceled, admin.gateway.currency())))
}

/// By what charges are added up, which ones, and from when to when.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevenueQuery {
    by: RevenueGroup,
    account: Option<String>,
    service: Option<String>,
    number: Option<String>,
    iccid: Option<String>,
    country: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

pub(super) async fn revenue(
    State(admin): State<AdminState>,
    Query(query): Query<RevenueQuery>,
) -> Answer {
    let from = query.from.as_deref().map(parse_time).transpose()?;
    let to = query.to.as_deref().map(parse_time).transpose()?;
    check_order(from, to)?;
    let RevenueQuery { by, account, service, number, iccid, country, .. } = query;
    let request = ListRequest {
        account,
        service,
        number,
        iccid,
        country,
        from,
        to,
        ..ListRequest::default()
    };
    let rows = admin.gateway.reports().revenue(by, request).await?;
    let currency = admin.gateway.currency();
    Ok(Json(rows.iter().map(|row| views::revenue(row, currency)).collect()))
}

/// What is to be given back, all that was charged if nothing is said, and why.
#[derive(Deserialize)]
pub(super) struct Refund {
    amount: Option<String>,
    reason: String,
}

pub(super) async fn refund_order(
    State(admin): State<AdminState>,
    Path(id): Path<i64>,
    Json(Refund { amount, reason }): Json<Refund>,
) -> Answer {
    let currency = admin.gateway.currency();
    let amount = amount.map(|text| parse_amount(&text, currency)).transpose()?;
    let (order, amount) = admin.gateway.orders().refund(OrderId(id), amount, reason).await?;
    let more = json!({ "refunded": currency.text(amount) });
    Ok(Json(with(views::order(&order, currency), more)))
}

/// The message that an order is to be given.
#[derive(Deserialize)]
pub(super) struct Delivery {
    message: i64,
}

pub(super) async fn deliver(
    State(admin): State<AdminState>,
    Path(id): Path<i64>,
    Json(Delivery { message }): Json<Delivery>,
) -> Answer {
    let order = admin.gateway.inbox().deliver(MessageId(message), OrderId(id)).await?;
    let view = views::order(&order, admin.gateway.currency());
    Ok(Json(with(view, json!({ "message": message }))))
}

pub(super) async fn audit(
    State(admin): State<AdminState>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let request = query.for_list(&["account", "number", "iccid", "user", "action"])?;
    Ok(Json(admin.gateway.audit().list(request).await?.iter().map(views::audit).collect()))
}

/// The number of one check. A client that runs one check after the other can show its progress.
#[derive(Deserialize)]
pub(super) struct Check {
    check: Option<usize>,
}

pub(super) async fn verify(
    State(admin): State<AdminState>,
    Query(Check { check }): Query<Check>,
) -> Answer {
    let faults = match check {
        Some(check) => admin.gateway.reports().run_check(check).await?,
        None => admin.gateway.reports().find_faults().await?,
    };
    Ok(Json(json!({ "ok": faults.is_empty(), "faults": faults, "checks": gateway::CHECKS })))
}

/// The file that the client writes a copy to.
#[derive(Deserialize)]
pub(super) struct BackupQuery {
    file: Option<String>,
}

/// Sends a copy of the database. The client writes it to a file with its own permissions.
pub(super) async fn backup(
    State(admin): State<AdminState>,
    Query(BackupQuery { file }): Query<BackupQuery>,
) -> Result<Response, Refused> {
    let unreadable =
        |error: std::io::Error| gateway::Error::Refused(format!("cannot read the copy: {error}"));
    let copy = admin.gateway.reports().copy_database(file).await?;
    let length = copy.metadata().map_err(unreadable)?.len();
    let body =
        Body::from_stream(ReaderStream::with_capacity(tokio::fs::File::from_std(copy), CHUNK));
    Ok(([(CONTENT_LENGTH, length)], body).into_response())
}

#[derive(Deserialize)]
pub(super) struct ExplainQuery {
    service: String,
    country: String,
    account: Option<String>,
    key: Option<String>,
}

pub(super) async fn explain(
    State(admin): State<AdminState>,
    Query(query): Query<ExplainQuery>,
) -> Answer {
    let ExplainQuery { service, country, account, key } = query;
    let whom = gateway::Whom { account, key };
    let explanation = admin.gateway.stock().explain_for(service, &country, whom).await?;
    let obstacles = explanation.obstacles.as_ref();
    let counts = explanation
        .unavailable
        .iter()
        .map(|(reason, count)| (reason.as_json_key().to_owned(), json!(count)))
        .collect();
    let currency = admin.gateway.currency();
    let head = json!({
        "service": explanation.service,
        "country": explanation.country,
        "sold": explanation.is_sold,
        "sims": explanation.sims,
        "available": explanation.available,
        "price": explanation.price.map(|price| currency.text(price)),
        "balance": obstacles.map(|customer| currency.text(customer.spendable)),
        "suspended": obstacles.map(|customer| customer.is_suspended),
        "paused_until": obstacles
            .and_then(|customer| customer.paused_until)
            .map(|until| until.to_string()),
        "limit": obstacles.and_then(|customer| customer.limit).map(|limit| limit.as_str()),
        "key": obstacles.and_then(|customer| customer.key).map(|why| why.as_str()),
    });
    Ok(Json(with(head, Value::Object(counts))))
}

/// Each SIM that an explanation counts, with its reason; `state` selects one.
#[derive(Deserialize)]
pub(super) struct ExplainedQuery {
    service: String,
    country: String,
    account: Option<String>,
    key: Option<String>,
    state: Option<String>,
}

pub(super) async fn explain_sims(
    State(admin): State<AdminState>,
    Query(query): Query<ExplainedQuery>,
) -> Answer {
    let ExplainedQuery { service, country, account, key, state } = query;
    let state = state.map(|word| parse_availability(&word)).transpose()?;
    let whom = gateway::Whom { account, key };
    let (_, sims) = admin.gateway.stock().explain_sims(service, &country, whom).await?;
    let wanted = sims.iter().filter(|sim| state.is_none_or(|state| state == sim.unavailable));
    let row = |sim: &gateway::ExplainedSim| {
        json!({
            "iccid": sim.iccid,
            "number": sim.number,
            "state": availability::word(sim.unavailable),
        })
    };
    Ok(Json(wanted.map(row).collect()))
}

fn parse_availability(word: &str) -> Result<Option<UnavailableReason>, Refused> {
    let known = gateway::same_word(word, availability::words());
    known.and_then(availability::from_word).ok_or_else(|| {
        let words = availability::words().join(", ");
        refused(format!("no state {word}; there are {words}"))
    })
}
