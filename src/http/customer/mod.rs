//! The customers' API. An endpoint answers with status 200, whatever the outcome: only the body
//! differs. The exception is 429 for too many requests. 404 (an unknown path) and 503 (too many
//! connections) come from no endpoint.

mod answer;
pub(super) mod orders;
mod rental;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};

pub(super) use answer::Refusal;

use super::api::{Api, KeyFault, OpenKey, Overload};
use super::limits::TooMany;
use super::outcomes::Outcome;
use super::params::Params;
use crate::domain::key::Scope;
use crate::gateway::{Holder, Requester};

/// All endpoints of the first version of the API.
pub(super) fn router(api: Api) -> Router {
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
    Router::new()
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
        .with_state(api)
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

/// Who asks for something that a key has to be for. Refuses immediately when too many operations
/// wait for the database, or too many of this account's.
async fn requester(api: &Api, params: &Params, needed: Scope) -> Result<Requester, Refusal> {
    let holder = holder_for(api, params, needed).await?;
    match api.overload(holder.account) {
        Some(Overload::InAll) => Err(Refusal::Overloaded),
        Some(Overload::OfAccount) => Err(TooMany::SOON.into()),
        None => Ok(Requester::new(holder, params.peer)),
    }
}

/// Who asks for something that changes nothing.
async fn reader(api: &Api, params: &Params) -> Result<Requester, Refusal> {
    let holder = holder_for(api, params, Scope::Read).await?;
    Ok(Requester::new(holder, params.peer))
}

/// Who holds the request's key, if the key may be used from the request's address and is for what
/// is asked. The key is checked before anything else. A body that cannot be read may have contained
/// it.
async fn holder_for(api: &Api, params: &Params, needed: Scope) -> Result<Holder, Refusal> {
    api.gateway.require_database()?;
    let missing = if params.unreadable { Refusal::InvalidRequest } else { Refusal::NoKeyProvided };
    let digest = params.key().ok_or(missing)?.digest();
    let holder = api.open(digest, params.peer, params.connection.as_deref()).await?;
    match () {
        () if params.unreadable => Err(Refusal::InvalidRequest),
        () if !api.is_for(&holder, digest, needed) => Err(Refusal::Unauthorized),
        () => Ok(holder),
    }
}

/// The key of a request that waits, which has opened this requester's account.
fn open_key(params: &Params, by: &Requester) -> Result<OpenKey, Refusal> {
    let digest = params.key().ok_or(Refusal::NoKeyProvided)?.digest();
    Ok(OpenKey { digest, client: params.peer, account: by.account })
}

impl From<KeyFault> for Refusal {
    fn from(fault: KeyFault) -> Refusal {
        match fault {
            KeyFault::Closed | KeyFault::Test => Refusal::Unauthorized,
            KeyFault::TooMany(too_many) => too_many.into(),
            KeyFault::TooManyConnections => Refusal::TooManyConnections,
            KeyFault::Failed(error) => error.into(),
        }
    }
}
