//! Why requests are refused in every dialect alike; each has its own words for it.

use axum::http::header::{CONNECTION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue};

use super::super::answers_in_flight::Excess;
use super::super::api::{KeyFault, Overload};
use super::super::limits::TooMany;
use crate::gateway;

/// Why a request is refused, whatever it asks for.
#[derive(Debug)]
pub(in super::super) enum Refusal {
    /// It has no key.
    NoKey,
    /// The key is unknown, revoked, not allowed from this address, not for this, or a test key.
    WrongKey,
    /// The account is suspended.
    Suspended,
    /// A limit was exceeded.
    TooManyRequests(TooMany),
    /// The key has too many connections; this one is closed.
    TooManyConnections,
    /// Too much of all answers has not been taken by its clients; this connection is closed.
    TooManyAnswers,
    /// Too many operations wait for the database; nothing was done.
    Overloaded,
    /// Logged with the request's id. The client learns only that the fault is ours.
    Fault,
}

impl Refusal {
    /// When to try again, and whether the connection is closed; none for what trying again does not
    /// mend.
    pub(super) fn headers(&self) -> HeaderMap {
        let (seconds, is_closed) = match self {
            Refusal::TooManyRequests(TooMany(seconds)) => (*seconds, false),
            Refusal::TooManyConnections | Refusal::TooManyAnswers => (1, true),
            Refusal::Overloaded => (1, false),
            Refusal::NoKey | Refusal::WrongKey | Refusal::Suspended | Refusal::Fault => {
                return HeaderMap::new();
            }
        };
        let close = is_closed.then(|| (CONNECTION, HeaderValue::from_static("close")));
        [(RETRY_AFTER, HeaderValue::from(seconds))].into_iter().chain(close).collect()
    }
}

impl From<TooMany> for Refusal {
    fn from(too_many: TooMany) -> Refusal {
        Refusal::TooManyRequests(too_many)
    }
}

impl From<Excess> for Refusal {
    fn from(excess: Excess) -> Refusal {
        match excess {
            Excess::OfKey => Refusal::TooManyRequests(TooMany::SOON),
            Excess::InAll => Refusal::TooManyAnswers,
        }
    }
}

impl From<Overload> for Refusal {
    fn from(overload: Overload) -> Refusal {
        match overload {
            Overload::InAll => Refusal::Overloaded,
            Overload::OfAccount => Refusal::TooManyRequests(TooMany::SOON),
        }
    }
}

impl From<KeyFault> for Refusal {
    fn from(fault: KeyFault) -> Refusal {
        match fault {
            KeyFault::Closed | KeyFault::Test => Refusal::WrongKey,
            KeyFault::TooMany(too_many) => too_many.into(),
            KeyFault::TooManyConnections => Refusal::TooManyConnections,
            KeyFault::Failed(error) => error.into(),
        }
    }
}

impl From<gateway::Error> for Refusal {
    fn from(error: gateway::Error) -> Refusal {
        tracing::error!(
            event = "request_failed", %error,
            "a customer's request failed; answered that the fault is ours"
        );
        Refusal::Fault
    }
}
