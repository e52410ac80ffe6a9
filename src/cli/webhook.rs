//! `webhook`: the endpoints that customers have their events sent to.

use clap::Subcommand;
use serde_json::{Value, json};

use super::args::{named, whole_number};
use super::listing::{ListQuery, OfAccount, Page};
use super::print;
use crate::http::AdminClient;

const ENDPOINT: &[&str] = &[
    "id",
    "account",
    "origin",
    "types",
    "state",
    "?off_reason",
    "failing_since",
    "?created_at",
    "?test",
];
const DELIVERY: &[&str] =
    &["id", "event", "type", "state", "attempts", "status", "?ms", "?error", "next_at"];

#[derive(Subcommand)]
pub(super) enum Webhook {
    /// List the endpoints that customers have their events sent to
    List {
        #[command(flatten)]
        account: OfAccount,
        #[command(flatten)]
        page: Page,
    },
    /// Have a customer's events sent to an address
    Add {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// The address, like https://example.com/hook
        #[arg(value_parser = named)]
        url: String,
        /// Send only these events, like order.message or 'order.*'
        #[arg(long = "type", value_name = "TYPE", value_parser = named)]
        types: Vec<String>,
    },
    /// Send nothing more to an endpoint, and forget what was sent
    Remove {
        /// The endpoint's id
        #[arg(value_parser = whole_number)]
        endpoint: u32,
    },
    /// Send an endpoint a test
    Test {
        /// The endpoint's id
        #[arg(value_parser = whole_number)]
        endpoint: u32,
    },
    /// Show what was sent to an endpoint or waits to be, and what it answered
    Deliveries {
        /// The endpoint's id
        #[arg(value_parser = whole_number)]
        endpoint: u32,
        /// Show only the newest N, at most 1000
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole_number)]
        limit: u32,
        /// The page before the delivery with this id, which is its event's
        #[arg(long, value_name = "ID", value_parser = whole_number)]
        before: Option<u32>,
    },
    /// Send an event to an endpoint once more
    Redeliver {
        /// The endpoint's id
        #[arg(value_parser = whole_number)]
        endpoint: u32,
        /// The delivery's id, which is its event's
        #[arg(value_parser = whole_number)]
        delivery: u32,
    },
}

/// Carries out a command and prints what the daemon answers.
pub(super) async fn run(command: Webhook, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Webhook::List { account, page } => {
            let path = ListQuery::default().account(account).page(page).of("/webhooks");
            print::list(json, &client.get(&path).await?, ENDPOINT, "no webhook endpoints")
        }
        Webhook::Add { account, url, types } => {
            let types = (!types.is_empty()).then_some(types);
            let body = json!({ "account": account, "url": url, "types": types });
            let added = client.post("/webhooks", body).await?;
            // As a key, the secret is alone on the last line, for scripts.
            print::object(json, &added, &["id", "account", "origin", "types"])?;
            match added.get("secret").and_then(Value::as_str).filter(|_| !json) {
                Some(secret) => print::line(secret),
                None => Ok(()),
            }
        }
        Webhook::Remove { endpoint } => {
            let removed = client.delete(&format!("/webhooks/{endpoint}")).await?;
            print::object(json, &removed, &["removed"])
        }
        Webhook::Test { endpoint } => {
            let sent = client.post(&format!("/webhooks/{endpoint}/test"), json!({})).await?;
            print::object(json, &sent, &["id", "event", "type", "state"])
        }
        Webhook::Deliveries { endpoint, limit, before } => {
            let query = ListQuery::default().with("limit", Some(limit.to_string()));
            let query = query.with("before", before.map(|before| before.to_string()));
            let path = query.of(&format!("/webhooks/{endpoint}/deliveries"));
            let mut deliveries = client.get(&path).await?;
            if !json {
                deliveries.as_array_mut().into_iter().flatten().for_each(tell_last_attempt);
            }
            print::list(json, &deliveries, DELIVERY, "no events for this endpoint yet")
        }
        Webhook::Redeliver { endpoint, delivery } => {
            let path = format!("/webhooks/{endpoint}/deliveries/{delivery}/redeliver");
            let sent = client.post(&path, json!({})).await?;
            print::object(json, &sent, &["id", "event", "type", "state"])
        }
    }
}

/// Puts what the last attempt has come to in place of all attempts, and how many there were.
fn tell_last_attempt(delivery: &mut Value) {
    let Some(members) = delivery.as_object_mut() else { return };
    let attempts = members.remove("attempts").unwrap_or_default();
    let attempts = attempts.as_array().map(Vec::as_slice).unwrap_or_default();
    members.insert("attempts".to_owned(), attempts.len().into());
    let last = attempts.last();
    for name in ["status", "ms", "error"] {
        let value = last.and_then(|last| last.get(name)).cloned().unwrap_or_default();
        members.insert(name.to_owned(), value);
    }
}
