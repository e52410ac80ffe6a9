//! Why a request is refused: problem details for HTTP APIs (RFC 9457).

use std::fmt::Display;

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::answers_in_flight::Excess;
use super::super::api::{KeyFault, Overload};
use super::super::limits::TooMany;
use crate::domain::text::beginning;
use crate::domain::{OrderId, Timestamp};
use crate::gateway;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:ident $word:literal $title:literal,)+) => {
        /// The codes by which programs tell problems apart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(in super::super) enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// All of them.
            #[cfg(test)]
            const ALL: &[Code] = &[$(Code::$name,)+];

            /// The word in the answer.
            pub(in super::super) fn as_str(self) -> &'static str {
                match self { $(Code::$name => $word,)+ }
            }

            fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status,)+ }
            }

            fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)+ }
            }
        }
    };
}

codes! {
    Unauthorized = UNAUTHORIZED "unauthorized" "The key opens nothing",
    NoBalance = PAYMENT_REQUIRED "no_balance" "The balance does not cover the price",
    ScopeMissing = FORBIDDEN "scope_missing" "The key is not for this",
    AccountSuspended = FORBIDDEN "account_suspended" "The account is suspended",
    NotFound = NOT_FOUND "not_found" "There is nothing here",
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed" "The method is not for this",
    NoStock = CONFLICT "no_stock" "No number is free",
    PriceTooHigh = CONFLICT "price_too_high" "The price is higher than allowed",
    TooManyOpenOrders = CONFLICT "too_many_open_orders" "Too many orders are open",
    OrderOpen = CONFLICT "order_open" "The order is open",
    OrderOver = CONFLICT "order_over" "The order is over",
    OrderCompleted = CONFLICT "order_has_code" "The order has got what it is charged for",
    NumberGone = CONFLICT "number_gone" "The number is not to be had any more",
    RentalActive = CONFLICT "rental_active" "The rental is active",
    RentalOver = CONFLICT "rental_over" "The rental has ended",
    GraceOver = CONFLICT "grace_over" "The rental cannot be revived any more",
    EndpointOff = CONFLICT "endpoint_off" "The endpoint is off",
    TooManyEndpoints = CONFLICT "too_many_endpoints" "The account has as many endpoints as it may",
    RequestInProgress = CONFLICT "request_in_progress" "The same request is under way",
    CursorExpired = GONE "cursor_expired" "The position is not kept any more",
    BodyTooLarge = PAYLOAD_TOO_LARGE "body_too_large" "The body is too large",
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body is not JSON",
    InvalidRequest = UNPROCESSABLE_ENTITY "invalid_request" "The request cannot be understood",
    UnsafeAddress = UNPROCESSABLE_ENTITY "unsafe_address" "Nothing may be sent to this address",
    KeyInAddress = UNPROCESSABLE_ENTITY "key_in_address" "A key stands in the address",
    IdempotencyKeyReused =
        UNPROCESSABLE_ENTITY "idempotency_key_reused" "The idempotency key is another request's",
    RateLimited = TOO_MANY_REQUESTS "rate_limited" "Too much was asked",
    SpendLimit = TOO_MANY_REQUESTS "spend_limit" "As much was spent today as may be",
    Paused = TOO_MANY_REQUESTS "paused" "The account has to wait",
    Overloaded = SERVICE_UNAVAILABLE "overloaded" "The gateway is busy",
    Internal = INTERNAL_SERVER_ERROR "internal" "The gateway has failed",
}

/// The most errors of a request that an answer has.
pub(super) const MOST_ERRORS: usize = 20;

/// What is wrong with a part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(in super::super) struct InputError {
    /// The member of the body, as a JSON pointer (RFC 6901).
    pointer: Option<String>,
    /// The parameter of the query.
    parameter: Option<String>,
    /// What would be right.
    detail: String,
}

impl InputError {
    /// Of a member of the body; an empty name stands for the whole of it.
    pub(super) fn member(name: &str, detail: String) -> InputError {
        let name = name.replace('~', "~0").replace('/', "~1");
        let pointer = if name.is_empty() { String::new() } else { format!("/{name}") };
        InputError { pointer: Some(pointer), parameter: None, detail }
    }

