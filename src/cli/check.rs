//! `check` and `config`: errors in a configuration, and what it means.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::print;
use crate::daemon::check::{self, UserIdentity};
use crate::daemon::config::{Config, ConfigError, EffectiveEntry, Inspection};

/// What `check` has found. It is the command's result and not a failure of the command, so it goes
/// to standard output.
struct Report {
    path: PathBuf,
    /// Each fault with its file and, where it is on one, its line.
    faults: Vec<(String, Option<usize>, String)>,
    /// What is valid but has no effect.
    warnings: Vec<String>,
    /// Which rentals would be on sale, in words.
    rentals: String,
    /// Whether a daemon runs with this configuration.
    is_running: bool,
}

/// Reports every error in a configuration, and what on this machine does not match it. Exits with 1
/// when there is any.
pub(super) async fn run(path: &Path, user: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let who = match user {
        None => UserIdentity::this_process(),
        Some(name) => {
            UserIdentity::named(name).with_context(|| format!("there is no user {name}"))?
        }
    };
    let report = match Config::inspect(path) {
        Ok(reading) => Report::of(path, &reading, &who).await,
        Err(error) => Report::of_unreadable(path, error),
    };
    report.print(json)?;
    Ok(if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Report {
    async fn of(path: &Path, reading: &Inspection, who: &UserIdentity) -> Report {
        let mut of_file = reading.faults.clone();
        of_file.extend(check::machine_faults(reading, who).await);
        of_file.sort_by_key(|fault| fault.line);
        let file = path.display().to_string();
        let of_file =
            of_file.into_iter().map(|fault| (file.clone(), fault.line_of_file(), fault.text));
        let of_hardware = check::hardware_faults(&reading.config).into_iter();
        let of_hardware = of_hardware.map(|(file, error)| (file, error.line, error.text));
        Report {
            path: path.to_owned(),
            faults: of_file.chain(of_hardware).collect(),
            warnings: reading.config.without_effect.clone(),
            rentals: reading.config.rentals_on_sale(),
            is_running: check::runs(&reading.config),
        }
    }

    fn of_unreadable(path: &Path, error: ConfigError) -> Report {
        let file = path.display().to_string();
        let faults = match error.faults {
            Ok(faults) => faults
                .into_iter()
                .map(|fault| (file.clone(), fault.line_of_file(), fault.text))
                .collect(),
            Err(error) => vec![(file, None, format!("the file cannot be read: {error}"))],
        };
        Report {
            path: path.to_owned(),
            faults,
            warnings: Vec::new(),
            rentals: String::new(),
            is_running: false,
        }
    }

    fn print(&self, json: bool) -> anyhow::Result<()> {
        let path = self.path.display();
        if json {
            let faults = self.faults.iter();
            let faults = faults
                .map(|(file, line, text)| json!({ "file": file, "line": line, "fault": text }));
            return print::json(&json!({
                "file": path.to_string(),
                "ok": self.faults.is_empty(),
                "running": self.is_running,
                "faults": faults.collect::<Vec<_>>(),
                "warnings": self.warnings,
                "rentals": self.rentals,
            }));
        }
        for (file, line, text) in &self.faults {
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            print::line(format!("{file}{line}: {text}"))?;
        }
        for warning in &self.warnings {
            print::line(format!("{path}: without effect: {warning}"))?;
        }
        if !self.rentals.is_empty() {
            print::line(format!("{path}: {}", self.rentals))?;
        }
        let running = if self.is_running { "; a daemon runs with it" } else { "" };
        let count = match self.faults.len() {
            0 => "no faults".to_owned(),
            1 => "1 fault".to_owned(),
            count => format!("{count} faults"),
        };
        print::line(format!("{path}: {count}{running}"))
    }
}

/// Prints the configuration that is in effect.
pub(super) fn show(path: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let config = Config::load(path)?;
    if json {
        let rows = config.effective_entries().iter().map(|entry| row(path, entry)).collect();
        print::json(&rows)?;
    } else {
        print::document(config.explained(path).trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(path: &Path, entry: &EffectiveEntry) -> Value {
    let table = toml::from_str::<toml::Table>(&format!("value = {}", entry.value)).ok();
    let value = table.and_then(|table| serde_json::to_value(table.get("value")?).ok());
    let index = entry.index.map(|index| format!("[{index}]")).unwrap_or_default();
    let from = match entry.line {
        Some(line) => format!("{}:{line}", path.display()),
        None => "default".to_owned(),
    };
    let key = format!("{}{index}.{}", entry.section, entry.key);
    json!({ "key": key, "value": value, "from": from })
}
