//! What a request says: the parameters of its query and the members of its body.
//!
//! Names that mean nothing are refused with the nearest that does, so that a slip is no default.
//! The right names are those of the type that is read, as serde knows them.

use axum::body::{self, Bytes, HttpBody, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::error::Category;
use utoipa::ToSchema;

use super::super::params::{BODY_LIMIT, BODY_TIMEOUT};
use super::problem::{Code, InputError, MOST_ERRORS, Problem};
use super::reading::{Members, field_names, read};
use crate::domain::text::did_you_mean;

/// The parameters of a query.
pub(in super::super) struct Query<T>(pub T);

/// The members of a body, which is a JSON object. No body is one without members.
pub(in super::super) struct Body<T> {
    pub(super) value: T,
    /// What the client sent.
    pub(super) bytes: Bytes,
}

/// The ids in a path. What is no text is the id of nothing.
pub(in super::super) struct Ids<T>(pub T);

/// The most characters of a wrong name that an answer repeats. A key, which somebody may have put
/// in place of a name, is longer.
const LONGEST_ECHO: usize = 32;

/// Names of parameters under which other APIs take a key. One in the address would stand in the
/// logs of all proxies.
const KEY_PARAMETERS: [&str; 6] = ["key", "api_key", "apikey", "access_token", "token", "auth"];

/// Whether a key seems to stand in the address of a request.
pub(super) fn has_key(uri: &Uri) -> bool {
    let names = pairs(uri).map(|(name, _)| name.to_ascii_lowercase());
    names.into_iter().any(|name| KEY_PARAMETERS.contains(&name.as_str()))
}

fn pairs(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned()
}

/// The error of a name that means nothing, as `place` makes it for a name with a detail.
fn unknown(
    place: fn(&str, String) -> InputError,
    kind: &str,
    name: &str,
    names: &[&'static str],
) -> InputError {
    let is_shown = name.len() <= LONGEST_ECHO
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let all: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let right = match all.is_empty() {
        true => format!("there is no {kind} here"),
        false => format!("there are {}", all.join(", ")),
    };
    match is_shown {
        true => {
            let hint = did_you_mean(&all, name);
            place(name, format!("there is no {kind} {name}; {hint}{right}"))
        }
        false => InputError::other(format!("there is no such {kind}; {right}")),
    }
}

/// Whether a part of a query is UTF-8 that is percent-encoded where it has to be (RFC 3986, section
/// 2.1). What is not would be read as another text.
fn is_encoded(part: &str) -> bool {
    let mut after_percent = part.split('%').skip(1);
    let is_hex = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    after_percent.all(is_hex) && percent_decode_str(part).decode_utf8().is_ok()
}

/// The error of a parameter whose encoding is wrong.
fn wrongly_encoded(part: &str, names: &[&'static str]) -> InputError {
    let name = part.split('=').next().unwrap_or_default();
    let right = "UTF-8, percent-encoded: % itself is written %25";
    match names.contains(&name) {
        true => InputError::parameter(name, format!("{name} is {right}")),
        false => InputError::other(format!("a query is {right}")),
    }
}

/// Reads the parameters of a query. An empty value counts as none.
fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let names = field_names::<T>();
    let mut given = Map::new();
    let parts = uri.query().unwrap_or_default().split('&').filter(|part| !is_encoded(part));
    let wrong = parts.map(|part| wrongly_encoded(part, names));
    let mut errors: Vec<InputError> = wrong.take(MOST_ERRORS).collect();
    if !errors.is_empty() {
        return Err(Problem::of_input(errors));
    }
    for (name, value) in pairs(uri) {
        if errors.len() == MOST_ERRORS {
            break;
        }
        if !names.contains(&name.as_str()) {
            errors.push(unknown(InputError::parameter, "parameter", &name, names));
        } else if given.contains_key(&name) {
            errors.push(InputError::parameter(&name, format!("{name} is given more than once")));
        } else if !value.is_empty() {
            given.insert(name, value.into());
        }
    }
    if !errors.is_empty() {
        return Err(Problem::of_input(errors));
    }
    read(given).map_err(|(name, detail)| Problem::of_parameter(&name, detail))
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Query<T>, Problem> {
        read_query(&parts.uri).map(Query)
    }
}

/// Reads a body's members. One that is `null` counts as one that is not there.
fn read_members<T: DeserializeOwned>(members: Members) -> Result<T, Problem> {
    let names = field_names::<T>();
    let Members { values, repeated } = members;
    let is_right = |name: &&String| names.contains(&name.as_str());
    let wrong = values.keys().filter(|name| !is_right(name));
    let wrong = wrong.map(|name| unknown(InputError::member, "member", name, names));
    let twice = repeated.iter().filter(is_right);
    let twice =
        twice.map(|name| InputError::member(name, format!("{name} is given more than once")));
    let errors: Vec<InputError> = wrong.chain(twice).take(MOST_ERRORS).collect();
    if !errors.is_empty() {
        return Err(Problem::of_input(errors));
    }
    let given = values.into_iter().filter(|(_, value)| !value.is_null()).collect();
    read(given).map_err(|(name, detail)| Problem::of_member(&name, detail))
}

/// The problem of a body that is no JSON object.
fn no_object(detail: &str) -> Problem {
    Problem::of_member("", format!("the body is a JSON object in UTF-8: {detail}"))
}

fn read_body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Problem> {
    if bytes.trim_ascii().is_empty() {
        return read_members(Members::default());
    }
    serde_json::from_slice(bytes).map_err(|error| not_json(&error)).and_then(read_members)
}

/// The problem of a body that cannot be read as JSON.
fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => no_object("it begins with {"),
        Category::Eof => no_object("this one ends before its last }"),
        Category::Syntax | Category::Io => {
            no_object(&format!("this one is not, at line {line}, column {column}"))
        }
    }
}

