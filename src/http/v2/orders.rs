//! `/v2/orders`: numbers for a service's code.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::api::Api;
use super::caller::Caller;
use super::input::{Ids, Query};
use super::page::{Limit, Page, after, name_list};
use super::problem::Problem;
use super::values::Wait;
use crate::domain::OrderId;
use crate::gateway::OrderPage;
use crate::gateway::resources::{OrderResource, OrderStatus};

/// The parameters of `GET /v2/orders`.
#[derive(Deserialize, ToSchema)]
pub(super) struct OfOrders {
    /// Only orders in this state.
    state: Option<OrderStatus>,
    /// Only orders that you call so.
    client_ref: Option<String>,
    /// How many rows a page has at most.
    #[serde(default)]
    limit: Limit,
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
}

/// `GET /v2/orders`, the newest first.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(OfOrders { state, client_ref, limit, cursor }): Query<OfOrders>,
) -> Result<Json<Page<OrderResource>>, Problem> {
    let list = name_list("orders", &caller, (state, &client_ref));
    let before = after(&list, cursor.as_deref())?.map(OrderId);
    let page = OrderPage { state, client_ref, before, limit: limit.to_read() };
    let orders = api.gateway.orders_for(caller.mode()).page(caller.requester(), page).await?;
    Ok(Json(Page::of(&list, orders, limit, |order| order.id)))
}

/// The id in a path. What is no id is the id of nothing.
pub(super) fn order_id(id: &str) -> Result<OrderId, Problem> {
    id.parse().map_err(|_| no_such(id))
}

pub(super) fn no_such(id: impl std::fmt::Display) -> Problem {
    Problem::not_found("order", id)
}

/// The parameters of `GET /v2/orders/{id}`.
#[derive(Deserialize, ToSchema)]
pub(super) struct OfOrder {
    /// For how many seconds the answer is held back while the order is open and nothing changes.
    #[serde(default)]
    wait: Wait,
}

/// `GET /v2/orders/{id}`.
pub(super) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    Query(OfOrder { wait }): Query<OfOrder>,
) -> Result<Json<OrderResource>, Problem> {
    let (order, by) = (order_id(&id)?, caller.requester());
    let orders = api.gateway.orders_for(caller.mode());
    let found = match wait.patience() {
        None => orders.show(by, order).await?,
        Some(patience) => {
            let waiting = orders.wait_for_change(by.clone(), order, patience);
            let as_it_is = orders.show(by, order);
            let found = api.wait_while_open(caller.key(), waiting, as_it_is).await?;
            found.ok_or_else(Problem::key_closed)?
        }
    };
    found.map(Json).ok_or_else(|| no_such(id))
}
