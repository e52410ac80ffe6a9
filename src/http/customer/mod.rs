//! The customers' API. An endpoint answers with status 200, whatever the outcome: only the body
//! differs. The exception is 429 for too many requests. 404 (an unknown path) and 503 (too many
//! connections) come from no endpoint.

mod answer;
mod connection;
mod dispatch;
mod orders;
mod rental;

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use tokio_util::sync::CancellationToken;

use crate::domain::AccountId;
use crate::domain::key::{KeyRefusal, Scope};
use crate::gateway::{Gateway, Holder, Requester};
use answer::Refusal;
pub(super) use connection::ClientConnection;
pub use dispatch::Dispatcher;

use super::answers_in_flight::AnswersInFlight;
use super::client_address::{TrustedProxies, client_network};
use super::ids::RequestIds;
use super::limits::{Throttle, TooMany};
use super::outcomes::{Outcome, RequestCounts};
use super::params::Params;
use super::shares::Shares;
use crate::domain::ip_network::is_allowed;

/// What the endpoints share, behind one reference count: it is cloned several times per request.
#[derive(Clone)]
pub(super) struct Api(Arc<Shared>);

pub(super) struct Shared {
    gateway: Gateway,
    /// Cancelled when the daemon stops, to end long polls.
    stopping: CancellationToken,
    request_ids: Arc<RequestIds>,
    request_counts: Arc<RequestCounts>,
    throttle: Throttle,
    proxies: TrustedProxies,
    /// Connections by the key that they count for.
    connections: Shares<[u8; 32]>,
    answers: AnswersInFlight,
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// The service behind the customers' address, with all endpoints of their API.
pub fn make_service(
    gateway: Gateway,
    (throttle, proxies): (Throttle, TrustedProxies),
    request_counts: Arc<RequestCounts>,
    request_ids: Arc<RequestIds>,
    stopping: CancellationToken,
) -> Dispatcher {
    let api = Api(Arc::new(Shared {
        gateway,
        stopping,
        request_ids,
        request_counts,
        throttle,
        proxies,
        connections: Shares::default(),
        answers: AnswersInFlight::default(),
    }));
    // HEAD and OPTIONS must never make or cancel an order. axum would answer HEAD by the handler of
    // GET, hence the handlers of their own.
    let endpoint = |method_router: axum::routing::MethodRouter<Api>| {
        method_router
            .on(MethodFilter::HEAD, empty)
            .on(MethodFilter::OPTIONS, get_and_post)
            .fallback(wrong_method)
    };
    let rental = |method_router: axum::routing::MethodRouter<Api>| {
        method_router
            .on(MethodFilter::HEAD, empty)
            .on(MethodFilter::OPTIONS, post_only)
            .fallback(wrong_method)
    };
    let get_or_post = MethodFilter::GET.or(MethodFilter::POST);
    let router = Router::new()
        .route("/api/makeorder", endpoint(on(get_or_post, orders::make_order)))
        .route("/api/getsms", endpoint(on(get_or_post, orders::get_sms)))
        .route("/api/cancelorder", endpoint(on(get_or_post, orders::cancel_order)))
        .route("/api/skipnumber", endpoint(on(get_or_post, orders::skip_number)))
        .route("/api/reuse", endpoint(on(get_or_post, orders::reuse)))
        .route("/api/getbalance", endpoint(on(get_or_post, orders::get_balance)))
        .route("/api/services", endpoint(on(get_or_post, orders::services)))
        .route("/api/rental/new", rental(on(MethodFilter::POST, rental::new)))
        .route("/api/rental/extend", rental(on(MethodFilter::POST, rental::extend)))
        .route("/api/rental/edit", rental(on(MethodFilter::POST, rental::edit)))
        .route("/api/rental/view", rental(on(MethodFilter::POST, rental::view)))
        .fallback(async || (StatusCode::NOT_FOUND, "NOT_FOUND"))
        .with_state(api.clone());
    Dispatcher { api, router }
}

async fn empty() -> Response {
    answer::text(Outcome::Ok, "")
}

async fn get_and_post() -> Response {
    ([(header::ALLOW, "GET, POST, HEAD, OPTIONS")], answer::text(Outcome::Ok, "")).into_response()
}

async fn post_only() -> Response {
    ([(header::ALLOW, "POST, HEAD, OPTIONS")], answer::text(Outcome::Ok, "")).into_response()
}

/// A method that an endpoint does not accept is answered like any other mistake of a client, with a
/// word and status 200.
async fn wrong_method() -> Refusal {
    Refusal::InvalidMethod
}

impl Api {
    /// Who asks for something that a key has to be for. Refuses immediately when too many
    /// operations wait for the database, or too many of this account's.
    async fn requester(&self, params: &Params, needed: Scope) -> Result<Requester, Refusal> {
        let holder = self.holder_for(params, needed).await?;
        let account = holder.account;
        if self.gateway.is_overloaded() {
            tracing::error!(
                event = "request_failed",
                "too many operations wait for the database; answered ERROR"
            );
            return Err(Refusal::Overloaded);
        }
        if self.gateway.is_overloaded_by(account) {
            return Err(TooMany::SOON.into());
        }
        Ok(Requester::new(holder, params.peer))
    }

