//! What commands print: JSON as the daemon gave it, or tables and lines for people.

use std::io::Write;

use anyhow::Context;
use serde_json::Value;

use super::screen::{Cell, Screen};

/// Prints to standard output. A reader that has gone (`| head`) is no error.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot print")
        }
        _ => Ok(()),
    }
}

/// Prints JSON, indented.
pub(super) fn json(value: &Value) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Prints a list of objects as a table with these columns, as wide as a terminal at most.
pub(super) fn table(rows: &Value, columns: &[&str], empty: &str) -> anyhow::Result<()> {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return line(empty);
    }
    let head = columns.iter().map(|column| Cell::from(column.to_uppercase())).collect();
    let row =
        |row: &Value| columns.iter().map(|column| Cell::from(cell(row.get(column)))).collect();
    let table: Vec<Vec<Cell>> = [head].into_iter().chain(rows.iter().map(row)).collect();
    Screen::here().columns(&table).iter().try_for_each(|text| line(text))
}

/// Prints an object's fields, one a line.
pub(super) fn fields(object: &Value, names: &[&str]) -> anyhow::Result<()> {
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
    names.iter().try_for_each(|name| line(&format!("{name:width$}  {}", cell(object.get(name)))))
}

/// A value as people read it: nothing is `-`, times without their fraction, a text on one line.
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
