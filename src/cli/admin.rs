//! Commands that ask the running daemon something, or have it change something.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::client::{Client, segment};
use super::{import, modem, print, tail};
use crate::daemon::edge;

/// The commands.
#[derive(Subcommand)]
pub(super) enum Admin {
    /// How things stand
    Status,
    /// Modems
    #[command(subcommand)]
    Modem(modem::Modem),
    /// SIMs
    #[command(subcommand)]
    Sim(Sim),
    /// Customers' accounts
    #[command(subcommand)]
    Account(Account),
    /// Customers' API keys
    #[command(subcommand)]
    Key(Key),
    /// The catalogue
    #[command(subcommand)]
    Service(Service),
    /// Orders
    #[command(subcommand)]
    Order(Order),
    /// Messages
    #[command(subcommand)]
    Message(Message),
}

#[derive(Subcommand)]
pub(super) enum Sim {
    /// Every SIM, and whether its number can be given out
    List,
    /// Set the numbers of many SIMs: a file of lines with an ICCID, a comma and a number
    Import {
        /// The file
        file: std::path::PathBuf,
    },
    /// Say which number a SIM has
    SetNumber {
        /// The SIM's ICCID
        iccid: String,
        /// The number, like +31612345678
        number: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Account {
    /// Add an account
    Add {
        /// Its name
        name: String,
    },
    /// Every account
    List,
    /// One account
    Show {
        /// Its name or id
        account: String,
    },
    /// Add credit
    Topup {
        /// The account's name or id
        account: String,
        /// The amount, like 10.00
        amount: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Key {
    /// Make a key; it is printed once, alone on the last line
    Add {
        /// The account's name or id
        account: String,
    },
    /// Every key, by its first characters
    List,
    /// Revoke a key
    Revoke {
        /// The key's first characters
        prefix: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Service {
    /// Add a service
    Add {
        /// Its name
        name: String,
        /// The price of an order, like 0.50
        #[arg(long, value_name = "AMOUNT")]
        price: String,
        /// The price in one country instead
        #[arg(long, value_name = "C=AMOUNT", value_parser = country_price)]
        country: Vec<(String, String)>,
        /// A pattern (regular expression) that the sender must fit; several: one of them
        #[arg(long, value_name = "REGEX")]
        sender: Vec<String>,
        /// A pattern that the text must fit; several: one of them
        #[arg(long, value_name = "REGEX")]
        text: Vec<String>,
    },
    /// Every service
    List,
}

#[derive(Subcommand)]
pub(super) enum Order {
    /// Orders, oldest first
    List {
        /// Only the newest so many; 0 is all
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
}

#[derive(Subcommand)]
pub(super) enum Message {
    /// Messages, oldest first
    List {
        /// Only the newest so many; 0 is all
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Print messages as they come, until interrupted
    Tail,
}

fn country_price(text: &str) -> Result<(String, String), String> {
    let (country, price) = text.split_once('=').ok_or("write it like UK=0.80")?;
    Ok((country.to_owned(), price.to_owned()))
}

const ACCOUNT: &[&str] = &["id", "name", "balance", "held", "currency"];
const SERVICE: &[&str] = &["id", "name", "price", "countries", "senders", "texts", "enabled"];
const SIM: &[&str] = &["iccid", "imsi", "number", "country", "state", "modem"];
const ORDER: &[&str] = &["id", "account", "service", "number", "country", "state", "price", "created_at", "expires_at"];
pub(super) const MESSAGE: &[&str] = &["id", "received_at", "number", "sender", "code", "order", "text"];

/// Carries a command out and prints the daemon's answer.
pub(super) async fn run(command: Admin, client: &Client, json: bool) -> anyhow::Result<ExitCode> {
    match command {
        Admin::Status => status(client, json).await?,
        Admin::Modem(command) => modem::run(command, client, json).await?,
        Admin::Sim(Sim::List) => list(client, json, "/sims", SIM, "no SIM was seen yet").await?,
        Admin::Sim(Sim::SetNumber { iccid, number }) => {
            let path = format!("/sims/{}/number", segment(&iccid));
            let sim = client.post(&path, json!({ "number": number })).await?;
            object(json, &sim, SIM)?;
        }
        Admin::Sim(Sim::Import { file }) => import::run(client, &file, json).await?,
        Admin::Account(command) => account(command, client, json).await?,
        Admin::Key(command) => key(command, client, json).await?,
        Admin::Service(command) => service(command, client, json).await?,
        Admin::Order(Order::List { limit }) => {
            list(client, json, &format!("/orders?limit={limit}"), ORDER, "no orders").await?;
        }
        Admin::Message(Message::List { limit }) => {
            list(client, json, &format!("/messages?limit={limit}"), MESSAGE, "no messages").await?;
        }
        Admin::Message(Message::Tail) => tail::run(client, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &Client, json: bool, path: &str, columns: &[&str], empty: &str) -> anyhow::Result<()> {
    let rows = client.get(path).await?;
    if json { print::json(&rows) } else { print::table(&rows, columns, empty) }
}

fn object(json: bool, value: &Value, fields: &[&str]) -> anyhow::Result<()> {
    if json { print::json(value) } else { print::fields(value, fields) }
}

async fn status(client: &Client, json: bool) -> anyhow::Result<()> {
    let status = client.get("/status").await?;
    object(json, &status, &["ready", "modems", "sims", "orders", "rentals", "polls", "listen"])
}

async fn account(command: Account, client: &Client, json: bool) -> anyhow::Result<()> {
    match command {
        Account::List => list(client, json, "/accounts", ACCOUNT, "no accounts").await,
        Account::Add { name } => object(json, &client.post("/accounts", json!({ "name": name })).await?, ACCOUNT),
        Account::Show { account } => {
            object(json, &client.get(&format!("/accounts/{}", segment(&account))).await?, ACCOUNT)
        }
        Account::Topup { account, amount } => {
            let request = edge::random().map(hex::encode).unwrap_or_default();
            anyhow::ensure!(!request.is_empty(), "the system gives no random numbers");
            let path = format!("/accounts/{}/topups", segment(&account));
            let account = client.post(&path, json!({ "amount": amount, "request": request })).await?;
            object(json, &account, ACCOUNT)
        }
    }
}

async fn key(command: Key, client: &Client, json: bool) -> anyhow::Result<()> {
    match command {
        Key::List => list(client, json, "/keys", &["prefix", "account", "created_at", "revoked_at"], "no keys").await,
        Key::Add { account } => {
            let made = client.post(&format!("/accounts/{}/keys", segment(&account)), Value::Null).await?;
            if json {
                return print::json(&made);
            }
            let account = print::cell(made.get("account"));
            print::line(&format!("A key for {account}. Keep it: it is shown only this once."))?;
            print::line(&print::cell(made.get("key")))
        }
        Key::Revoke { prefix } => {
            let revoked = client.delete(&format!("/keys/{}", segment(&prefix))).await?;
            object(json, &revoked, &["revoked"])
        }
    }
}

async fn service(command: Service, client: &Client, json: bool) -> anyhow::Result<()> {
    match command {
        Service::List => list(client, json, "/services", SERVICE, "no services").await,
        Service::Add { name, price, country, sender, text } => {
            let countries: Map<String, Value> =
                country.into_iter().map(|(country, price)| (country, price.into())).collect();
            let declared = json!({
                "name": name, "price": price, "countries": countries, "senders": sender, "texts": text,
            });
            object(json, &client.post("/services", declared).await?, SERVICE)
        }
    }
}
