//! What happens to every request of a customer before and after its endpoint: it gets an id and a
//! span, it counts against its address's limit, and its outcome is counted.
//!
//! The path tells which version of the API answers it. What is for none is for the customers'
//! portal, where there is one.
//!
//! A poll of an order that is known to wait is answered here from memory. Customers send it over
//! and over, and this way it needs neither a route nor a task.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tower_service::Service;
use tracing::Instrument;

use super::api::Api;
use super::client_address::{TrustedProxies, client_network};
use super::connection::ClientConnection;
use super::ids::RequestIds;
use super::limits::{REFUSAL_DELAY, Throttle};
use super::market::{self, Dialect};
use super::outcomes::RequestCounts;
use super::params::Origin;
use super::portal::Portal;
use super::serve::RequestHandler;
use super::{customer, v2};
use crate::gateway::{BoxFuture, Gateway};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The service behind the customers' address, with all endpoints of their API.
pub fn make_service(
    gateway: Gateway,
    limits: (Throttle, TrustedProxies),
    request_counts: Arc<RequestCounts>,
    request_ids: Arc<RequestIds>,
    stopping: CancellationToken,
    portal: Option<Portal>,
) -> Dispatcher {
    let api = Api::new(gateway, limits, request_counts, request_ids, stopping);
    let (v1, v2) = (customer::router(api.clone()), v2::router(api.clone()));
    Dispatcher { api, v1, v2, portal }
}

/// Answers the customers' requests.
#[derive(Clone)]
pub struct Dispatcher {
    api: Api,
    v1: Router,
    v2: Router,
    portal: Option<Portal>,
}

/// Which version of the API a request is for. What is for none is answered by the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
    /// A protocol of number markets.
    Market(Dialect),
}

impl Version {
    fn of_path(path: &str) -> Version {
        let is_v2 =
            path.strip_prefix("/v2").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match Dialect::of_path(path) {
            _ if is_v2 => Version::V2,
            Some(dialect) => Version::Market(dialect),
            None => Version::V1,
        }
    }

    /// The answer to a request that is refused before it has reached an endpoint.
    fn refuse(
        self,
        refusal: impl Into<customer::Refusal> + Into<v2::Problem> + Into<market::Refusal>,
    ) -> Response {
        match self {
            Version::V1 => Into::<customer::Refusal>::into(refusal).into_response(),
            Version::V2 => Into::<v2::Problem>::into(refusal).into_response(),
            Version::Market(dialect) => dialect.refuse(refusal.into()),
        }
    }
}

/// Whether a path is for no version of the API.
fn is_page(path: &str) -> bool {
    let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    !path.strip_prefix("/api").is_some_and(is_below) && Version::of_path(path) == Version::V1
}

impl Dispatcher {
    /// The handler of a connection from this address.
    pub fn handler(&self, peer: SocketAddr) -> RequestHandler {
        let (service, connection) = (self.clone(), Arc::new(ClientConnection::new(peer)));
        Box::new(move |request| service.answer(&connection, request))
    }

