//! Endpoints and deliveries as customers and operators are shown them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Timestamp;
use crate::domain::webhook::{Attempt, Delivery, Endpoint};

/// An address that events are sent to, as its customer and the operator are shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointResource {
    pub id: i64,
    pub url: String,
    /// Which events are sent: their names, or patterns such as `order.*`.
    pub types: Vec<String>,
    /// `on` or `off`.
    pub state: &'static str,
    /// Why it is off: `customer`, `gone` (it answered 410) or `failing` (for five days).
    pub off_reason: Option<&'static str>,
    /// Since when it has failed without a success.
    pub failing_since: Option<String>,
    pub created_at: String,
    /// What its webhooks are signed with: shown when it is new, and never again.
    pub secret: Option<String>,
}

impl EndpointResource {
    /// An endpoint without its secret.
    pub fn of(endpoint: &Endpoint) -> EndpointResource {
        EndpointResource {
            id: endpoint.id.0,
            url: endpoint.url.as_str().to_owned(),
            types: endpoint.subscription.patterns().to_vec(),
            state: endpoint.state.as_str(),
            off_reason: endpoint.state.off_reason().map(|reason| reason.as_str()),
            failing_since: endpoint.failing_since.map(|since| since.to_string()),
            created_at: endpoint.created_at.to_string(),
            secret: None,
        }
    }

    /// An endpoint whose secret is new.
    pub fn with_secret(endpoint: &Endpoint) -> EndpointResource {
        let secret = Some(endpoint.secrets.current.reveal());
        EndpointResource { secret, ..EndpointResource::of(endpoint) }
    }
}

/// The delivery of an event to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliveryResource {
    /// The event's id, by which its delivery to this endpoint is known, too.
    pub id: i64,
    /// The event's id.
    pub event: i64,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `waiting`, `taken` or `given_up`.
    pub state: &'static str,
    /// The last attempts, oldest first.
    pub attempts: Vec<AttemptResource>,
    /// When it is tried next; `null` of one that was not tried yet, or waits for an earlier event
    /// of its order or rental.
    pub next_at: Option<String>,
}

/// An attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttemptResource {
    pub at: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The first 1024 bytes of the answer.
    pub answer: Option<String>,
}

impl From<Delivery> for DeliveryResource {
    fn from(delivery: Delivery) -> DeliveryResource {
        DeliveryResource {
            id: delivery.event.0,
            event: delivery.event.0,
            kind: delivery.kind.as_str(),
            state: delivery.state.as_str(),
            next_at: delivery.state.next_at().map(|at| at.to_string()),
            attempts: delivery.progress.attempts.into_iter().map(AttemptResource::from).collect(),
        }
    }
}

impl From<Attempt> for AttemptResource {
    fn from(attempt: Attempt) -> AttemptResource {
        let Attempt { at_us, ms, status, error, answer } = attempt;
        AttemptResource { at: Timestamp(at_us).to_string(), ms, status, error, answer }
    }
}
