//! Who asks. A key comes in the header `Authorization: Bearer` (RFC 6750) and nowhere else.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::api::{Api, KeyFault, OpenKey};
use super::super::params::Origin;
use super::Called;
use super::input::has_key;
use super::problem::{Code, Problem};
use crate::domain::AccountId;
use crate::domain::key::{ApiKey, KeyMode, Scope};
use crate::gateway::{Holder, Requester};

/// Of a key: how many requests there may be in a second, how many of these are left, and after how
/// many seconds all are (draft-ietf-httpapi-ratelimit-headers-07).
const RATE_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
];

/// Who asks, with a key that opens an account.
#[derive(Debug, Clone)]
pub(in super::super) struct Caller {
    pub(super) holder: Holder,
    digest: [u8; 32],
    client: Option<IpAddr>,
}

impl Caller {
    /// The account that the key opens.
    pub(in super::super) fn account(&self) -> AccountId {
        self.holder.account
    }

    /// What the key opens.
    pub(in super::super) fn mode(&self) -> KeyMode {
        self.holder.mode
    }

    /// Who asks, for the gateway.
    pub(in super::super) fn requester(&self) -> Requester {
        Requester::new(self.holder.clone(), self.client)
    }

    /// The key, for a request that waits.
    pub(in super::super) fn key(&self) -> OpenKey {
        OpenKey { digest: self.digest, client: self.client, account: self.holder.account }
    }

    /// Refuses a key that is not for this.
    pub(in super::super) fn check(&self, api: &Api, needed: Scope) -> Result<(), Problem> {
        if api.is_for(&self.holder, self.digest, needed) {
            return Ok(());
        }
        let (needed, scopes) = (needed.as_str(), &self.holder.scopes);
        let detail = format!("this needs a key with the scope {needed}; this key has {scopes}");
        Err(Problem::new(Code::ScopeMissing, detail))
    }

    /// Who asks for a change, if the key is for that. Refuses immediately when too many operations
    /// wait for the database, or too many of this account's.
    pub(in super::super) fn writer(&self, api: &Api, needed: Scope) -> Result<Requester, Problem> {
        self.check(api, needed)?;
        match api.overload(self.account()) {
            Some(overload) => Err(overload.into()),
            None => Ok(self.requester()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Caller, Problem> {
        let known = parts.extensions.get::<Caller>().cloned();
        known.ok_or_else(|| Problem::new(Code::Unauthorized, "this needs a key"))
    }
}

/// Lets requests with a key pass that opens an account, and tells in every answer how many more of
/// them there may be.
pub(super) async fn authenticate(
    State(api): State<Api>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let call = Called(format!("{} {}", request.method(), path.as_str()));
    let mut response = match key_of(&request) {
        Ok(key) => answer(&api, key.digest(), request, next).await,
        Err(problem) => problem.into_response(),
    };
    response.extensions_mut().insert(call);
    response
}

/// The key of a request, which stands in its header and nowhere else.
fn key_of(request: &Request) -> Result<ApiKey, Problem> {
    if has_key(request.uri()) { Err(key_in_address()) } else { bearer(request.headers()) }
}

/// Answers a request with the key that has this SHA-256.
async fn answer(api: &Api, digest: [u8; 32], mut request: Request, next: Next) -> Response {
    let origin = request.extensions().get::<Origin>().cloned();
    let mut response = match caller(api, digest, origin).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    response.headers_mut().extend(rate_headers(api, digest));
    response
}

fn key_in_address() -> Problem {
    Problem::new(
        Code::KeyInAddress,
        "addresses stand in the logs of all proxies: send the key as Authorization: Bearer KEY, \
         and have this one revoked if it is real",
    )
}

/// The key in a request's header.
fn bearer(headers: &HeaderMap) -> Result<ApiKey, Problem> {
    let missing = || {
        let detail = "send your key in the header Authorization: Bearer KEY";
        Problem::new(Code::Unauthorized, detail)
    };
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(missing()) };
    let text = value.to_str().map_err(|_| missing())?;
    let (scheme, key) = text.split_once(' ').ok_or_else(missing)?;
    let key = key.trim();
    match scheme.eq_ignore_ascii_case("bearer") && !key.is_empty() {
        true => Ok(ApiKey::from_request(key.to_owned())),
        false => Err(missing()),
    }
}

/// Who asks with the key that has this SHA-256.
async fn caller(api: &Api, digest: [u8; 32], origin: Option<Origin>) -> Result<Caller, Problem> {
    api.gateway.require_database()?;
    let client = origin.as_ref().map(|origin| origin.client);
    let connection = origin.as_ref().map(|origin| &*origin.connection);
    match api.open_any(digest, client, connection).await {
        Ok(holder) => Ok(Caller { holder, digest, client }),
        Err(KeyFault::Closed) if api.is_suspended(digest, client).await? => {
            let detail = "your account is suspended; ask its operator why";
            Err(Problem::new(Code::AccountSuspended, detail))
        }
        Err(fault) => Err(fault.into()),
    }
}

fn rate_headers(api: &Api, digest: [u8; 32]) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let buckets = api.throttle.buckets();
    let level = buckets.by_key.level(&digest, api.gateway.now());
    let figures = level.map(|level| [level.limit, level.left, level.full_in]);
    let values = figures.into_iter().flatten().map(HeaderValue::from);
    RATE_HEADERS.into_iter().zip(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_bearer_token_and_there_is_one() {
        let read = |values: &[&'static str]| {
            let values =
                values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value)));
            bearer(&values.collect()).map(|key| key.reveal().to_owned()).ok()
        };
        for (values, key) in [
            (&["Bearer abc"][..], Some("abc")),
            (&["bearer  abc "], Some("abc")),
            (&["Basic abc"], None),
            (&["Bearer"], None),
            (&["Bearer "], None),
            (&["abc"], None),
            (&["Bearer abc", "Bearer def"], None),
            (&[], None),
        ] {
            assert_eq!(read(values).as_deref(), key, "{values:?}");
        }
    }
}
