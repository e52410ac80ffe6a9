//! The part of `simbridge check` that looks at this machine: whether it has everything that the
//! configuration names, and whether the daemon may use it.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::banks;
use super::config::{Config, Fault, Inspection, ModemSection};
pub use super::rights::UserIdentity;
use super::rights::{Access, group_of};
use crate::driver::{self, credential, credential_name, read_profiles};
use crate::modem::{Pin, ProfileError};

/// The folders in which a udev rule can keep ModemManager away from the modems.
const RULES: [&str; 3] = ["/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"];

/// The folders in which systemd looks for a service's programs (systemd.exec(5)).
const SERVICE_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Every fault that a daemon with this configuration would meet on this machine when the user `who`
/// runs it. A key that could not be read for certain is not checked. What a daemon that already
/// runs with this configuration has in use is no fault.
pub async fn machine_faults(reading: &Inspection, who: &UserIdentity) -> Vec<Fault> {
    let config = &reading.config;
    let sure = |group, key| reading.is_certain(group, key).then_some(config);
    let mut faults: Vec<Fault> = sure("hardware", "folder").map(profile_faults).unwrap_or_default();
    if let Some(config) = sure("hardware", "folder") {
        faults.extend(banks::faults(config).into_iter().map(|(line, text)| Fault { line, text }));
    }
    faults.extend(bank_ports(config).iter().flat_map(|port| port_faults(port, who)));
    faults.extend(config.modems.iter().flat_map(|modem| port_faults(modem, who)));
    faults.extend(config.modems.iter().filter_map(|modem| pin_fault(modem, who)));
    faults.extend(modem_manager_fault(config));
    faults.extend(power_cycle_fault(config, who));
    faults.extend(sure("database", "path").and_then(|config| database_fault(config, who)));
    let socket = sure("admin", "socket");
    if !socket.is_some_and(runs) {
        faults.extend(held_ports(config).await);
        faults.extend(sure("http", "listen").and_then(customers_fault));
        faults.extend(metrics_fault(config));
        faults.extend(socket.and_then(|config| socket_fault(config, who)));
    }
    faults.sort_by_key(|fault| fault.line);
    faults
}

/// The ports that the configuration's banks name, in the form in which the ports of modems are
/// checked.
fn bank_ports(config: &Config) -> Vec<ModemSection> {
    let named = config.banks.iter().flat_map(|bank| {
        let control = bank.control.iter().map(|path| path.display().to_string());
        bank.ports.iter().cloned().chain(control).map(|port| (port, bank.line))
    });
    let section = |(port, line)| ModemSection {
        port,
        baud: 0,
        profile: None,
        pin_file: None,
        pin_without_count: false,
        line,
    };
    named.map(section).collect()
}

/// Whether a daemon answers on the admin socket of this configuration.
pub fn runs(config: &Config) -> bool {
    UnixStream::connect(&config.admin.socket).is_ok()
}

fn port_faults(modem: &ModemSection, who: &UserIdentity) -> Vec<Fault> {
    let fault = |text| Fault { line: modem.line, text };
    let paths = paths(modem);
    if paths.is_empty() && is_glob(&modem.port) {
        return vec![fault(format!(
            "nothing matches port = \"{}\" now; plug the modem in, or correct the path",
            modem.port
        ))];
    }
    if paths.is_empty() {
        return vec![fault(format!(
            "there is no port {} now; plug the modem in, or correct the path",
            modem.port
        ))];
    }
    let unusable = paths.iter().filter_map(|path| {
        let meta = std::fs::metadata(path).ok()?;
        let text = if !meta.file_type().is_char_device() {
            format!("{} is not a serial port", path.display())
        } else if !(who.permits(Access::Read, &meta)
            && who.permits(Access::Write, &meta)
            && who.reaches(path))
        {
            let (name, group) = (&who.name, group_of(&meta));
            format!(
                "the user {name} may not use {}, which belongs to the group {group}: run `usermod \
                 -aG {group} {name}`",
                path.display()
            )
        } else {
            return None;
        };
        Some(fault(text))
    });
    unusable.collect()
}

