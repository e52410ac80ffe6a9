//! The address of an endpoint: a URL (RFC 3986) as strict as can be, so that whoever reads it
//! understands the same.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The most characters that an endpoint's address has.
const MOST_CHARS: usize = 2000;
/// The most characters that a name of the DNS has, and that a label of it has (RFC 1035, section
/// 2.3.4).
const MOST_IN_NAME: usize = 253;
const MOST_IN_LABEL: usize = 63;

/// By what an endpoint is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// The word at the beginning of an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The scheme of a word, in any case of its letters.
    pub fn from_word(word: &str) -> Option<Scheme> {
        [Scheme::Http, Scheme::Https]
            .into_iter()
            .find(|scheme| word.eq_ignore_ascii_case(scheme.as_str()))
    }

    fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// The host of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlHost {
    /// A name, in small letters and without a dot at its end, which is looked up at each attempt.
    Name(String),
    Address(IpAddr),
}

/// The address of an endpoint, as its customer wrote it, and its parts.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl {
    text: String,
    pub scheme: Scheme,
    pub host: UrlHost,
    pub port: u16,
    /// Path and query, which begin with a slash: what the request line has.
    pub target: String,
}

impl EndpointUrl {
    /// The whole address. It may hold secrets of the receiver's in its path and its query, so it is
    /// shown to its customer and to nobody else.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port, without what may be secret: for the log and the operator.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority())
    }

    /// Host and port as a `Host` header has them (RFC 9110, section 7.2).
    pub fn authority(&self) -> String {
        let host = match &self.host {
            UrlHost::Name(name) => name.clone(),
            UrlHost::Address(IpAddr::V4(address)) => address.to_string(),
            UrlHost::Address(IpAddr::V6(address)) => format!("[{address}]"),
        };
        match self.port == self.scheme.default_port() {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointUrl({}/…)", self.origin())
    }
}

/// Why a text is not the address of an endpoint, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAUrl(&'static str);

impl FromStr for EndpointUrl {
    type Err = NotAUrl;

    fn from_str(text: &str) -> Result<EndpointUrl, NotAUrl> {
        if text.chars().count() > MOST_CHARS {
            return Err(NotAUrl("an address has at most 2000 characters"));
        }
        let is_usual = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
        if !text.chars().all(is_usual) {
            return Err(NotAUrl(
                "an address has no spaces and only the characters that RFC 3986 allows: write \
                 others percent-encoded, and names of other scripts as xn--…",
            ));
        }
        let begins = NotAUrl("an address begins with https://");
        let (scheme, rest) = text.split_once("://").ok_or(begins.clone())?;
        let scheme = Scheme::from_word(scheme).ok_or(begins)?;
        if rest.contains('#') {
            return Err(NotAUrl("an address has no fragment: leave out # and what follows"));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(NotAUrl(
                "an address has no user name and no password: the signature tells who sends",
            ));
        }
        let (host, port) = split_port(authority)?;
        let port = port.map_or(Ok(scheme.default_port()), read_port)?;
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(EndpointUrl { text: text.to_owned(), scheme, host: read_host(host)?, port, target })
    }
}

/// The host and the text after its colon, if there is one.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), NotAUrl> {
    let after_brackets = authority.rfind(']').map_or(0, |end| end + 1);
    let (address, rest) = authority.split_at(after_brackets);
    match (address, rest.split_once(':')) {
        ("", Some((name, port))) => Ok((name, Some(port))),
        ("", None) => Ok((rest, None)),
        (address, Some(("", port))) => Ok((address, Some(port))),
        (address, None) if rest.is_empty() => Ok((address, None)),
        _ => Err(NotAUrl("after an IPv6 address in brackets comes a port, a path or nothing")),
    }
}

fn read_port(text: &str) -> Result<u16, NotAUrl> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let port = is_digits.then(|| text.parse().ok()).flatten().filter(|port| *port > 0);
    port.ok_or(NotAUrl("a port is a number from 1 to 65535; an IPv6 address stands in brackets"))
}

