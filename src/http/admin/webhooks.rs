//! Webhook endpoints and deliveries.

use axum::extract::{Path, Query, State};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::books::with;
use super::listing::ListQuery;
use super::{AdminState, Answer, Refused, refused};
use crate::domain::webhook::Endpoint;
use crate::domain::{EndpointId, EventId};
use crate::gateway::{AskedBy, DeliveryResource, EndpointRefusal, NewEndpoint};

/// How many deliveries are listed at most.
const MOST_DELIVERIES: u32 = 1000;

pub(super) fn routes() -> Router<AdminState> {
    Router::new()
        .route("/webhooks", get(list).post(add))
        .route("/webhooks/{id}", delete(remove))
        .route("/webhooks/{id}/test", post(test))
        .route("/webhooks/{id}/deliveries", get(deliveries))
        .route("/webhooks/{id}/deliveries/{delivery}/redeliver", post(redeliver))
}

impl From<EndpointRefusal> for Refused {
    fn from(refusal: EndpointRefusal) -> Refused {
        refused(refusal.to_string())
    }
}

/// An endpoint, without what its customer may keep secret in its address.
pub(super) fn view((endpoint, account): &(Endpoint, String)) -> Value {
    json!({
        "id": endpoint.id.0,
        "account": account,
        "origin": endpoint.url.origin(),
        "types": endpoint.subscription.patterns(),
        "state": endpoint.state.as_str(),
        "off_reason": endpoint.state.off_reason().map(|reason| reason.as_str()),
        "failing_since": endpoint.failing_since.map(|since| since.to_string()),
        "created_at": endpoint.created_at.to_string(),
        "test": endpoint.mode.is_test(),
    })
}

async fn list(State(admin): State<AdminState>, Query(query): Query<ListQuery>) -> Answer {
    let (request, page) = query.for_whole_list(&["account"])?;
    let endpoints = admin.gateway.webhooks().list(request.account).await?;
    let endpoints = page.cut(endpoints, |(endpoint, _)| endpoint.id.to_string())?;
    Ok(Json(endpoints.iter().map(view).collect()))
}

/// An endpoint of an account that is named by its name or id. Without types it is sent all events.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    account: String,
    url: String,
    types: Option<Vec<String>>,
}

async fn add(
    State(admin): State<AdminState>,
    Json(New { account, url, types }): Json<New>,
) -> Answer {
    let account = admin.gateway.accounts().find(account).await?;
    let new = NewEndpoint { url, types };
    let added = admin.gateway.webhooks().add(AskedBy::Operator, account.id, new).await??;
    let secret = json!({ "secret": added.secrets.current.reveal() });
    Ok(Json(with(view(&(added, account.name)), secret)))
}

async fn remove(State(admin): State<AdminState>, Path(id): Path<i64>) -> Answer {
    admin.gateway.webhooks().delete(AskedBy::Operator, EndpointId(id)).await??;
    Ok(Json(json!({ "removed": id })))
}

fn shown(delivery: DeliveryResource, endpoint: EndpointId) -> Result<Value, Refused> {
    let shown = serde_json::to_value(delivery).map_err(|error| refused(error.to_string()))?;
    Ok(with(shown, json!({ "endpoint": endpoint.0 })))
}

async fn test(State(admin): State<AdminState>, Path(id): Path<i64>) -> Answer {
    let id = EndpointId(id);
    let sent = admin.gateway.webhooks().test(AskedBy::Operator, id).await??;
    Ok(Json(shown(sent.into(), id)?))
}

async fn deliveries(
    State(admin): State<AdminState>,
    Path(id): Path<i64>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let request = query.for_list(&[])?;
    let before = request.before.map(EventId);
    let limit = request.limit.map_or(MOST_DELIVERIES, |limit| {
        u32::try_from(limit.rows()).unwrap_or(MOST_DELIVERIES).min(MOST_DELIVERIES)
    });
    let id = EndpointId(id);
    let found = admin.gateway.webhooks().deliveries(AskedBy::Operator, id, before, limit).await??;
    let shown = found.into_iter().rev().map(|delivery| shown(delivery.into(), id));
    Ok(Json(shown.collect::<Result<_, _>>()?))
}

async fn redeliver(
    State(admin): State<AdminState>,
    Path((id, delivery)): Path<(i64, i64)>,
) -> Answer {
    let (id, delivery) = (EndpointId(id), EventId(delivery));
    let sent = admin.gateway.webhooks().redeliver(AskedBy::Operator, id, delivery).await??;
    Ok(Json(shown(sent.into(), id)?))
}
