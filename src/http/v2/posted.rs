//! Requests that change something: what a POST has to say, and how it is answered. With the header
//! `Idempotency-Key` it is carried out once, however often it is sent.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::api::Api;
use super::super::shares::Share;
use super::caller::Caller;
use super::input::Body;
use super::problem::{Code, InputError, Problem};
use crate::domain::AccountId;
use crate::gateway::{self, Done, Once};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The most characters of an idempotency key.
const LONGEST_KEY: usize = 255;

/// What a POST says.
pub(in super::super) struct Posted<T> {
    /// The members of its body.
    pub(in super::super) body: T,
    /// By what it is known again; `None` if it is carried out as often as it is sent.
    pub(in super::super) once: Option<Once>,
    /// Refuses the same request until this one is answered.
    _under_way: Option<Share<(AccountId, String)>>,
}

/// The idempotency key of a request, if it has one.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| {
        (1..=LONGEST_KEY).contains(&key.len())
            && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    });
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => Err(Problem::of_input(vec![InputError::other(format!(
            "the header Idempotency-Key stands once, with 1 to {LONGEST_KEY} printable ASCII \
             characters"
        ))])),
    }
}

impl<T: DeserializeOwned> FromRequest<Api> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Posted<T>, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, api).await?;
        let (account, mode) = (caller.account(), caller.mode());
        let key = key(&parts.headers)?.map(str::to_owned);
        let mut digest = Sha256::new();
        for part in [parts.method.as_str(), parts.uri.path()] {
            digest.update(part);
            digest.update([0_u8]);
        }
        let request = Request::from_parts(parts, body);
        let Body { value: body, bytes } = Body::from_request(request, api).await?;
        digest.update(&bytes);
        let once = key.map(|key| Once::new(&key, mode, digest.finalize().into()));
        let _under_way = once.as_ref().map(|once| begin(api, account, once)).transpose()?;
        Ok(Posted { body, once, _under_way })
    }
}

fn begin(
    api: &Api,
    account: AccountId,
    once: &Once,
) -> Result<Share<(AccountId, String)>, Problem> {
    let is_under_way = || {
        let detail = "a request with this idempotency key is not answered yet; ask again soon";
        Problem::new(Code::RequestInProgress, detail).retry_after(1)
    };
    api.begin_once(account, once.known_by()).ok_or_else(is_under_way)
}

/// How a request is answered that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Success {
    /// 200.
    Ok,
    /// 201, and the address of what was made, which begins so.
    Created(&'static str),
    /// 202: what was asked for happens soon.
    Accepted,
}

/// The part of a resource that its address is made of.
#[derive(Deserialize)]
struct Identified {
    id: i64,
}

/// The answer to a request that is carried out once.
pub(in super::super) fn answer<T: Serialize, R>(
    done: Done<T, R>,
    success: Success,
    refused: impl FnOnce(R) -> Problem,
) -> Result<Response, Problem> {
    let (json, is_replayed) = match done {
        Done::Now(resource) => (to_json(&resource)?, false),
        Done::Before(json) => (json, true),
        Done::Refused(refusal) => return Err(refused(refusal)),
        Done::KeyReused => {
            let detail = "this idempotency key was given to another request; make a new one";
            return Err(Problem::new(Code::IdempotencyKeyReused, detail));
        }
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if is_replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    let status = match success {
        Success::Ok => StatusCode::OK,
        Success::Accepted => StatusCode::ACCEPTED,
        Success::Created(under) => {
            let id = serde_json::from_str(&json).map(|Identified { id }| format!("{under}/{id}"));
            let location = id.ok().and_then(|address| HeaderValue::try_from(address).ok());
            headers.extend(location.map(|location| (LOCATION, location)));
            StatusCode::CREATED
        }
    };
    Ok((status, headers, json).into_response())
}

fn to_json(resource: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(resource)
        .map_err(|error| gateway::Error::Refused(error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idempotency_key_is_printable_and_not_too_long() {
        let longest = "x".repeat(LONGEST_KEY);
        for text in ["a", "two words", "5b1d1f2e-8f0a", longest.as_str()] {
            let headers = [(IDEMPOTENCY_KEY, text.parse().unwrap())].into_iter().collect();
            assert_eq!(key(&headers).unwrap(), Some(text));
        }
        let too_long = "x".repeat(LONGEST_KEY + 1);
        for text in ["", "tab\tbed", "é", too_long.as_str()] {
            let headers = [(IDEMPOTENCY_KEY, HeaderValue::from_bytes(text.as_bytes()).unwrap())];
            assert!(key(&headers.into_iter().collect()).is_err(), "{text}");
        }
        let twice = ["a", "b"].map(|text| (IDEMPOTENCY_KEY, text.parse().unwrap()));
        assert!(key(&twice.into_iter().collect()).is_err());
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
    }
}
