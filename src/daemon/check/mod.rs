//! The part of `simbridge check` that looks at this machine: whether it has everything that the
//! configuration names, and whether the daemon may use it.

mod files;
mod ports;
mod report;
mod sites;

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;

use super::banks;
use super::config::{Config, Fault, Inspection};
pub use super::rights::UserIdentity;
use crate::driver::{read_bank_profiles, read_operators, read_profiles};
use crate::modem::ProfileError;
pub use report::Report;

/// Every fault that a daemon with this configuration would meet on this machine when the user `who`
/// runs it. A key that could not be read for certain is not checked. What a daemon that already
/// runs with this configuration has in use is no fault.
pub async fn machine_faults(reading: &Inspection, who: &UserIdentity) -> Vec<Fault> {
    let config = &reading.config;
    let sure = |group, key| reading.is_certain(group, key).then_some(config);
    let mut faults = lasting_faults(reading, who);
    faults.extend(ports::absent(config));
    faults.extend(ports::modem_manager(config));
    let socket = sure("admin", "socket");
    if !socket.is_some_and(runs) {
        faults.extend(ports::held(config).await);
        let with_customers = sure("http", "listen").filter(|config| config.site.is_none());
        faults.extend(with_customers.and_then(customers_fault));
        faults.extend(sure("sites", "listen").and_then(sites::address));
        faults.extend(metrics_fault(config));
        faults.extend(sure("console", "listen").and_then(console_fault));
        faults.extend(socket.and_then(|config| files::socket(config, who)));
    }
    faults.sort_by_key(|fault| fault.line);
    faults
}

/// The faults that stay until somebody mends them, in contrast to a modem that is unplugged or an
/// address that another program has: a running daemon does not take over a configuration with them.
pub fn lasting_faults(reading: &Inspection, who: &UserIdentity) -> Vec<Fault> {
    let config = &reading.config;
    let sure = |group, key| reading.is_certain(group, key).then_some(config);
    let mut faults: Vec<Fault> = ports::missing(reading).into_iter().collect();
    if let Some(config) = sure("hardware", "folder") {
        faults.extend(profile_faults(config));
        faults.extend(banks::faults(config).into_iter().map(|(line, text)| Fault { line, text }));
    }
    faults.extend(ports::unusable(config, who));
    faults.extend(ports::doubled(config));
    faults.extend(ports::pin_files(config, who));
    faults.extend(files::configuration(config, who));
    faults.extend(files::secret_files(config, who));
    faults.extend(files::relative(config));
    faults.extend(files::power_cycle(config, who));
    faults.extend(sites::files(config, who));
    let with_database = sure("database", "path")
        .and_then(|_| sure("database", "url"))
        .filter(|config| config.site.is_none());
    faults.extend(with_database.and_then(|config| files::database(config, who)));
    faults.sort_by_key(|fault| fault.line);
    faults
}

/// Whether a daemon answers on the admin socket of this configuration.
pub fn runs(config: &Config) -> bool {
    UnixStream::connect(&config.admin.socket).is_ok()
}

fn customers_fault(config: &Config) -> Option<Fault> {
    let text = address_fault(config.http.listen, "[http] listen")?;
    Some(Fault { line: line(config, "http", "listen"), text })
}

fn console_fault(config: &Config) -> Option<Fault> {
    let address = config.console.listen?;
    let others = [Some(config.http.listen), config.admin.metrics_listen];
    let text = if others.contains(&Some(address)) && address.port() != 0 {
        format!("{address} is listened on already; set another [console] listen")
    } else {
        address_fault(address, "[console] listen")?
    };
    Some(Fault { line: line(config, "console", "listen"), text })
}

fn metrics_fault(config: &Config) -> Option<Fault> {
    let address = config.admin.metrics_listen?;
    let text = if address == config.http.listen && address.port() != 0 {
        format!("{address} is also [http] listen; set another [admin] metrics_listen")
    } else {
        address_fault(address, "[admin] metrics_listen")?
    };
    Some(Fault { line: line(config, "admin", "metrics_listen"), text })
}

/// Why a server cannot listen on an address that is the value of `key`.
fn address_fault(address: SocketAddr, key: &str) -> Option<String> {
    Some(match TcpListener::bind(address).err()?.kind() {
        ErrorKind::AddrInUse => {
            format!("{address} is in use by another program; stop it or change {key}")
        }
        ErrorKind::AddrNotAvailable => {
            format!("this machine has no address {}; set another {key}", address.ip())
        }
        ErrorKind::PermissionDenied => {
            format!("only root may listen on {address}; set a port of at least 1024")
        }
        other => format!("listening on {address} fails: {other}"),
    })
}

/// The line of a key in the file; 0 when the file does not have the key.
fn line(config: &Config, group: &str, key: &str) -> usize {
    config.entry(group, key).map_or(0, |entry| entry.line)
}

/// Modem profiles that are named but do not exist. (Faults in a profile's own file are found by
/// [`hardware_faults`].)
fn profile_faults(config: &Config) -> Vec<Fault> {
    let (catalogue, _) = read_profiles(&config.hardware);
    let unknown = config.modems.iter().filter_map(|modem| {
        let name = modem.profile.as_deref().filter(|name| catalogue.named(name).is_none())?;
        let names: Vec<String> =
            catalogue.all().map(|profile| format!("\"{}\"", profile.name)).collect();
        let text =
            format!("there is no profile \"{name}\"; there are \"auto\", {}", names.join(", "));
        Some(Fault { line: modem.line, text })
    });
    unknown.collect()
}

/// The faults in the operator's own hardware files, each with its file.
pub fn hardware_faults(config: &Config) -> Vec<(String, ProfileError)> {
    let folder = &config.hardware;
    let modems = read_profiles(folder).1.into_iter();
    modems.chain(read_bank_profiles(folder).1).chain(read_operators(folder).1).collect()
}
