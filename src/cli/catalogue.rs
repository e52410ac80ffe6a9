//! A catalogue of services as a TOML file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    service: Vec<Entry>,
}

/// One `[[service]]`; goes to the daemon under the names that it takes.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    price: String,
    #[serde(default, rename(deserialize = "country"))]
    countries: BTreeMap<String, String>,
    #[serde(default)]
    priority: i64,
    #[serde(default, rename(deserialize = "sender"))]
    senders: Vec<String>,
    #[serde(default, rename(deserialize = "text"))]
    texts: Vec<String>,
}

/// Reads a catalogue; faults come with file, line and column.
pub(super) fn read(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> anyhow::Result<Value> {
    let file: File = toml::from_str(text)?;
    Ok(json!({ "services": file.service }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../hardware/services.toml");

    #[test]
    fn the_example_can_be_imported_and_each_name_stands_once() {
        let services = parse(EXAMPLE).unwrap();
        let mut names: Vec<_> = services["services"].as_array().unwrap().iter().map(|s| s["name"].clone()).collect();
        assert!(names.len() >= 30, "{}", names.len());
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_fault_is_named_with_its_line() {
        let error = parse("[[service]]\nname = \"x\"\nprise = \"1\"\n").unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("prise"), "{error}");
    }
}
