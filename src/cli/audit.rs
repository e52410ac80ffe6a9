//! `audit`: who did or saw what.

use clap::Subcommand;
use serde_json::Value;

use super::args::named;
use super::listing::{ListQuery, Rows};
use super::print;
use crate::http::AdminClient;

#[derive(Subcommand)]
pub(super) enum Audit {
    /// List entries, oldest first: of what operators did and looked at, of what customers looked at
    /// and rented, and of what the daemon did by itself
    List {
        /// Only what this account did, and what was done to it, its keys, orders and rentals
        #[arg(long, value_name = "NAME", value_parser = named)]
        account: Option<String>,
        /// Only what was done to this number, its SIMs, orders, rentals and messages
        #[arg(long, value_name = "NUMBER", value_parser = named)]
        number: Option<String>,
        /// Only what was done to this SIM, its orders, rentals and messages
        #[arg(long, value_parser = named)]
        iccid: Option<String>,
        /// Only what this user of the machine or login of the console did, by name or number
        #[arg(long, value_name = "USER", value_parser = named)]
        user: Option<String>,
        /// Only actions with these words in them, like "topped up" or "saw"
        #[arg(long, value_name = "WORDS", value_parser = named)]
        action: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
}

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Audit, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let Audit::List { account, number, iccid, user, action, rows } = command;
    let query = ListQuery::default().with("account", account).with("number", number);
    let query = query.with("iccid", iccid).with("user", user).with("action", action);
    let mut rows = query.read(client, "/audit", rows).await?;
    if !json {
        name_persons(&mut rows);
    }
    print::list(
        json,
        &rows,
        &["id", "at", "actor", "action", "subject", "?key", "?client"],
        "no entries",
    )
}

/// Makes rows of the audit what people read: a person or a customer by name, and what was done as
/// an action.
fn name_persons(rows: &mut Value) {
    for row in rows.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        let action = row.remove("deed").unwrap_or_default();
        row.insert("action".to_owned(), action);
        let uid = row.get("uid").and_then(Value::as_u64);
        let user = row.get("user").and_then(Value::as_str);
        let person = user.map(str::to_owned).or_else(|| Some(format!("uid {}", uid?)));
        if let Some(person) = person {
            row.insert("actor".to_owned(), format!("operator {person}").into());
        }
        let customer = row.get("account").and_then(Value::as_str);
        if let Some(customer) = customer.map(|name| format!("account {name}")) {
            row.insert("actor".to_owned(), customer.into());
        }
    }
}
