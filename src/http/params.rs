//! The parameters of a customer's request, wherever the client put them: the query, a form body of
//! either kind, a JSON body, or `Authorization: Bearer` for the key.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};

use super::connection::ClientConnection;
use crate::domain::key::ApiKey;

/// Parameters by name. Of several with the same name the first counts, of those in a JSON object
/// the last, and the query comes before the body.
#[derive(Debug, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
    bearer: Option<ApiKey>,
    /// Whether there is a body that could not be read.
    pub unreadable: bool,
    /// The address of the client that the request comes from.
    pub peer: Option<IpAddr>,
    /// The connection that it came over.
    pub(super) connection: Option<Arc<ClientConnection>>,
}

/// Where a request comes from, as an extension of it.
#[derive(Clone)]
pub(super) struct Origin {
    /// The address of the client, also behind a proxy.
    pub(super) client: IpAddr,
    pub(super) connection: Arc<ClientConnection>,
}

/// The largest body that is read; parameters take some hundred bytes.
pub(super) const BODY_LIMIT: usize = 64 * 1024;
/// How long a client may take to send a body.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The address of a connection's other end. An IPv4 address is written as such, even where one
/// socket accepts both kinds.
pub(super) fn peer_of(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}

impl Params {
    /// The parameters in a request's head: its query, and the key in its header.
    pub(super) fn from_head<B>(request: &Request<B>, peer: Option<IpAddr>) -> Params {
        let mut params = Params { peer, ..Params::default() };
        params.add_form(request.uri().query().unwrap_or("").as_bytes());
        params.bearer = header(request.headers(), AUTHORIZATION)
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, key)| scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty())
            .map(|(_, key)| ApiKey::from_request(key.trim().to_owned()));
        params
    }

    /// The same without the blanks around names and values, which some clients send.
    pub(super) fn trimmed(mut self) -> Params {
        for text in self.pairs.iter_mut().flat_map(|(name, value)| [name, value]) {
            *text = text.trim().to_owned();
        }
        self
    }

    /// A parameter's value. An empty value counts as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter that consists of digits only, as a number.
    pub fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        let text = self.get(name)?;
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
    }

    /// The API key; a parameter is preferred to the header.
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

    /// Adds the fields of a `multipart/form-data` body, without files. A broken body counts as far
    /// as it can be read.
    async fn add_multipart(&mut self, mut form: Multipart) {
        while let Ok(Some(field)) = form.next_field().await {
            let name = field.name().filter(|_| field.file_name().is_none()).map(str::to_owned);
            let Ok(value) = field.text().await else { return };
            self.pairs.extend(name.map(|name| (name, value)));
        }
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The form in a body whose content type is `multipart/form-data`.
async fn multipart(content_type: &str, body: &Bytes) -> Option<Multipart> {
    let request = Request::builder().header(CONTENT_TYPE, content_type);
    let request = request.body(Body::from(body.clone())).ok()?;
    Multipart::from_request(request, &()).await.ok()
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Infallible;

    async fn from_request(request: Request, _state: &S) -> Result<Params, Infallible> {
        let origin = request.extensions().get::<Origin>();
        let connection = origin.map(|origin| Arc::clone(&origin.connection));
        let mut params = Params::from_head(&request, origin.map(|origin| origin.client));
        params.connection = connection;
        if request.body().is_end_stream() {
            return Ok(params);
        }
        let (head, body) = request.into_parts();
        let kind = header(&head.headers, CONTENT_TYPE).unwrap_or_default();
        let body = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_LIMIT)).await;
        // Too large, broken, or too slow.
        let Ok(Ok(body)) = body else { return Ok(Params { unreadable: true, ..params }) };
        // Some clients forget the content type: what looks like an object is taken for JSON.
        if let Some(form) = multipart(kind, &body).await {
            params.add_multipart(form).await;
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

    async fn fields(kind: &str, body: impl Into<Body>) -> Vec<(String, String)> {
        let request = Request::builder().method("POST").uri("/x").header(CONTENT_TYPE, kind);
        let request = request.body(body.into()).unwrap();
        Params::from_request(request, &()).await.unwrap().pairs
    }

    #[tokio::test]
    async fn a_multipart_form_as_curl_sends_it() {
        let parts = [
            "Content-Disposition: form-data; name=\"key\"\r\n\r\nabc",
            "content-disposition: form-data; name=package\r\nContent-Type: text/plain\r\n\r\n3m",
            "Content-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nfile",
        ];
        let body: String = parts.map(|part| format!("--a1--b\r\n{part}\r\n")).concat();
        let expected = [("key", "abc"), ("package", "3m")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        for kind in [
            "multipart/form-data; boundary=a1--b",
            "Multipart/Form-Data; charset=utf-8; Boundary=\"a1--b\"",
        ] {
            assert_eq!(fields(kind, format!("{body}--a1--b--\r\n")).await, expected, "{kind}");
        }
        let read = fields("multipart/form-data; boundary=a1--b", body).await;
        assert_eq!(read, expected, "the last boundary is missing");
    }

    #[tokio::test]
    async fn any_bytes_are_fields_or_nothing() {
        for body in [
            &b"--x"[..],
            b"--x\r\n\r\n",
            b"--x\r\nContent-Disposition: form-data\r\n\r\nv",
            b"\xff\xfe--x--",
        ] {
            assert_eq!(fields("multipart/form-data; boundary=x", body).await, [], "{body:?}");
        }
    }

    #[tokio::test]
    async fn json_that_is_no_object_is_unreadable_and_an_empty_body_is_not() {
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