/// The ports that another program has open.
async fn held_ports(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    for modem in &config.modems {
        for path in paths(modem) {
            if let Some(holder) = driver::holder(&path).await {
                let text = format!(
                    "{} is in use by {holder}; stop that program, or remove the port from the \
                     configuration",
                    path.display()
                );
                faults.push(Fault { line: modem.line, text });
            }
        }
    }
    faults
}

fn paths(modem: &ModemSection) -> Vec<PathBuf> {
    glob::glob(&modem.port).map(|paths| paths.flatten().collect()).unwrap_or_default()
}

/// Whether systemd accepts this as the name of a credential.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && !name.starts_with('.')
}

/// Why a PIN file cannot be used, or that every user can read it.
fn pin_fault(modem: &ModemSection, who: &UserIdentity) -> Option<Fault> {
    let file = modem.pin_file.as_ref()?;
    let shown = file.display();
    let path = match credential(file) {
        Ok(path) => path,
        // Only the service gets the credential, so that nothing but its name can be checked here.
        Err(_) if credential_name(file).is_some_and(is_plain) => return None,
        Err(error) => {
            return Some(Fault {
                line: modem.line,
                text: format!("pin_file = \"{shown}\": {error}"),
            });
        }
    };
    let text = match std::fs::metadata(&path)
        .and_then(|meta| std::fs::read_to_string(&path).map(|text| (meta, text)))
    {
        Err(error) => format!("pin_file = \"{shown}\": {error}"),
        Ok((_, text)) if Pin::parse(&text).is_none() => {
            format!("{shown} must contain the PIN, 4 to 8 digits, and nothing else")
        }
        Ok((meta, _)) if meta.mode() & 0o007 != 0 => {
            format!("every user may read the PIN in {shown}: run `chmod 640 {shown}`")
        }
        Ok((meta, _)) if !(who.permits(Access::Read, &meta) && who.reaches(&path)) => {
            format!(
                "the user {} may not read {shown}: run `chgrp {} {shown}` and `chmod 640 {shown}`",
                who.name, who.name
            )
        }
        Ok(_) => return None,
    };
    Some(Fault { line: modem.line, text })
}

/// Whether ModemManager is running and no udev rule keeps it away from the modems.
fn modem_manager_fault(config: &Config) -> Option<Fault> {
    let line = config.modems.first()?.line;
    let ruled = RULES.iter().any(|folder| Path::new(folder).join("78-simbridge.rules").exists());
    let pid = driver::pid_of_program("ModemManager").filter(|_| !ruled)?;
    let text = format!(
        "ModemManager is running (pid {pid}) and opens the modems' ports: run `systemctl disable \
         --now ModemManager`, or put hardware/udev/78-simbridge.rules into /etc/udev/rules.d"
    );
    Some(Fault { line, text })
}

fn database_fault(config: &Config, who: &UserIdentity) -> Option<Fault> {
    let path = &config.database.path;
    let fault = |text| Some(Fault { line: line(config, "database", "path"), text });
    if let Ok(file) = std::fs::metadata(path) {
        let usable = who.permits(Access::Read, &file)
            && who.permits(Access::Write, &file)
            && who.reaches(path);
        if !file.is_file() || !usable {
            let (name, shown) = (&who.name, path.display());
            return fault(format!(
                "the user {name} may not write the database {shown}: run `chown {name} {shown}`, \
                 or set another [database] path"
            ));
        }
    }
    let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    let (folder, meta) =
        folders.filter_map(|folder| Some((folder, std::fs::metadata(folder).ok()?))).next()?;
    let (name, shown) = (&who.name, folder.display());
    if !writable(who, folder, &meta) {
        return fault(format!(
            "the user {name} may not create files in {shown}, where the database {} would be",
            path.display()
        ));
    }
    None
}

