//! Figures over time: those of the site, and the signal of a modem.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value};

use super::listing::ListQuery;
use super::print;
use crate::domain::sample::{ChartRange, SampleTopic};
use crate::domain::text::csv_field;
use crate::http::{AdminClient, path_segment};

/// What figures can be about.
pub(super) fn topics() -> PossibleValuesParser {
    PossibleValuesParser::new(SampleTopic::ALL.map(SampleTopic::as_str))
}

/// Of how much time figures can be shown.
pub(super) fn ranges() -> PossibleValuesParser {
    PossibleValuesParser::new(ChartRange::ALL.map(ChartRange::as_str))
}

/// Prints the figures of a topic.
pub(super) async fn run(
    client: &AdminClient,
    json: bool,
    (topic, range): (&str, &str),
    csv: bool,
) -> anyhow::Result<()> {
    let query = ListQuery::default().with("range", Some(range));
    let answer = client.get(&query.of(&format!("/samples/{}", path_segment(topic)))).await?;
    if json {
        return print::json(&answer);
    }
    let samples = answer.get("samples").and_then(Value::as_array);
    let rows: Vec<Map<String, Value>> = samples.into_iter().flatten().filter_map(row).collect();
    let names: BTreeSet<&str> =
        rows.iter().flat_map(|row| row.keys()).map(String::as_str).collect();
    let names = names.into_iter().filter(|name| *name != TIME);
    let columns: Vec<&str> = [TIME].into_iter().chain(names).collect();
    match csv {
        true => print_csv(&rows, &columns),
        false => {
            let rows = Value::Array(rows.iter().cloned().map(Value::Object).collect());
            print::table(&rows, &columns, "nothing was sampled yet")
        }
    }
}

/// The column of the times.
const TIME: &str = "at";

/// A sample as a row: its time and its figures.
fn row(sample: &Value) -> Option<Map<String, Value>> {
    let mut row = sample.get("figures")?.as_object()?.clone();
    row.insert(TIME.to_owned(), sample.get(TIME)?.clone());
    Some(row)
}

/// Prints rows as comma-separated values; of a figure that a row does not have, nothing.
pub(super) fn print_csv(rows: &[Map<String, Value>], columns: &[&str]) -> anyhow::Result<()> {
    let line = |cells: Vec<String>| {
        let fields = cells.iter().map(|cell| csv_field(cell).into_owned());
        print::line(fields.collect::<Vec<_>>().join(","))
    };
    line(columns.iter().map(|name| (*name).to_owned()).collect())?;
    rows.iter().try_for_each(|row| {
        let cell = |name: &&str| match row.get(*name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        line(columns.iter().map(cell).collect())
    })
}

/// Prints the signal of a modem.
pub(super) async fn signal(client: &AdminClient, json: bool, modem: &str) -> anyhow::Result<()> {
    let query = ListQuery::default().with("name", Some(modem));
    let minutes = client.get(&query.of("/modem/signal")).await?;
    print::list(json, &minutes, &[TIME, "dbm"], "no minute has passed yet since the start")
}
