//! `report`: what was earned, how long the stock lasts, and figures over time.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use chrono::DateTime;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::args::named;
use super::listing::{ListQuery, OfOrders, Times};
use super::print;
use super::samples::{ranges, topics};
use crate::domain::text::csv_field;
use crate::domain::{Amount, Currency};
use crate::gateway::RENTALS;
use crate::http::AdminClient;

const STOCK: &[&str] = &["service", "country", "count", "used_per_day", "days_left", "sims_needed"];
const COLUMNS: [&str; 5] = ["orders", "terms", "refunds", "amount", "currency"];

#[derive(Subcommand)]
pub(super) enum Report {
    /// Show what customers were charged for orders and for terms of rentals, less what was given
    /// back
    Revenue {
        /// By what it is added up
        #[arg(long, value_enum, default_value_t = By::Service)]
        by: By,
        #[command(flatten)]
        of: OfOrders,
        #[command(flatten)]
        times: Times,
        /// Print comma-separated values (RFC 4180) without the total
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Show the site's figures over time, as they were sampled each minute
    Samples {
        /// What they are about, like messages, orders or stock
        #[arg(value_parser = topics())]
        topic: String,
        /// Of how much time
        #[arg(long, default_value = "24h", value_parser = ranges())]
        range: String,
        /// Print comma-separated values (RFC 4180)
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Show how many numbers are left, how fast they are used up, and how many SIMs are needed for
    /// 30 days; what lasts least comes first
    Stock {
        /// Only of this service
        #[arg(long, value_parser = named)]
        service: Option<String>,
        /// Only in this country, like NL
        #[arg(long, value_parser = named)]
        country: Option<String>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum By {
    Service,
    Country,
    Account,
    Sim,
    Day,
    Month,
}

impl By {
    /// What the daemon adds up by. Days are those of the zone in which times are shown here.
    fn asked(self) -> &'static str {
        match self {
            By::Service => "service",
            By::Country => "country",
            By::Account => "account",
            By::Sim => "sim",
            By::Day | By::Month => "quarter_hour",
        }
    }

    fn column(self) -> &'static str {
        match self {
            By::Day => "day",
            By::Month => "month",
            other => other.asked(),
        }
    }

    /// What a group is called where it is shown, of one that the daemon calls so.
    fn group(self, group: Option<String>) -> Option<String> {
        match self {
            By::Day => group.as_deref().and_then(day_of),
            // The day without its last part.
            By::Month => group.as_deref().and_then(day_of)?.rsplit_once('-').map(|it| it.0.into()),
            _ => group,
        }
    }

    /// What a group without a name is called in tables.
    fn nameless(self) -> &'static str {
        if self == By::Service { RENTALS } else { "-" }
    }
}

/// What one group was charged, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    group: Option<String>,
    counts: [i64; 3],
    amount: Amount,
    currency: Currency,
}

/// Carries out a command and prints what the daemon answers.
pub(super) async fn run(command: Report, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Report::Revenue { by, of, times, csv } => {
            let query = ListQuery::default().orders(of);
            revenue(client, json, (by, csv), query.times(times)).await
        }
        Report::Samples { topic, range, csv } => {
            super::samples::run(client, json, (&topic, &range), csv).await
        }
        Report::Stock { service, country } => stock(client, json, service, country).await,
    }
}

/// Prints the stock as the daemon has counted it last.
async fn stock(
    client: &AdminClient,
    json: bool,
    service: Option<String>,
    country: Option<String>,
) -> anyhow::Result<()> {
    let overview = client.get("/overview").await?;
    let mut rows = overview.get("stock").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, wanted) in [("service", service), ("country", country)] {
        let Some(wanted) = wanted else { continue };
        let names: BTreeSet<String> = rows.iter().filter_map(|row| text(row, name)).collect();
        let is_it = |known: &String| known.eq_ignore_ascii_case(&wanted);
        let Some(known) = names.iter().find(|known| is_it(known)) else {
            let all = names.into_iter().collect::<Vec<_>>().join(", ");
            bail!("no {name} {wanted} has any stock; there are {all}");
        };
        rows.retain(|row| text(row, name).as_ref() == Some(known));
    }
    let days = |row: &Value| row.get("days_left").and_then(Value::as_f64).unwrap_or(f64::MAX);
    rows.sort_by(|a, b| days(a).total_cmp(&days(b)));
    print::list(json, &Value::Array(rows), STOCK, "no service is sold where there are SIMs")
}

fn text(row: &Value, name: &str) -> Option<String> {
    row.get(name).and_then(Value::as_str).map(str::to_owned)
}

