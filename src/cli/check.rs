//! `check` and `config`: errors in a configuration, and what it means.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::print;
use crate::daemon::check::{Report, UserIdentity};
use crate::daemon::config::{Config, EffectiveEntry};
use crate::domain::text::counted_noun;
use crate::gateway::{ConfigFault, ConfigFindings};

/// Reports every error in a configuration, and what on this machine does not match it. Exits with 1
/// when there is any.
pub(super) async fn run(path: &Path, user: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let who = match user {
        None => UserIdentity::this_process(),
        Some(name) => {
            UserIdentity::named(name).with_context(|| format!("there is no user {name}"))?
        }
    };
    let report = Report::of(path, &who).await;
    print_report(path, &report, json)?;
    let is_good = report.findings.faults.is_empty();
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was found is the command's result and not a failure of the command, so it goes to standard
/// output.
fn print_report(path: &Path, report: &Report, json: bool) -> anyhow::Result<()> {
    let (path, ConfigFindings { faults, warnings }) = (path.display(), &report.findings);
    if json {
        let shown = faults.iter().map(
            |ConfigFault { file, line, text }| json!({ "file": file, "line": line, "fault": text }),
        );
        return print::json(&json!({
            "file": path.to_string(),
            "ok": faults.is_empty(),
            "running": report.is_running,
            "faults": shown.collect::<Vec<_>>(),
            "warnings": warnings,
            "rentals": report.rentals,
        }));
    }
    for ConfigFault { file, line, text } in faults {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        print::line(format!("{file}{line}: {text}"))?;
    }
    for warning in warnings {
        print::line(format!("{path}: {warning}"))?;
    }
    if !report.rentals.is_empty() {
        print::line(format!("{path}: {}", report.rentals))?;
    }
    let running = if report.is_running { "; a daemon runs with it" } else { "" };
    let count = match faults.len() {
        0 => "no faults".to_owned(),
        count => counted_noun(count, "fault", "faults"),
    };
    print::line(format!("{path}: {count}{running}"))
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
    let from = match entry.line {
        Some(line) => format!("{}:{line}", path.display()),
        None => "default".to_owned(),
    };
    json!({ "key": entry.path(), "value": value, "from": from })
}
