//! The admin interface: JSON over a Unix socket. Who may use it is decided by the permissions of
//! the socket. The commands in `cli` are its clients.

mod accounts;
mod alarms;
mod banks;
mod books;
mod catalogue;
mod export;
mod finder;
mod health;
mod listing;
mod long_requests;
mod messages;
mod modems;
mod notices;
mod numbers;
mod people;
mod rentals;
mod samples;
mod sims;
mod site_box;
mod sites;
mod standby;
mod trying;
mod views;
mod webhooks;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::domain::Timestamp;
use crate::domain::audit::AuditAction;
use crate::domain::availability::UnavailableReason;
use crate::domain::block_list::BlockRule;
use crate::gateway::{self, Gateway, ModemControl, Reload};
pub use alarms::view as view_alarm;
pub use export::export_body;
use listing::ListQuery;
pub use listing::MOST_ROWS;
pub use long_requests::limit_long_requests;
pub use modems::scanned;
pub use notices::notices_router;
pub use people::WebAddresses;
pub use site_box::{LinkView, SiteBox, site_router};
pub use standby::standby_router;

/// What the endpoints share.
#[derive(Clone)]
pub struct AdminState {
    /// The business.
    pub gateway: Gateway,
    /// Carries out what operators ask of modems and SIM banks.
    pub modems: Arc<dyn ModemControl>,
    /// The address that customers are served on.
    pub customers: SocketAddr,
    /// Where people sign in.
    pub web: WebAddresses,
    /// The address that operators' pages are served on.
    pub console: Option<SocketAddr>,
    /// The address that sites connect to.
    pub sites: Option<SocketAddr>,
    /// Cancelled when the daemon stops, to end requests that wait.
    pub stopping: CancellationToken,
}

type Answer = Result<Json<Value>, Refused>;

/// Why a request was refused or failed. The client gets `{"error": "…"}`.
struct Refused(gateway::Error);

