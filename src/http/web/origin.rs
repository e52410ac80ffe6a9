//! Whether a request that changes something came from one of our own pages. Browsers say so by
//! themselves, so that forms need no token: `Sec-Fetch-Site` (W3C Fetch Metadata) or, from older
//! ones, `Origin` (RFC 6454, Fetch section 3.1). What says neither is no browser, and has the API.

use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Uri};

use super::PublicOrigin;
use super::host::requested_host;

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Whether a request came from a page of ours. `origin` is the side's configured one.
pub(super) fn is_from_own_page(
    origin: Option<&PublicOrigin>,
    headers: &HeaderMap,
    uri: &Uri,
) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        // `none`: the reader has started it, as by a reload.
        return site == "same-origin" || site == "none";
    }
    let Some(sent) = headers.get(ORIGIN).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let Ok(sent) = sent.parse::<PublicOrigin>() else { return false };
    // A proxy may replace `Host`, so the configured origin comes first.
    let is_configured = origin.is_some_and(|origin| *origin == sent);
    let host = requested_host(headers, uri);
    let is_requested = host.is_some_and(|host| {
        let scheme = if sent.is_https() { "https" } else { "http" };
        format!("{scheme}://{host}").parse() == Ok(sent)
    });
    is_configured || is_requested
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_requests_of_own_pages_may_change_something() {
        let https = "https://sms.example.org";
        let (site, sent, host) = ("sec-fetch-site", "origin", "host");
        for (origin, headers, is_own) in [
            (None, &[(site, "same-origin")][..], true),
            (None, &[(site, "none")], true),
            (None, &[(site, "same-site")], false),
            (None, &[(site, "cross-site")], false),
            (None, &[(site, "cross-site"), (sent, "http://127.0.0.1"), (host, "127.0.0.1")], false),
            (None, &[(site, "same-origin"), (sent, "null")], true),
            (None, &[(sent, "http://127.0.0.1:8081"), (host, "127.0.0.1:8081")], true),
            (None, &[(sent, "http://127.0.0.1:8081"), (host, "127.0.0.1:8080")], false),
            (None, &[(sent, "http://evil.example"), (host, "127.0.0.1:8081")], false),
            (None, &[(sent, "null"), (host, "127.0.0.1:8081")], false),
            (None, &[(host, "127.0.0.1:8081")], false),
            (None, &[], false),
            (Some(https), &[(sent, https), (host, "127.0.0.1:8080")], true),
            (Some(https), &[(sent, "http://sms.example.org"), (host, "127.0.0.1:8080")], false),
        ] {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            let map: HeaderMap = headers.iter().map(pair).collect();
            let origin = origin.map(|origin| origin.parse::<PublicOrigin>().unwrap());
            let found = is_from_own_page(origin.as_ref(), &map, &Uri::from_static("/"));
            assert_eq!(found, is_own, "{origin:?} {headers:?}");
        }
    }
}
