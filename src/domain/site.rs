//! Sites: places with modems that a daemon of their own serves, for the ledger of a central one.
//! What is at a site has a name at the centre that begins with the site's: the port
//! `ams:/dev/ttyUSB0`, the bank `ams/rack1`, the modem `ams/861234567890123`. What the centre
//! serves itself has its bare name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{ModemAtPort, ModemId, PortName};

/// The longest name of a site, in characters.
const LONGEST_NAME: usize = 32;

/// The name of a site: small letters, digits and hyphens, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteName(Box<str>);

/// The error for a text that cannot be a site's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a site's name has 1 to 32 small letters, digits and hyphens, and begins with a letter, like \
     ams"
)]
pub struct NotASiteName;

impl SiteName {
    /// The name as a plain text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the centre calls a port of this site.
    pub fn port(&self, port: &PortName) -> PortName {
        PortName::from_stored(format!("{self}:{port}"))
    }

    /// What the centre calls a bank of this site.
    pub fn bank(&self, bank: &str) -> String {
        format!("{self}/{bank}")
    }

    /// What identifies a modem of this site. Modems at different sites may tell the same IMEI.
    pub fn modem_id(&self, id: &ModemId) -> ModemId {
        ModemId::from_stored(format!("{self}/{id}"))
    }

    /// A modem of this site at its port, as the centre knows it.
    pub fn modem(&self, modem: &ModemAtPort) -> ModemAtPort {
        ModemAtPort { id: self.modem_id(&modem.id), port: self.port(&modem.port) }
    }

    /// The site, and the port's name there, of a port that the centre calls so; `None` for one of
    /// the centre itself.
    pub fn of_port(port: &str) -> Option<(SiteName, &str)> {
        let (site, rest) = port.split_once(':')?;
        let is_port = (rest.starts_with('/') && !rest.starts_with("//")) || rest.contains("://");
        Some((site.parse().ok().filter(|_| is_port)?, rest))
    }

    /// The site, and the bank's name there, of a bank that the centre calls so; `None` for one of
    /// the centre itself, whose names have no slash.
    pub fn of_bank(bank: &str) -> Option<(SiteName, &str)> {
        let (site, rest) = bank.split_once('/')?;
        Some((site.parse().ok()?, rest))
    }

    /// The site of a modem that is identified so; `None` for one of the centre itself.
    pub fn of_modem_id(id: &str) -> Option<(SiteName, &str)> {
        let (site, rest) = id.split_once('/')?;
        Some((site.parse().ok()?, rest))
    }
}

impl PortName {
    /// The site that a port is at, by what the centre calls it; `None` for one of the centre
    /// itself.
    pub fn site(&self) -> Option<SiteName> {
        SiteName::of_port(self.as_str()).map(|(site, _)| site)
    }
}

impl FromStr for SiteName {
    type Err = NotASiteName;

    fn from_str(text: &str) -> Result<SiteName, NotASiteName> {
        let fits = text.len() <= LONGEST_NAME
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits { Ok(SiteName(text.into())) } else { Err(NotASiteName) }
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for SiteName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// In JSON it is its bare text.
impl Serialize for SiteName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SiteName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SiteName, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_words_in_small_letters() {
        for right in ["a", "ams", "fra-2", "tcp"] {
            assert_eq!(right.parse::<SiteName>().unwrap().as_str(), right);
        }
        for wrong in ["", "2a", "-a", "Ams", "a b", "a/b", "a:b", &"a".repeat(33)] {
            assert_eq!(wrong.parse::<SiteName>(), Err(NotASiteName), "{wrong}");
        }
    }

    #[test]
    fn what_is_at_a_site_is_told_from_what_is_at_the_centre() {
        let ams: SiteName = "ams".parse().unwrap();
        for port in ["/dev/ttyUSB0", "/dev/serial/by-path/pci-0:1.4:1.2", "tcp://rack:7001"] {
            assert_eq!(SiteName::of_port(port), None);
            let known = ams.port(&PortName::from_stored(port));
            assert_eq!(SiteName::of_port(known.as_str()), Some((ams.clone(), port)));
        }
        let tcp: SiteName = "tcp".parse().unwrap();
        assert_eq!(SiteName::of_port("tcp:/dev/ttyUSB0"), Some((tcp, "/dev/ttyUSB0")));

        assert_eq!(SiteName::of_bank("rack1"), None);
        assert_eq!(SiteName::of_bank(&ams.bank("rack1")), Some((ams.clone(), "rack1")));

        let port = PortName::from_stored("/dev/ttyUSB0");
        let serial = ModemId::of_serial("LL12-345/678").unwrap();
        for id in ["861234567890123".parse().unwrap(), serial, ModemId::of_port(&port)] {
            assert_eq!(SiteName::of_modem_id(id.as_str()), None);
            let known = ams.modem_id(&id);
            assert_eq!(known.as_str().parse().as_ref(), Ok(&known));
            assert_eq!(SiteName::of_modem_id(known.as_str()), Some((ams.clone(), id.as_str())));
        }
    }
}
