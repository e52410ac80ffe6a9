//! What is answered: words, words with more behind colons, and JSON. Clients compare the words for
//! equality, so there is not a byte around them.

use axum::Extension;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::{Counted, Refusal};
use crate::gateway;

/// What an action answers.
pub(super) type Answer = Result<Reply, Refused>;

/// An answer that is no refusal.
#[derive(Debug)]
pub(super) enum Reply {
    /// A word, and what stands behind its colons.
    Text(String),
    /// JSON, written.
    Json(String),
    /// Status 204.
    Empty,
}

impl Reply {
    /// An answer in JSON.
    pub(super) fn json(value: &impl Serialize) -> Answer {
        let text = serde_json::to_string(value).map_err(|error| {
            tracing::error!(event = "request_failed", %error, "an answer cannot be written");
            Refusal::Fault
        })?;
        Ok(Reply::Json(text))
    }

    /// A refusal in JSON; the word stands for it in the counts.
    pub(super) fn json_refusal(word: Word, value: &impl Serialize) -> Answer {
        match Reply::json(value)? {
            Reply::Json(text) => Err(Refused::Json(word, text)),
            other => Ok(other),
        }
    }
}

/// An amount with a point, for which clients look, also in a currency without decimals.
pub(super) fn with_point(amount: &str) -> String {
    if amount.contains('.') { amount.to_owned() } else { format!("{amount}.00") }
}

/// Why an action is refused.
#[derive(Debug)]
pub(super) enum Refused {
    /// By a word that is the whole answer.
    Word(Word),
    /// By a word with more behind a colon.
    WordAnd(Word, String),
    /// By JSON; the word stands for it in the counts.
    Json(Word, String),
    /// As in every dialect.
    Always(Refusal),
}

impl From<Word> for Refused {
    fn from(word: Word) -> Refused {
        Refused::Word(word)
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

macro_rules! words {
    ($($(#[$about:meta])* $name:ident = $word:literal,)+) => {
        /// A word by which something is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Word {
            $($(#[$about])* $name,)+
        }

        impl Word {
            /// The word as it is answered.
            pub(super) fn as_str(self) -> &'static str {
                match self {
                    $(Word::$name => $word,)+
                }
            }
        }
    };
}

words! {
    NoKey = "NO_KEY",
    BadKey = "BAD_KEY",
    BadAction = "BAD_ACTION",
    Banned = "BANNED",
    /// The request's body or a reference cannot be used.
    BadData = "BAD_DATA",
    RateLimit = "RATE_LIMIT",
    ErrorSql = "ERROR_SQL",
    BadService = "BAD_SERVICE",
    BadCountry = "BAD_COUNTRY",
    BadStatus = "BAD_STATUS",
    BadOperator = "BAD_OPERATOR",
    WrongExceptionPhone = "WRONG_EXCEPTION_PHONE",
    WrongMaxPrice = "WRONG_MAX_PRICE",
    OrderAlreadyExists = "ORDER_ALREADY_EXISTS",
    NoNumbers = "NO_NUMBERS",
    NoBalance = "NO_BALANCE",
    /// As many orders are open as may be, or the account has to wait.
    ChannelsLimit = "CHANNELS_LIMIT",
    WrongActivationId = "WRONG_ACTIVATION_ID",
    NoActivation = "NO_ACTIVATION",
    EarlyCancelDenied = "EARLY_CANCEL_DENIED",
    /// The number of an order cannot be had again.
    RenewActivationNotAvailable = "RENEW_ACTIVATION_NOT_AVAILABLE",
    /// Not while the order is open.
    NewActivationImpossible = "NEW_ACTIVATION_IMPOSSIBLE",
    WrongDate = "WRONG_DATE",
    OperatorsNotFound = "OPERATORS_NOT_FOUND",
    InvalidTime = "INVALID_TIME",
    OutOfStock = "OUT_OF_STOCK",
    NoIdRent = "NO_ID_RENT",
    /// There is no such rental of this account.
    InvalidPhone = "INVALID_PHONE",
    /// Spelt so.
    IncorectStatus = "INCORECT_STATUS",
    CantCancel = "CANT_CANCEL",
    AlreadyFinish = "ALREADY_FINISH",
    AlreadyCancel = "ALREADY_CANCEL",
    /// The rental has ended and cannot be extended.
    RentDie = "RENT_DIE",
    /// Nothing has come to the rental.
    StatusWaitCode = "STATUS_WAIT_CODE",
    StatusFinish = "STATUS_FINISH",
    StatusCancel = "STATUS_CANCEL",
    /// The operator has ended the rental.
    StatusRevoke = "STATUS_REVOKE",
}

/// The response to an action, which is `""` if there is none.
pub(super) fn respond(call: &str, answer: Answer) -> Response {
    let (outcome, response) = match answer {
        Ok(Reply::Text(text)) => ("ok", plain(text)),
        Ok(Reply::Json(text)) => ("ok", json(text)),
        Ok(Reply::Empty) => ("ok", StatusCode::NO_CONTENT.into_response()),
        Err(Refused::Word(word)) => (word.as_str(), plain(word.as_str())),
        Err(Refused::WordAnd(word, more)) => {
            (word.as_str(), plain(format!("{}:{more}", word.as_str())))
        }
        Err(Refused::Json(word, text)) => (word.as_str(), json(text)),
        Err(Refused::Always(refusal)) => refuse(refusal),
    };
    let response = open_to_scripts(response);
    let call = format!("handler_api {call}").trim_end().to_owned();
    (Extension(Counted { call, outcome }), response).into_response()
}

/// Scripts on other sites may ask too: the key is in the request, not in a cookie.
pub(in super::super) fn open_to_scripts(mut response: Response) -> Response {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn plain(text: impl Into<String>) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text.into()).into_response()
}

fn json(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

/// Errors have status 200 as everything else has: several clients look at no body with another
/// one. The exceptions are what comes too often or over too many connections.
fn refuse(refusal: Refusal) -> (&'static str, Response) {
    let word = match refusal {
        Refusal::NoKey => Word::NoKey,
        Refusal::WrongKey => Word::BadKey,
        Refusal::Suspended => Word::Banned,
        Refusal::TooManyRequests(_) | Refusal::TooManyConnections => Word::RateLimit,
        Refusal::TooManyAnswers | Refusal::Overloaded | Refusal::Fault => Word::ErrorSql,
    };
    let status = match refusal {
        Refusal::TooManyRequests(_) | Refusal::TooManyConnections => StatusCode::TOO_MANY_REQUESTS,
        Refusal::TooManyAnswers => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    let response = (status, refusal.headers(), plain(word.as_str())).into_response();
    (word.as_str(), response)
}
