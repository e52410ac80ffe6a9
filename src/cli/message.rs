//! Commands about messages.

use serde_json::Value;

use super::args::{Message, Rows};
use super::print;
use crate::http::AdminClient;

/// How many seconds one request waits for new messages.
const WAIT_SECONDS: u64 = 50;

pub(super) const COLUMNS: &[&str] =
    &["id", "received_at", "number", "sender", "code", "order", "rental", "text"];

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Message, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Message::List { rows: Rows { limit } } => {
            let rows = client.get(&format!("/messages?limit={limit}")).await?;
            print::list(json, &rows, COLUMNS, "no messages")
        }
        Message::Tail => tail(client, json).await,
    }
}

/// Prints each new message until interrupted; as JSON, one object per line.
async fn tail(client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let newest = client.get("/messages?limit=1").await?;
    let mut after = last_id(&newest).unwrap_or(0);
    loop {
        let new = client.get(&format!("/messages?after={after}&wait={WAIT_SECONDS}")).await?;
        for message in new.as_array().into_iter().flatten() {
            if json {
                print::line(&message.to_string())?;
            } else {
                let cells: Vec<String> =
                    COLUMNS.iter().map(|name| print::cell(message.get(name))).collect();
                print::line(&cells.join("  "))?;
            }
        }
        after = last_id(&new).unwrap_or(after);
    }
}

fn last_id(messages: &Value) -> Option<i64> {
    messages.as_array()?.last()?.get("id")?.as_i64()
}
