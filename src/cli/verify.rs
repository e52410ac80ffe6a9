//! `verify`: checks the database of the running daemon, or a backup's file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::print::{self, Progress};
use crate::http::AdminClient;
use crate::store::{BackupFile, CHECKS};

/// How many octets of a file are read at once.
const CHUNK: usize = 256 * 1024;

/// Runs one check of the daemon's database after the other. Exits with 1 when there are faults.
pub(super) async fn running(client: &AdminClient, json: bool) -> anyhow::Result<ExitCode> {
    let (progress, mut faults, mut check, mut checks) = (Progress::begin(), Vec::new(), 0, 1);
    progress.show("checking the database …");
    while check < checks {
        let result = client.get(&format!("/verify?check={check}")).await?;
        checks = result
            .get("checks")
            .and_then(Value::as_u64)
            .context("the daemon does not say how many checks there are")?;
        faults.extend(result.get("faults").and_then(Value::as_array).cloned().unwrap_or_default());
        check += 1;
        progress.show(format_args!("{check} of {checks} checks of the database done"));
    }
    drop(progress);
    report(&faults, json)
}

/// Checks a backup's file, and its checksum if that stands beside it. No daemon is needed. A number
/// may have been sold again after `cooldown`.
pub(super) fn file(
    file: &Path,
    cooldown: Option<Duration>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let backup =
        BackupFile::open(file).with_context(|| format!("cannot check {}", file.display()))?;
    let (progress, mut faults) = (Progress::begin(), Vec::new());
    progress.show("checking the checksum …");
    faults.extend(wrong_checksum(file)?);
    for check in 0..CHECKS {
        progress.show(format_args!("{check} of {CHECKS} checks of the backup done"));
        faults.extend(backup.faults(check, cooldown)?);
    }
    drop(progress);
    report(&faults.into_iter().map(Value::from).collect::<Vec<_>>(), json)
}

fn report(faults: &[Value], json: bool) -> anyhow::Result<ExitCode> {
    let ok = faults.is_empty();
    if json {
        print::json(&json!({ "ok": ok, "faults": faults }))?;
    } else if ok {
        print::line("no faults")?;
    } else {
        faults.iter().try_for_each(|fault| print::line(print::cell(Some(fault))))?;
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is wrong with a file by the checksum that `backup` has written beside it, if that is there.
fn wrong_checksum(file: &Path) -> anyhow::Result<Option<String>> {
    let beside = file.with_added_extension("sha256");
    let Ok(written) = std::fs::read_to_string(&beside) else { return Ok(None) };
    let Some(expected) = written.split_whitespace().next() else {
        bail!("{} has no checksum in it", beside.display());
    };
    let mut hasher = Sha256::new();
    let mut content = BufReader::with_capacity(CHUNK, File::open(file)?);
    loop {
        let octets = content.fill_buf()?;
        if octets.is_empty() {
            break;
        }
        hasher.update(octets);
        let read = octets.len();
        content.consume(read);
    }
    let is_right = hex::encode(hasher.finalize()) == expected;
    let wrong = || format!("the file: its SHA-256 is not that in {}", beside.display());
    Ok((!is_right).then(wrong))
}
