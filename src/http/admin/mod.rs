//! The admin interface: JSON over a Unix socket, whose rights are the file's. The commands of `cli`
//! are its client.

mod accounts;
pub mod banks;
mod books;
mod catalogue;
pub mod modems;
pub mod reload;
mod sims;
mod views;

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::domain::availability::UnavailableReason;
use crate::domain::{MessageId, RowLimit};
use crate::gateway::{self, Gateway, MessageFilter};

/// What the endpoints share.
#[derive(Clone)]
struct Admin {
    gateway: Gateway,
    /// Where customers are served.
    customers: SocketAddr,
    stopping: CancellationToken,
}

/// An answer: JSON, or why not.
type Answer = Result<Json<Value>, Refused>;

/// A refusal or a fault, as `{"error": "…"}`.
struct Refused(gateway::Error);

impl From<gateway::Error> for Refused {
    fn from(error: gateway::Error) -> Refused {
        Refused(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.0 {
            gateway::Error::Refused(_) | gateway::Error::Pattern(_) => StatusCode::BAD_REQUEST,
            gateway::Error::Store(_) | gateway::Error::NoEntropy => {
                tracing::error!(event = "admin_failed", error = %self.0, "an operator's request failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        (status, Json(json!({ "error": self.0.to_string() }))).into_response()
    }
}

/// All endpoints of the admin interface. `customers` is the address that customers are served on.
pub fn router(gateway: Gateway, customers: SocketAddr, stopping: CancellationToken) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/modems", get(modems))
        .route("/sims", get(sims::list))
        .route("/sims/{iccid}", get(sims::show))
        .route("/sims/{iccid}/rest", post(sims::rest))
        .route("/sims/{iccid}/retire", post(sims::retire))
        .route("/sims/{iccid}/number", post(sims::set_number))
        .route("/accounts", get(accounts::list).post(accounts::add))
        .route("/accounts/{account}", get(accounts::show))
        .route("/accounts/{account}/topups", post(accounts::top_up))
        .route("/accounts/{account}/keys", post(accounts::add_key))
        .route("/accounts/{account}/adjustments", post(accounts::adjust))
        .route("/accounts/{account}/ledger", get(accounts::ledger))
        .route("/accounts/{account}/suspension", post(accounts::suspend))
        .route("/keys", get(accounts::keys))
        .route("/keys/{prefix}", delete(accounts::revoke_key))
        .route("/services", get(catalogue::list).post(catalogue::add))
        .route("/services/import", post(catalogue::import))
        .route("/services/test", post(catalogue::test))
        .route("/services/{service}/enabled", post(catalogue::enable))
        .route("/orders", get(orders))
        .route("/orders/{id}", get(books::order))
        .route("/rentals", get(books::rentals))
        .route("/rentals/{id}", get(books::rental))
        .route("/explain", get(books::explain))
        .route("/audit", get(books::audit))
        .route("/verify", get(books::verify))
        .route("/backup", get(books::backup))
        .route("/messages", get(messages))
        .with_state(Admin { gateway, customers, stopping })
}

async fn status(State(admin): State<Admin>) -> Answer {
    let (gateway, now) = (&admin.gateway, admin.gateway.now());
    let modems = gateway.modems().modems();
    let sims = gateway.sims().list().await?;
    let count = |unavailable| sims.iter().filter(|sim| sim.unavailable == unavailable).count();
    Ok(Json(json!({
        "ready": modems.iter().all(|modem| modem.settled),
        "modems": { "total": modems.len(), "ready": modems.iter().filter(|modem| modem.usable(now)).count() },
        "sims": { "total": sims.len(), "available": count(None),
            "parked": count(Some(UnavailableReason::Parked)) },
        "orders": { "open": gateway.orders().open_count().await? },
        "rentals": { "active": gateway.rentals().active_count().await? },
        "polls": gateway.orders().poll_count(),
        "listen": admin.customers.to_string(),
    })))
}

async fn modems(State(admin): State<Admin>) -> Answer {
    let sims = admin.gateway.sims().list().await?;
    let modems = admin.gateway.modems().modems();
    Ok(Json(modems.iter().map(|modem| views::modem(modem, &sims)).collect()))
}

#[derive(Deserialize)]
struct Limit {
    limit: RowLimit,
}

async fn orders(State(admin): State<Admin>, Query(Limit { limit }): Query<Limit>) -> Answer {
    let orders = admin.gateway.orders().list(limit).await?;
    Ok(Json(orders.iter().map(views::order).collect()))
}

/// Either the newest `limit`, or what comes after a message, waiting for it at most `wait` seconds.
#[derive(Deserialize)]
struct MessageQuery {
    limit: Option<RowLimit>,
    after: Option<i64>,
    #[serde(default)]
    wait: u64,
}

async fn messages(State(admin): State<Admin>, Query(query): Query<MessageQuery>) -> Answer {
    let filter = match query.after {
        Some(after) => MessageFilter::After(MessageId(after)),
        None => MessageFilter::Newest(query.limit.unwrap_or(RowLimit::ALL)),
    };
    if let Some(after) = query.after {
        let mut news = admin.gateway.inbox().subscribe();
        let patience = Duration::from_secs(query.wait.min(60));
        tokio::select! {
            _ = tokio::time::timeout(patience, news.wait_for(|newest| newest.0 > after)) => {}
            () = admin.stopping.cancelled() => {}
        }
    }
    if query.after.is_none() {
        admin
            .gateway
            .audit()
            .note_operator_action("saw the messages", "all SIMs".to_owned())
            .await?;
    }
    let messages = admin.gateway.inbox().messages(filter).await?;
    Ok(Json(messages.iter().map(views::message).collect()))
}
