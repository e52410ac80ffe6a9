//! IP networks, to which the use of an API key can be restricted, and what counts as one client.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// An IP network, such as `192.0.2.0/24`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The address in the upper bits of a `u128`, and how many bits it has.
fn bits_of(address: IpAddr) -> (u128, u8) {
    match address.to_canonical() {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    }
}

impl Network {
    /// Whether the address is in this network. An IPv4-mapped IPv6 address counts as the IPv4
    /// address.
    pub fn contains(self, address: IpAddr) -> bool {
        let ((own, own_width), (other, other_width)) = (bits_of(self.address), bits_of(address));
        let differ = own ^ other;
        own_width == other_width && (self.bits == 0 || differ >> (128 - u32::from(self.bits)) == 0)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let wrong = || format!("{text}: not an address or a network like 192.0.2.0/24");
        let (address, bits) = text.split_once('/').unwrap_or((text, ""));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let address = address.to_canonical();
        let (_, width) = bits_of(address);
        let bits = if bits.is_empty() { width } else { bits.parse().map_err(|_| wrong())? };
        if bits > width { Err(wrong()) } else { Ok(Network { address, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Whether the address is in one of `networks`, which are separated by spaces.
pub fn is_allowed(networks: &str, address: IpAddr) -> bool {
    networks
        .split(' ')
        .filter_map(|text| text.parse::<Network>().ok())
        .any(|network| network.contains(address))
}

/// What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, of which every client
/// has at least one to itself.
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_addresses_are_in_a_network() {
        for (networks, address, expected) in [
            ("192.0.2.0/24", "192.0.2.77", true),
            ("192.0.2.0/24", "192.0.3.77", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.7", "::ffff:192.0.2.7", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("10.0.0.0/8 2001:db8::1", "2001:db8::1", true),
            ("", "10.0.0.1", false),
        ] {
            assert_eq!(
                is_allowed(networks, address.parse().unwrap()),
                expected,
                "{networks} {address}"
            );
        }
        for text in ["x", "192.0.2.0/33", "192.0.2.0/x", "2001:db8::/129", "192.0.2.0/-1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        let network = |text: &str| client_network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
