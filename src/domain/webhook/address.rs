//! Which addresses webhooks may be sent to: public ones by https, and what the operator allows.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::LazyLock;

use super::url::Scheme;
use crate::domain::ip_network::Network;

/// The networks of the IANA IPv4 Special-Purpose Address Registry (RFC 6890), also those that are
/// reachable from everywhere, since nobody's receiver is there; multicast (RFC 5771), and what is
/// reserved, with the broadcast address.
const SPECIAL_IPV4: &str = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 \
                            172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 \
                            192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 \
                            198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4";

/// What IANA has given out as global unicast addresses (RFC 4291, section 2.4). Outside of it are
/// the unspecified address and loopback, unique local, link-local and site-local addresses,
/// multicast, discarded ones and segment identifiers.
const GLOBAL_IPV6: &str = "2000::/3";

/// The networks inside of [`GLOBAL_IPV6`] of the IANA IPv6 Special-Purpose Address Registry:
/// protocol assignments with Teredo and ORCHID, documentation, 6to4, whose addresses carry any IPv4
/// address, and AS112.
const SPECIAL_IPV6: &str = "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20";

/// The prefix of addresses that a NAT64 translates into the IPv4 address in their last 32 bits
/// (RFC 6052). A host without IPv4 reaches names that have only such addresses through it.
const NAT64: &str = "64:ff9b::/96";

fn networks(text: &str) -> Vec<Network> {
    text.split(' ').filter_map(|network| network.parse().ok()).collect()
}

static SPECIAL_V4: LazyLock<Vec<Network>> = LazyLock::new(|| networks(SPECIAL_IPV4));
static GLOBAL_V6: LazyLock<Vec<Network>> = LazyLock::new(|| networks(GLOBAL_IPV6));
static SPECIAL_V6: LazyLock<Vec<Network>> = LazyLock::new(|| networks(SPECIAL_IPV6));
static TRANSLATED: LazyLock<Vec<Network>> = LazyLock::new(|| networks(NAT64));

fn is_in(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

/// Whether an address is one of the public internet. An IPv6 address that stands for an IPv4
/// address, mapped or translated, is as public as that.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(_) => !is_in(&SPECIAL_V4, address),
        IpAddr::V6(v6) if is_in(&TRANSLATED, address) => is_public(IpAddr::V4(last_32_bits(v6))),
        IpAddr::V6(_) => is_in(&GLOBAL_V6, address) && !is_in(&SPECIAL_V6, address),
    }
}

fn last_32_bits(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

/// A network that webhooks may be sent to by a scheme, though it is not public or not by https.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    scheme: Scheme,
    network: Network,
}

impl FromStr for Allowed {
    type Err = String;

    /// A scheme and a network, like `http://10.0.0.0/8`.
    fn from_str(text: &str) -> Result<Allowed, String> {
        let like = || format!("{text}: not a scheme and a network like http://10.0.0.0/8");
        let (scheme, network) = text.split_once("://").ok_or_else(like)?;
        let scheme = Scheme::from_word(scheme).ok_or_else(like)?;
        Ok(Allowed { scheme, network: network.parse().map_err(|_| like())? })
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.network)
    }
}

/// Where webhooks may be sent to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// What the operator allows beside public addresses by https.
    pub allow: Vec<Allowed>,
}

impl AddressRules {
    /// Whether a webhook may be sent to an address by a scheme.
    pub fn permit(&self, scheme: Scheme, address: IpAddr) -> bool {
        (scheme == Scheme::Https && is_public(address))
            || self
                .allow
                .iter()
                .any(|allowed| allowed.scheme == scheme && allowed.network.contains(address))
    }

    /// Whether anything can be sent by a scheme at all.
    pub fn permit_some(&self, scheme: Scheme) -> bool {
        scheme == Scheme::Https || self.allow.iter().any(|allowed| allowed.scheme == scheme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One address of each special-purpose network, and at their edges.
    const UNSAFE: &[&str] = &[
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.0.170",
        "192.0.2.1",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.175.48.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "100:0:0:1::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:1::1",
        "2001:2::1",
        "2001:4:112::1",
        "2001:10::1",
        "2001:20::1",
        "2001:30::1",
        "2001:db8::1",
        "2002::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "2620:4f:8000::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456:789a::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ffff::1",
    ];

    const SAFE: &[&str] = &[
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2001:200::1",
        "2606:4700::1111",
        "2a00:1450:4001::1",
    ];

    #[test]
    fn no_special_purpose_address_is_public_in_any_spelling() {
        let refused = |address: &str| !is_public(address.parse().unwrap());
        for address in UNSAFE {
            assert!(refused(address), "{address} is public");
        }
        for address in SAFE {
            assert!(!refused(address), "{address} is not public");
        }
        for list in [SPECIAL_IPV4, GLOBAL_IPV6, SPECIAL_IPV6, NAT64] {
            assert_eq!(networks(list).len(), list.split(' ').count(), "{list}");
        }
    }

    #[test]
    fn the_operator_allows_a_scheme_in_a_network_and_nothing_else() {
        let allow = ["http://10.0.0.0/8", "https://fd00::/8"];
        let rules = AddressRules { allow: allow.iter().map(|it| it.parse().unwrap()).collect() };
        for (scheme, address, is_permitted) in [
            (Scheme::Http, "10.1.2.3", true),
            (Scheme::Http, "::ffff:10.1.2.3", true),
            (Scheme::Https, "10.1.2.3", false),
            (Scheme::Http, "11.1.2.3", false),
            (Scheme::Http, "127.0.0.1", false),
            (Scheme::Https, "fd00::1", true),
            (Scheme::Http, "fd00::1", false),
            (Scheme::Https, "8.8.8.8", true),
            (Scheme::Http, "8.8.8.8", false),
            (Scheme::Http, "64:ff9b::10.1.2.3", false),
        ] {
            let permitted = rules.permit(scheme, address.parse().unwrap());
            assert_eq!(permitted, is_permitted, "{scheme:?} {address}");
        }
        assert!(rules.permit_some(Scheme::Http));
        assert!(!AddressRules::default().permit_some(Scheme::Http));
        assert_eq!(rules.allow.iter().map(Allowed::to_string).collect::<Vec<_>>(), allow);
        for text in ["10.0.0.0/8", "ftp://10.0.0.0/8", "http://ten", "http://10.0.0.0/33", ""] {
            assert!(text.parse::<Allowed>().is_err(), "{text}");
        }
    }
}
