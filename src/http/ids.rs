//! Request ids. All log lines that a request causes carry its id.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use tracing::Instrument;

use crate::domain::Timestamp;

/// Makes ids that are unique even across restarts: the time of the daemon's start and a counter.
#[derive(Debug)]
pub struct RequestIds {
    started: Timestamp,
    count: AtomicU64,
}

impl RequestIds {
    /// The ids of a daemon that starts at this time.
    pub fn starting_at(started: Timestamp) -> RequestIds {
        RequestIds { started, count: AtomicU64::new(0) }
    }

    pub(super) fn next(&self) -> String {
        format!("{:x}-{}", self.started.0, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// Puts a tracing span with an id around each of the operator's requests.
pub fn with_request_spans(router: Router, ids: Arc<RequestIds>) -> Router {
    router.layer(middleware::from_fn_with_state(ids, in_span))
}

async fn in_span(State(ids): State<Arc<RequestIds>>, request: Request, next: Next) -> Response {
    // The route, not the path: the path may contain a phone number.
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
