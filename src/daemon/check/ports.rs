//! Faults of the ports that a configuration names, and of the PINs for their SIMs.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::super::config::{BankSection, Config, Fault, Inspection, ModemSection};
use super::super::rights::{Access, UserIdentity, group_of};
use crate::driver::{self, Port, credential, credential_name};
use crate::modem::Pin;

/// The folders in which a udev rule can keep ModemManager away from the modems.
const RULES: [&str; 3] = ["/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"];

/// A place in the configuration that names a port, or several by a glob.
struct Naming {
    port: Port,
    /// The line that its section begins on.
    line: usize,
}

impl Naming {
    fn fault(&self, text: impl Into<String>) -> Fault {
        Fault { line: self.line, text: text.into() }
    }

    /// The paths that it stands for now; none for an address.
    fn paths(&self) -> Vec<PathBuf> {
        let pattern = self.port.path().and_then(Path::to_str);
        let paths = pattern.and_then(|pattern| glob::glob(pattern).ok());
        paths.into_iter().flatten().flatten().collect()
    }

    /// The ports that it names: those that a glob stands for now, or the one.
    fn ports(&self) -> Vec<Port> {
        match self.port.is_glob() {
            true => self.paths().into_iter().map(Port::Path).collect(),
            false => vec![self.port.clone()],
        }
    }
}

/// Every place that names a port. Banks come first, as their ports are served before those of a
/// glob that matches them, too.
fn namings(config: &Config) -> Vec<Naming> {
    let of_bank = |bank: &BankSection| {
        let control = bank.control.iter().cloned().map(Port::Path);
        let line = bank.line;
        let ports = bank.ports.iter().map(|path| Port::Path(path.into())).chain(control);
        ports.map(|port| Naming { port, line }).collect::<Vec<_>>()
    };
    let of_modem = |modem: &ModemSection| Naming { port: modem.port.clone(), line: modem.line };
    config.banks.iter().flat_map(of_bank).chain(config.modems.iter().map(of_modem)).collect()
}

/// That a file names no port at all, so that its daemon would do nothing.
pub(super) fn missing(reading: &Inspection) -> Option<Fault> {
    let config = &reading.config;
    let is_absent = |section| config.entries.iter().all(|entry| entry.section != section);
    let is_certain = reading.is_certain("modem", "port") && reading.is_certain("bank", "ports");
    if config.sites.listen.is_some() {
        return None;
    }
    let text = "no [[modem]] names a port, so there is nothing to receive messages with: \
                `simbridge modem scan` finds the ports of modems";
    (is_absent("modem") && is_absent("bank") && is_certain)
        .then(|| Fault { line: 0, text: text.to_owned() })
}

/// Ports that do not exist now.
pub(super) fn absent(config: &Config) -> Vec<Fault> {
    let fault = |named: &Naming| {
        let port = &named.port;
        let what = match port.is_glob() {
            true => format!("nothing matches port = \"{port}\" now"),
            false => format!("there is no port {port} now"),
        };
        let absent = port.path().is_some() && named.paths().is_empty();
        absent.then(|| named.fault(format!("{what}; plug the modem in or correct the path")))
    };
    namings(config).iter().filter_map(fault).collect()
}

/// Ports that exist and can never be used as they are.
pub(super) fn unusable(config: &Config, who: &UserIdentity) -> Vec<Fault> {
    let drivers = std::fs::read_to_string("/proc/tty/drivers").ok();
    let namings = namings(config);
    let is_relative = |named: &&Naming| named.port.path().is_some_and(Path::is_relative);
    let relative = namings.iter().filter(is_relative).map(|named| {
        named.fault(format!("port = \"{}\" must be a whole path that begins with /", named.port))
    });
    let unusable = namings.iter().flat_map(|named| {
        let text = |path: &PathBuf| unusable_port(path, who, drivers.as_deref());
        named.paths().iter().filter_map(text).map(|text| named.fault(text)).collect::<Vec<_>>()
    });
    relative.chain(unusable).collect()
}

/// Why a path cannot be the port of a modem.
fn unusable_port(path: &Path, who: &UserIdentity, drivers: Option<&str>) -> Option<String> {
    let meta = std::fs::metadata(path).ok()?;
    let shown = path.display();
    let device = meta.rdev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let is_serial = meta.file_type().is_char_device()
        && drivers.is_none_or(|drivers| has_tty_driver(drivers, major, minor));
    if !is_serial {
        return Some(format!("{shown} is not a serial port"));
    }
    if who.can(Access::Read, path, &meta) && who.can(Access::Write, path, &meta) {
        return None;
    }
    let (name, group) = (&who.name, group_of(&meta));
    Some(format!(
        "user `{name}` cannot use {shown}, which belongs to the group {group}: run `usermod -aG \
         {group} {name}`"
    ))
}

/// Whether the kernel's table of terminal drivers (`/proc/tty/drivers`: name, path, major number,
/// minor number or their range, type) has the device.
fn has_tty_driver(drivers: &str, major: u32, minor: u32) -> bool {
    drivers.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(2);
        let of_driver = fields.next().and_then(|field| field.parse::<u32>().ok());
        let (first, last) = match fields.next().map(|range| range.split_once('-').ok_or(range)) {
            Some(Ok((first, last))) => (first.parse(), last.parse()),
            Some(Err(only)) => (only.parse(), only.parse()),
            None => return false,
        };
        of_driver == Some(major)
            && first.is_ok_and(|n: u32| n <= minor)
            && last.is_ok_and(|n| minor <= n)
    })
}

