//! Regular verification: a number for one service's code.

use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::api::may_be_used_from;
use super::super::connection::ClientConnection;
use super::super::limits::REFUSAL_DELAY;
use super::super::outcomes::Outcome;
use super::answer::{Refusal, text, word, word_and};
use super::{Api, Params, open_key, reader, requester};
use crate::domain::country::DEFAULT_COUNTRY;
use crate::domain::key::Scope;
use crate::domain::{OrderId, Timestamp};
use crate::gateway::{Cancel, MakeOrder, Requester, Reuse, Sms};

/// The longest time that `getsms` waits for an SMS, in seconds.
const LONGEST_WAIT_SECONDS: u64 = 60;

type Answer = Result<Response, Refusal>;

fn ordered(order: OrderId, number: &str) -> Response {
    word_and(Outcome::OrderId, format_args!("{order}_NUMBER_{number}"))
}

fn order_id(params: &Params) -> Result<OrderId, Refusal> {
    params.number("orderId").map(OrderId).ok_or(Refusal::InvalidOrder)
}

/// `/api/makeorder`.
pub(super) async fn make_order(State(api): State<Api>, params: Params) -> Answer {
    let by = requester(&api, &params, Scope::Orders).await?;
    let service = params.number("serviceId").map(crate::domain::ServiceId);
    let country = params.get("country").unwrap_or(DEFAULT_COUNTRY);
    let made = api.gateway.orders().make(by, service, country).await?;
    if let MakeOrder::Paused(_) | MakeOrder::Limited(_) = made {
        tokio::time::sleep(REFUSAL_DELAY).await;
    }
    Ok(match made {
        MakeOrder::Made { order, number } => ordered(order, &number),
        MakeOrder::AlreadyOpen(order) => word_and(Outcome::OrderAlreadyOpen, order),
        MakeOrder::NoPhone
        | MakeOrder::TooExpensive(_)
        | MakeOrder::Paused(_)
        | MakeOrder::Limited(_) => word(Outcome::NoPhoneAvailable),
        MakeOrder::NoBalance => word(Outcome::NoBalance),
        MakeOrder::InvalidService => word(Outcome::InvalidService),
        MakeOrder::InvalidCountry => word(Outcome::InvalidCountry),
    })
}

/// `/api/getsms`; `wait`, in seconds, is an extension.
pub(super) async fn get_sms(State(api): State<Api>, params: Params) -> Answer {
    let by = reader(&api, &params).await?;
    let order = order_id(&params)?;
    let sms = match params.number::<u64>("wait").map(|seconds| seconds.min(LONGEST_WAIT_SECONDS)) {
        None | Some(0) => api.gateway.orders().read_sms(by, order).await?,
        Some(seconds) => {
            let timeout = Duration::from_secs(seconds);
            wait_for_sms(&api, &params, by, order, timeout).await?
        }
    };
    Ok(match sms {
        Sms::Waiting => word(Outcome::Waiting),
        Sms::Text(text) => word_and(Outcome::Success, text),
        Sms::Over => word(Outcome::OrderExpired),
    })
}

/// Waits for an order's SMS for as long as the request's key opens the account: a key that is
/// revoked meanwhile, or whose account is suspended, is shown no code.
async fn wait_for_sms(
    api: &Api,
    params: &Params,
    by: Requester,
    order: OrderId,
    timeout: Duration,
) -> Result<Sms, Refusal> {
    let (key, orders) = (open_key(params, &by)?, api.gateway.orders());
    let waiting = orders.wait_for_sms(by.clone(), order, timeout);
    let sms = api.wait_while_open(key, waiting, orders.read_sms(by, order)).await?;
    sms.ok_or(Refusal::Unauthorized)
}