    /// Of a parameter of the query.
    pub(super) fn parameter(name: &str, detail: String) -> InputError {
        InputError { pointer: None, parameter: Some(name.to_owned()), detail }
    }

    /// Of neither, such as a header.
    pub(super) fn other(detail: impl Into<String>) -> InputError {
        InputError { pointer: None, parameter: None, detail: detail.into() }
    }
}

/// Why a request is refused, and what would help.
///
/// As a response it is an extension of an empty one: [`write`] writes it down, which knows the id
/// of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Problem {
    code: Code,
    detail: String,
    errors: Vec<InputError>,
    /// The order that is in the way.
    order: Option<OrderId>,
    /// The name of the limit that was reached.
    limit: Option<&'static str>,
    /// After how many seconds it is worth while to ask again.
    retry_after: Option<u64>,
    /// Whether the connection is closed.
    closes: bool,
}

/// Why a request was refused (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Written<'p> {
    /// `urn:simbridge:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    title: &'p str,
    status: u16,
    /// What would be right.
    detail: &'p str,
    /// By this programs tell problems apart.
    code: &'p str,
    /// By this the operator finds the request in the log.
    request_id: &'p str,
    /// What is wrong with the input; empty if something else is.
    #[schema(value_type = Vec<InputError>)]
    errors: &'p [InputError],
    /// With `too_many_open_orders`: the oldest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<i64>,
    /// The name of the limit that was reached, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    limit: Option<&'p str>,
}

impl Problem {
    /// A problem with words for whoever reads it.
    pub(in super::super) fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            order: None,
            limit: None,
            retry_after: None,
            closes: false,
        }
    }

    /// Input that cannot be understood.
    pub(super) fn of_input(errors: Vec<InputError>) -> Problem {
        let detail = match errors.as_slice() {
            [only] => only.detail.clone(),
            _ => "several parts of the request are wrong; see errors".to_owned(),
        };
        Problem { errors, ..Problem::new(Code::InvalidRequest, detail) }
    }

    /// A member of the body that cannot be understood.
    pub(in super::super) fn of_member(name: &str, detail: impl Into<String>) -> Problem {
        Problem::of_input(vec![InputError::member(name, detail.into())])
    }

    /// A parameter of the query that cannot be understood.
    pub(in super::super) fn of_parameter(name: &str, detail: impl Into<String>) -> Problem {
        Problem::of_input(vec![InputError::parameter(name, detail.into())])
    }

    /// There is none of this kind with this id, or it is another account's.
    pub(in super::super) fn not_found(kind: &str, id: impl Display) -> Problem {
        let id = id.to_string();
        Problem::new(Code::NotFound, format!("your account has no {kind} {}", beginning(&id)))
    }

    /// The key of a request that has waited opens nothing any more.
    pub(in super::super) fn key_closed() -> Problem {
        let detail = "the key has expired or was revoked, or its account suspended, meanwhile";
        Problem::new(Code::Unauthorized, detail)
    }

    /// Asking again makes sense after so many seconds.
    pub(in super::super) fn retry_after(self, seconds: u64) -> Problem {
        Problem { retry_after: Some(seconds.max(1)), ..self }
    }

    /// Asking again makes sense from `until` on.
    pub(super) fn retry_at(self, until: Timestamp, now: Timestamp) -> Problem {
        let wait = until.since(now);
        self.retry_after(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }

    /// A limit with this name was reached.
    pub(super) fn of_limit(self, limit: &'static str) -> Problem {
        Problem { limit: Some(limit), ..self }
    }

    /// This order is in the way.
    pub(super) fn because_of(self, order: OrderId) -> Problem {
        Problem { order: Some(order), ..self }
    }

    /// How many parts of the request are said to be wrong.
    #[cfg(test)]
    pub(super) fn error_count(&self) -> usize {
        self.errors.len()
    }

    fn too_many(TooMany(seconds): TooMany, detail: &str) -> Problem {
        Problem::new(Code::RateLimited, detail).retry_after(seconds)
    }

    fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let is_unknown = self.code == Code::Unauthorized;
        [
            self.retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))),
            self.closes.then_some((CONNECTION, HeaderValue::from_static("close"))),
            // RFC 9110 clause 15.5.2: the answer names how to authenticate.
            is_unknown.then_some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        ]
        .into_iter()
        .flatten()
    }
}

