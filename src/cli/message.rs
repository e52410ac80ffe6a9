//! Commands about messages.

use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::args::{named, whole_number};
use super::listing::{AllKinds, ListQuery, OfOrders, Rows};
use super::print;
use crate::domain::message::MessageKind;
use crate::http::AdminClient;

/// How many seconds one request waits for new messages.
const WAIT_SECONDS: u64 = 50;
/// How often a daemon that is gone is looked for.
const RECONNECT_EVERY: Duration = Duration::from_secs(1);

const COLUMNS: &[&str] = &[
    "id",
    "received_at",
    "?kind",
    "number",
    "sender",
    "code",
    "?order",
    "?rental",
    "note",
    "text",
];
const FIELDS: &[&str] = &[
    "id",
    "kind",
    "detail",
    "iccid",
    "number",
    "sender",
    "sent_at",
    "received_at",
    "complete",
    "code",
    "order",
    "rental",
    "withheld",
    "text",
    "pdus",
];

#[derive(Subcommand)]
pub(super) enum Message {
    /// List messages, oldest first; an account's or a service's are those of its orders and rentals
    List {
        #[command(flatten)]
        of: OfOrders,
        #[command(flatten)]
        rows: Box<Rows>,
        #[command(flatten)]
        kinds: AllKinds,
        /// Only those of this order
        #[arg(long, value_name = "ID", value_parser = whole_number)]
        order: Option<u32>,
        /// Only those in this state
        #[arg(
            long,
            ignore_case = true,
            value_parser = ["unclaimed", "withheld", "undecodable", "incomplete"]
        )]
        state: Option<String>,
        /// Only those whose text has this, in small or capital letters
        #[arg(long, value_name = "WORD", conflicts_with = "after", value_parser = named)]
        search: Option<String>,
    },
    /// Show one message with the PDUs that it was made of
    Show {
        /// The message's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// Print messages as they arrive, until interrupted
    Tail {
        #[command(flatten)]
        kinds: AllKinds,
    },
}

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Message, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Message::List { of, rows, kinds, order, state, search } => {
            let query = ListQuery::default().orders(of);
            let query = query.with("all", Some(kinds.all)).with("order", order);
            let query = query.with("state", state);
            let rows = match search {
                Some(word) => query.search(client, "/messages/search", *rows, &word).await?,
                None => query.read(client, "/messages", *rows).await?,
            };
            if json { print::json(&rows) } else { table(&rows, "no messages") }
        }
        Message::Show { id } => {
            let message = client.get(&format!("/messages/{id}")).await?;
            print::object(json, &message, FIELDS)
        }
        Message::Tail { kinds: AllKinds { all } } => tail(client, json, all).await,
    }
}

/// Prints messages as a table for people.
pub(super) fn table(messages: &Value, empty: &str) -> anyhow::Result<()> {
    let rows = messages.as_array().into_iter().flatten().map(row);
    print::table(&Value::Array(rows.collect()), COLUMNS, empty)
}

/// Prints each new message until interrupted; as JSON, one object per line.
async fn tail(client: &AdminClient, json: bool, all: bool) -> anyhow::Result<()> {
    let newest = client.get("/messages?limit=1&all=true").await?;
    let mut after = last_id(&newest).unwrap_or(0);
    if !json {
        print::line(tail_line(|name| name.to_uppercase()))?;
    }
    loop {
        let new = next_messages(client, after).await?;
        for message in new.as_array().into_iter().flatten().filter(|m| all || is_listed(m)) {
            if json {
                print::json_line(message)?;
            } else {
                let row = row(message);
                print::line(tail_line(|name| print::cell(row.get(name))))?;
            }
        }
        after = last_id(&new).unwrap_or(after);
    }
}

