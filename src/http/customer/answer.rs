//! Answers: bare text, without a byte around it, since clients compare for equality.

use axum::Extension;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use crate::gateway;

use super::super::limits::TooMany;
use super::super::requests::Outcome;

/// An answer as plain text.
pub(super) fn text(body: impl Into<String>) -> Response {
    let body = body.into();
    let outcome = Outcome::of(&body);
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], Extension(outcome), body).into_response()
}

/// What keeps a request from being looked at, or a fault of ours.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No key at all.
    NoKeyProvided,
    /// A key that opens nothing.
    Unauthorized,
    /// A body that is too large, broken or too slow.
    InvalidRequest,
    /// A method that the endpoint does not take.
    InvalidMethod,
    /// `orderId` is missing or no number.
    InvalidOrder,
    /// No such country.
    InvalidCountry,
    /// `contract_id` is missing, no number, unknown or somebody else's.
    InvalidContract,
    /// `auto_renew` is missing or neither yes nor no.
    InvalidAutoRenew,
    /// Over a limit: the one refusal with a status of its own.
    TooManyRequests(TooMany),
    /// More waits to be written than should; nothing was done.
    Overloaded,
    /// Logged with the request's id; the client learns only that it was us.
    Fault,
}

impl From<TooMany> for Refusal {
    fn from(too_many: TooMany) -> Refusal {
        Refusal::TooManyRequests(too_many)
    }
}

impl From<gateway::Error> for Refusal {
    fn from(error: gateway::Error) -> Refusal {
        tracing::error!(event = "request_failed", %error, "a customer's request was answered ERROR");
        Refusal::Fault
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        text(match self {
            Refusal::NoKeyProvided => "NO_KEY_PROVIDED",
            Refusal::Unauthorized => "UNAUTHORIZED",
            Refusal::InvalidRequest => "INVALID_REQUEST",
            Refusal::InvalidMethod => "INVALID_METHOD",
            Refusal::InvalidOrder => "INVALID_ORDER",
            Refusal::InvalidCountry => "INVALID_COUNTRY",
            Refusal::InvalidContract => "INVALID_CONTRACT",
            Refusal::InvalidAutoRenew => "INVALID_AUTO_RENEW",
            Refusal::TooManyRequests(TooMany(seconds)) => {
                let retry = [(RETRY_AFTER, seconds.to_string())];
                return (StatusCode::TOO_MANY_REQUESTS, retry, text("TOO_MANY_REQUESTS"))
                    .into_response();
            }
            Refusal::Overloaded => {
                // Of any other status than the document's one clients know nothing.
                return ([(RETRY_AFTER, "1")], text("ERROR")).into_response();
            }
            Refusal::Fault => "ERROR",
        })
    }
}
