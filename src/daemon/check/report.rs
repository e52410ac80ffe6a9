//! Everything that is found in a configuration's file, on the machine that it is for, and in the
//! files of the hardware.

use std::path::Path;

use super::{UserIdentity, hardware_faults, machine_faults, runs};
use crate::daemon::config::{Config, ConfigError, Database, Inspection};
use crate::gateway::{ConfigFault, ConfigFindings};

/// What was found for a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub findings: ConfigFindings,
    /// Which rentals would be on sale, in words.
    pub rentals: String,
    /// Whether a daemon runs with this configuration.
    pub is_running: bool,
}

impl Report {
    /// Looks at a file as the user `who` would meet it.
    pub async fn of(path: &Path, who: &UserIdentity) -> Report {
        match Config::inspect(path) {
            Ok(reading) => Report::of_reading(path, &reading, who).await,
            Err(error) => Report::of_unreadable(path, error),
        }
    }

    async fn of_reading(path: &Path, reading: &Inspection, who: &UserIdentity) -> Report {
        let mut of_file = reading.faults.clone();
        of_file.extend(machine_faults(reading, who).await);
        of_file.sort_by_key(|fault| fault.line);
        let file = path.display().to_string();
        let of_file = of_file.into_iter().map(|fault| ConfigFault {
            file: file.clone(),
            line: fault.line_of_file(),
            text: fault.text,
        });
        let of_hardware = hardware_faults(&reading.config).into_iter();
        let of_hardware = of_hardware.map(|(file, error)| ConfigFault {
            file,
            line: error.line,
            text: error.text,
        });
        let faults = of_file.chain(of_hardware).collect();
        let without_effect = reading.config.without_effect.iter();
        let warnings = without_effect.map(|what| format!("without effect: {what}"));
        let warnings = warnings.chain(read_on_the_way(&reading.config)).collect();
        Report {
            findings: ConfigFindings { faults, warnings },
            rentals: match reading.config.site {
                Some(_) => String::new(),
                None => reading.config.rentals_on_sale(),
            },
            is_running: runs(&reading.config),
        }
    }

    fn of_unreadable(path: &Path, error: ConfigError) -> Report {
        let file = path.display().to_string();
        let faults = match error.faults {
            Ok(faults) => faults
                .into_iter()
                .map(|fault| ConfigFault {
                    file: file.clone(),
                    line: fault.line_of_file(),
                    text: fault.text,
                })
                .collect(),
            Err(error) => {
                let text = format!("the file cannot be read: {error}");
                vec![ConfigFault { file, line: None, text }]
            }
        };
        let findings = ConfigFindings { faults, warnings: Vec::new() };
        Report { findings, ..Report::default() }
    }
}

/// That the database's server is spoken to without encryption.
fn read_on_the_way(config: &Config) -> Option<String> {
    match &config.database {
        Database::Server(server) if server.is_in_the_clear() => Some(format!(
            "[database] tls is false: texts, numbers and codes can be read on the way to {}",
            server.address
        )),
        _ => None,
    }
}
