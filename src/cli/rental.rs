//! `rental`: the numbers that customers have for months.

use clap::Subcommand;
use serde_json::{Value, json};

use super::args::{named, whole_number};
use super::history::print_history;
use super::listing::{ListQuery, OfAccount, OfNumber, Rows};
use super::print;
use crate::http::AdminClient;

const RENTAL: &[&str] = &[
    "id",
    "account",
    "number",
    "?country",
    "state",
    "package",
    "?renewal_package",
    "?auto_renew",
    "?started_at",
    "expires_at",
];
/// What is told of one rental only.
const MORE: &[&str] = &["ended_at", "?ending", "free_days"];
const MOVE: &[&str] = &["number", "iccid", "from", "to"];
const OUTAGE: &[&str] = &["began_at", "ended_at", "off_air", "credit"];

#[derive(Subcommand)]
pub(super) enum Rental {
    /// List rentals, oldest first
    List {
        #[command(flatten)]
        account: OfAccount,
        #[command(flatten)]
        numbers: OfNumber,
        /// Only those in this state
        #[arg(long, value_parser = ["active", "ended"])]
        state: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
    /// Show one rental with its ledger entries and messages
    Show {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// Charge another term of a rental that ended a short while ago, from its old end. Its tenant
    /// gets what came since
    Revive {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// End a rental before its time is over; its number rests then
    End {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// What its tenant is given back: pro-rata, which is what the rest of the time has cost;
        /// none; or an amount, like 5.00
        #[arg(
            long,
            value_name = "WHAT",
            default_value = "pro-rata",
            allow_negative_numbers = true,
            value_parser = named
        )]
        refund: String,
        /// The reason, for the audit and the ledger, where its customer reads it
        #[arg(long, value_name = "TEXT", value_parser = named)]
        reason: String,
    },
    /// Move a rental to another SIM of its country, and so to another number. Its tenant keeps what
    /// has come; what still comes to the old number is nobody's
    Move {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// The SIM, by its ICCID or number
        #[arg(long, value_name = "ICCID", value_parser = named)]
        to: String,
    },
    /// Let a rental run on for some days that cost nothing
    Days {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// How many days, like +3
        #[arg(value_parser = days)]
        days: u32,
        /// The reason, for the audit
        #[arg(long, value_name = "TEXT", value_parser = named)]
        reason: String,
    },
}

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Rental, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let act = async |id: u32, action: &str, body: Value, more: &[&str]| {
        let rental = client.post(&format!("/rentals/{id}/{action}"), body).await?;
        print::object(json, &rental, &[RENTAL, MORE, more].concat())
    };
    match command {
        Rental::List { account, numbers, state, rows } => {
            let query = ListQuery::default().account(account).number(numbers);
            let rentals = query.with("state", state).read(client, "/rentals", rows).await?;
            print::list(json, &rentals, RENTAL, "no rentals")
        }
        Rental::Show { id } => {
            let shown = client.get(&format!("/rentals/{id}")).await?;
            let fields = [RENTAL, MORE, &["key", "client", "withheld"]].concat();
            print_history(json, &shown, &fields, &["messages"])?;
            for (heading, columns) in [("moves", MOVE), ("outages", OUTAGE)] {
                let rows = shown.get(heading).filter(|rows| !json && **rows != json!([]));
                if let Some(rows) = rows {
                    print::heading(heading)?;
                    print::table(rows, columns, "none")?;
                }
            }
            Ok(())
        }
        Rental::Revive { id } => act(id, "revive", json!({}), &[]).await,
        Rental::End { id, refund, reason } => {
            act(id, "end", json!({ "refund": refund, "reason": reason }), &["refunded"]).await
        }
        Rental::Move { id, to } => act(id, "move", json!({ "to": to }), &[]).await,
        Rental::Days { id, days, reason } => {
            act(id, "days", json!({ "days": days, "reason": reason }), &[]).await
        }
    }
}

/// A number of days that are added.
fn days(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let days = digits.parse().ok().filter(|_| !digits.starts_with('+'));
    days.ok_or_else(|| "it must be a number of days, like +3".to_owned())
}