impl From<gateway::Error> for Refused {
    fn from(error: gateway::Error) -> Refused {
        Refused(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.0 {
            gateway::Error::Refused(_)
            | gateway::Error::RefusedInShell { .. }
            | gateway::Error::Pattern(_) => StatusCode::BAD_REQUEST,
            gateway::Error::Store(_)
            | gateway::Error::OtherDecimals { .. }
            | gateway::Error::NoEntropy => {
                tracing::error!(
                    event = "admin_failed", error = %self.0,
                    "an operator's request failed"
                );
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        (status, Json(json!({ "error": self.0.to_string() }))).into_response()
    }
}

fn refused(reason: impl Into<String>) -> Refused {
    gateway::Error::Refused(reason.into()).into()
}

/// A time in RFC 3339.
fn parse_time(text: &str) -> Result<Timestamp, gateway::Error> {
    text.parse().map_err(|error| gateway::Error::Refused(format!("{text}: {error}")))
}

impl AdminState {
    /// Notes an action in the audit log.
    async fn note(&self, action: AuditAction<'static>, subject: String) {
        self.gateway.audit().note_operation(action, subject).await;
    }
}

/// All endpoints of the admin interface, except those of [`reload_router`] and
/// [`health`](super::health).
pub fn router(state: AdminState) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/modems", get(modems::list))
        .route("/sims", get(sims::list))
        .route("/sims/edit", post(sims::edit))
        .route("/sims/import", post(sims::import))
        .route("/sims/{iccid}", get(sims::show).delete(sims::remove))
        .route("/sims/{iccid}/rest", post(sims::rest))
        .route("/sims/{iccid}/pool", post(sims::pool))
        .route("/sims/{iccid}/retire", post(sims::retire))
        .route("/sims/{iccid}/pin-retry", post(sims::retry_pin))
        .route("/sims/{iccid}/number", post(sims::set_number).delete(sims::clear_number))
        .route("/accounts", get(accounts::list).post(accounts::add))
        .route("/accounts/{account}", get(accounts::show))
        .route("/accounts/{account}/topups", post(accounts::top_up))
        .route("/accounts/{account}/keys", post(accounts::add_key))
        .route("/accounts/{account}/adjustments", post(accounts::adjust))
        .route("/accounts/{account}/ledger", get(accounts::ledger))
        .route("/accounts/{account}/spending", get(accounts::spending))
        .route("/accounts/{account}/limits", post(accounts::limit))
        .route("/accounts/{account}/prices", post(accounts::set_price))
        .route("/accounts/{account}/export", get(export::export))
        .route("/accounts/{account}/erasure", post(accounts::erase))
        .route("/accounts/{account}/skips", get(accounts::skips))
        .route("/accounts/{account}/skips/undo", post(accounts::undo_skips))
        .route("/accounts/{account}/suspension", post(accounts::suspend))
        .route("/keys", get(accounts::keys))
        .route("/keys/{prefix}", post(accounts::edit_key).delete(accounts::revoke_key))
        .route("/services", get(catalogue::list).post(catalogue::add))
        .route("/services/import", post(catalogue::import))
        .route("/services/test", post(trying::test))
        .route("/services/test/last", post(trying::test_last))
        .route("/services/{service}", post(catalogue::edit).delete(catalogue::remove))
        .route("/services/{service}/enabled", post(catalogue::enable))
        .route("/orders", get(orders))
        .route("/orders/{id}", get(books::order))
        .route("/orders/{id}/cancel", post(books::cancel_order))
        .route("/orders/{id}/refund", post(books::refund_order))
        .route("/orders/{id}/deliver", post(books::deliver))
        .route("/explain", get(books::explain))
        .route("/explain/sims", get(books::explain_sims))
        .route("/find", post(finder::find))
        .route("/audit", get(books::audit))
        .route("/revenue", get(books::revenue))
        .route("/block-list", get(block_list))
        .route("/verify", get(books::verify))
        .route("/backup", get(books::backup))
        .route("/messages", get(messages::list))
        .route("/messages/search", post(messages::search))
        .route("/messages/{id}", get(messages::show))
        .merge(alarms::routes())
        .merge(rentals::routes())
        .merge(numbers::routes())
        .merge(health::routes())
        .merge(webhooks::routes())
        .merge(people::routes())
        .merge(samples::routes())
        .merge(banks::routes())
        .merge(sites::routes())
        .merge(modems::routes())
        .with_state(state)
}

/// The endpoint that has the daemon read its configuration again.
pub fn reload_router(reload: Arc<dyn Reload>) -> Router {
    Router::new().route("/reload", post(reload_config)).with_state(reload)
}

async fn reload_config(State(reload): State<Arc<dyn Reload>>) -> Answer {
    let reloaded = reload.reload().await.map_err(refused)?;
    Ok(Json(json!({ "applied": reloaded.applied, "needs_restart": reloaded.needs_restart })))
}

/// The rules by which messages are withheld from customers, with their patterns.
async fn block_list(State(admin): State<AdminState>) -> Answer {
    let settings = admin.gateway.settings();
    Ok(Json(settings.block_list.rules().iter().map(block_rule).collect()))
}

fn block_rule(BlockRule { name, senders, texts }: &BlockRule) -> Value {
    json!({ "rule": name, "senders": senders, "texts": texts })
}

async fn status(State(admin): State<AdminState>) -> Answer {
    let (gateway, now) = (&admin.gateway, admin.gateway.now());
    let modems = gateway.modems().modems();
    let counts = gateway.modems().counts(now);
    let sims = gateway.sims().list().await?;
    let count = |unavailable| sims.iter().filter(|sim| sim.unavailable == unavailable).count();
    Ok(Json(json!({
        "ready": !modems.iter().any(|modem| modem.is_in_first_try(now)),
        "modems": { "total": counts.total, "ready": counts.ready },
        "sims": {
            "total": sims.len(),
            "available": count(None),
            "parked": count(Some(UnavailableReason::Parked)),
            "without_number": count(Some(UnavailableReason::NoNumber)),
            "doubtful_numbers": sims.iter().filter(|sim| sim.number_problem.is_some()).count(),
        },
        "orders": { "open": gateway.orders().open_count().await? },
        "rentals": { "active": gateway.rentals().active_count().await? },
        "sites": gateway.sites().statuses().iter().map(sites::view).collect::<Vec<_>>(),
        "polls": gateway.poll_count(),
        "listen": admin.customers.to_string(),
        "console": admin.console.map(|address| address.to_string()),
        "sites_listen": admin.sites.map(|address| address.to_string()),
    })))
}

async fn orders(State(admin): State<AdminState>, Query(query): Query<ListQuery>) -> Answer {
    let filters = ["account", "service", "number", "iccid", "country", "state", "outcome"];
    let orders = admin.gateway.orders().list(query.for_list(&filters)?).await?;
    let currency = admin.gateway.currency();
    Ok(Json(orders.iter().map(|order| views::order(order, currency)).collect()))
}
