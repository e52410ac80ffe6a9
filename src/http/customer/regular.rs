//! Regular verification: a number for one service's code.

use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::answer::{Refusal, text};
use super::{Api, Params, may_come};
use crate::domain::country::DEFAULT_COUNTRY;
use crate::domain::{OrderId, Timestamp};
use crate::gateway::{Cancel, MakeOrder, Reuse, Sms};

/// The longest that `getsms` holds its answer back, in seconds.
const LONGEST_WAIT_SECONDS: u64 = 60;

type Answer = Result<Response, Refusal>;

fn order_id(params: &Params) -> Result<OrderId, Refusal> {
    params.number("orderId").map(OrderId).ok_or(Refusal::InvalidOrder)
}

/// `/api/makeorder`.
pub(super) async fn make_order(State(api): State<Api>, params: Params) -> Answer {
    let account = api.account_to_write(&params).await?;
    let service = params.number("serviceId").map(crate::domain::ServiceId);
    let country = params.get("country").unwrap_or(DEFAULT_COUNTRY);
    let made = api.gateway.make_order(account, service, country).await?;
    Ok(text(match made {
        MakeOrder::Made { order, number } => format!("ORDER_ID_{order}_NUMBER_{number}"),
        MakeOrder::AlreadyOpen(order) => format!("ORDER_ALREADY_OPEN_{order}"),
        MakeOrder::NoPhone => "NO_PHONE_AVAILABLE".to_owned(),
        MakeOrder::NoBalance => "NO_BALANCE".to_owned(),
        MakeOrder::InvalidService => "INVALID_SERVICE".to_owned(),
        MakeOrder::InvalidCountry => "INVALID_COUNTRY".to_owned(),
    }))
}

/// `/api/getsms`, with `wait` as an extension.
pub(super) async fn get_sms(State(api): State<Api>, params: Params) -> Answer {
    let account = api.account(&params).await?;
    let order = order_id(&params)?;
    let said = match params.number::<u64>("wait").map(|seconds| seconds.min(LONGEST_WAIT_SECONDS)) {
        None | Some(0) => api.gateway.sms(account, order).await?,
        Some(seconds) => {
            let patience = Duration::from_secs(seconds);
            tokio::select! {
                said = api.gateway.sms_within(account, order, patience) => said?,
                () = api.stopping.cancelled() => api.gateway.sms(account, order).await?,
            }
        }
    };
    Ok(text(match said {
        Sms::Waiting => "WAITING".to_owned(),
        Sms::Text(sms) => format!("SUCCESS_{sms}"),
        Sms::Over => "ORDER_EXPIRED".to_owned(),
    }))
}

/// `/api/getsms` without `wait` in a query, when memory knows that the order waits. `None`: to be
/// looked at as any other request, nothing having come of it yet.
pub(super) fn known_to_wait<B>(
    api: &Api,
    request: &Request<B>,
    peer: IpAddr,
    now: Timestamp,
) -> Option<Response> {
    if request.uri().path() != "/api/getsms" || request.method() != Method::GET {
        return None;
    }
    let params = Params::from_head(request, Some(peer));
    let (order, digest) = (order_id(&params).ok()?, params.key()?.digest());
    let holder =
        api.gateway.remembered_holder(&digest).filter(|holder| may_come(holder, Some(peer)))?;
    if params.get("wait").is_some() || !api.gateway.is_known_to_wait(holder.account, order, now) {
        return None;
    }
    Some(match api.throttle.buckets().by_key.take(digest, now) {
        Ok(()) => text("WAITING"),
        Err(too_many) => Refusal::from(too_many).into_response(),
    })
}

/// `/api/cancelorder`.
pub(super) async fn cancel_order(State(api): State<Api>, params: Params) -> Answer {
    let account = api.account_to_write(&params).await?;
    let order = order_id(&params)?;
    Ok(text(match api.gateway.cancel(account, order).await? {
        Cancel::Canceled => "ORDER_CANCELED",
        Cancel::Completed => "ORDER_ALREADY_COMPLETED",
        Cancel::Over => "ORDER_ALREADY_EXPIRED",
    }))
}

/// `/api/skipnumber`.
pub(super) async fn skip_number(State(api): State<Api>, params: Params) -> Answer {
    let account = api.account_to_write(&params).await?;
    let order = order_id(&params)?;
    Ok(text(match api.gateway.skip(account, order).await? {
        Cancel::Canceled => "NUMBER_SKIPPED_ORDER_CANCELED",
        Cancel::Completed => "ORDER_ALREADY_COMPLETED",
        Cancel::Over => "ORDER_ALREADY_EXPIRED",
    }))
}

/// `/api/reuse`.
pub(super) async fn reuse(State(api): State<Api>, params: Params) -> Answer {
    let account = api.account_to_write(&params).await?;
    let order = order_id(&params)?;
    Ok(text(match api.gateway.reuse(account, order).await? {
        Reuse::Made { order, number } => format!("ORDER_ID_{order}_NUMBER_{number}"),
        Reuse::Offline => "NUMBER_OFFLINE".to_owned(),
        Reuse::AlreadyOpen(order) => format!("ORDER_ALREADY_OPEN_{order}"),
        Reuse::NoBalance => "NO_BALANCE".to_owned(),
    }))
}

/// `/api/getbalance`.
pub(super) async fn get_balance(State(api): State<Api>, params: Params) -> Answer {
    let account = api.account(&params).await?;
    Ok(text(api.gateway.balance(account).await?.to_string()))
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

/// `/api/services`: what can be ordered, an extension.
pub(super) async fn services(State(api): State<Api>, params: Params) -> Answer {
    let account = api.account(&params).await?;
    let country = params.get("country").unwrap_or(DEFAULT_COUNTRY);
    let offers = api.gateway.offers(account, country).await?.ok_or(Refusal::InvalidCountry)?;
    let services = offers.into_iter().map(|(service, price, count)| Offer {
        id: service.id.0,
        name: service.name,
        price: price.to_string(),
        count,
    });
    Ok(Json(Services { services: services.collect() }).into_response())
}