async fn revenue(
    client: &AdminClient,
    json: bool,
    (by, csv): (By, bool),
    query: ListQuery,
) -> anyhow::Result<()> {
    let answer = client.get(&query.with("by", Some(by.asked())).of("/revenue")).await?;
    let rows = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Option<Vec<Row>> = rows.iter().map(read).collect();
    let mut rows = rows.context("the daemon's answer is no report")?;
    if matches!(by, By::Day | By::Month) {
        rows.iter_mut().for_each(|row| row.group = by.group(row.group.take()));
        rows = added_up(rows);
    }
    let total = added_up(rows.iter().map(|row| Row { group: None, ..row.clone() }).collect());
    let columns = [&[by.column()], COLUMNS.as_slice()].concat();
    let shown = |row: &Row| object(by.column(), row);
    if json {
        let rows: Vec<Value> = rows.iter().map(shown).collect();
        return print::json(&json!({
            "rows": rows,
            "total": total.iter().map(shown).collect::<Vec<_>>(),
        }));
    }
    for row in &mut rows {
        row.group.get_or_insert_with(|| by.nameless().to_owned());
    }
    if csv {
        print::line(columns.join(","))?;
        return rows.iter().try_for_each(|row| print::line(csv_line(row)));
    }
    let total = total.into_iter().map(|row| Row { group: Some("total".to_owned()), ..row });
    let all: Vec<Value> = rows.iter().cloned().chain(total).map(|row| shown(&row)).collect();
    print::table(&Value::Array(all), &columns, "nothing was charged")
}

fn read(row: &Value) -> Option<Row> {
    let count = |name: &str| row.get(name)?.as_i64();
    let (code, amount) = (row.get("currency")?.as_str()?, row.get("amount")?.as_str()?);
    let decimals = amount.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let currency = code.parse::<Currency>().ok()?.with_decimals(decimals.try_into().ok()?);
    Some(Row {
        group: row.get("group")?.as_str().map(str::to_owned),
        counts: [count("orders")?, count("terms")?, count("refunds")?],
        amount: currency.parse(amount).ok()?,
        currency,
    })
}

fn day_of(time: &str) -> Option<String> {
    Some(print::day(DateTime::parse_from_rfc3339(time).ok()?.to_utc()))
}

/// The rows with those of one group and currency added up, in the order of their first ones.
fn added_up(rows: Vec<Row>) -> Vec<Row> {
    let mut sums: Vec<Row> = Vec::new();
    for row in rows {
        let same = |sum: &&mut Row| sum.group == row.group && sum.currency == row.currency;
        match sums.iter_mut().rev().find(same) {
            Some(sum) => {
                sum.counts.iter_mut().zip(row.counts).for_each(|(sum, count)| *sum += count);
                sum.amount.0 = sum.amount.0.saturating_add(row.amount.0);
            }
            None => sums.push(row),
        }
    }
    sums
}

fn object(name: &str, row: &Row) -> Value {
    let [orders, terms, refunds] = row.counts;
    json!({
        name: row.group,
        "orders": orders,
        "terms": terms,
        "refunds": refunds,
        "amount": row.currency.text(row.amount),
        "currency": row.currency.to_string(),
    })
}

fn csv_line(row: &Row) -> String {
    let group = csv_field(row.group.as_deref().unwrap_or_default());
    let [orders, terms, refunds] = row.counts;
    format!("{group},{orders},{terms},{refunds},{},{}", row.currency.text(row.amount), row.currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(group: &str, orders: i64, minor: i64, currency: &str) -> Row {
        Row {
            group: Some(group.to_owned()),
            counts: [orders, 0, 1],
            amount: Amount(minor),
            currency: currency.parse().unwrap(),
        }
    }

    #[test]
    fn rows_of_one_group_and_currency_are_added_up() {
        let rows = vec![
            row("2026-06-22", 1, 150, "USD"),
            row("2026-06-22", 2, 70, "EUR"),
            row("2026-06-22", 3, -200, "USD"),
            row("2026-06-23", 1, 5, "USD"),
        ];
        let sums = added_up(rows);
        assert_eq!(
            sums.iter().map(csv_line).collect::<Vec<_>>(),
            [
                "2026-06-22,4,0,2,-0.50,USD",
                "2026-06-22,2,0,1,0.70,EUR",
                "2026-06-23,1,0,1,0.05,USD"
            ]
        );
    }

    #[test]
    fn a_name_with_commas_or_quotes_is_quoted() {
        assert_eq!(csv_line(&row("a, \"b\"", 1, 5, "USD")), "\"a, \"\"b\"\"\",1,0,1,0.05,USD");
    }
}
