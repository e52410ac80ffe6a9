//! What is answered: JSON, or a phrase in plain text. Clients compare the content types and the
//! phrases for equality, so there is not a byte around them.

use axum::Extension;
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::{Counted, Refusal};
use crate::gateway;

/// What a call answers.
pub(super) type Answer = Result<Reply, Refused>;

/// An answer in JSON, written.
#[derive(Debug)]
pub(super) struct Reply(String);

impl Reply {
    /// An answer in JSON.
    pub(super) fn json(value: &impl Serialize) -> Answer {
        let text = serde_json::to_string(value).map_err(|error| {
            tracing::error!(event = "request_failed", %error, "an answer cannot be written");
            Refusal::Fault
        })?;
        Ok(Reply(text))
    }
}

/// Why a call is refused.
#[derive(Debug)]
pub(super) enum Refused {
    /// By a phrase, with status 400.
    Phrase(Phrase),
    /// There is no order with the id that was to be looked at.
    NoSuchOrder,
    /// There is no such path.
    NoSuchPath,
    /// The path does not take the method.
    WrongMethod,
    /// As in every dialect.
    Always(Refusal),
}

impl From<Phrase> for Refused {
    fn from(phrase: Phrase) -> Refused {
        Refused::Phrase(phrase)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        Refused::Always(refusal)
    }
}

impl From<gateway::Error> for Refused {
    fn from(error: gateway::Error) -> Refused {
        Refused::Always(error.into())
    }
}

macro_rules! phrases {
    ($($name:ident = $phrase:literal,)+) => {
        /// A phrase by which something is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Phrase {
            $($name,)+
        }

        impl Phrase {
            /// The phrase as it is answered.
            pub(super) fn as_str(self) -> &'static str {
                match self {
                    $(Phrase::$name => $phrase,)+
                }
            }
        }
    };
}

phrases! {
    BadCountry = "bad country",
    BadOperator = "bad operator",
    BadRequest = "bad request",
    CountryIsIncorrect = "country is incorrect",
    HostingOrder = "hosting order",
    InternalError = "internal error",
    MethodNotAllowed = "method not allowed",
    NoFreePhones = "no free phones",
    NoProduct = "no product",
    NotEnoughBalance = "not enough user balance",
    NotFound = "not found",
    NotSupported = "not supported",
    OrderExpired = "order expired",
    OrderHasSms = "order has sms",
    OrderNoSms = "order no sms",
    OrderNotFound = "order not found",
    ProductIsIncorrect = "product is incorrect",
    ReuseExpired = "reuse expired",
    ReuseFalse = "reuse false",
    ReuseNotPossible = "reuse not possible",
    SelectCountry = "select country",
    SelectOperator = "select operator",
    ServerOffline = "server offline",
    TooManyRequests = "too many requests",
    YouNeedToWait = "you need to wait time",
}

/// The response to a call, which is `""` if there is none.
pub(super) fn respond(call: &str, answer: Answer) -> Response {
    let (outcome, response) = match answer {
        Ok(Reply(text)) => ("ok", ([(CONTENT_TYPE, "application/json")], text).into_response()),
        Err(Refused::Phrase(phrase)) => said(StatusCode::BAD_REQUEST, phrase),
        Err(Refused::NoSuchOrder) => said(StatusCode::NOT_FOUND, Phrase::OrderNotFound),
        Err(Refused::NoSuchPath) => said(StatusCode::NOT_FOUND, Phrase::NotFound),
        Err(Refused::WrongMethod) => {
            let (outcome, refused) = said(StatusCode::METHOD_NOT_ALLOWED, Phrase::MethodNotAllowed);
            (outcome, ([(ALLOW, "GET, POST")], refused).into_response())
        }
        Err(Refused::Always(refusal)) => refused(refusal),
    };
    let call = format!("fivesim {call}").trim_end().to_owned();
    (Extension(Counted { call, outcome }), response).into_response()
}

fn said(status: StatusCode, phrase: Phrase) -> (&'static str, Response) {
    let response = (status, [(CONTENT_TYPE, "text/plain")], phrase.as_str()).into_response();
    (phrase.as_str(), response)
}

/// A key that opens nothing is answered without a body; what comes too often, or cannot be answered
/// now, with the seconds after which to try again.
fn refused(refusal: Refusal) -> (&'static str, Response) {
    let (status, phrase) = match refusal {
        Refusal::NoKey | Refusal::WrongKey | Refusal::Suspended => {
            return ("unauthorized", StatusCode::UNAUTHORIZED.into_response());
        }
        Refusal::TooManyRequests(_) | Refusal::TooManyConnections => {
            (StatusCode::TOO_MANY_REQUESTS, Phrase::TooManyRequests)
        }
        Refusal::TooManyAnswers | Refusal::Overloaded => {
            (StatusCode::SERVICE_UNAVAILABLE, Phrase::ServerOffline)
        }
        Refusal::Fault => (StatusCode::INTERNAL_SERVER_ERROR, Phrase::InternalError),
    };
    let (outcome, response) = said(status, phrase);
    (outcome, (refusal.headers(), response).into_response())
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::super::super::super::limits::TooMany;
    use super::*;

    async fn parts(answer: Answer) -> (u16, Option<String>, String) {
        let response = respond("check", answer);
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.map(|kind| kind.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn every_answer_has_exactly_one_content_type() {
        let json = Some("application/json".to_owned());
        let plain = Some("text/plain".to_owned());
        for (answer, expected) in [
            (Reply::json(&[1, 2]), (200, json, "[1,2]")),
            (Err(Phrase::NoFreePhones.into()), (400, plain.clone(), "no free phones")),
            (Err(Refused::NoSuchOrder), (404, plain.clone(), "order not found")),
            (Err(Refused::NoSuchPath), (404, plain.clone(), "not found")),
            (Err(Refused::WrongMethod), (405, plain.clone(), "method not allowed")),
            (Err(Refusal::NoKey.into()), (401, None, "")),
            (Err(Refusal::WrongKey.into()), (401, None, "")),
            (Err(Refusal::Suspended.into()), (401, None, "")),
            (
                Err(Refusal::TooManyRequests(TooMany::SOON).into()),
                (429, plain.clone(), "too many requests"),
            ),
            (Err(Refusal::Overloaded.into()), (503, plain.clone(), "server offline")),
            (Err(Refusal::Fault.into()), (500, plain, "internal error")),
        ] {
            let (status, kind, text) = expected;
            assert_eq!(parts(answer).await, (status, kind, text.to_owned()));
        }
    }
}