impl From<TooMany> for Problem {
    fn from(too_many: TooMany) -> Problem {
        Problem::too_many(too_many, "more was asked than may be; ask again after Retry-After")
    }
}

impl From<Excess> for Problem {
    fn from(excess: Excess) -> Problem {
        match excess {
            Excess::OfKey => Problem::too_many(
                TooMany::SOON,
                "too much of what was answered to this key has not been read yet",
            ),
            Excess::InAll => Problem {
                closes: true,
                ..Problem::new(Code::Overloaded, "too much of what was answered is not read yet")
                    .retry_after(1)
            },
        }
    }
}

impl From<Overload> for Problem {
    fn from(overload: Overload) -> Problem {
        match overload {
            Overload::InAll => Problem::new(
                Code::Overloaded,
                "more waits to be written than the disk takes; nothing was done, ask again",
            )
            .retry_after(1),
            Overload::OfAccount => Problem::too_many(
                TooMany::SOON,
                "too many requests of your account are not done yet; nothing was done, ask again",
            ),
        }
    }
}

impl From<KeyFault> for Problem {
    fn from(fault: KeyFault) -> Problem {
        match fault {
            KeyFault::Closed => Problem::new(
                Code::Unauthorized,
                "the key is unknown, has expired or was revoked, or may not be used from here",
            ),
            KeyFault::Test => {
                Problem::new(Code::Unauthorized, "a test key opens nothing but its sandbox")
            }
            KeyFault::TooMany(too_many) => too_many.into(),
            KeyFault::TooManyConnections => Problem {
                closes: true,
                ..Problem::too_many(TooMany::SOON, "this key has as many connections as it may")
            },
            KeyFault::Failed(error) => error.into(),
        }
    }
}

impl From<gateway::Error> for Problem {
    fn from(error: gateway::Error) -> Problem {
        tracing::error!(event = "request_failed", %error, "a customer's request failed");
        Problem::new(
            Code::Internal,
            "the fault is the gateway's; its operator finds it by the request_id",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.headers_mut().extend(self.headers());
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem down that a response stands for, if it is one. Answers its code, too.
pub(super) fn write(mut response: Response, request_id: &str) -> (Response, Option<&'static str>) {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return (response, None);
    };
    let written = Written {
        kind: format!("urn:simbridge:problem:{}", problem.code.as_str()),
        title: problem.code.title(),
        status: problem.code.status().as_u16(),
        detail: &problem.detail,
        code: problem.code.as_str(),
        request_id,
        errors: &problem.errors,
        order: problem.order.map(|order| order.0),
        limit: problem.limit,
    };
    let json = serde_json::to_vec(&written).unwrap_or_default();
    let kind = HeaderValue::from_static("application/problem+json");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    // axum has counted the body that was not there yet.
    headers.insert(CONTENT_LENGTH, json.len().into());
    *response.body_mut() = Body::from(json);
    (response, Some(problem.code.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_problems_have_the_same_code_and_each_is_an_error() {
        for code in Code::ALL {
            let same = Code::ALL.iter().filter(|other| other.as_str() == code.as_str());
            assert_eq!(same.count(), 1, "{code:?}");
            let status = code.status();
            assert!(status.is_client_error() || status.is_server_error(), "{code:?}");
        }
    }

    #[tokio::test]
    async fn a_problem_is_written_with_all_of_its_members() {
        let problem = Problem::of_member("a/b~c", "it is a number").retry_after(0);
        let (response, code) = write(problem.into_response(), "request-1");
        assert_eq!(code, Some("invalid_request"));
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        let expected = concat!(
            r#"{"type":"urn:simbridge:problem:invalid_request","#,
            r#""title":"The request cannot be understood","status":422,"detail":"it is a number","#,
            r#""code":"invalid_request","request_id":"request-1","errors":[{"pointer":"/a~1b~0c","#,
            r#""parameter":null,"detail":"it is a number"}]}"#,
        );
        assert_eq!(str::from_utf8(&body).unwrap(), expected);
        let (other, code) = write(StatusCode::OK.into_response(), "request-2");
        assert_eq!((other.status(), code), (StatusCode::OK, None));
    }
}