fn read_host(text: &str) -> Result<UrlHost, NotAUrl> {
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        let address =
            address.ok_or(NotAUrl("in brackets stands an IPv6 address without a zone"))?;
        return Ok(UrlHost::Address(IpAddr::V6(address).to_canonical()));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let is_label = |label: &str| {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=MOST_IN_LABEL).contains(&label.len()) && label.bytes().all(is_part)
    };
    if name.len() > MOST_IN_NAME || !name.split('.').all(is_label) {
        return Err(NotAUrl(
            "the host is a name like hooks.example.com, or an address; names of other scripts are \
             written as xn--…",
        ));
    }
    // What ends in a number is an IPv4 address for some (WHATWG URL, section 3.5) and a name for
    // others, and `127.1`, `0x7f.1` and `2130706433` are 127.0.0.1 for some.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) || is_hexadecimal(last);
    if is_number {
        let address = name.parse::<Ipv4Addr>().map_err(|_| {
            NotAUrl("an IPv4 address is four decimal numbers without leading zeros")
        })?;
        return Ok(UrlHost::Address(IpAddr::V4(address)));
    }
    Ok(UrlHost::Name(name))
}

fn is_hexadecimal(label: &str) -> bool {
    label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        for (text, authority, port, target) in [
            ("https://example.com", "example.com", 443, "/"),
            ("HTTPS://Example.COM./a?b=c&d=%20", "example.com", 443, "/a?b=c&d=%20"),
            ("https://example.com:8443?x", "example.com:8443", 8443, "/?x"),
            ("http://10.0.0.7:80/", "10.0.0.7", 80, "/"),
            ("http://[2001:db8::7]:8080/x", "[2001:db8::7]:8080", 8080, "/x"),
            ("https://[::ffff:192.0.2.7]/x", "192.0.2.7", 443, "/x"),
            ("https://a_b.xn--bcher-kva.example:443/", "a_b.xn--bcher-kva.example", 443, "/"),
            ("https://2.example/@x", "2.example", 443, "/@x"),
        ] {
            let url: EndpointUrl = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((url.authority().as_str(), url.port), (authority, port), "{text}");
            assert_eq!((url.target.as_str(), url.as_str()), (target, text));
        }
    }

    #[test]
    fn what_others_may_read_otherwise_is_refused() {
        for text in [
            "",
            "example.com",
            "ftp://example.com",
            "https:/example.com",
            "https://",
            "https:///x",
            "https://user@example.com",
            "https://user:pw@example.com",
            "https://example.com#@10.0.0.1",
            "https://example.com\\@10.0.0.1",
            "https://exa mple.com",
            "https://bücher.example",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:",
            "https://example.com:80:80",
            "https://example.com:+80",
            "https://::1",
            "https://[::1",
            "https://[::1]x",
            "https://[::1%25eth0]",
            "https://[fe80::1%eth0]",
            "https://[127.0.0.1]",
            "https://127.1",
            "https://127.0.1",
            "https://0177.0.0.1",
            "https://0x7f.0.0.1",
            "https://0x7f000001",
            "https://2130706433",
            "https://017700000001",
            "https://127.0.0.01",
            "https://127.0.0.1.2",
            "https://256.0.0.1",
            "https://1.2.3.0x",
            "https://%31%32%37.0.0.1",
            "https://example..com",
            "https://.example.com",
            "https://example.com../",
            "https://①②⑦.⓪.⓪.①",
        ] {
            assert!(text.parse::<EndpointUrl>().is_err(), "{text}");
        }
        let long = format!("https://example.com/{}", "x".repeat(MOST_CHARS));
        assert!(long.parse::<EndpointUrl>().is_err());
    }

    #[test]
    fn its_path_and_query_are_not_in_what_is_logged() {
        let url: EndpointUrl = "https://hooks.example:99/secret?token=1".parse().unwrap();
        assert_eq!(url.origin(), "https://hooks.example:99");
        assert_eq!(format!("{url:?}"), "EndpointUrl(https://hooks.example:99/…)");
    }
}
