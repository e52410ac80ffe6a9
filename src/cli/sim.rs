//! `sim`: the SIMs, their numbers, and whether they are sold.

use std::time::Duration;

use anyhow::Context;
use clap::{ArgGroup, Subcommand};
use serde_json::{Value, json};

use super::args::{duration, named};
use super::history::print_awaited;
use super::import;
use super::listing::{ListQuery, OfNumber, Page};
use super::{print, status, times};
use crate::daemon::system_sources;
use crate::http::{AdminClient, path_segment};

const SIM: &[&str] = &[
    "iccid",
    "number",
    "state",
    "last_sms",
    "?since",
    "?modem",
    "?country",
    "?home_operator",
    "?imsi",
];
const SIM_FIELDS: &[&str] = &[
    "iccid",
    "imsi",
    "number",
    "country",
    "home_operator",
    "state",
    "modem",
    "since",
    "last_sms_at",
    "number_problem",
];
const LOCATION: &[&str] = &["since", "until", "seen_at", "modem", "bank", "slot"];

#[derive(Subcommand)]
pub(super) enum Sim {
    /// List SIMs in the order in which they were first seen, and whether their numbers can be given
    /// out
    List {
        #[command(flatten)]
        numbers: OfNumber,
        /// Only those in this state, like available, resting or offline
        #[arg(long, value_parser = named)]
        state: Option<String>,
        /// Only those that received nothing for so long, like 7d, or since a time
        #[arg(long, value_name = "TIME", value_parser = times::past)]
        silent: Option<String>,
        /// Only those that have these digits in their ICCID, IMSI or number
        #[arg(long, value_name = "DIGITS", value_parser = named)]
        digits: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Show one SIM
    Show {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
    },
    /// Stop selling a SIM for a while
    Rest {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
        /// How long from now, like 30d; 0s ends the rest
        #[arg(default_value = "30d", value_parser = duration)]
        time: Duration,
    },
    /// Sell a SIM for orders only or for rentals only, so that its number need not rest between the
    /// two
    Pool {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
        /// What the SIM is sold for
        #[arg(value_parser = ["orders", "rentals", "both"])]
        pool: String,
    },
    /// Stop selling a SIM for good
    Retire {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
        /// Make it available again
        #[arg(long)]
        undo: bool,
    },
    /// Change what several SIMs are sold for and when: all of them, or none
    #[command(group = ArgGroup::new("edit")
        .args(["rest", "retire", "back", "pool"])
        .required(true)
        .multiple(true))]
    Set {
        /// The SIMs' ICCIDs, or their numbers
        #[arg(id = "sim", required = true, value_name = "SIM", value_parser = named)]
        sims: Vec<String>,
        /// Stop selling them for so long from now, like 30d; 0s ends the rest
        #[arg(long, value_name = "TIME", value_parser = duration)]
        rest: Option<Duration>,
        /// Stop selling them for good
        #[arg(long, conflicts_with = "back")]
        retire: bool,
        /// Sell them again that rest or were retired
        #[arg(long, conflicts_with = "rest")]
        back: bool,
        /// Sell them for orders only or for rentals only, or for both
        #[arg(long, value_parser = ["orders", "rentals", "both"])]
        pool: Option<String>,
    },
    /// Set the numbers of many SIMs from a file; a line has an ICCID, a comma and a number
    Import(import::Import),
    /// Set the number of a SIM
    SetNumber {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
        /// The number, like +31612345678
        #[arg(value_parser = named)]
        number: String,
        /// Also write it into the own-number phonebook of the card, which must be in a working
        /// modem
        #[arg(long)]
        write: bool,
        /// Add the SIM if it was never seen in a modem
        #[arg(long, conflicts_with = "write")]
        create: bool,
    },
    /// Forget a SIM's number, so that it is found out again
    ClearNumber {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
    },
    /// Have the PIN of the pin_file tried once more with a card that has refused one, when its
    /// modem reads it next
    PinRetry {
        /// The card's ICCID
        #[arg(value_parser = named)]
        iccid: String,
    },
    /// Remove a SIM that was never in a modem
    Remove {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
    },
}

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Sim, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let path = |iccid: &str, action: &str| format!("/sims/{}{action}", path_segment(iccid));
    let shown = match command {
        Sim::Import(import) => return import::run(client, &import, json).await,
        Sim::Set { sims, rest, retire, back, pool } => {
            let rest = rest.map(|time| time.as_secs()).or(back.then_some(0));
            let retired = retire.then_some(true).or(back.then_some(false));
            let edit =
                json!({ "sims": sims, "rest_seconds": rest, "retired": retired, "pool": pool });
            let changed = client.post("/sims/edit", edit).await?;
            let fields = ["iccid", "number", "state", "pool", "rests_until", "retired_at"];
            return print::list(json, &changed, &fields, "no SIMs");
        }
        Sim::Remove { iccid } => {
            let removed = client.delete(&path(&iccid, "")).await?;
            return print::object(json, &removed, &["removed"]);
        }
        Sim::PinRetry { iccid } => {
            let allowed = client.post(&path(&iccid, "/pin-retry"), json!({})).await?;
            return print::object(json, &allowed, &["iccid", "port"]);
        }
        Sim::ClearNumber { iccid } => client.delete(&path(&iccid, "/number")).await?,
        Sim::List { numbers, state, silent, digits, page } => {
            let query = ListQuery::default().number(numbers).with("state", state);
            let query = query.with("silent", silent).with("digits", digits);
            let path = query.page(page).of("/sims");
            let sims = client.get(&path).await?;
            if json {
                return print::json(&sims);
            }
            let rows = sims.as_array().into_iter().flatten().map(sim_row).collect();
            let none =
                if path == "/sims" { "no SIM has been seen yet" } else { "no SIM like that" };
            return print::table(&rows, SIM, none);
        }
        Sim::Show { iccid } => client.get(&path(&iccid, "")).await?,
        Sim::SetNumber { iccid, number, write, create } => {
            let set = json!({ "number": number, "create": create });
            let mut shown = client.post(&path(&iccid, "/number"), set).await?;
            if shown.get("state").and_then(Value::as_str) == Some("contested") {
                print::complain(
                    "simbridge: another SIM has this number, too, so neither is sold: `simbridge \
                     sim list --number NUMBER` shows them",
                );
            }
            if write {
                let card = json!({ "iccid": shown.get("iccid") });
                let result = client.post("/modem/write-number", card).await;
                let result = result.context("the number is set, but not written onto the card")?;
                if let (Some(shown), Some(written)) = (shown.as_object_mut(), result.get("written"))
                {
                    shown.insert("written".to_owned(), written.clone());
                }
            }
            shown
        }
        Sim::Rest { iccid, time } => {
            client.post(&path(&iccid, "/rest"), json!({ "seconds": time.as_secs() })).await?
        }
        Sim::Pool { iccid, pool } => {
            client.post(&path(&iccid, "/pool"), json!({ "pool": pool })).await?
        }
        Sim::Retire { iccid, undo } => {
            let retired =
                client.post(&path(&iccid, "/retire"), json!({ "retired": !undo })).await?;
            if let Some(warning) = retired.get("warning").and_then(Value::as_str) {
                print::complain(format_args!("simbridge: {warning}"));
            }
            retired
        }
    };
    let more = ["number_source", "number_at", "number_asked", "written"].into_iter();
    let more: Vec<&str> = more.filter(|key| shown.get(key).is_some()).collect();
    let fields = [SIM_FIELDS, &["pool", "rests_until", "retired_at"], &more].concat();
    print::object(json, &shown, &fields)?;
    match shown.get("custody").filter(|_| !json) {
        Some(locations) => {
            print::heading("custody")?;
            print::table(locations, LOCATION, "it has not been in any modem yet")?;
            print_awaited(&shown)
        }
        None => Ok(()),
    }
}

/// A SIM as people read it in a table: for how long it has been silent, and in its modem.
fn sim_row(sim: &Value) -> Value {
    let mut row = sim.clone();
    let now = system_sources::utc_now();
    if let Some(members) = row.as_object_mut() {
        for (time, shown) in [("last_sms_at", "last_sms"), ("since", "since")] {
            let at = members.get(time).and_then(Value::as_str);
            let span = at.and_then(|at| status::span_until(at, now));
            members.insert(shown.to_owned(), span.into());
        }
    }
    row
}
