//! What customers ask of orders: `POST /v2/orders` and below.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::api::Api;
use super::caller::Caller;
use super::catalogue::unknown_country;
use super::input::{Ids, Nothing, needed};
use super::orders::{no_such, order_id};
use super::posted::{Posted, Success, answer};
use super::problem::{Code, Problem};
use crate::domain::country::DEFAULT_COUNTRY;
use crate::domain::fair_use::DayLimit;
use crate::domain::key::{KeyMode, Scope};
use crate::domain::order::ReportReason;
use crate::domain::text::check_name;
use crate::domain::{Amount, Currency, ServiceId, sandbox};
use crate::gateway::{GiveUp, OrderRefusal, OrderRequest};

/// Under this address orders are found.
const ORDERS: &str = "/v2/orders";

/// The most characters of what a customer calls an order.
pub(in super::super) const LONGEST_REF: usize = 100;

/// The members of `POST /v2/orders`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrder {
    /// The service's id or name.
    #[schema(required = true, value_type = ServiceReference)]
    service: Option<ServiceReference>,
    /// The ISO 3166 code of the country; `NL` if there is none.
    country: Option<String>,
    /// The mobile operator whose number it is to be: a name like `Vodafone`, or a network's MCC
    /// and MNC like `204-04`.
    mobile_operator: Option<String>,
    /// The most that the order may cost.
    max_price: Option<String>,
    /// What you call the order.
    client_ref: Option<ClientRef>,
}

/// A service by its id or its name.
#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "an id, like 1, or a name, like \"Uber\"")]
enum ServiceReference {
    Id(i64),
    Name(String),
}

/// What a customer calls an order.
#[derive(Deserialize, ToSchema)]
#[serde(try_from = "String")]
struct ClientRef(String);

impl TryFrom<String> for ClientRef {
    type Error = String;

    fn try_from(text: String) -> Result<ClientRef, String> {
        let is_short = (1..=LONGEST_REF).contains(&text.chars().count());
        match check_name(&text) {
            Ok(()) if is_short => Ok(ClientRef(text)),
            Ok(()) => Err(format!("a text of 1 to {LONGEST_REF} characters")),
            Err(fault) => Err(format!("a text that can be seen as a whole: {fault}")),
        }
    }
}

/// The members of `POST /v2/orders/{id}/report`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    /// Why the number cannot be used.
    #[schema(required = true, value_type = Reason)]
    reason: Option<Reason>,
}

/// Why a number cannot be used for a service.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// Somebody has an account at the service with it already.
    Used,
    /// The service accepts it from nobody.
    Banned,
}

/// `POST /v2/orders`.
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    posted: Posted<NewOrder>,
) -> Result<Response, Problem> {
    let by = caller.writer(&api, Scope::Orders)?;
    let request = order_request(&api, caller.mode(), posted.body).await?;
    let orders = api.gateway.orders_for(caller.mode());
    let made = orders.make_once(by, request, posted.once).await?;
    answer(made, Success::Created(ORDERS), |refusal| refused(&api, caller.mode(), "", refusal))
}

/// What is wanted of a new order.
async fn order_request(api: &Api, mode: KeyMode, new: NewOrder) -> Result<OrderRequest, Problem> {
    let NewOrder { service, country, mobile_operator, max_price, client_ref } = new;
    let service = needed("service", service, "an id or a name; GET /v2/services lists them")?;
    let service = match service {
        ServiceReference::Id(id) => ServiceId(id),
        ServiceReference::Name(name) => {
            let found = match mode {
                KeyMode::Live => api.gateway.services().on_sale(name).await?,
                KeyMode::Test => sandbox::find_service(&name),
            };
            found.map_err(|hint| unknown_service(&hint))?
        }
    };
    let currency = api.gateway.currency();
    let max_price = max_price.map(|text| price(currency, "max_price", &text)).transpose()?;
    let settings = api.gateway.settings();
    let operator = mobile_operator.map(|text| settings.home_networks.operator(&text)).transpose();
    let operator = operator.map_err(|error| Problem::of_member("mobile_operator", error))?;
    Ok(OrderRequest {
        service: Some(service),
        country: country.unwrap_or_else(|| DEFAULT_COUNTRY.to_owned()),
        operator,
        max_price,
        client_ref: client_ref.map(|ClientRef(text)| text),
    })
}

/// The amount in a member that has a price.
fn price(currency: Currency, member: &str, text: &str) -> Result<Amount, Problem> {
    let amount = currency.parse(text);
    let amount =
        amount.map_err(|error| Problem::of_member(member, format!("{member}: {error}")))?;
    match amount < Amount::ZERO {
        true => Err(Problem::of_member(member, format!("{member}: a price is not below zero"))),
        false => Ok(amount),
    }
}

fn unknown_service(hint: &str) -> Problem {
    let detail = format!("there is no such service; {hint}GET /v2/services lists them");
    Problem::of_member("service", detail)
}