/// Whether the user may create files in a folder.
fn writable(who: &UserIdentity, folder: &Path, meta: &Metadata) -> bool {
    let mounted_for_writing = !rustix::fs::statvfs(folder)
        .is_ok_and(|mount| mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
    let permits = who.permits(Access::Write, meta) && who.permits(Access::Enter, meta);
    meta.is_dir() && permits && who.reaches(folder) && mounted_for_writing
}

fn customers_fault(config: &Config) -> Option<Fault> {
    let text = address_fault(config.http.listen, "listen")?;
    Some(Fault { line: line(config, "http", "listen"), text })
}

fn metrics_fault(config: &Config) -> Option<Fault> {
    let address = config.admin.metrics_listen?;
    let text = if address == config.http.listen && address.port() != 0 {
        format!("{address} is also [http] listen; set another metrics_listen")
    } else {
        address_fault(address, "metrics_listen")?
    };
    Some(Fault { line: line(config, "admin", "metrics_listen"), text })
}

/// Why a server cannot listen on an address that is the value of `key`.
fn address_fault(address: SocketAddr, key: &str) -> Option<String> {
    Some(match TcpListener::bind(address).err()?.kind() {
        ErrorKind::AddrInUse => {
            format!("another program listens on {address}; stop that program, or set another {key}")
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

/// Why the operator's command that cuts a modem's power could not be run when it is needed.
fn power_cycle_fault(config: &Config, who: &UserIdentity) -> Option<Fault> {
    let program = config.recovery.power_cycle.first().filter(|program| !program.contains('{'))?;
    let fault = |text| Some(Fault { line: line(config, "recovery", "power_cycle"), text });
    let permits = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|file| {
            file.is_file() && who.permits(Access::Execute, &file) && who.reaches(path)
        })
    };
    if program.contains('/') {
        let path = Path::new(program);
        return match path.exists() {
            true if permits(path) => None,
            true => fault(format!(
                "power_cycle: the user {} may not run {program}: run `chmod +x {program}`",
                who.name
            )),
            false => fault(format!(
                "power_cycle: there is no program {program}; install it, or correct the path"
            )),
        };
    }
    let folders = std::env::split_paths(SERVICE_PATH);
    if folders.map(|folder| folder.join(program)).any(|path| permits(&path)) {
        return None;
    }
    fault(format!(
        "power_cycle: there is no program {program} in {SERVICE_PATH}; install it, or write its \
         whole path"
    ))
}

fn socket_fault(config: &Config, who: &UserIdentity) -> Option<Fault> {
    let folder = config
        .admin
        .socket
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let (socket, shown) = (config.admin.socket.display(), folder.display());
    let text = match (std::fs::metadata(folder), std::fs::symlink_metadata(&config.admin.socket)) {
        (Err(_), _) => format!(
            "there is no folder {shown} for the socket; create it, or set another [admin] socket"
        ),
        (Ok(meta), _) if !writable(who, folder, &meta) => {
            format!(
                "the user {} may not create files in {shown}, where the socket would be",
                who.name
            )
        }
        (_, Ok(found)) if !found.file_type().is_socket() => {
            format!("{socket} is a file and not a socket; set another [admin] socket")
        }
        _ => return None,
    };
    Some(Fault { line: line(config, "admin", "socket"), text })
}

/// The line of a key in the file; 0 when the file does not have the key.
fn line(config: &Config, group: &str, key: &str) -> usize {
    config.entry(group, key).map_or(0, |entry| entry.line)
}

/// Modem profiles that are named but do not exist. (Faults in a profile's own file are found by
/// [`profile_files`].)
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

/// The faults in the operator's own hardware profiles, each as one line of text.
pub fn profile_files(config: &Config) -> Vec<String> {
    let (_, faults) = read_profiles(&config.hardware);
    let line = |error: &ProfileError| error.line.map(|line| format!("{line}:")).unwrap_or_default();
    let banks = banks::profile_faults(&config.hardware).into_iter().map(|(_, fault)| fault);
    faults
        .iter()
        .map(|(file, error)| format!("{file}:{} {error}", line(error)))
        .chain(banks)
        .collect()
}

/// Whether a path is a pattern that may stand for several ports.
fn is_glob(port: &str) -> bool {
    port.contains(['*', '?', '['])
}
