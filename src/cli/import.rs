//! `sim import`: reads an operator's list of SIM cards and their numbers.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use super::print::{self, Progress};
use crate::domain::sim_list::{LineFault, ListedSim, read_sim_list};
use crate::domain::text::counted_noun;
use crate::http::{AdminClient, path_segment};

/// The arguments of `sim import`.
#[derive(clap::Args)]
pub(super) struct Import {
    /// The file with the list: a line has an ICCID, a comma and a number
    file: PathBuf,
    /// Add SIMs that were never seen in a modem
    #[arg(long)]
    create: bool,
    /// Only say what would be set, and what is wrong in the file
    #[arg(long)]
    dry_run: bool,
    /// Set nothing if any line cannot be used
    #[arg(long)]
    all_or_none: bool,
}

/// The SIMs whose numbers were set, or would be, and how many lines could not be used.
#[derive(Default)]
struct Outcome {
    sims: Vec<Value>,
    faults: usize,
}

impl Outcome {
    /// Takes what became of a line, and tells what is wrong with it.
    fn take(&mut self, file: &Path, line: usize, result: Result<Value, String>) {
        let complain = |what: &str| {
            print::complain(format_args!("{}:{line}: {what}", file.display()));
        };
        match result {
            Ok(sim) => {
                if sim.get("state").and_then(Value::as_str) == Some("contested") {
                    complain("another SIM claims this number, too: it is not sold");
                }
                self.sims.push(sim);
            }
            Err(fault) => {
                self.faults += 1;
                complain(&fault);
            }
        }
    }
}

/// Sets the number of each SIM in a file, or with `--dry-run` only says what would be. Lines that
/// cannot be used are reported; the others are used all the same, unless all or none shall be.
pub(super) async fn run(client: &AdminClient, import: &Import, json: bool) -> anyhow::Result<()> {
    let file = &import.file;
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let Outcome { sims, faults } = match import.all_or_none {
        true => set_all_or_none(client, import, &text).await?,
        false => set_each(client, import, &text).await,
    };
    let is_set = !(import.dry_run || import.all_or_none && faults > 0);
    let count = sims.len();
    if json {
        print::json(&Value::Array(sims))?;
    } else {
        let would_be = if is_set { "set" } else { "would be set" };
        print::line(format!("{} {would_be}", counted_noun(count, "number", "numbers")))?;
    }
    anyhow::ensure!(faults == 0, "{} could not be used", counted_noun(faults, "line", "lines"));
    Ok(())
}

/// Sets one number after the other.
async fn set_each(client: &AdminClient, import: &Import, text: &str) -> Outcome {
    let (mut outcome, rows) = (Outcome::default(), read_sim_list(text));
    let (progress, all) = (Progress::begin(), rows.len());
    for (done, row) in rows.into_iter().enumerate() {
        progress.show(format_args!("{done} of {all} SIMs"));
        let (line, result) = match row {
            Ok(ListedSim { line, iccid, number }) => {
                let path = format!("/sims/{}/number", path_segment(&iccid));
                let set = json!({
                    "number": number, "create": import.create, "dry_run": import.dry_run,
                });
                (line, client.post(&path, set).await.map_err(|error| error.to_string()))
            }
            Err(LineFault { line, fault }) => (line, Err(fault)),
        };
        outcome.take(&import.file, line, result);
    }
    outcome
}

/// Sets all numbers at once, or none.
async fn set_all_or_none(
    client: &AdminClient,
    import: &Import,
    text: &str,
) -> anyhow::Result<Outcome> {
    let list = json!({ "list": text, "create": import.create, "dry_run": import.dry_run });
    let answer = client.post("/sims/import", list).await?;
    let mut outcome = Outcome::default();
    for row in answer.as_array().into_iter().flatten() {
        let line = row.get("line").and_then(Value::as_u64).unwrap_or_default();
        let fault = row.get("fault").and_then(Value::as_str);
        let sim = || row.get("sim").cloned().unwrap_or_default();
        let result = fault.map_or_else(|| Ok(sim()), |fault| Err(fault.to_owned()));
        outcome.take(&import.file, usize::try_from(line).unwrap_or_default(), result);
    }
    Ok(outcome)
}