/// `POST /v2/orders/{id}/cancel`.
pub(super) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    give_up(&api, &caller, &id, GiveUp::Cancel, posted).await
}

/// `POST /v2/orders/{id}/skip`.
pub(super) async fn skip(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    give_up(&api, &caller, &id, GiveUp::Skip, posted).await
}

/// `POST /v2/orders/{id}/report`.
pub(super) async fn report(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    posted: Posted<Report>,
) -> Result<Response, Problem> {
    let reason = match posted.body.reason {
        Some(Reason::Used) => Some(ReportReason::Used),
        Some(Reason::Banned) => Some(ReportReason::Banned),
        None => None,
    };
    let reason = needed("reason", reason, "used or banned")?;
    give_up(&api, &caller, &id, GiveUp::Report(reason), posted).await
}

async fn give_up<T>(
    api: &Api,
    caller: &Caller,
    id: &str,
    how: GiveUp,
    posted: Posted<T>,
) -> Result<Response, Problem> {
    let (by, order) = (caller.writer(api, Scope::Orders)?, order_id(id)?);
    let orders = api.gateway.orders_for(caller.mode());
    let given_up = orders.give_up_once(by, order, how, posted.once).await?;
    answer(given_up, Success::Ok, |refusal| refused(api, caller.mode(), id, refusal))
}

/// `POST /v2/orders/{id}/reuse`.
pub(super) async fn reuse(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (by, order) = (caller.writer(&api, Scope::Orders)?, order_id(&id)?);
    let orders = api.gateway.orders_for(caller.mode());
    let reused = orders.reuse_once(by, order, posted.once).await?;
    answer(reused, Success::Created(ORDERS), |refusal| refused(&api, caller.mode(), &id, refusal))
}

/// `POST /v2/orders/{id}/swap`.
pub(super) async fn swap(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (by, order) = (caller.writer(&api, Scope::Orders)?, order_id(&id)?);
    let orders = api.gateway.orders_for(caller.mode());
    let swapped = orders.swap_once(by, order, posted.once).await?;
    answer(swapped, Success::Created(ORDERS), |refusal| refused(&api, caller.mode(), &id, refusal))
}

/// What is said of a refusal of what was asked of the order with this id.
fn refused(api: &Api, mode: KeyMode, id: &str, refusal: OrderRefusal) -> Problem {
    let (gateway, currency) = (&api.gateway, api.gateway.currency());
    match refusal {
        OrderRefusal::Unknown => no_such(id),
        OrderRefusal::InvalidService => unknown_service(""),
        OrderRefusal::InvalidCountry => Problem::of_member("country", unknown_country(api, mode)),
        OrderRefusal::NoStock => Problem::new(
            Code::NoStock,
            "no number is free for this service in this country now; GET /v2/services tells where \
             there are some",
        ),
        OrderRefusal::TooExpensive(price) => {
            let price = currency.text_with_code(price);
            Problem::new(Code::PriceTooHigh, format!("an order costs {price} now"))
        }
        OrderRefusal::NoBalance => no_balance(),
        OrderRefusal::TooManyOpen(oldest) => {
            let detail = format!("you have as many open orders as you may; {oldest} is the oldest");
            Problem::new(Code::TooManyOpenOrders, detail).because_of(oldest)
        }
        OrderRefusal::Paused(until) => {
            let detail = format!(
                "an order was given up too early, or too many were: the next one is made from \
                 {until} on"
            );
            Problem::new(Code::Paused, detail).retry_at(until, gateway.now())
        }
        OrderRefusal::Limited(limit) => limited(api, limit),
        OrderRefusal::Open => Problem::new(Code::OrderOpen, format!("order {id} is open")),
        OrderRefusal::Completed => {
            let detail = format!("order {id} has got its SMS, and was charged");
            Problem::new(Code::OrderCompleted, detail)
        }
        OrderRefusal::Over => {
            let detail = format!("order {id} was given up or has expired; it cost nothing");
            Problem::new(Code::OrderOver, detail)
        }
        OrderRefusal::NumberGone => {
            let detail = format!("the number of order {id} cannot be had again, or not any more");
            Problem::new(Code::NumberGone, detail)
        }
    }
}

pub(super) fn no_balance() -> Problem {
    let detail = "what you can spend (balance less holds) does not cover the price";
    Problem::new(Code::NoBalance, detail)
}

/// What is said when a limit of the day was reached.
pub(super) fn limited(api: &Api, limit: DayLimit) -> Problem {
    let (code, detail) = match limit {
        DayLimit::Orders => (Code::RateLimited, "you have made as many orders today as you may"),
        DayLimit::Spending => (Code::SpendLimit, "you would spend more today than you may"),
    };
    let (now, tomorrow) = (api.gateway.now(), api.gateway.day_ends_at());
    Problem::new(code, detail).of_limit(limit.as_str()).retry_at(tomorrow, now)
}
