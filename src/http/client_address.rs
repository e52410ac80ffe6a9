//! From which address a request comes: that of the connection, or, if a trusted proxy has made it,
//! the one for which the proxy speaks.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName};

use crate::domain::ip_network::Network;
pub(super) use crate::domain::ip_network::client_network;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The reverse proxies whose word is taken for the address of their clients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// The proxies in these networks.
    pub fn new(networks: Vec<Network>) -> TrustedProxies {
        TrustedProxies(networks)
    }

    /// Whether the connections from an address are those of many clients: of a trusted proxy, or,
    /// as long as none is named, of this machine, where a proxy most often is.
    pub(super) fn speaks_for_others(&self, peer: IpAddr) -> bool {
        if self.0.is_empty() { peer.is_loopback() } else { self.contains(peer) }
    }

    /// Whether an address is that of a trusted proxy.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The client of a request that came from `peer`: the last address in the header that is not a
    /// trusted proxy. What is further left was written by that client and may be anything.
    ///
    /// `X-Forwarded-For` comes before `Forwarded` (RFC 7239): a proxy that writes one of them may
    /// pass the other on as the client sent it, and most write the former.
    pub(super) fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.contains(peer) {
            return peer;
        }
        let chain = if headers.contains_key(X_FORWARDED_FOR) {
            hops(headers, X_FORWARDED_FOR, address)
        } else {
            hops(headers, FORWARDED, forwarded_for)
        };
        let mut client = peer;
        for hop in chain.into_iter().rev() {
            // A proxy that hides or mangles its client's address answers for it.
            let Some(hop) = hop else { break };
            client = hop;
            if !self.contains(hop) {
                break;
            }
        }
        client
    }
}

/// The elements of all headers of a name, first to last; `None` for one that is no address.
fn hops(
    headers: &HeaderMap,
    name: HeaderName,
    read: fn(&str) -> Option<IpAddr>,
) -> Vec<Option<IpAddr>> {
    let mut hops = Vec::new();
    for value in headers.get_all(name) {
        match value.to_str() {
            Ok(value) => hops.extend(value.split(',').map(|element| read(element.trim()))),
            Err(_) => hops.push(None),
        }
    }
    hops
}

/// The `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut node = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    address(node.next()?.1.trim().trim_matches('"'))
}

/// An address with or without a port, an IPv6 address with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let found = address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    found.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(networks.iter().map(|network| network.parse().unwrap()).collect())
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_trusted_proxy() {
        let trusted = proxies(&["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"]);
        let (xff, forwarded) = ("x-forwarded-for", "forwarded");
        for (peer, headers, client) in [
            ("127.0.0.1", &[][..], "127.0.0.1"),
            ("192.0.2.9", &[(xff, "198.51.100.1")], "192.0.2.9"),
            ("127.0.0.1", &[(xff, "198.51.100.1")], "198.51.100.1"),
            ("::ffff:127.0.0.1", &[(xff, "198.51.100.1")], "198.51.100.1"),
            ("127.0.0.1", &[(xff, "203.0.113.5, 198.51.100.1, 10.1.1.1")], "198.51.100.1"),
            ("127.0.0.1", &[(xff, "198.51.100.1"), (xff, "10.1.1.1")], "198.51.100.1"),
            ("127.0.0.1", &[(xff, "10.1.1.1")], "10.1.1.1"),
            ("127.0.0.1", &[(xff, "198.51.100.1, unknown, 10.1.1.1")], "10.1.1.1"),
            ("127.0.0.1", &[(xff, "")], "127.0.0.1"),
            ("127.0.0.1", &[(xff, "198.51.100.1:4711")], "198.51.100.1"),
            ("127.0.0.1", &[(xff, "[2001:db9::1]:4711")], "2001:db9::1"),
            ("2001:db8::9", &[(xff, "2001:db9::1")], "2001:db9::1"),
            ("127.0.0.1", &[(forwarded, "for=198.51.100.1;proto=https")], "198.51.100.1"),
            (
                "127.0.0.1",
                &[(forwarded, "For=\"[2001:db9::1]:47\";by=_x, proto=http;for=10.0.0.1")],
                "2001:db9::1",
            ),
            ("127.0.0.1", &[(forwarded, "for=_hidden")], "127.0.0.1"),
            ("127.0.0.1", &[(forwarded, "for=203.0.113.5"), (xff, "198.51.100.1")], "198.51.100.1"),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, HeaderValue::from_static(value));
            }
            let found = trusted.client_of(peer.parse().unwrap(), &map);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {headers:?}");
        }
        let mut forged = HeaderMap::new();
        forged.append(xff, HeaderValue::from_static("198.51.100.1"));
        let peer = "127.0.0.1".parse().unwrap();
        assert_eq!(TrustedProxies::default().client_of(peer, &forged), peer, "none is trusted");
    }

    #[test]
    fn who_speaks_for_many_clients() {
        let (local, other) = ("127.0.0.1".parse().unwrap(), "192.0.2.7".parse().unwrap());
        let speaks = |proxies: &TrustedProxies| {
            [proxies.speaks_for_others(local), proxies.speaks_for_others(other)]
        };
        assert_eq!(speaks(&TrustedProxies::default()), [true, false]);
        assert_eq!(speaks(&proxies(&["192.0.2.0/24"])), [false, true]);
    }
}
