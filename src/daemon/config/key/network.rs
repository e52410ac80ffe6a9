//! Formats of values that are addresses, and what HTTP has in its headers.

use std::net::SocketAddr;

use axum::http::HeaderName;
use toml::de::DeValue;

use super::Format;
use super::values::{quoted, read_list, read_text, write_list};
use crate::domain::ip_network::Network;
use crate::domain::webhook::address::Allowed;
use crate::http::PublicOrigin;

/// An IP address with a port; the text is an example for error messages.
pub(in crate::daemon::config) struct Address(pub(in crate::daemon::config) &'static str);

impl Format for Address {
    type Value = SocketAddr;

    fn name(&self) -> String {
        "address and port".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<SocketAddr, String> {
        let text = read_text(value)?;
        text.parse().map_err(|_| format!("an address and port like \"{}\"", self.0))
    }

    fn write(&self, value: &SocketAddr) -> String {
        quoted(value.to_string())
    }
}

/// A scheme and a host, as browsers write it in `Origin`.
pub(in crate::daemon::config) struct Origin;

impl Format for Origin {
    type Value = PublicOrigin;

    fn name(&self) -> String {
        "origin".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<PublicOrigin, String> {
        read_text(value)?.parse().map_err(|error: crate::http::NotAnOrigin| error.to_string())
    }

    fn write(&self, value: &PublicOrigin) -> String {
        quoted(value.to_string())
    }
}

/// The name of a header of HTTP.
pub(in crate::daemon::config) struct HeaderField;

impl Format for HeaderField {
    type Value = HeaderName;

    fn name(&self) -> String {
        "header".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<HeaderName, String> {
        let name = HeaderName::try_from(read_text(value)?);
        name.map_err(|_| "the name of a header like \"Remote-User\"".to_owned())
    }

    fn write(&self, value: &HeaderName) -> String {
        quoted(value.as_str())
    }
}

/// A list of IP networks.
pub(in crate::daemon::config) struct Networks;

impl Format for Networks {
    type Value = Vec<Network>;

    fn name(&self) -> String {
        "list of networks".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<Network>, String> {
        let network = |item: &DeValue<'_>| item.as_str()?.parse().ok();
        read_list(value, network, "a list of networks like [\"127.0.0.1/32\"]")
    }

    fn write(&self, value: &Vec<Network>) -> String {
        write_list(value.iter().map(Network::to_string))
    }
}

/// A list of schemes with IP networks.
pub(in crate::daemon::config) struct AllowedAddresses;

impl Format for AllowedAddresses {
    type Value = Vec<Allowed>;

    fn name(&self) -> String {
        "list of schemes with networks".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<Allowed>, String> {
        let allowed = |item: &DeValue<'_>| item.as_str()?.parse().ok();
        read_list(value, allowed, "a list like [\"http://10.0.0.0/8\"]: schemes with networks")
    }

    fn write(&self, value: &Vec<Allowed>) -> String {
        write_list(value.iter().map(Allowed::to_string))
    }
}