/// Answers `/api/getsms` without `wait` from memory, if the order is known to wait. `None` means
/// that the request must be handled like any other; nothing has been done or counted for it.
pub(in super::super) fn known_to_wait<B>(
    api: &Api,
    request: &Request<B>,
    connection: &ClientConnection,
    client: IpAddr,
    now: Timestamp,
) -> Option<Response> {
    if request.uri().path() != "/api/getsms" || request.method() != Method::GET {
        return None;
    }
    let params = Params::from_head(request, Some(client));
    let (order, digest) = (order_id(&params).ok()?, params.key()?.digest());
    let holder = api
        .gateway
        .accounts()
        .remembered_holder(&digest)
        .filter(|holder| !holder.mode.is_test())
        .filter(|holder| may_be_used_from(holder.allowed.as_deref(), Some(client)))?;
    if params.get("wait").is_some()
        || !api.gateway.orders().is_known_to_wait(holder.account, order, now)
    {
        return None;
    }
    Some(match api.throttle.buckets().by_key.take(digest, now) {
        Ok(()) if !api.count_connection(connection, digest) => {
            Refusal::TooManyConnections.into_response()
        }
        Ok(()) => {
            api.gateway.accounts().note_key_use(digest, now);
            word(Outcome::Waiting)
        }
        Err(too_many) => Refusal::from(too_many).into_response(),
    })
}

/// `/api/cancelorder`.
pub(super) async fn cancel_order(State(api): State<Api>, params: Params) -> Answer {
    let account = requester(&api, &params, Scope::Orders).await?.account;
    let order = order_id(&params)?;
    Ok(word(match api.gateway.orders().cancel(account, order).await? {
        Cancel::Canceled => Outcome::OrderCanceled,
        Cancel::Completed => Outcome::OrderAlreadyCompleted,
        Cancel::Over => Outcome::OrderAlreadyExpired,
    }))
}

/// `/api/skipnumber`.
pub(super) async fn skip_number(State(api): State<Api>, params: Params) -> Answer {
    let account = requester(&api, &params, Scope::Orders).await?.account;
    let order = order_id(&params)?;
    Ok(word(match api.gateway.orders().skip(account, order).await? {
        Cancel::Canceled => Outcome::NumberSkippedOrderCanceled,
        Cancel::Completed => Outcome::OrderAlreadyCompleted,
        Cancel::Over => Outcome::OrderAlreadyExpired,
    }))
}

/// `/api/reuse`.
pub(super) async fn reuse(State(api): State<Api>, params: Params) -> Answer {
    let by = requester(&api, &params, Scope::Orders).await?;
    let order = order_id(&params)?;
    Ok(match api.gateway.orders().reuse(by, order).await? {
        Reuse::Made { order, number } => ordered(order, &number),
        Reuse::Offline => word(Outcome::NumberOffline),
        Reuse::AlreadyOpen(order) => word_and(Outcome::OrderAlreadyOpen, order),
        Reuse::NoBalance => word(Outcome::NoBalance),
    })
}

/// `/api/getbalance`.
pub(super) async fn get_balance(State(api): State<Api>, params: Params) -> Answer {
    let account = reader(&api, &params).await?.account;
    let balance = api.gateway.accounts().available_balance(account).await?;
    Ok(text(Outcome::Ok, api.gateway.currency().text(balance)))
}

#[derive(Serialize)]
struct Services {
    services: Vec<Offer>,
}

#[derive(Serialize)]
struct Offer {
    id: i64,
    name: String,
    price: String,
    count: usize,
}

/// `/api/services` is an extension: what can be ordered, and at what price.
pub(super) async fn services(State(api): State<Api>, params: Params) -> Answer {
    let account = reader(&api, &params).await?.account;
    let country = params.get("country").unwrap_or(DEFAULT_COUNTRY);
    let offers =
        api.gateway.stock().offers(account, country).await?.ok_or(Refusal::InvalidCountry)?;
    let currency = api.gateway.currency();
    let services = offers.into_iter().map(|(service, price, count)| Offer {
        id: service.id.0,
        name: service.name,
        price: currency.text(price),
        count,
    });
    Ok(Json(Services { services: services.collect() }).into_response())
}
