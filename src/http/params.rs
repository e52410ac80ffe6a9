//! A request's parameters, wherever its client put them: query, form body (both kinds), JSON body,
//! `Authorization: Bearer` for the key.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use axum::body::{HttpBody, to_bytes};
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};

use super::multipart;
use crate::domain::key::ApiKey;

/// Parameters by name; where a name comes twice the first counts, the query before the body.
#[derive(Debug, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
    bearer: Option<ApiKey>,
    /// Whether there is a body that could not be read.
    pub unreadable: bool,
    /// The address that the request comes from.
    pub peer: Option<IpAddr>,
}

/// The largest body that is read; parameters are some hundred bytes.
const BODY_LIMIT: usize = 64 * 1024;
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The address that a request comes from.
fn peer(request: &Request) -> Option<IpAddr> {
    let ConnectInfo(address) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    Some(peer_of(*address))
}

/// The address of a connection's other end; an IPv4 one as such, also where both kinds come in by
/// one socket.
pub(super) fn peer_of(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}

impl Params {
    /// Those of a request's head: its query, and the key of its header.
    pub(super) fn of_head<B>(request: &Request<B>, peer: Option<IpAddr>) -> Params {
        let mut params = Params { peer, ..Params::default() };
        params.add_form(request.uri().query().unwrap_or("").as_bytes());
        params.bearer = header(request.headers(), AUTHORIZATION)
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, key)| scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty())
            .map(|(_, key)| ApiKey::from_request(key.trim().to_owned()));
        params
    }

    /// A parameter that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter made of digits only, as a number.
    pub fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        let text = self.get(name)?;
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
    }

    /// The key: the parameter before the header.
    pub fn key(&self) -> Option<ApiKey> {
        self.get("key")
            .map(|key| ApiKey::from_request(key.to_owned()))
            .or_else(|| self.bearer.clone())
    }

    fn add_form(&mut self, text: &[u8]) {
        self.pairs.extend(form_urlencoded::parse(text).into_owned());
    }

    fn add_json(&mut self, text: &[u8]) {
        let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(text) else {
            self.unreadable = !text.trim_ascii().is_empty();
            return;
        };
        for (name, value) in fields {
            match value {
                serde_json::Value::String(text) => self.pairs.push((name, text)),
                serde_json::Value::Number(number) => self.pairs.push((name, number.to_string())),
                serde_json::Value::Bool(flag) => self.pairs.push((name, flag.to_string())),
                _ => {}
            }
        }
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Infallible;

    async fn from_request(request: Request, _state: &S) -> Result<Params, Infallible> {
        let mut params = Params::of_head(&request, peer(&request));
        if request.body().is_end_stream() {
            return Ok(params);
        }
        let (head, body) = request.into_parts();
        let kind = header(&head.headers, CONTENT_TYPE).unwrap_or_default();
        let body = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_LIMIT)).await;
        // Too large, broken, or too slow.
        let Ok(Ok(body)) = body else { return Ok(Params { unreadable: true, ..params }) };
        // Clients forget the content type: what looks like an object is JSON.
        if let Some(boundary) = multipart::boundary(kind) {
            params.pairs.extend(multipart::fields(&body, boundary));
        } else if kind.contains("json") || body.first() == Some(&b'{') {
            params.add_json(&body);
        } else {
            params.add_form(&body);
        }
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    async fn params(request: axum::http::request::Builder, body: &'static str) -> Params {
        Params::from_request(request.body(Body::from(body)).unwrap(), &()).await.unwrap()
    }

    #[tokio::test]
    async fn from_query_form_json_and_header() {
        let get = || Request::builder().uri("/x?serviceId=3&country=");
        let from_query = params(get(), "").await;
        assert_eq!(
            (from_query.number::<i64>("serviceId"), from_query.get("country")),
            (Some(3), None)
        );
        let form = Request::builder()
            .method("POST")
            .uri("/x?a=query")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let form = params(form, "a=form&b=%2B1+2").await;
        assert_eq!((form.get("a"), form.get("b")), (Some("query"), Some("+1 2")));
        let json = Request::builder()
            .method("POST")
            .uri("/x")
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        let json =
            params(json, r#"{"orderId": 7, "auto_renew": true, "key": "k", "nested": {}}"#).await;
        assert_eq!(
            (json.number::<i64>("orderId"), json.get("auto_renew")),
            (Some(7), Some("true"))
        );
        assert_eq!(json.key().unwrap().reveal(), "k");
        let bearer =
            params(Request::builder().uri("/x").header(AUTHORIZATION, "bearer abc"), "").await;
        assert_eq!(bearer.key().unwrap().reveal(), "abc");
        assert!(params(Request::builder().uri("/x?key="), "").await.key().is_none());
    }

    #[tokio::test]
    async fn what_is_no_object_cannot_be_read_and_an_empty_body_says_nothing() {
        for (body, unreadable) in [
            ("{\"key\": ", true),
            ("[1]", true),
            ("7", true),
            ("", false),
            (" \n", false),
            ("{}", false),
        ] {
            let json = Request::builder()
                .method("POST")
                .uri("/x?key=k")
                .header(CONTENT_TYPE, "application/json");
            let read = params(json, body).await;
            assert_eq!((read.unreadable, read.get("key")), (unreadable, Some("k")), "{body:?}");
        }
    }

    #[tokio::test]
    async fn a_number_is_digits_and_nothing_else() {
        for text in ["-1", "+1", "1.0", "0x1", "1e3", "99999999999999999999", "%201"] {
            let uri = format!("/x?n={text}");
            assert_eq!(
                params(Request::builder().uri(uri), "").await.number::<i64>("n"),
                None,
                "{text}"
            );
        }
    }
}
