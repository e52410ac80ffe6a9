//! Requests that may take long, such as waiting for messages, leave places to short ones, so that
//! the operator can always ask how the daemon is.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONNECTION;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use hyper::body::{Frame, SizeHint};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The endpoints that may take long: those that ask a modem or a bank, and those that read or send
/// the whole database.
const LONG: &[&str] = &[
    "/backup",
    "/verify",
    "/accounts/{account}/export",
    "/accounts/{account}/erasure",
    "/modem/at",
    "/modem/ussd",
    "/modem/number",
    "/modem/write-number",
    "/modem/reset",
    "/modem/scan",
    "/banks/{name}/switch",
];

/// Has at most so many requests take long at a time that half of `connections` is left. One place
/// would not do: a command that asks several things may have its next connection accepted before
/// the end of the previous one has been noticed.
pub fn limit_long_requests(router: Router, connections: usize) -> Router {
    let long = connections / 2;
    router.layer(middleware::from_fn_with_state(Arc::new(Semaphore::new(long)), take_place))
}

async fn take_place(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    if !may_take_long(&request) {
        return next.run(request).await;
    }
    let Ok(place) = places.try_acquire_owned() else {
        let error = "too many commands that take long are running; try again when one has ended";
        let close = [(CONNECTION, "close")];
        let error = Json(json!({ "error": error }));
        return (StatusCode::SERVICE_UNAVAILABLE, close, error).into_response();
    };
    next.run(request).await.map(|body| Body::new(Lasting { body, _place: place }))
}

fn may_take_long(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let waits = || request.uri().query().is_some_and(|query| query.contains("wait="));
    LONG.contains(&path) || (path == "/messages" && waits())
}

/// A body that keeps its request's place until it has been sent.
struct Lasting {
    body: Body,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Lasting {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
