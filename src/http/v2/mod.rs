//! The second version of the customers' API: resources in JSON, with status codes, problem details
//! and pages. What `docs/customer-api.md` says of it, and `GET /v2/openapi.json`, is made of the
//! types here.

mod account;
mod caller;
mod calls;
mod catalogue;
mod components;
mod events;
mod input;
mod ledger;
mod openapi;
mod order_requests;
mod orders;
mod page;
mod posted;
mod problem;
mod reading;
mod rental_requests;
mod rentals;
mod values;
mod webhooks;

use axum::Router;
use axum::handler::Handler;
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware;
use axum::response::Response;
use axum::routing::{self, MethodRouter, post};

pub(super) use order_requests::LONGEST_REF;
pub(super) use problem::Problem;

use super::api::Api;
use crate::domain::text::beginning;
use problem::Code;

/// The header that has the id of a request, and the most characters that a client's may have. An
/// API key has more, so that none gets into the log as an id.
const REQUEST_ID: &str = "x-request-id";
const LONGEST_ID: usize = 60;

/// A path whose GET is answered by this. A text counts as shown once GET has answered it, and some
/// answers wait or follow events. HEAD is for none of that, but axum would answer it by the handler
/// of GET, hence one of its own.
fn get<H: Handler<T, Api>, T: 'static>(handler: H) -> MethodRouter<Api> {
    routing::get(handler).head(async || ())
}

/// All endpoints of the second version.
pub(super) fn router(api: Api) -> Router {
    let authenticated = middleware::from_fn_with_state(api.clone(), caller::authenticate);
    Router::new()
        .route("/v2/me", get(account::me))
        .route("/v2/ledger", get(ledger::list))
        .route("/v2/countries", get(catalogue::countries))
        .route("/v2/services", get(catalogue::services))
        .route("/v2/orders", get(orders::list).post(order_requests::create))
        .route("/v2/orders/{id}", get(orders::show))
        .route("/v2/orders/{id}/cancel", post(order_requests::cancel))
        .route("/v2/orders/{id}/skip", post(order_requests::skip))
        .route("/v2/orders/{id}/swap", post(order_requests::swap))
        .route("/v2/orders/{id}/reuse", post(order_requests::reuse))
        .route("/v2/orders/{id}/report", post(order_requests::report))
        .route("/v2/events", get(events::follow))
        .route("/v2/rentals", get(rentals::list).post(rental_requests::create))
        .route("/v2/rentals/{id}", get(rentals::show).patch(rental_requests::change))
        .route("/v2/rentals/{id}/messages", get(rentals::messages))
        .route("/v2/rentals/{id}/extend", post(rental_requests::extend))
        .route("/v2/rentals/{id}/revive", post(rental_requests::revive))
        .route("/v2/webhooks", get(webhooks::list).post(webhooks::create))
        .route(
            "/v2/webhooks/{id}",
            get(webhooks::show).patch(webhooks::change).delete(webhooks::delete),
        )
        .route("/v2/webhooks/{id}/test", post(webhooks::test))
        .route("/v2/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/v2/webhooks/{id}/deliveries", get(webhooks::deliveries))
        .route("/v2/webhooks/{id}/deliveries/{delivery}/redeliver", post(webhooks::redeliver))
        .route_layer(authenticated)
        .route("/v2/openapi.json", routing::get(openapi::serve))
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(api)
}

async fn no_such_path() -> Problem {
    let detail = "there is no such path; GET /v2/openapi.json has all of them";
    Problem::new(Code::NotFound, detail)
}

/// The header `Allow` of the answer says which methods there are.
async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let path = beginning(uri.path());
    Problem::new(Code::MethodNotAllowed, format!("{path} does not take {method}; see Allow"))
}

/// The call that a request was, for the counts, as an extension of its response.
#[derive(Clone)]
struct Called(String);

/// Counts a request and writes the problem down that its answer may be.
pub(super) fn finish(api: &Api, response: Response, request_id: &str) -> Response {
    let (mut response, code) = problem::write(response, request_id);
    if let Some(Called(call)) = response.extensions_mut().remove() {
        api.request_counts.count_call(&call, code.unwrap_or("ok"));
    }
    response
}

/// The id that a client has given its request, if it can be used in the log.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_usable = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_plain);
    is_usable.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_id_of_a_request_is_used_unless_it_may_be_a_key() {
        let id = |text: &'static str| {
            request_id(&HeaderMap::from_iter([(
                REQUEST_ID.parse().unwrap(),
                text.parse().unwrap(),
            )]))
        };
        let uuid = "5b1d1f2e-8f0a-4c55-9d0e-3f6f3f6b7a10";
        assert_eq!(id(uuid).as_deref(), Some(uuid));
        for text in ["", "two words", "a\u{e9}", "a;b"] {
            assert_eq!(id(text), None, "{text}");
        }
        let key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        assert_eq!(id(key), None);
    }
}
