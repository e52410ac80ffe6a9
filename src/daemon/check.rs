//! What only this machine can tell of a configuration: does it have what the file names?

use super::config::{Config, Fault};

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
    ports.collect()
}

/// Whether a path stands for several.
fn is_glob(port: &str) -> bool {
    port.contains(['*', '?', '['])
}
