//! What each request of a customer goes through before and after its endpoint: an id, its address's
//! limit, a span, a count. A poll of an order that is known to wait is answered here, from memory:
//! it is what customers ask over and over, and needs neither route nor task.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use tower_service::Service;
use tracing::Instrument;

use super::super::params::peer_of;
use super::answer::Refusal;
use super::{Api, regular};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

type Answering<T> = Pin<Box<dyn Future<Output = Result<T, Infallible>> + Send>>;

/// Gives each connection its [`CustomerService`].
#[derive(Clone)]
pub struct MakeCustomerService {
    pub(super) api: Api,
    pub(super) router: Router,
}

/// Where the requests of one connection come in.
#[derive(Clone)]
pub struct CustomerService {
    front: MakeCustomerService,
    peer: SocketAddr,
}

impl Service<SocketAddr> for MakeCustomerService {
    type Response = CustomerService;
    type Error = Infallible;
    type Future = std::future::Ready<Result<CustomerService, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, peer: SocketAddr) -> Self::Future {
        std::future::ready(Ok(CustomerService { front: self.clone(), peer }))
    }
}

impl Service<Request<Incoming>> for CustomerService {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering<Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let api = self.front.api.clone();
        let id = api.requests.next();
        let (peer, now) = (peer_of(self.peer), api.gateway.now());
        let at_once = match api.throttle.buckets().by_address.take(peer, now) {
            Err(too_many) => Some(Refusal::from(too_many).into_response()),
            Ok(()) if request.body().is_end_stream() => {
                regular::known_to_wait(&api, &request, peer, now)
            }
            Ok(()) => None,
        };
        if let Some(response) = at_once {
            let response = finish(&api, request.uri().path(), id, response);
            return Box::pin(std::future::ready(Ok(response)));
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        // The path only: the query holds the key.
        let path = request.uri().path().to_owned();
        let span = tracing::info_span!("request", id, method = request.method().as_str(), path);
        let answer = self.front.router.call(request).instrument(span);
        Box::pin(async move {
            let response = answer.await?;
            Ok(finish(&api, &path, id, response))
        })
    }
}

/// Counts a request and gives its id to the client: support asks for it.
fn finish(api: &Api, path: &str, id: String, mut response: Response) -> Response {
    api.counted.count(path, response.extensions().get().copied().unwrap_or_default());
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