/// The next messages after one. While the daemon is restarted it is waited for.
async fn next_messages(client: &AdminClient, after: i64) -> anyhow::Result<Value> {
    let path = format!("/messages?after={after}&wait={WAIT_SECONDS}");
    let mut is_told = false;
    loop {
        let answer = tokio::select! {
            answer = client.get(&path) => answer,
            gone = print::reader_gone() => return Err(gone.into()),
        };
        match answer {
            Ok(messages) => return Ok(messages),
            Err(error) if !error.is_of_connection() => return Err(error.into()),
            Err(error) if !is_told => {
                print::complain(format_args!("simbridge: {error}; waiting for it"));
                is_told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(RECONNECT_EVERY).await;
    }
}

/// A line of columns that are as wide as what stands in them most often.
fn tail_line(cell: impl Fn(&str) -> String) -> String {
    const WIDTHS: [usize; 8] = [6, 22, 13, 12, 8, 6, 6, 4];
    let names =
        ["id", "received_at", "number", "sender", "code", "order", "rental", "note", "text"];
    let widths = WIDTHS.into_iter().chain([0]);
    let cells = names.iter().zip(widths).map(|(name, width)| format!("{:width$}", cell(name)));
    cells.collect::<Vec<_>>().join("  ")
}

/// A message as a row for people: where it has no text, it says why, and what it is instead.
fn row(message: &Value) -> Value {
    let mut row = message.clone();
    let detail = message.get("detail").and_then(Value::as_str).unwrap_or("no longer kept");
    let has_text = message.get("text").is_some_and(Value::is_string);
    if let Some(fields) = row.as_object_mut() {
        fields.insert("note".to_owned(), note(message).into());
        if !has_text {
            fields.insert("text".to_owned(), json!(format!("({detail})")));
        }
        if message.get("sender").and_then(Value::as_str) == Some("") {
            fields.insert("sender".to_owned(), Value::Null);
        }
    }
    row
}

/// What is not ordinary about a message: who must not see it, and what is missing of it.
fn note(message: &Value) -> Option<String> {
    let rule = message.get("withheld").and_then(Value::as_str);
    let is_incomplete = message.get("complete") == Some(&Value::Bool(false));
    let notes = [
        rule.map(|rule| format!("withheld: {rule}")),
        is_incomplete.then(|| "incomplete".to_owned()),
    ];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join(", "))
}

/// Whether a message is one that is shown unasked.
fn is_listed(message: &Value) -> bool {
    let kind = message.get("kind").and_then(Value::as_str).and_then(|word| word.parse().ok());
    kind.is_none_or(MessageKind::is_listed)
}

fn last_id(messages: &Value) -> Option<i64> {
    messages.as_array()?.last()?.get("id")?.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_a_text_says_what_it_is() {
        let shown = |message: Value| row(&message).get("text").cloned();
        assert_eq!(shown(json!({ "text": "hello" })), Some("hello".into()));
        let push = json!({ "text": null, "detail": "MMS notification, port 2948" });
        assert_eq!(shown(push), Some("(MMS notification, port 2948)".into()));
        assert_eq!(shown(json!({ "text": null, "detail": null })), Some("(no longer kept)".into()));
        assert_eq!(row(&json!({ "sender": "" })).get("sender"), Some(&Value::Null));
    }

    #[test]
    fn what_is_withheld_or_not_whole_is_marked() {
        let noted = |message: Value| note(&message).unwrap_or_default();
        assert_eq!(noted(json!({ "withheld": null, "complete": true })), "");
        assert_eq!(noted(json!({ "withheld": "banks", "complete": true })), "withheld: banks");
        let both = json!({ "withheld": "banks", "complete": false });
        assert_eq!(noted(both), "withheld: banks, incomplete");
    }

    #[test]
    fn kinds_that_are_not_shown_unasked_are_left_out() {
        assert!(is_listed(&json!({ "kind": "text" })) && is_listed(&json!({ "kind": "new" })));
        assert!(!is_listed(&json!({ "kind": "probe" })));
    }
}
