//! The ports that a modem can be connected to: serial ports of this machine, and those that another
//! machine offers over the network.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

use crate::domain::PortName;

/// A port, or a glob that names several of this machine's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Port {
    /// The path of a serial port of this machine, or a glob of such paths.
    Path(PathBuf),
    /// A serial port of another machine, or of one that a tunnel leads to.
    Remote(Address),
}

/// Where a program such as ser2net offers a serial port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    pub protocol: Protocol,
    /// A name in lower case, or an IP address without brackets.
    pub host: String,
    pub port: u16,
}

/// What is spoken with the program that offers a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// The octets of the line and nothing else.
    Tcp,
    /// Telnet with the options of RFC 2217, by which speed and signals of the line are set.
    Rfc2217,
}

impl Protocol {
    /// What the addresses begin with.
    pub fn scheme(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Rfc2217 => "rfc2217",
        }
    }
}

impl Port {
    /// Reads a port as it is configured: what has `://` in it is an address, anything else a path.
    ///
    /// # Errors
    /// The address is wrong; the text says what would be right.
    pub fn parse(text: &str) -> Result<Port, String> {
        match text.split_once("://") {
            Some((scheme, rest)) => Address::parse(scheme, rest).map(Port::Remote),
            None => Ok(Port::Path(text.into())),
        }
    }

    /// The port with this name.
    pub fn of_name(name: &PortName) -> Port {
        Port::parse(name.as_str()).unwrap_or_else(|_| Port::Path(name.as_str().into()))
    }

    /// The name that the port has in reports, logs and requests: its path or address.
    pub fn name(&self) -> PortName {
        PortName::from_stored(self.to_string())
    }

    /// The path, if it is a port of this machine.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Port::Path(path) => Some(path),
            Port::Remote(_) => None,
        }
    }

    /// The address, if it is a port of another machine.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Port::Path(_) => None,
            Port::Remote(address) => Some(address),
        }
    }

    /// Whether it is a pattern that may stand for several ports.
    pub fn is_glob(&self) -> bool {
        let path = self.path().and_then(Path::to_str);
        path.is_some_and(|path| path.contains(['*', '?', '[']))
    }

    /// What is the same for all names of one port: its real path, or its address whatever is
    /// spoken there. `None` when nothing is at the path.
    pub fn device(&self) -> Option<Port> {
        match self {
            Port::Path(path) => std::fs::canonicalize(path).ok().map(Port::Path),
            Port::Remote(address) => {
                Some(Port::Remote(Address { protocol: Protocol::Tcp, ..address.clone() }))
            }
        }
    }
}

impl From<PathBuf> for Port {
    fn from(path: PathBuf) -> Port {
        Port::Path(path)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Port::Path(path) => path.display().fmt(f),
            Port::Remote(address) => address.fmt(f),
        }
    }
}

impl Address {
    fn parse(scheme: &str, rest: &str) -> Result<Address, String> {
        let wrong = |fault: &str| format!("\"{scheme}://{rest}\": {fault}");
        let protocol = [Protocol::Tcp, Protocol::Rfc2217]
            .into_iter()
            .find(|protocol| protocol.scheme() == scheme)
            .ok_or_else(|| {
                wrong("a port is a path, \"tcp://HOST:PORT\" or \"rfc2217://HOST:PORT\"")
            })?;
        let missing =
            || wrong("the number of the TCP port is missing: HOST:PORT, as in 127.0.0.1:7001");
        let (host, port) = rest.rsplit_once(':').ok_or_else(missing)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(host) => host
                .parse::<Ipv6Addr>()
                .map(|address| address.to_string())
                .map_err(|_| wrong("only an IPv6 address stands in brackets"))?,
            None if rest.contains(['*', '?', '[']) => {
                return Err(wrong("an address stands for one port; only a path can be a glob"));
            }
            None if host.contains(':') => {
                return Err(wrong("an IPv6 address stands in brackets, as in [::1]:7001"));
            }
            None => host.to_ascii_lowercase(),
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        if host.is_empty() || !host.chars().all(is_plain) {
            return Err(wrong("the host must be a name or an IP address, without a user or path"));
        }
        match port.parse() {
            Ok(port) if port > 0 => Ok(Address { protocol, host, port }),
            _ if port.is_empty() => Err(missing()),
            _ => Err(wrong("after the host stands a port from 1 to 65535 and nothing else")),
        }
    }

    /// Whether what is sent there stays on this machine. Of names only `localhost` is known to.
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host == "localhost",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { protocol, host, port } = self;
        match host.contains(':') {
            true => write!(f, "{}://[{host}]:{port}", protocol.scheme()),
            false => write!(f, "{}://{host}:{port}", protocol.scheme()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown_in_one_form() {
        for (text, shown, is_loopback) in [
            ("tcp://127.0.0.1:7001", "tcp://127.0.0.1:7001", true),
            ("rfc2217://LocalHost:07001", "rfc2217://localhost:7001", true),
            ("tcp://[0:0::1]:65535", "tcp://[::1]:65535", true),
            ("tcp://[fd00::1]:1", "tcp://[fd00::1]:1", false),
            ("tcp://pool-2.example:2000", "tcp://pool-2.example:2000", false),
            ("tcp://10.0.0.5:2000", "tcp://10.0.0.5:2000", false),
        ] {
            let port = Port::parse(text).unwrap();
            assert_eq!(port.to_string(), shown);
            assert_eq!(port.address().unwrap().is_loopback(), is_loopback, "{text}");
            assert_eq!(Port::of_name(&port.name()), port);
            assert!(!port.is_glob(), "{text}");
        }
        assert_eq!(Port::parse("/dev/a:b"), Ok(Port::Path("/dev/a:b".into())));
    }

    #[test]
    fn what_is_no_address_is_told_what_would_be_right() {
        for (text, cure) in [
            ("udp://127.0.0.1:7001", "\"tcp://HOST:PORT\" or \"rfc2217://HOST:PORT\""),
            ("tcp://127.0.0.1", "the number of the TCP port is missing"),
            ("tcp://127.0.0.1:", "the number of the TCP port is missing"),
            ("tcp://:7001", "a name or an IP address"),
            ("tcp://me@127.0.0.1:7001", "without a user or path"),
            ("tcp://127.0.0.1:0", "from 1 to 65535"),
            ("tcp://127.0.0.1:7001/x", "and nothing else"),
            ("tcp://::1:7001", "in brackets, as in [::1]:7001"),
            ("tcp://[pool]:7001", "only an IPv6 address stands in brackets"),
            ("tcp://127.0.0.1:700?", "only a path can be a glob"),
            ("tcp://127.0.0.[12]:7001", "only a path can be a glob"),
        ] {
            let fault = Port::parse(text).unwrap_err();
            assert!(fault.contains(text) && fault.contains(cure), "{fault}");
        }
    }

    #[test]
    fn one_address_is_one_device_whatever_is_spoken_there() {
        let device = |text: &str| Port::parse(text).unwrap().device().unwrap();
        assert_eq!(device("tcp://[::1]:7001"), device("rfc2217://[::1]:7001"));
        assert_ne!(device("tcp://127.0.0.1:7001"), device("tcp://127.0.0.1:7002"));
    }
}
