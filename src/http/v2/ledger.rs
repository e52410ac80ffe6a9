//! `GET /v2/ledger`: every change of an account's funds, as JSON or CSV.

use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, LINK, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::api::Api;
use super::caller::Caller;
use super::input::Query;
use super::page::{Limit, Page, after, name_list};
use super::problem::Problem;
use super::values::Time;
use crate::domain::key::KeyMode;
use crate::domain::text::csv_field;
use crate::domain::{Currency, Timestamp};
use crate::gateway::LedgerRow;

/// An entry of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryResource {
    id: i64,
    at: String,
    /// What happened: `topup`, `adjustment`, `hold`, `capture`, `release`, `refund`, `rental`,
    /// `extension`, `renewal`.
    #[schema(value_type = String)]
    kind: &'static str,
    /// What it adds to the balance; nothing for a hold and its release.
    amount: String,
    /// The balance after it, before holds.
    balance: String,
    /// The holds after it.
    held: String,
    order: Option<i64>,
    rental: Option<i64>,
    /// The reference of a payment.
    #[serde(rename = "ref")]
    reference: Option<String>,
}

impl EntryResource {
    fn of(row: LedgerRow, currency: Currency) -> EntryResource {
        let LedgerRow { entry, after } = row;
        EntryResource {
            id: entry.id,
            at: entry.at.to_string(),
            kind: entry.kind.as_str(),
            amount: currency.text(entry.balance),
            balance: currency.text(after.balance),
            held: currency.text(after.held),
            order: entry.order.map(|order| order.0),
            rental: entry.rental.map(|rental| rental.0),
            reference: entry.reference,
        }
    }

    /// A line of CSV, with the columns of [`COLUMNS`].
    fn csv_line(&self) -> String {
        let id = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
        let EntryResource { at, kind, amount, balance, held, order, rental, .. } = self;
        let (order, rental) = (id(*order), id(*rental));
        let reference = csv_field(self.reference.as_deref().unwrap_or_default());
        let number = self.id;
        format!("{number},{at},{kind},{amount},{balance},{held},{order},{rental},{reference}\r\n")
    }
}

/// The first line of the CSV.
const COLUMNS: &str = "id,at,kind,amount,balance,held,order,rental,ref\r\n";

/// The parameters of `GET /v2/ledger`.
#[derive(Deserialize, ToSchema)]
pub(super) struct OfLedger {
    /// At this time or later.
    from: Option<Time>,
    /// Before this time.
    to: Option<Time>,
    /// How many rows a page has at most.
    #[serde(default)]
    limit: Limit,
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
}

/// `GET /v2/ledger`, the newest entries first.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Query(OfLedger { from, to, limit, cursor }): Query<OfLedger>,
) -> Result<Response, Problem> {
    let times = (from.map(Time::timestamp), to.map(Time::timestamp));
    let list = name_list("ledger", &caller, times);
    let before = after(&list, cursor.as_deref())?;
    let accounts = api.gateway.accounts();
    let rows = match caller.mode() {
        KeyMode::Live => {
            accounts.own_ledger(caller.account(), times, before, limit.to_read()).await?
        }
        // Nothing is charged in a sandbox.
        KeyMode::Test => Vec::new(),
    };
    let currency = api.gateway.currency();
    let entries = rows.into_iter().map(|row| EntryResource::of(row, currency)).collect();
    let page = Page::of(&list, entries, limit, |entry: &EntryResource| entry.id);
    let mut response = match wants_csv(&headers) {
        true => csv(&page, next_address(&page, times, limit)),
        false => Json(page).into_response(),
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// The address of the next page, relative to this one's.
fn next_address<T>(
    page: &Page<T>,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    limit: Limit,
) -> Option<String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, time) in [("from", from), ("to", to)] {
        if let Some(time) = time {
            query.append_pair(name, &time.to_string());
        }
    }
    query.append_pair("limit", &limit.to_string());
    query.append_pair("cursor", page.next.as_deref()?);
    Some(format!("/v2/ledger?{}", query.finish()))
}

fn csv(page: &Page<EntryResource>, next: Option<String>) -> Response {
    let lines = page.data.iter().map(EntryResource::csv_line);
    let text: String = [COLUMNS.to_owned()].into_iter().chain(lines).collect();
    let kind = [(CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
    let mut response = (kind, text).into_response();
    let link = next.and_then(|next| HeaderValue::try_from(format!("<{next}>; rel=\"next\"")).ok());
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    response
}

/// Whether a client would rather have CSV than JSON (RFC 9110 clause 12.5.1).
fn wants_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<&str> = accepted.flat_map(|value| value.split(',')).collect();
    let weight = |kinds: &[&str]| {
        let of_kind = |range: &&str| {
            let kind = range.split(';').next().unwrap_or_default().trim();
            kinds.iter().position(|known| known.eq_ignore_ascii_case(kind))
        };
        // The range that says most about a kind counts.
        let best = ranges.iter().filter_map(|range| Some((of_kind(range)?, range)));
        best.min_by_key(|(place, _)| *place).map_or(0.0, |(_, range)| quality(range))
    };
    let csv = weight(&["text/csv", "text/*", "*/*"]);
    csv > 0.0 && csv > weight(&["application/json", "application/*", "*/*"])
}

/// The weight of a media range.
fn quality(range: &str) -> f32 {
    let weight = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut weight = weight.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.next().and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_given_to_who_prefers_it() {
        for (accept, expected) in [
            (None, false),
            (Some("*/*"), false),
            (Some("application/json"), false),
            (Some("text/csv"), true),
            (Some("text/csv, application/json;q=0.5"), true),
            (Some("text/csv;q=0.5, application/json"), false),
            (Some("text/csv;q=0, */*;q=0.1"), false),
            (Some("Text/CSV; header=present, */*;q=0.8"), true),
            (Some("text/html, */*;q=0.8"), false),
        ] {
            let headers = accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept)));
            assert_eq!(wants_csv(&headers.into_iter().collect()), expected, "{accept:?}");
        }
    }
}
