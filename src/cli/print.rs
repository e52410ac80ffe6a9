//! What commands print: JSON as the daemon sent it, or tables and lines for people. Long work shows
//! its progress on a terminal.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use anyhow::Context;
use serde_json::Value;

use super::screen::{Cell, Screen};

/// Prints a line to standard output. That the reader has gone (`| head`) is not an error.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot print")
        }
        _ => Ok(()),
    }
}

/// Prints indented JSON.
pub(super) fn json(value: &Value) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Prints a list of objects as JSON, or as a table with these columns that fits into the terminal.
/// An empty table is the text `empty`.
pub(super) fn list(
    as_json: bool,
    rows: &Value,
    columns: &[&str],
    empty: &str,
) -> anyhow::Result<()> {
    if as_json { json(rows) } else { table(rows, columns, empty) }
}

/// Prints an object as JSON, or these of its fields, one per line.
pub(super) fn object(as_json: bool, object: &Value, names: &[&str]) -> anyhow::Result<()> {
    if as_json { json(object) } else { fields(object, names) }
}

/// Prints a list of objects as a table with these columns.
pub(super) fn table(rows: &Value, columns: &[&str], empty: &str) -> anyhow::Result<()> {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return line(empty);
    }
    let head = columns.iter().map(|column| Cell::from(column.to_uppercase())).collect();
    let row =
        |row: &Value| columns.iter().map(|column| Cell::from(cell(row.get(column)))).collect();
    let table: Vec<Vec<Cell>> = [head].into_iter().chain(rows.iter().map(row)).collect();
    Screen::of_stdout().columns(&table).iter().try_for_each(|text| line(text))
}

/// Prints fields of an object, one per line.
pub(super) fn fields(object: &Value, names: &[&str]) -> anyhow::Result<()> {
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
    names.iter().try_for_each(|name| line(&format!("{name:width$}  {}", cell(object.get(name)))))
}

/// A value as people read it: `-` for nothing, times without fractions of a second, texts on one
/// line.
pub(super) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) => one_line(text),
        Some(Value::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Value::Object(fields)) if fields.is_empty() => "-".to_owned(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(" ")
        }
        Some(Value::Object(fields)) => fields
            .iter()
            .map(|(key, value)| format!("{key}={}", cell(Some(value))))
            .collect::<Vec<_>>()
            .join(" "),
        Some(Value::Number(number)) => number.to_string(),
    }
}

fn one_line(text: &str) -> String {
    match without_fraction(text) {
        Some(time) => time,
        None => text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
    }
}

/// `2026-06-22T12:57:03.123456Z` as `2026-06-22 12:57:03`.
fn without_fraction(text: &str) -> Option<String> {
    let (time, fraction) = text.strip_suffix('Z')?.split_once('.')?;
    let is_time = fraction.len() == 6 && time.len() == 19 && time.as_bytes().get(10) == Some(&b'T');
    is_time.then(|| time.replace('T', " "))
}

/// A line on standard error that shows the progress of a long operation. It is overwritten by the
/// next one and erased at the end; where there is no terminal, nothing is shown.
pub(super) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub fn begin() -> Progress {
        Progress { is_shown: std::io::stderr().is_terminal() }
    }

    /// Replaces what is shown.
    pub fn show(&self, what: impl Display) {
        if self.is_shown {
            // The work goes on even if the terminal has gone.
            let _ = write!(std::io::stderr(), "\r\x1b[K{what}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_for_people() {
        for (value, text) in [
            (json!(null), "-"),
            (json!(true), "yes"),
            (json!("2026-06-22T12:57:03.000001Z"), "2026-06-22 12:57:03"),
            (json!("two\nlines \u{1b}[31m"), "two lines  [31m"),
            (json!({"UK": "0.80"}), "UK=0.80"),
            (json!(["a", "b"]), "a b"),
            (json!(7), "7"),
        ] {
            assert_eq!(cell(Some(&value)), text);
        }
    }
}
