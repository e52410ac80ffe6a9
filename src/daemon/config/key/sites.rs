//! Formats of values that are about sites.

use toml::de::DeValue;

use super::Format;
use super::values::{quoted, read_list, read_text, write_list};
use crate::domain::SiteName;

/// The name of a site.
pub(in crate::daemon::config) struct SiteId;

impl Format for SiteId {
    type Value = SiteName;

    fn name(&self) -> String {
        "name of a site".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<SiteName, String> {
        let must_be = |_| "1 to 32 small letters, digits and hyphens, like \"ams\"".to_owned();
        read_text(value)?.parse().map_err(must_be)
    }

    fn write(&self, value: &SiteName) -> String {
        quoted(value.as_str())
    }
}

/// A list of hosts, each with a port.
pub(in crate::daemon::config) struct Servers;

impl Format for Servers {
    type Value = Vec<String>;

    fn name(&self) -> String {
        "list of hosts with ports".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<String>, String> {
        let server = |item: &DeValue<'_>| {
            let text = item.as_str()?;
            let (host, port) = text.rsplit_once(':')?;
            let is_server = !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0);
            is_server.then(|| text.to_owned())
        };
        let must_be = "a list of hosts with ports like [\"central.example.org:8443\"]";
        let servers = read_list(value, server, must_be)?;
        if servers.is_empty() { Err(must_be.to_owned()) } else { Ok(servers) }
    }

    fn write(&self, value: &Vec<String>) -> String {
        write_list(value.iter())
    }
}

/// A list of SHA-256 fingerprints in hexadecimal, with or without colons.
pub(in crate::daemon::config) struct Fingerprints;

impl Format for Fingerprints {
    type Value = Vec<[u8; 32]>;

    fn name(&self) -> String {
        "list of fingerprints".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<[u8; 32]>, String> {
        let fingerprint = |item: &DeValue<'_>| {
            let digits = item.as_str()?.replace(':', "");
            hex::decode(digits).ok()?.try_into().ok()
        };
        let must_be = "a list of fingerprints of 64 hexadecimal digits, as `simbridge site \
                       certificate` shows them";
        let fingerprints = read_list(value, fingerprint, must_be)?;
        if fingerprints.is_empty() { Err(must_be.to_owned()) } else { Ok(fingerprints) }
    }

    fn write(&self, value: &Vec<[u8; 32]>) -> String {
        write_list(value.iter().map(hex::encode))
    }
}
