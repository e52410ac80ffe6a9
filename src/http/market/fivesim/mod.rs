//! 5sim's API v1, under `/v1`: a path for each call, answered with JSON, or with a phrase in plain
//! text.

use axum::Extension;
use axum::http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::super::api::Api;
use super::super::limits::TooMany;
use super::super::params::Params;
use super::{Caller, Counted, Refusal, segments};
use crate::domain::key::ApiKey;

/// A request.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) params: Params,
}

/// The answer to a request that is refused, whatever it asks for.
pub(super) fn refuse(refusal: Refusal) -> Response {
    let (status, text) = match refusal {
        Refusal::NoKey | Refusal::WrongKey | Refusal::Suspended => {
            return counted("unauthorized", StatusCode::UNAUTHORIZED);
        }
        Refusal::TooManyRequests(_) | Refusal::TooManyConnections => {
            (StatusCode::TOO_MANY_REQUESTS, "too many requests")
        }
        Refusal::TooManyAnswers | Refusal::Overloaded => {
            (StatusCode::SERVICE_UNAVAILABLE, "server offline")
        }
        Refusal::Fault => (StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
    };
    let seconds =
        if let Refusal::TooManyRequests(TooMany(seconds)) = refusal { seconds } else { 1 };
    let retry = [(RETRY_AFTER, seconds.to_string())];
    let phrase = (status, [(CONTENT_TYPE, "text/plain")], text);
    match refusal {
        Refusal::Fault => counted(text, phrase),
        Refusal::TooManyConnections | Refusal::TooManyAnswers => {
            counted(text, (retry, [(CONNECTION, "close")], phrase))
        }
        _ => counted(text, (retry, phrase)),
    }
}

/// A response that is counted by its outcome.
fn counted(outcome: &'static str, response: impl IntoResponse) -> Response {
    let counted = Counted { call: "fivesim".to_owned(), outcome };
    (Extension(counted), response).into_response()
}

/// The token of a request: some clients send it bare, without `Bearer`.
fn token(headers: &HeaderMap) -> Option<ApiKey> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None if value.eq_ignore_ascii_case("bearer") => return None,
        None => value,
    };
    (!token.is_empty()).then(|| ApiKey::from_request(token.to_owned()))
}

/// Answers a request. Paths of a user ask for a token before anything else.
pub(super) async fn answer(api: &Api, call: Call) -> Response {
    let path: Vec<&str> = segments(&call.path).skip(1).collect();
    let opened = match path.first() {
        Some(&"user") => Caller::open(api, token(&call.headers), &call.params).await.map(drop),
        _ => Ok(()),
    };
    match opened {
        Ok(()) => counted("not found", StatusCode::NOT_FOUND),
        Err(refusal) => refuse(refusal),
    }
}