    fn answer(
        &self,
        connection: &Arc<ClientConnection>,
        request: Request<Incoming>,
    ) -> BoxFuture<'static, Result<Response, Infallible>> {
        if let Some(portal) = self.portal.as_ref().filter(|_| is_page(request.uri().path())) {
            let page = portal.answer(request.map(Body::new), connection.peer);
            return Box::pin(async move { Ok(page.await) });
        }
        let (id, now) = (self.api.request_ids.next(), self.api.gateway.now());
        let version = Version::of_path(request.uri().path());
        let id = match version {
            Version::V1 | Version::Market(_) => id,
            Version::V2 => v2::request_id(request.headers()).unwrap_or(id),
        };
        let client = self.api.proxies.client_of(connection.peer, request.headers());
        let taken = self.api.throttle.buckets().by_address.take(client_network(client), now);
        let immediate = match taken {
            Err(too_many) => Some(version.refuse(too_many)),
            Ok(()) if request.body().is_end_stream() => {
                customer::orders::known_to_wait(&self.api, &request, connection, client, now)
            }
            Ok(()) => None,
        };
        if let Some(response) = immediate {
            let response = finish(&self.api, (version, request.uri().path()), id, response);
            return Box::pin(delay_refusal(response));
        }
        let mut request = request.map(Body::new);
        let connection = Arc::clone(connection);
        request.extensions_mut().insert(Origin { client, connection: Arc::clone(&connection) });
        // Without the query, which may contain the key.
        let path = match version {
            Version::V1 | Version::V2 => request.uri().path().to_owned(),
            Version::Market(dialect) => dialect.logged_path(request.uri().path()),
        };
        let span = tracing::info_span!("request", id, method = request.method().as_str(), path);
        let api = self.api.clone();
        let answer: BoxFuture<'static, Result<Response, Infallible>> = match version {
            Version::V1 => Box::pin(self.v1.clone().call(request).instrument(span)),
            Version::V2 => Box::pin(self.v2.clone().call(request).instrument(span)),
            Version::Market(dialect) => {
                let answer = market::answer(api.clone(), dialect, request);
                Box::pin(async { Ok(answer.await) }.instrument(span))
            }
        };
        Box::pin(async move {
            let counted = api.answers.count(answer.await?, connection.key()).await;
            let response = counted.unwrap_or_else(|excess| version.refuse(excess));
            delay_refusal(finish(&api, (version, &path), id, response)).await
        })
    }
}

/// Lets who has asked too much wait for the answer.
async fn delay_refusal(response: Response) -> Result<Response, Infallible> {
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        tokio::time::sleep(REFUSAL_DELAY).await;
    }
    Ok(response)
}

/// Counts a request and returns its id to the client, who can quote it to support.
fn finish(api: &Api, (version, path): (Version, &str), id: String, response: Response) -> Response {
    let mut response = match version {
        Version::V1 => {
            let outcome = response.extensions().get().copied().unwrap_or_default();
            api.request_counts.count(path, outcome);
            response
        }
        Version::V2 => v2::finish(api, response, &id),
        Version::Market(_) => market::finish(api, response),
    };
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    #[test]
    fn the_version_is_the_first_part_of_the_path() {
        for (path, version) in [
            ("/v2", Version::V2),
            ("/v2/", Version::V2),
            ("/v2/orders/1", Version::V2),
            ("/v20/orders", Version::V1),
            ("/api/v2", Version::V1),
            ("/v1/guest/prices", Version::Market(Dialect::FiveSim)),
            ("/stubs/handler_api.php", Version::Market(Dialect::HandlerApi)),
            ("/", Version::V1),
        ] {
            assert_eq!(Version::of_path(path), version, "{path}");
        }
    }

    #[test]
    fn what_is_for_no_version_is_a_page() {
        for (path, is) in [
            ("/", true),
            ("/orders/7", true),
            ("/api-guide", true),
            ("/api", false),
            ("/api/getsms", false),
            ("/v2/orders", false),
            ("/v1/user/profile", false),
            ("//stubs/handler_api.php", false),
        ] {
            assert_eq!(is_page(path), is, "{path}");
        }
    }

    #[tokio::test]
    async fn a_refusal_of_too_many_requests_comes_later_than_other_answers() {
        for (status, comes_at_once) in [
            (StatusCode::OK, true),
            (StatusCode::SERVICE_UNAVAILABLE, true),
            (StatusCode::TOO_MANY_REQUESTS, false),
        ] {
            let mut answer = Box::pin(delay_refusal(status.into_response()));
            let at_once = std::future::poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
            assert_eq!(at_once.is_ready(), comes_at_once, "{status}");
            if !comes_at_once {
                let Ok(refusal) = answer.await;
                assert_eq!(refusal.status(), status);
            }
        }
    }
}
