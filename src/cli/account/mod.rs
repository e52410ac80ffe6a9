//! `account`: the customers' accounts.

mod args;
mod data;

use anyhow::Context;
use serde_json::{Value, json};

pub(super) use args::Account;

use super::history::entries;
use super::listing::{ListQuery, print_list};
use super::{people, print};
use crate::daemon::system_sources;
use crate::http::{AdminClient, path_segment};

const ACCOUNT: &[&str] = &["id", "name", "balance", "held", "currency"];
/// What is told of an account beside its funds.
const STANDING: &[&str] = &[
    "suspended",
    "paused_until",
    "max_open",
    "orders_per_day",
    "orders_today",
    "spend_per_day",
    "spent_today",
    "own_limits",
];
const PRICE: &[&str] = &["service", "country", "price"];
const ACCOUNTS: &[&str] = &["id", "name", "balance", "held", "?currency", "suspended"];
const LEDGER: &[&str] = &[
    "id",
    "at",
    "kind",
    "amount",
    "?hold",
    "balance",
    "?held",
    "order",
    "?rental",
    "?note",
    "?key",
    "?price",
    "?rate",
    "?currency",
];

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Account, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Account::List { state, page } => {
            let path = ListQuery::default().with("state", state).page(page).of("/accounts");
            print_list(client, json, &path, ACCOUNTS, "no accounts").await
        }
        Account::Add { name } => {
            print::object(json, &client.post("/accounts", json!({ "name": name })).await?, ACCOUNT)
        }
        Account::Show { account } => {
            let shown = client.get(&format!("/accounts/{}", path_segment(&account))).await?;
            print::object(json, &shown, &[ACCOUNT, STANDING].concat())?;
            match shown.get("prices").filter(|prices| !json && **prices != json!([])) {
                Some(prices) => {
                    print::heading("prices")?;
                    print::table(prices, PRICE, "none")
                }
                None => Ok(()),
            }
        }
        Account::Topup { account, amount, reference, yes } => {
            let path = format!("/accounts/{}/topups", path_segment(&account));
            let request = reference.map_or_else(new_request_id, Ok)?;
            let top_up = json!({ "amount": amount, "request": request, "confirmed": yes });
            let added = client.post(&path, top_up).await?;
            if !json && added.get("repeated").and_then(Value::as_bool) == Some(true) {
                print::line("this payment was added before: nothing is added now")?;
            }
            print::object(json, &added, ACCOUNT)
        }
        Account::Adjust { account, amount, reason, yes } => {
            let path = format!("/accounts/{}/adjustments", path_segment(&account));
            let request = new_request_id()?;
            let adjustment = json!({
                "amount": amount, "note": reason, "request": request, "confirmed": yes,
            });
            print::object(json, &client.post(&path, adjustment).await?, ACCOUNT)
        }
        Account::Ledger { account, rows } => {
            let path = format!("/accounts/{}/ledger", path_segment(&account));
            let found = ListQuery::default().read(client, &path, rows).await?;
            if json {
                return print::json(&found);
            }
            print::table(&entries(Some(&found)), LEDGER, "no entries")
        }
        Account::Spending { account, days } => {
            let query = ListQuery::default().with("days", Some(days));
            let path = query.of(&format!("/accounts/{}/spending", path_segment(&account)));
            print_list(client, json, &path, &["day", "spent", "codes", "?currency"], "no days")
                .await
        }
        Account::Limit { account, max_open, orders_per_day, spend_per_day } => {
            let path = format!("/accounts/{}/limits", path_segment(&account));
            let limits = json!({
                "max_open": max_open,
                "orders_per_day": orders_per_day,
                "spend_per_day": spend_per_day,
            });
            let limited = client.post(&path, limits).await?;
            print::object(json, &limited, &[ACCOUNT, STANDING].concat())
        }
        Account::Price { account, service, price, country } => {
            let path = format!("/accounts/{}/prices", path_segment(&account));
            let own = json!({ "service": service, "country": country, "price": price });
            let prices = client.post(&path, own).await?;
            print::list(json, &prices, PRICE, "it pays what others do")
        }
        Account::Export { account, output } => data::export(client, &account, output, json).await,
        Account::Erase { account, copies } => data::erase(client, &account, copies, json).await,
        Account::Invite { account, name } => people::invite(client, json, &account, name).await,
        Account::Suspend { account } => suspend(client, json, &account, true).await,
        Account::Resume { account } => suspend(client, json, &account, false).await,
    }
}

async fn suspend(
    client: &AdminClient,
    json: bool,
    account: &str,
    suspended: bool,
) -> anyhow::Result<()> {
    let path = format!("/accounts/{}/suspension", path_segment(account));
    print::object(
        json,
        &client.post(&path, json!({ "suspended": suspended })).await?,
        &[ACCOUNT, &["suspended"]].concat(),
    )
}

/// An id by which the daemon recognises a request that is sent again, so that it is applied only
/// once.
fn new_request_id() -> anyhow::Result<String> {
    system_sources::random().map(hex::encode).context("the system has no random numbers")
}
