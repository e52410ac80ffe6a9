//! The customers' API. Every answer has status 200; only the body differs.

mod answer;
mod regular;
mod rental;
mod service;

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use tokio_util::sync::CancellationToken;

use crate::domain::AccountId;
use crate::gateway::{Gateway, Holder};
use answer::Refusal;
pub use service::{CustomerService, MakeCustomerService};

use super::ids::RequestIds;
use super::limits::Throttle;
use super::params::Params;
use super::requests::Requests;
use crate::domain::network::is_allowed;

/// What the endpoints share. A handle is taken and dropped several times with every request.
#[derive(Clone)]
pub(super) struct Api(Arc<Shared>);

pub(super) struct Shared {
    gateway: Gateway,
    /// Ends long polls when the daemon stops.
    stopping: CancellationToken,
    requests: Arc<RequestIds>,
    counted: Arc<Requests>,
    throttle: Throttle,
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// All endpoints of the customers' API.
pub fn front(
    gateway: Gateway,
    throttle: Throttle,
    counted: Arc<Requests>,
    requests: Arc<RequestIds>,
    stopping: CancellationToken,
) -> MakeCustomerService {
    let api = Api(Arc::new(Shared { gateway, stopping, requests, counted, throttle }));
    // HEAD and OPTIONS do nothing: they must never make or cancel an order, and axum gives HEAD to
    // a GET handler unless it has one of its own.
    let endpoint = |method_router: axum::routing::MethodRouter<Api>| {
        method_router
            .on(MethodFilter::HEAD, nothing)
            .on(MethodFilter::OPTIONS, methods)
            .fallback(wrong_method)
    };
    let rental = |method_router: axum::routing::MethodRouter<Api>| {
        method_router
            .on(MethodFilter::HEAD, nothing)
            .on(MethodFilter::OPTIONS, post_only)
            .fallback(wrong_method)
    };
    let get_or_post = MethodFilter::GET.or(MethodFilter::POST);
    let router = Router::new()
        .route("/api/makeorder", endpoint(on(get_or_post, regular::make_order)))
        .route("/api/getsms", endpoint(on(get_or_post, regular::get_sms)))
        .route("/api/cancelorder", endpoint(on(get_or_post, regular::cancel_order)))
        .route("/api/skipnumber", endpoint(on(get_or_post, regular::skip_number)))
        .route("/api/reuse", endpoint(on(get_or_post, regular::reuse)))
        .route("/api/getbalance", endpoint(on(get_or_post, regular::get_balance)))
        .route("/api/services", endpoint(on(get_or_post, regular::services)))
        .route("/api/rental/new", rental(on(MethodFilter::POST, rental::new)))
        .route("/api/rental/extend", rental(on(MethodFilter::POST, rental::extend)))
        .route("/api/rental/edit", rental(on(MethodFilter::POST, rental::edit)))
        .route("/api/rental/view", rental(on(MethodFilter::POST, rental::view)))
        .fallback(async || (StatusCode::NOT_FOUND, "NOT_FOUND"))
        .with_state(api.clone());
    MakeCustomerService { api, router }
}

async fn nothing() -> Response {
    answer::text("")
}

async fn methods() -> Response {
    ([(header::ALLOW, "GET, POST, HEAD, OPTIONS")], answer::text("")).into_response()
}

async fn post_only() -> Response {
    ([(header::ALLOW, "POST, HEAD, OPTIONS")], answer::text("")).into_response()
}

/// Whoever calls an endpoint by a method that it does not take hears so as of any other mistake: in
/// a word, with the one status.
async fn wrong_method() -> Refusal {
    Refusal::InvalidMethod
}

impl Api {
    /// As [`Api::account`], for what must be written. Told early when that would wait for too much
    /// else.
    async fn account_to_write(&self, params: &Params) -> Result<AccountId, Refusal> {
        let account = self.account(params).await?;
        if self.gateway.is_overloaded() {
            tracing::error!(
                event = "request_failed",
                "answered ERROR: too much waits to be written"
            );
            return Err(Refusal::Overloaded);
        }
        Ok(account)
    }

    /// The account that the request's key opens, to the address that it comes from. The key is
    /// looked at before all else; what cannot be read may have been one.
    async fn account(&self, params: &Params) -> Result<AccountId, Refusal> {
        let missing =
            if params.unreadable { Refusal::InvalidRequest } else { Refusal::NoKeyProvided };
        let digest = params.key().ok_or(missing)?.digest();
        let now = self.gateway.now();
        let holder = self
            .gateway
            .holder_of_key(digest)
            .await?
            .filter(|holder| may_come(holder, params.peer));
        match (holder, params.peer) {
            (Some(holder), _) => {
                self.throttle.buckets().by_key.take(digest, now)?;
                if params.unreadable { Err(Refusal::InvalidRequest) } else { Ok(holder.account) }
            }
            (None, Some(address)) => {
                self.throttle.buckets().failed.take(address, now)?;
                Err(Refusal::Unauthorized)
            }
            (None, None) => Err(Refusal::Unauthorized),
        }
    }
}

/// Whether a key may be used from where the request comes from.
fn may_come(holder: &Holder, peer: Option<IpAddr>) -> bool {
    holder
        .allowed
        .as_ref()
        .is_none_or(|networks| peer.is_some_and(|address| is_allowed(networks, address)))
}
