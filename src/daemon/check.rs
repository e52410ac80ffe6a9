//! What only this machine can tell of a configuration: does it have what the file names?

use super::config::{Config, Fault};
use crate::driver::{credential_name, read_profiles};
use crate::modem::{Pin, ProfileError};

/// Every fault that starting with `config` on this machine would meet.
pub fn machine_faults(config: &Config) -> Vec<Fault> {
    let ports = config.modems.iter().filter_map(|modem| {
        let found = glob::glob(&modem.port).map(|mut paths| paths.any(|path| path.is_ok())).unwrap_or(false);
        let text = if is_glob(&modem.port) {
            format!("nothing matches port = \"{}\" now; plug the modem in, or mend the path", modem.port)
        } else {
            format!("there is no port {} now; plug the modem in, or mend the path", modem.port)
        };
        (!found).then_some(Fault { line: modem.line, text })
    });
    ports.chain(profile_faults(config)).chain(pin_faults(config)).collect()
}

/// PIN files that cannot be used. (The daemon's user may have other rights than the one who checks.)
fn pin_faults(config: &Config) -> Vec<Fault> {
    let faults = config.modems.iter().filter_map(|modem| {
        let path = modem.pin_file.as_ref()?;
        if let Some(name) = credential_name(path) {
            // Only the service has it.
            let text = format!("pin_file = \"credential:{name}\": give it a plain name, as LoadCredential= has it");
            let is_plain = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
            return (!is_plain).then_some(Fault { line: modem.line, text });
        }
        let text = match std::fs::read_to_string(path) {
            Ok(text) if Pin::parse(&text).is_some() => return None,
            Ok(_) => format!("{} must have the PIN, 4 to 8 digits, and nothing else", path.display()),
            Err(error) => format!("pin_file = \"{}\": {error}", path.display()),
        };
        Some(Fault { line: modem.line, text })
    });
    faults.collect()
}

/// Names of profiles that there are none of. (What is wrong in a profile's own file is told by [`profile_files`].)
fn profile_faults(config: &Config) -> Vec<Fault> {
    let (catalogue, _) = read_profiles(&config.hardware);
    let unknown = config.modems.iter().filter_map(|modem| {
        let name = modem.profile.as_deref().filter(|name| catalogue.named(name).is_none())?;
        let names: Vec<String> = catalogue.all().map(|profile| format!("\"{}\"", profile.name)).collect();
        let text = format!("there is no profile \"{name}\"; there are \"auto\", {}", names.join(", "));
        Some(Fault { line: modem.line, text })
    });
    unknown.collect()
}

/// What is wrong in the operator's own profiles, a line each.
pub fn profile_files(config: &Config) -> Vec<String> {
    let (_, faults) = read_profiles(&config.hardware);
    let line = |error: &ProfileError| error.line.map(|line| format!("{line}:")).unwrap_or_default();
    faults.iter().map(|(file, error)| format!("{file}:{} {error}", line(error))).collect()
}

/// Whether a path stands for several.
fn is_glob(port: &str) -> bool {
    port.contains(['*', '?', '['])
}
