//! Commands about SIM banks.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::{named, whole_number};
use super::listing::{ListQuery, Page, Rows};
use super::print;
use crate::http::{AdminClient, path_segment};

/// One SIM bank.
#[derive(Args)]
pub(super) struct NamedBank {
    /// The bank's name, as `bank list` shows it
    #[arg(value_parser = named)]
    bank: String,
}

#[derive(Subcommand)]
pub(super) enum Bank {
    /// List banks
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Show one bank: what is on each radio and in each slot
    Show(NamedBank),
    /// Show which switch comes next on each radio, why, and when at the earliest
    Plan(NamedBank),
    /// List past switches, oldest first
    Moves {
        #[command(flatten)]
        bank: NamedBank,
        /// Only those by which this SIM came or went
        #[arg(long, value_parser = named)]
        iccid: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
    /// Put a slot's SIM on a radio now, unless the SIM that is on it is needed there
    Switch {
        #[command(flatten)]
        bank: NamedBank,
        /// The radio: its port, the last part of that, or its number from 1
        radio: String,
        /// The slot's number in the column SLOT of `bank show`, from 0; the label counts from 1
        #[arg(value_parser = whole_number)]
        slot: u32,
    },
}

const LIST: &[&str] = &[
    "name",
    "profile",
    "radios",
    "working",
    "slots",
    "known",
    "empty",
    "unknown",
    "late",
    "switch_seconds",
    "lies",
    "failures",
    "trouble",
];
const RADIOS: &[&str] = &[
    "radio",
    "port",
    "doing",
    "since",
    "slot",
    "iccid",
    "moves",
    "lies",
    "failures",
    "deaf_seconds",
    "reason",
];
const SLOTS: &[&str] = &[
    "slot",
    "label",
    "holds",
    "iccid",
    "radio",
    "since",
    "why",
    "visited_at",
    "late_since",
    "trouble",
];
const PLAN: &[&str] = &["radio", "port", "doing", "slot", "label", "iccid", "why", "not_before"];
const MOVES: &[&str] =
    &["?id", "began_at", "ended_at", "radio", "slot", "left", "found", "outcome"];

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Bank, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Bank::List { page } => {
            let banks = client.get(&ListQuery::default().page(page).of("/banks")).await?;
            print::list(json, &banks, LIST, "no banks: no [[bank]] is configured")
        }
        Bank::Show(NamedBank { bank }) => show(&client.get(&path(&bank, "")).await?, json),
        Bank::Plan(NamedBank { bank }) => {
            print::list(json, &client.get(&path(&bank, "/plan")).await?, PLAN, "it has no radio")
        }
        Bank::Moves { bank: NamedBank { bank }, iccid, rows } => {
            let query = ListQuery::default().with("iccid", iccid);
            let moves = query.read(client, &path(&bank, "/moves"), rows).await?;
            print::list(json, &moves, MOVES, "no switch yet")
        }
        Bank::Switch { bank: NamedBank { bank }, radio, slot } => {
            let answer = client
                .post(&path(&bank, "/switch"), json!({ "radio": radio, "slot": slot }))
                .await?;
            if json {
                return print::json(&answer);
            }
            let lines = answer.get("reply").and_then(Value::as_array).into_iter().flatten();
            lines.filter_map(Value::as_str).try_for_each(print::line)
        }
    }
}

fn path(bank: &str, more: &str) -> String {
    format!("/banks/{}{more}", path_segment(bank))
}

fn show(bank: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(bank);
    }
    print::fields(bank, LIST)?;
    for (title, list, columns) in [("radios", "radio_list", RADIOS), ("slots", "slot_list", SLOTS)]
    {
        print::heading(title)?;
        print::table(bank.get(list).unwrap_or(&Value::Null), columns, "none")?;
    }
    Ok(())
}