    /// Who asks for something that changes nothing.
    async fn reader(&self, params: &Params) -> Result<Requester, Refusal> {
        let holder = self.holder_for(params, Scope::Read).await?;
        Ok(Requester::new(holder, params.peer))
    }

    /// Who holds the request's key, if the key may be used from the request's address and is for
    /// what is asked. The key is checked before anything else. A body that cannot be read may have
    /// contained it.
    async fn holder_for(&self, params: &Params, needed: Scope) -> Result<Holder, Refusal> {
        self.gateway.require_database()?;
        let missing =
            if params.unreadable { Refusal::InvalidRequest } else { Refusal::NoKeyProvided };
        let digest = params.key().ok_or(missing)?.digest();
        let now = self.gateway.now();
        match (self.holder(digest, params).await?, params.peer) {
            (Some(holder), _) => {
                self.throttle.buckets().by_key.take(digest, now)?;
                if let Some(connection) = &params.connection
                    && !self.count_connection(connection, digest)
                {
                    return Err(Refusal::TooManyConnections);
                }
                self.gateway.accounts().note_key_use(digest, now);
                match () {
                    () if params.unreadable => Err(Refusal::InvalidRequest),
                    () if !holder.scopes.allow(needed) => {
                        self.gateway.accounts().note_key_refusal(digest, KeyRefusal::Scope, now);
                        Err(Refusal::Unauthorized)
                    }
                    () => Ok(holder),
                }
            }
            (None, address) => {
                if let Some(address) = address {
                    self.throttle.buckets().failed.take(client_network(address), now)?;
                }
                self.gateway.accounts().note_key_refusal(digest, KeyRefusal::Closed, now);
                Err(Refusal::Unauthorized)
            }
        }
    }

    /// Whose account a key opens to a request's address.
    async fn holder(&self, digest: [u8; 32], params: &Params) -> Result<Option<Holder>, Refusal> {
        let holder = self.gateway.accounts().holder_of_key(digest).await?;
        Ok(holder.filter(|holder| may_be_used_from(holder, params.peer)))
    }

    /// Checks that a request's key still opens the account that it opened before.
    async fn check_key_again(&self, params: &Params, account: AccountId) -> Result<(), Refusal> {
        let digest = params.key().ok_or(Refusal::NoKeyProvided)?.digest();
        match self.holder(digest, params).await? {
            Some(holder) if holder.account == account => Ok(()),
            _ => Err(Refusal::Unauthorized),
        }
    }

    /// Counts a connection for a key, which may have only so many.
    fn count_connection(&self, connection: &ClientConnection, key: [u8; 32]) -> bool {
        let limit = self.throttle.buckets().limits.connections_per_key;
        connection.count_for(key, &self.connections, limit)
    }
}

/// Whether a key may be used from this address.
fn may_be_used_from(holder: &Holder, peer: Option<IpAddr>) -> bool {
    holder
        .allowed
        .as_ref()
        .is_none_or(|networks| peer.is_some_and(|address| is_allowed(networks, address)))
}