/// Ports that are named twice, whether by one path or by two. A port that is named by itself may be
/// matched by a later glob, too, whose settings are not its own; and one glob may match several
/// links to a port, such as those of udev with and without the revision of USB.
pub(super) fn doubled(config: &Config) -> Vec<Fault> {
    struct Seen {
        port: Port,
        naming: usize,
        line: usize,
        by_glob: bool,
    }
    let mut devices: HashMap<Port, Seen> = HashMap::new();
    let mut faults = Vec::new();
    for (naming, named) in namings(config).into_iter().enumerate() {
        let (by_glob, line) = (named.port.is_glob(), named.line);
        let mut twice: Vec<String> = Vec::new();
        for port in named.ports() {
            let device = port.device().unwrap_or_else(|| port.clone());
            match devices.get(&device) {
                Some(seen) if !by_glob || (seen.by_glob && seen.naming != naming) => {
                    let (other, line) = (&seen.port, seen.line);
                    twice.push(match *other == port {
                        true => format!("{other} is named on line {line}, too"),
                        false => format!("{port} is {other} of line {line}"),
                    });
                }
                Some(_) => {}
                None => drop(devices.insert(device, Seen { port, naming, line, by_glob })),
            }
        }
        if let Some(first) = twice.first() {
            let more = twice.len().saturating_sub(1);
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            let cure = match named.port.address() {
                Some(_) => "name each address once",
                None => "name each port once, by one path",
            };
            faults.push(named.fault(format!("{first}{more}; {cure}")));
        }
    }
    faults
}

/// The ports that another program has open.
pub(super) async fn held(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    for named in namings(config) {
        for path in named.paths() {
            if let Some(holder) = driver::holder(&path).await {
                let path = path.display();
                faults.push(named.fault(format!(
                    "{path} is in use by {holder}; stop that program, or remove the port from the \
                     configuration"
                )));
            }
        }
    }
    faults
}

/// PIN files that cannot be used, or that every user can read.
pub(super) fn pin_files(config: &Config, who: &UserIdentity) -> Vec<Fault> {
    let of_modems = config.modems.iter().map(|modem| (&modem.pin_file, modem.line));
    let of_banks = config.banks.iter().map(|bank| (&bank.pin_file, bank.line));
    let fault = |(file, line): (&Option<PathBuf>, usize)| {
        let text = pin_fault(file.as_deref()?, who)?;
        Some(Fault { line, text })
    };
    of_modems.chain(of_banks).filter_map(fault).collect()
}

fn pin_fault(file: &Path, who: &UserIdentity) -> Option<String> {
    let shown = file.display();
    let path = match credential(file) {
        Ok(path) => path,
        // Only the service gets the credential, so that nothing but its name can be checked here.
        Err(_) if credential_name(file).is_some_and(is_plain) => return None,
        Err(error) => return Some(format!("pin_file = \"{shown}\": {error}")),
    };
    let text = match std::fs::metadata(&path)
        .and_then(|meta| std::fs::read_to_string(&path).map(|text| (meta, text)))
    {
        Err(error) if error.kind() == ErrorKind::NotFound && credential_name(file).is_some() => {
            format!(
                "pin_file = \"{shown}\": systemd has not passed this credential; it passes what \
                 the unit names when the service starts: run `systemctl restart simbridge`"
            )
        }
        Err(error) => format!("pin_file = \"{shown}\": {error}"),
        Ok((_, text)) if Pin::parse(&text).is_none() => {
            format!("{shown} must contain the PIN, 4 to 8 digits, and nothing else")
        }
        Ok((meta, _)) if meta.mode() & 0o007 != 0 => {
            format!("every user can read the PIN in {shown}: run `chmod 640 {shown}`")
        }
        Ok((meta, _)) if !who.can(Access::Read, &path, &meta) => {
            let name = &who.name;
            format!(
                "user `{name}` cannot read {shown}: run `chgrp {name} {shown}` and `chmod 640 \
                 {shown}`"
            )
        }
        Ok(_) => return None,
    };
    Some(text)
}

/// Whether systemd accepts this as the name of a credential.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && !name.starts_with('.')
}

/// Whether ModemManager is running and no udev rule keeps it away from the modems.
pub(super) fn modem_manager(config: &Config) -> Option<Fault> {
    let line = config.modems.first()?.line;
    let ruled = RULES.iter().any(|folder| Path::new(folder).join("78-simbridge.rules").exists());
    let pid = driver::pid_of_program("ModemManager").filter(|_| !ruled)?;
    let text = format!(
        "ModemManager is running (pid {pid}) and opens the modems' ports: run `systemctl disable \
         --now ModemManager`, or put hardware/udev/78-simbridge.rules into /etc/udev/rules.d"
    );
    Some(Fault { line, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_devices_of_a_terminal_driver_are_serial_ports() {
        let drivers = "/dev/tty             /dev/tty        5       0 system:/dev/tty\n\
                       serial               /dev/ttyS       4 64-95 serial\n\
                       pty_slave            /dev/pts      136 0-1048575 pty:slave\nodd\n";
        for (major, minor, is_serial) in
            [(5, 0, true), (5, 1, false), (4, 64, true), (4, 63, false), (4, 96, false)]
                .into_iter()
                .chain([(136, 7, true), (1, 3, false)])
        {
            assert_eq!(has_tty_driver(drivers, major, minor), is_serial, "{major}:{minor}");
        }
    }
}
