//! Answers as bare text, without a byte around it: clients compare them for equality.

use std::fmt::Display;

use axum::Extension;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use crate::gateway;

use super::super::answers_in_flight::Excess;
use super::super::limits::TooMany;
use super::super::outcomes::Outcome;

/// An answer in plain text.
pub(super) fn text(outcome: Outcome, body: impl Into<String>) -> Response {
    let content_type = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    (content_type, Extension(outcome), body.into()).into_response()
}

/// An answer that is one word.
pub(super) fn word(outcome: Outcome) -> Response {
    text(outcome, outcome.as_str())
}

/// A word, an underscore, and more about it.
pub(super) fn word_and(outcome: Outcome, more: impl Display) -> Response {
    text(outcome, format!("{}_{more}", outcome.as_str()))
}

/// Why a request was refused before its endpoint did anything, or that it failed.
#[derive(Debug)]
pub(in super::super) enum Refusal {
    NoKeyProvided,
    /// The key is unknown, revoked, not allowed from this address, not for this, or a test key.
    Unauthorized,
    /// The body is too large or broken, or was sent too slowly.
    InvalidRequest,
    /// The endpoint does not accept the method.
    InvalidMethod,
    /// `orderId` is missing or not a number.
    InvalidOrder,
    InvalidCountry,
    /// `contract_id` is missing, not a number, unknown, or another account's.
    InvalidContract,
    /// `auto_renew` is missing or neither true nor false.
    InvalidAutoRenew,
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

impl From<gateway::Error> for Refusal {
    fn from(error: gateway::Error) -> Refusal {
        tracing::error!(
            event = "request_failed", %error,
            "a customer's request failed; answered ERROR"
        );
        Refusal::Fault
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        word(match self {
            Refusal::NoKeyProvided => Outcome::NoKeyProvided,
            Refusal::Unauthorized => Outcome::Unauthorized,
            Refusal::InvalidRequest => Outcome::InvalidRequest,
            Refusal::InvalidMethod => Outcome::InvalidMethod,
            Refusal::InvalidOrder => Outcome::InvalidOrder,
            Refusal::InvalidCountry => Outcome::InvalidCountry,
            Refusal::InvalidContract => Outcome::InvalidContract,
            Refusal::InvalidAutoRenew => Outcome::InvalidAutoRenew,
            Refusal::TooManyRequests(TooMany(seconds)) => {
                let retry = [(RETRY_AFTER, seconds.to_string())];
                let answer = word(Outcome::TooManyRequests);
                return (StatusCode::TOO_MANY_REQUESTS, retry, answer).into_response();
            }
            Refusal::TooManyConnections => {
                let close = [(RETRY_AFTER, "1"), (CONNECTION, "close")];
                let answer = word(Outcome::TooManyRequests);
                return (StatusCode::TOO_MANY_REQUESTS, close, answer).into_response();
            }
            Refusal::TooManyAnswers => {
                let close = [(RETRY_AFTER, "1"), (CONNECTION, "close")];
                let answer = word(Outcome::TooManyConnections);
                return (StatusCode::SERVICE_UNAVAILABLE, close, answer).into_response();
            }
            Refusal::Overloaded => {
                // Clients know no status other than those of docs/customer-api.md.
                return ([(RETRY_AFTER, "1")], word(Outcome::Error)).into_response();
            }
            Refusal::Fault => Outcome::Error,
        })
    }
}
