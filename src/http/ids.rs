//! What requests are called: each has an id, and what is logged in its course bears it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use tracing::Instrument;

use crate::domain::Timestamp;

/// Ids that no other request has, nor had before the daemon was started anew: when it was started,
/// and a count.
#[derive(Debug)]
pub struct RequestIds {
    started: Timestamp,
    count: AtomicU64,
}

impl RequestIds {
    /// Those of a daemon that starts now.
    pub fn since(started: Timestamp) -> RequestIds {
        RequestIds { started, count: AtomicU64::new(0) }
    }

    /// The next one.
    pub(super) fn next(&self) -> String {
        format!("{:x}-{}", self.started.0, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// Puts a span around each of the operator's requests.
pub fn in_spans(router: Router, ids: Arc<RequestIds>) -> Router {
    router.layer(middleware::from_fn_with_state(ids, in_span))
}

async fn in_span(State(ids): State<Arc<RequestIds>>, request: Request, next: Next) -> Response {
    // As the route is written: an account may be called by a number.
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let span =
        tracing::info_span!("admin", id = ids.next(), method = request.method().as_str(), path);
    let answered = async move {
        let response = next.run(request).await;
        tracing::debug!(
            event = "admin_answered",
            status = response.status().as_u16(),
            "an operator's request"
        );
        response
    };
    answered.instrument(span).await
}
