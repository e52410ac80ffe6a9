//! Under which host names pages are served, and to whom.
//!
//! With a configured origin, only its host and the names of this machine itself are answered, so
//! that no other name that leads here (DNS rebinding) can be used to reach a session. Without one,
//! only clients on this machine are served, because nothing protects what others send.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::header::{FORWARDED, HOST};
use axum::http::{HeaderMap, Uri};

/// The scheme and host under which people reach a side, as browsers write it in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOrigin {
    is_https: bool,
    /// The host, with its port unless that is the scheme's own.
    host: String,
}

/// The error for a text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scheme and a host like \"https://sms.example.org\", without a path")]
pub struct NotAnOrigin;

impl PublicOrigin {
    /// Whether it stands for whichever port is listened on: it has port 0, which no browser uses.
    pub fn has_any_port(&self) -> bool {
        self.host.ends_with(":0")
    }

    /// Whether people reach it over TLS.
    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }
}

impl FromStr for PublicOrigin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<PublicOrigin, NotAnOrigin> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(NotAnOrigin)?;
        let host = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
        let (is_https, own_port) = match scheme.to_ascii_lowercase().as_str() {
            "https" => (true, ":443"),
            "http" => (false, ":80"),
            _ => return Err(NotAnOrigin),
        };
        let is_host_char = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        let has_name = !host.is_empty() && !host.starts_with(':');
        if !has_name || !host.chars().all(is_host_char) || host.parse::<Uri>().is_err() {
            return Err(NotAnOrigin);
        }
        let host = host.strip_suffix(own_port).unwrap_or(&host).to_owned();
        Ok(PublicOrigin { is_https, host })
    }
}

impl fmt::Display for PublicOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)
    }
}

/// Where a request was sent to, and whether it is answered there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admitted {
    Yes,
    /// It was sent to another host.
    OtherHost,
    /// It comes from another machine, and no origin is configured.
    NotLocal,
}

/// Decides whether a request is answered. `client` is its client's address.
pub(super) fn admit(
    origin: Option<&PublicOrigin>,
    client: IpAddr,
    headers: &HeaderMap,
    uri: &Uri,
) -> Admitted {
    let host = requested_host(headers, uri);
    let is_own_name = host.as_deref().is_some_and(is_loopback_name);
    match origin {
        Some(origin) if is_own_name || host.as_deref().is_some_and(|host| origin.is_at(host)) => {
            Admitted::Yes
        }
        Some(_) => Admitted::OtherHost,
        None if !client.is_loopback() || came_by_proxy(headers) => Admitted::NotLocal,
        None if is_own_name => Admitted::Yes,
        None => Admitted::OtherHost,
    }
}

impl PublicOrigin {
    /// Whether a host, as a request names it, is this one. Its port may be missing: nginx leaves it
    /// out of what it calls `$host`, and which site is meant is told by the name.
    fn is_at(&self, host: &str) -> bool {
        let own_port = if self.is_https { ":443" } else { ":80" };
        let host = host.strip_suffix(own_port).unwrap_or(host);
        host == self.host || host == self.name()
    }

    /// The host without its port.
    fn name(&self) -> &str {
        match self.host.rsplit_once(':') {
            // The colons of an IPv6 address stand in brackets.
            Some((name, port)) if !port.contains(']') => name,
            _ => &self.host,
        }
    }
}

/// The host that a request names, in small letters.
pub(super) fn requested_host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let in_uri = uri.authority().map(|authority| authority.as_str());
    let in_header = || headers.get(HOST).and_then(|host| host.to_str().ok());
    in_uri.or_else(in_header).map(str::to_ascii_lowercase)
}

/// Whether a host is a name of the machine that says it.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_local_address = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_local_address || name == "localhost" || name.ends_with(".localhost")
}

/// Whether a proxy has passed a request on, from wherever.
fn came_by_proxy(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED)
        || ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]
            .iter()
            .any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host_and_nothing_else() {
        for (text, origin) in [
            ("https://sms.example.org", Some("https://sms.example.org")),
            ("HTTPS://SMS.example.org:443/", Some("https://sms.example.org")),
            ("https://sms.example.org:8443", Some("https://sms.example.org:8443")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://[::1]:80", Some("http://[::1]")),
            ("sms.example.org", None),
            ("ftp://sms.example.org", None),
            ("https://", None),
            ("https://:8443", None),
            ("https://sms.example.org/console", None),
            ("https://user@sms.example.org", None),
            ("https://sms.example.org?x", None),
        ] {
            let read = text.parse::<PublicOrigin>().ok().map(|origin| origin.to_string());
            assert_eq!(read.as_deref(), origin, "{text}");
        }
    }

    #[test]
    fn with_an_origin_its_host_and_own_names_are_answered_without_only_this_machine() {
        use Admitted::{NotLocal, OtherHost, Yes};
        let (local, remote) = ("127.0.0.1", "192.0.2.7");
        let https = "https://sms.example.org";
        let on_port = "https://sms.example.org:8443";
        for (origin, client, host, more, admitted) in [
            (Some(on_port), remote, "sms.example.org:8443", None, Yes),
            (Some(on_port), remote, "sms.example.org", None, Yes),
            (Some(on_port), remote, "sms.example.org:9443", None, OtherHost),
            (Some(on_port), remote, "evil.example", None, OtherHost),
            (Some("http://[2001:db8::7]:8080"), remote, "[2001:db8::7]", None, Yes),
            (Some("http://[2001:db8::7]"), remote, "[2001:db8:", None, OtherHost),
            (Some(https), remote, "sms.example.org", None, Yes),
            (Some(https), remote, "SMS.example.org:443", None, Yes),
            (Some(https), remote, "sms.example.org:8443", None, OtherHost),
            (Some(https), remote, "evil.example", None, OtherHost),
            (Some(https), local, "127.0.0.1:8081", None, Yes),
            (Some(https), local, "localhost:9999", None, Yes),
            (Some("http://127.0.0.1:8080"), local, "127.0.0.1:8080", None, Yes),
            (None, local, "127.0.0.1:8081", None, Yes),
            (None, local, "console.localhost", None, Yes),
            (None, "::1", "[::1]:8081", None, Yes),
            (None, local, "evil.example", None, OtherHost),
            (None, local, "localhost.evil.example", None, OtherHost),
            (None, local, "127.0.0.1", Some(("x-forwarded-for", "192.0.2.7")), NotLocal),
            (None, local, "127.0.0.1", Some(("forwarded", "for=192.0.2.7")), NotLocal),
            (None, remote, "127.0.0.1:8081", None, NotLocal),
            (None, remote, "192.0.2.1:8081", None, NotLocal),
        ] {
            let origin = origin.map(|origin| origin.parse::<PublicOrigin>().unwrap());
            let pairs: Vec<_> = more.into_iter().chain([("host", host)]).collect();
            let (client, headers) = (client.parse().unwrap(), headers(&pairs));
            let found = admit(origin.as_ref(), client, &headers, &Uri::from_static("/"));
            assert_eq!(found, admitted, "{origin:?} {client} {host} {more:?}");
        }
    }

    #[test]
    fn the_host_in_the_request_line_comes_first() {
        let uri = Uri::from_static("http://evil.example/");
        let headers = headers(&[("host", "127.0.0.1")]);
        let local = "127.0.0.1".parse().unwrap();
        assert_eq!(admit(None, local, &headers, &uri), Admitted::OtherHost);
        assert_eq!(
            admit(None, local, &HeaderMap::new(), &Uri::from_static("/")),
            Admitted::OtherHost
        );
    }
}
