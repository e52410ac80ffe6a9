//! `sim import`: reads an operator's list of SIM cards and their numbers.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use crate::http::{AdminClient, path_segment};

use super::print::{self, Progress};

/// Sets the number of each SIM in a file, or with `dry_run` only says what would be. Lines that
/// cannot be used are reported, and the others are used all the same.
/// SIMs that were never seen are added if `create` says so, and are faults otherwise.
pub(super) async fn run(
    client: &AdminClient,
    file: &Path,
    create: bool,
    dry_run: bool,
    json: bool,
) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (mut set, mut faults, mut known) = (Vec::new(), 0_usize, HashMap::new());
    let (progress, all) = (Progress::begin(), rows(&text).count());
    let complain = |line: usize, what: &str| {
        print::complain(format_args!("{}:{line}: {what}", file.display()))
    };
    for (done, (line, row)) in rows(&text).enumerate() {
        progress.show(format_args!("{done} of {all} SIMs"));
        let row = row.and_then(|row| check_new(&mut known, line, row));
        let result = match row {
            Ok((iccid, number)) => {
                let path = format!("/sims/{}/number", path_segment(&iccid));
                let set = json!({ "number": number, "create": create, "dry_run": dry_run });
                client.post(&path, set).await.map_err(|error| error.to_string())
            }
            Err(fault) => Err(fault),
        };
        match result {
            Ok(sim) => {
                if sim.get("state").and_then(Value::as_str) == Some("contested") {
                    complain(line, "another SIM claims this number, too: it is not sold");
                }
                set.push(sim);
            }
            Err(fault) => {
                faults += 1;
                complain(line, &fault);
            }
        }
    }
    drop(progress);
    let count = set.len();
    if json {
        print::json(&Value::Array(set))?;
    } else {
        let would_be = if dry_run { "would be set" } else { "set" };
        let numbers = if count == 1 { "number" } else { "numbers" };
        print::line(format!("{count} {numbers} {would_be}"))?;
    }
    anyhow::ensure!(
        faults == 0,
        "{} could not be used",
        match faults {
            1 => "1 line".to_owned(),
            faults => format!("{faults} lines"),
        }
    );
    Ok(())
}

type Row = Result<(String, String), String>;

/// The row, unless its ICCID or its number stands in an earlier line. `known` has the line of each.
fn check_new(known: &mut HashMap<String, usize>, line: usize, row: (String, String)) -> Row {
    let (iccid, number) = &row;
    let digits = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    for (what, text) in [("ICCID", iccid), ("number", number)] {
        if let Some(earlier) = known.get(&format!("{what} {}", digits(text))) {
            return Err(format!("this {what} stands in line {earlier} already"));
        }
    }
    known.insert(format!("ICCID {}", digits(iccid)), line);
    known.insert(format!("number {}", digits(number)), line);
    Ok(row)
}

/// The ICCID and the phone number of each line, with the line's number in the file. A first line
/// that names the columns, empty lines, and lines that begin with # are skipped. Columns are
/// separated by a comma, a semicolon or a tab.
fn rows(text: &str) -> impl Iterator<Item = (usize, Row)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .filter(|(number, line)| *number != 1 || line.bytes().any(|byte| byte.is_ascii_digit()))
        .map(|(number, line)| {
            let mut columns = line
                .split([',', ';', '\t'])
                .map(|column| column.trim().trim_matches('"').trim().to_owned());
            let row = match (columns.next(), columns.next()) {
                (Some(iccid), Some(own)) if !iccid.is_empty() && !own.is_empty() => {
                    Ok((iccid, own))
                }
                _ => Err("a line must have an ICCID, a comma and a number".to_owned()),
            };
            (number, row)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_as_operators_export_them() {
        let text = "\u{feff}iccid;number\r\n\"8931440400000000123\";\"+31612345678\"\r\n\n# \
                    spare\n8931440400000000999,0612345679,x\n8931\n";
        let own = |iccid: &str, number: &str| Ok((iccid.to_owned(), number.to_owned()));
        let expected = [
            (2, own("8931440400000000123", "+31612345678")),
            (5, own("8931440400000000999", "0612345679")),
            (6, Err("a line must have an ICCID, a comma and a number".to_owned())),
        ];
        assert_eq!(rows(text).collect::<Vec<_>>(), expected);
    }
}
