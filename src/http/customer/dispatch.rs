//! What happens to every request of a customer before and after its endpoint: it gets an id and a
//! span, it counts against its address's limit, and its outcome is counted.
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
use tower_service::Service;
use tracing::Instrument;

use super::super::client_address::client_network;
use super::super::limits::REFUSAL_DELAY;
use super::super::params::Origin;
use super::super::serve::RequestHandler;
use super::answer::Refusal;
use super::{Api, ClientConnection, orders};
use crate::gateway::BoxFuture;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers the customers' requests.
#[derive(Clone)]
pub struct Dispatcher {
    pub(super) api: Api,
    pub(super) router: Router,
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
        let (id, now) = (self.api.request_ids.next(), self.api.gateway.now());
        let client = self.api.proxies.client_of(connection.peer, request.headers());
        let taken = self.api.throttle.buckets().by_address.take(client_network(client), now);
        let immediate = match taken {
            Err(too_many) => Some(Refusal::from(too_many).into_response()),
            Ok(()) if request.body().is_end_stream() => {
                orders::known_to_wait(&self.api, &request, connection, client, now)
            }
            Ok(()) => None,
        };
        if let Some(response) = immediate {
            let response = finish(&self.api, request.uri().path(), id, response);
            return Box::pin(delay_refusal(response));
        }
        let mut request = request.map(Body::new);
        let connection = Arc::clone(connection);
        request.extensions_mut().insert(Origin { client, connection: Arc::clone(&connection) });
        // Without the query, which may contain the key.
        let path = request.uri().path().to_owned();
        let span = tracing::info_span!("request", id, method = request.method().as_str(), path);
        let answer = self.router.clone().call(request).instrument(span);
        let api = self.api.clone();
        Box::pin(async move {
            let counted = api.answers.count(answer.await?, connection.key()).await;
            let response = counted.unwrap_or_else(|excess| Refusal::from(excess).into_response());
            delay_refusal(finish(&api, &path, id, response)).await
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
fn finish(api: &Api, path: &str, id: String, mut response: Response) -> Response {
    api.request_counts.count(path, response.extensions().get().copied().unwrap_or_default());
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

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