/// Whether a body is said to be JSON (RFC 8259), in UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let mut parts = kind.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    is_json && is_utf8
}

/// Reads a body to its end, if it is JSON and not too large.
async fn bytes_of(headers: &HeaderMap, body: body::Body) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let too_large =
        || Problem::new(Code::BodyTooLarge, format!("a body has at most {BODY_LIMIT} octets"));
    if !is_json(headers) {
        let detail = "send the body as JSON, with Content-Type: application/json";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    // Who waits for `100 Continue`, or sends much, is not let send it first.
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_LIMIT)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(too_large()),
        Ok(Err(_)) => Err(no_object("this one ended too early")),
        Err(_) => {
            let most = BODY_TIMEOUT.as_secs();
            Err(no_object(&format!("this one took more than {most} seconds to come")))
        }
    }
}

/// Whether a body could not be read because it is too large.
fn is_too_long(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Ids<T>, Problem> {
        let ids = Path::<T>::from_request_parts(parts, state).await;
        let nothing = |_| Problem::new(Code::NotFound, "the path has no id of anything");
        ids.map(|Path(ids)| Ids(ids)).map_err(nothing)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Body<T>, Problem> {
        let (head, body) = request.into_parts();
        // Only a query of no parameters is right beside a body.
        let Nothing {} = read_query(&head.uri)?;
        let bytes = bytes_of(&head.headers, body).await?;
        let value = read_body(&bytes)?;
        Ok(Body { value, bytes })
    }
}

/// What has no members or parameters.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Nothing {}

/// A member that has to be there.
pub(super) fn needed<T>(name: &str, value: Option<T>, like: &str) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::of_member(name, format!("{name} is needed: {like}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wanted {
        service: Option<String>,
        auto_renew: Option<bool>,
    }

    fn query(query: &str) -> Result<Wanted, Problem> {
        read_query(&format!("/x?{query}").parse().unwrap())
    }

    fn body(text: &'static str) -> Result<Wanted, Problem> {
        read_body(&Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn what_is_left_out_empty_or_null_is_not_there() {
        let nothing = Wanted { service: None, auto_renew: None };
        assert_eq!(query(""), Ok(Wanted { ..nothing }));
        assert_eq!(query("service="), Ok(Wanted { service: None, auto_renew: None }));
        let uber = || Wanted { service: Some("Uber".to_owned()), auto_renew: None };
        assert_eq!(query("service=Uber"), Ok(uber()));
        for text in ["", " \n", "{}", r#"{"auto_renew":null}"#] {
            assert_eq!(body(text), Ok(Wanted { service: None, auto_renew: None }), "{text}");
        }
        assert_eq!(body(r#"{"service":"Uber"}"#), Ok(uber()));
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest_right_one() {
        let detail =
            "there is no parameter servise; did you mean service? there are service, auto_renew";
        assert_eq!(query("servise=1"), Err(Problem::of_parameter("servise", detail)));
        let key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let detail = "there is no such parameter; there are service, auto_renew";
        assert_eq!(query(key), Err(Problem::of_input(vec![InputError::other(detail)])));
        let twice = Problem::of_parameter("service", "service is given more than once");
        assert_eq!(query("service=1&service=2"), Err(twice));
    }

    #[test]
    fn a_member_of_the_wrong_kind_or_given_twice_is_named() {
        let problem = Problem::of_member("auto_renew", "auto_renew is true or false, not a text");
        assert_eq!(body(r#"{"auto_renew":"yes"}"#), Err(problem));
        let twice = Problem::of_member("service", "service is given more than once");
        for text in [r#"{"service":"a","service":"a"}"#, r#"{"service":null,"\u0073ervice":"a"}"#] {
            assert_eq!(body(text), Err(twice.clone()), "{text}");
        }
    }

    #[test]
    fn of_a_body_that_is_no_object_it_is_said_where_it_is_none() {
        for (text, detail) in [
            ("[]", "it begins with {"),
            ("{\"service\":", "this one ends before its last }"),
            ("{service:1}", "this one is not, at line 1, column 2"),
            ("\u{fffd}", "this one is not, at line 1, column 1"),
            ("{} {}", "this one is not, at line 1, column 4"),
        ] {
            assert_eq!(body(text), Err(no_object(detail)), "{text}");
        }
    }

    #[test]
    fn of_very_many_errors_the_first_are_told() {
        let names: Vec<String> = (0..7000).map(|n| format!("\"m{n}\":1")).collect();
        let text = format!("{{{}}}", names.join(","));
        let error = read_body::<Wanted>(&Bytes::from(text)).unwrap_err();
        assert_eq!(error.error_count(), MOST_ERRORS);
        let pairs: Vec<String> = (0..7000).map(|n| format!("m{n}=1")).collect();
        assert_eq!(query(&pairs.join("&")).unwrap_err().error_count(), MOST_ERRORS);
    }

    #[test]
    fn a_query_is_percent_encoded_utf_8() {
        let right = "UTF-8, percent-encoded: % itself is written %25";
        for text in ["100%", "%zz", "%f", "%ff", "a%c3", "%ed%a0%80"] {
            let problem = Problem::of_parameter("service", format!("service is {right}"));
            assert_eq!(query(&format!("service={text}")), Err(problem), "{text}");
        }
        let other = InputError::other(format!("a query is {right}"));
        assert_eq!(query("%ff=1"), Err(Problem::of_input(vec![other])));
        let read = query("service=%C3%9cber+100%25").map(|wanted| wanted.service);
        assert_eq!(read, Ok(Some("Über 100%".to_owned())));
    }

    #[test]
    fn a_key_in_the_address_is_seen() {
        for (uri, has) in [
            ("/v2/me", false),
            ("/v2/me?limit=5", false),
            ("/v2/me?key=abc", true),
            ("/v2/me?limit=5&API_KEY=abc", true),
            ("/v2/me?%6bey", true),
        ] {
            assert_eq!(has_key(&uri.parse().unwrap()), has, "{uri}");
        }
    }

    #[test]
    fn json_is_json_in_utf_8() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json;charset=\"utf-8\"", true),
            ("application/json; charset=latin1", false),
            ("application/x-www-form-urlencoded", false),
            ("text/json", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(is_json(&headers), expected, "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
