//! The customers' API. Every answer has status 200; only the body differs.

mod answer;
mod regular;
mod rental;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::domain::AccountId;
use crate::gateway::Gateway;
use answer::Refusal;

use super::ids::RequestIds;
use super::limits::Throttle;
use super::params::{Params, peer};
use super::requests::Requests;
use crate::domain::network::is_allowed;

/// The largest body that is read; parameters are some hundred bytes.
const BODY_LIMIT: usize = 64 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the endpoints share.
#[derive(Clone)]
pub(super) struct Api {
    gateway: Gateway,
    /// Ends long polls when the daemon stops.
    stopping: CancellationToken,
    requests: Arc<RequestIds>,
    counted: Arc<Requests>,
    throttle: Throttle,
}

/// All endpoints of the customers' API.
pub fn router(
    gateway: Gateway,
    throttle: Throttle,
    counted: Arc<Requests>,
    requests: Arc<RequestIds>,
    stopping: CancellationToken,
) -> Router {
    let api = Api { gateway, stopping, requests, counted, throttle };
    // HEAD and OPTIONS do nothing: they must never make or cancel an order, and axum gives HEAD to a GET handler unless it has
    // one of its own.
    let endpoint = |method_router: axum::routing::MethodRouter<Api>| {
        method_router.on(MethodFilter::HEAD, nothing).on(MethodFilter::OPTIONS, methods).fallback(wrong_method)
    };
    let rental = |method_router: axum::routing::MethodRouter<Api>| {
        method_router.on(MethodFilter::HEAD, nothing).on(MethodFilter::OPTIONS, post_only).fallback(wrong_method)
    };
    let get_or_post = MethodFilter::GET.or(MethodFilter::POST);
    Router::new()
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
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(api.clone(), in_span))
        .with_state(api)
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

/// Whoever calls an endpoint by a method that it does not take hears so as of any other mistake: in a word, with the one status.
async fn wrong_method() -> Refusal {
    Refusal::InvalidMethod
}

/// Gives each request an id, a span that bears it, and the id to its client: support asks for it.
async fn in_span(State(api): State<Api>, request: Request, next: Next) -> Response {
    let id = api.requests.next();
    // The path only: the query holds the key.
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("request", id, method = %name(request.method()), path);
    let within =
        peer(&request).map_or(Ok(()), |address| api.throttle.asked().by_address.take(address, api.gateway.now()));
    let mut response = match within {
        Ok(()) => next.run(request).instrument(span).await,
        Err(too_many) => Refusal::from(too_many).into_response(),
    };
    api.counted.count(&path, response.extensions().get().copied().unwrap_or_default());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn name(method: &Method) -> &str {
    method.as_str()
}

impl Api {
    /// The account that the request's key opens, to the address that it comes from. The key is looked at before all else; what cannot
    /// be read may have been one.
    async fn account(&self, params: &Params) -> Result<AccountId, Refusal> {
        let missing = if params.unreadable { Refusal::InvalidRequest } else { Refusal::NoKeyProvided };
        let digest = params.key().ok_or(missing)?.digest();
        let now = self.gateway.now();
        let holder = self.gateway.holder_of_key(digest).await?.filter(|holder| match (&holder.allowed, params.peer) {
            (None, _) => true,
            (Some(networks), Some(address)) => is_allowed(networks, address),
            (Some(_), None) => false,
        });
        match (holder, params.peer) {
            (Some(holder), _) => {
                self.throttle.asked().by_key.take(digest, now)?;
                if params.unreadable { Err(Refusal::InvalidRequest) } else { Ok(holder.account) }
            }
            (None, Some(address)) => {
                self.throttle.asked().failed.take(address, now)?;
                Err(Refusal::Unauthorized)
            }
            (None, None) => Err(Refusal::Unauthorized),
        }
    }
}
