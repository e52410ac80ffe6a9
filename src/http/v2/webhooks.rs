//! `/v2/webhooks`: the addresses that an account's events are sent to.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::api::Api;
use super::caller::Caller;
use super::input::{Body, Ids, Nothing, Query, needed};
use super::page::{Page, Paged, after, name_list};
use super::posted::{Posted, Success, answer};
use super::problem::{Code, Problem};
use crate::domain::key::Scope;
use crate::domain::webhook::Secret;
use crate::domain::{EndpointId, EventId};
use crate::gateway::{
    AskedBy, DeliveryResource, Done, EndpointDone, EndpointEdit, EndpointRefusal, EndpointResource,
    NewEndpoint,
};

/// Under this address endpoints are found.
const WEBHOOKS: &str = "/v2/webhooks";

/// The members of `POST /v2/webhooks`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// Where events are sent: an address that begins with `https://`, or one that the operator has
    /// allowed.
    #[schema(required = true, value_type = String)]
    url: Option<String>,
    /// Which events are sent: their names, or patterns such as `order.*`; all if this is left out.
    types: Option<Vec<String>>,
}

/// The members of `PATCH /v2/webhooks/{id}`. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookChange {
    /// Where events are sent.
    url: Option<String>,
    /// Which events are sent: their names, or patterns such as `order.*`.
    types: Option<Vec<String>>,
    /// Off sends nothing, until it is on again.
    state: Option<EndpointSwitch>,
}

/// Whether an endpoint is sent events.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EndpointSwitch {
    On,
    Off,
}

/// `GET /v2/webhooks`, the newest first.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Paged { limit, cursor }): Query<Paged>,
) -> Result<Json<Page<EndpointResource>>, Problem> {
    let list = name_list("webhooks", &caller, ());
    let before: Option<i64> = after(&list, cursor.as_deref())?;
    let mut endpoints = api.gateway.webhooks().of(&caller.requester()).await?;
    endpoints.retain(|endpoint| before.is_none_or(|before| endpoint.id.0 < before));
    let shown = endpoints.iter().map(EndpointResource::of).collect();
    Ok(Json(Page::of(&list, shown, limit, |endpoint: &EndpointResource| endpoint.id)))
}

/// `POST /v2/webhooks`.
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    posted: Posted<NewWebhook>,
) -> Result<Response, Problem> {
    let by = caller.writer(&api, Scope::Webhooks)?;
    let NewWebhook { url, types } = posted.body;
    let url = needed("url", url, "an address like https://example.com/hook")?;
    let new = NewEndpoint { url, types };
    let (added, secret) = api.gateway.webhooks().add_once(by, new, posted.once).await?;
    answer(with_secret(added, &secret), Success::Created(WEBHOOKS), refused)
}

/// The new secret is shown now, and never again.
fn with_secret(
    done: EndpointDone<EndpointResource>,
    secret: &Secret,
) -> EndpointDone<EndpointResource> {
    match done {
        Done::Now(endpoint) => {
            Done::Now(EndpointResource { secret: Some(secret.reveal()), ..endpoint })
        }
        other => other,
    }
}

/// The ids in a path. What is no id is the id of nothing.
fn endpoint_id(id: &str) -> Result<EndpointId, Problem> {
    id.parse().map_err(|_| Problem::not_found("webhook endpoint", id))
}

fn by(caller: &Caller) -> AskedBy {
    AskedBy::Customer(caller.requester())
}

/// `GET /v2/webhooks/{id}`.
pub(super) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<EndpointResource>, Problem> {
    let found = api.gateway.webhooks().find(by(&caller), endpoint_id(&id)?).await?;
    Ok(Json(EndpointResource::of(&found.map_err(refused)?)))
}

/// `PATCH /v2/webhooks/{id}`.
pub(super) async fn change(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    Body { value: change, .. }: Body<WebhookChange>,
) -> Result<Json<EndpointResource>, Problem> {
    let by = AskedBy::Customer(caller.writer(&api, Scope::Webhooks)?);
    let WebhookChange { url, types, state } = change;
    let is_on = state.map(|state| matches!(state, EndpointSwitch::On));
    let edit = EndpointEdit { url, types, is_on };
    let edited = api.gateway.webhooks().edit(by, endpoint_id(&id)?, edit).await?;
    Ok(Json(EndpointResource::of(&edited.map_err(refused)?)))
}

/// `DELETE /v2/webhooks/{id}`.
pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<StatusCode, Problem> {
    let by = AskedBy::Customer(caller.writer(&api, Scope::Webhooks)?);
    let deleted = api.gateway.webhooks().delete(by, endpoint_id(&id)?).await?;
    deleted.map(|()| StatusCode::NO_CONTENT).map_err(refused)
}

/// `POST /v2/webhooks/{id}/test`.
pub(super) async fn test(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (by, id) = (caller.writer(&api, Scope::Webhooks)?, endpoint_id(&id)?);
    let tested = api.gateway.webhooks().test_once(by, id, posted.once).await?;
    answer(tested, Success::Accepted, refused)
}

/// `POST /v2/webhooks/{id}/rotate`.
pub(super) async fn rotate(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (by, id) = (caller.writer(&api, Scope::Webhooks)?, endpoint_id(&id)?);
    let (rotated, secret) = api.gateway.webhooks().rotate_once(by, id, posted.once).await?;
    answer(with_secret(rotated, &secret), Success::Ok, refused)
}

/// `GET /v2/webhooks/{id}/deliveries`, the newest first.
pub(super) async fn deliveries(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    Query(Paged { limit, cursor }): Query<Paged>,
) -> Result<Json<Page<DeliveryResource>>, Problem> {
    let list = name_list("deliveries", &caller, &id);
    let before = after(&list, cursor.as_deref())?.map(EventId);
    let (id, webhooks) = (endpoint_id(&id)?, api.gateway.webhooks());
    let found = webhooks.deliveries(by(&caller), id, before, limit.to_read()).await?;
    let found = found.map_err(refused)?.into_iter().map(DeliveryResource::from).collect();
    Ok(Json(Page::of(&list, found, limit, |delivery: &DeliveryResource| delivery.id)))
}

/// `POST /v2/webhooks/{id}/deliveries/{delivery}/redeliver`.
pub(super) async fn redeliver(
    State(api): State<Api>,
    caller: Caller,
    Ids((id, delivery)): Ids<(String, String)>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (by, id) = (caller.writer(&api, Scope::Webhooks)?, endpoint_id(&id)?);
    let none = |_| Problem::not_found("delivery", &delivery);
    let event: EventId = delivery.parse().map_err(none)?;
    let sent = api.gateway.webhooks().redeliver_once(by, id, event, posted.once).await?;
    answer(sent, Success::Ok, refused)
}

fn refused(refusal: EndpointRefusal) -> Problem {
    let detail = refusal.to_string();
    match refusal {
        EndpointRefusal::NoEndpoint(id) => Problem::not_found("webhook endpoint", id),
        EndpointRefusal::NoDelivery(_) => Problem::new(Code::NotFound, detail),
        EndpointRefusal::TooMany => Problem::new(Code::TooManyEndpoints, detail),
        EndpointRefusal::UnsafeAddress(_) => Problem::new(Code::UnsafeAddress, detail),
        EndpointRefusal::Url(_) => Problem::of_member("url", detail),
        EndpointRefusal::Types(_) => Problem::of_member("types", detail),
        EndpointRefusal::Off(_) => Problem::new(Code::EndpointOff, detail),
    }
}
