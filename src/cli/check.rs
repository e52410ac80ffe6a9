//! `check` and `config`: errors in a configuration, and what it means.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::print;
use crate::daemon::check::{self, UserIdentity};
use crate::daemon::config::{Config, ConfigError, EffectiveEntry, Inspection};

/// Reports every error in a configuration, and what on this machine does not match it.
pub(super) async fn run(path: &Path, user: Option<&str>) -> anyhow::Result<ExitCode> {
    let who = match user {
        None => UserIdentity::this_process(),
        Some(name) => {
            UserIdentity::named(name).with_context(|| format!("there is no user {name}"))?
        }
    };
    let mut reading = Config::inspect(path)?;
    for what in &reading.config.without_effect {
        print::complain(format_args!("{}: {what}", path.display()));
    }
    let profiles = check::profile_files(&reading.config);
    for fault in &profiles {
        print::complain(fault);
    }
    let of_machine = check::machine_faults(&reading, &who).await;
    let Inspection { config, faults, .. } = &mut reading;
    faults.extend(of_machine);
    faults.sort_by_key(|fault| fault.line);
    if !faults.is_empty() {
        let faults = std::mem::take(faults);
        return Err(ConfigError { path: path.to_owned(), faults: Ok(faults) }.into());
    }
    anyhow::ensure!(
        profiles.is_empty(),
        "{} of the operator's own profiles cannot be used",
        profiles.len()
    );
    let running = if check::runs(config) { "; a daemon runs with it" } else { "" };
    print::line(format!("{}: no faults{running}", path.display()))?;
    Ok(ExitCode::SUCCESS)
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
