//! Commands about messages.

use serde_json::{Value, json};

use super::args::{AllKinds, ListQuery, Message};
use super::print;
use crate::domain::message::MessageKind;
use crate::http::AdminClient;

/// How many seconds one request waits for new messages.
const WAIT_SECONDS: u64 = 50;

const COLUMNS: &[&str] =
    &["id", "received_at", "kind", "number", "sender", "code", "order", "rental", "text"];
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

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Message, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Message::List { account, service, numbers, rows, kinds: AllKinds { all } } => {
            let query = ListQuery::default().account(account).service(service).number(numbers);
            let path = query.with("all", Some(all)).rows(rows).of("/messages");
            let rows = client.get(&path).await?;
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
    loop {
        let new = client.get(&format!("/messages?after={after}&wait={WAIT_SECONDS}")).await?;
        for message in new.as_array().into_iter().flatten().filter(|m| all || is_listed(m)) {
            if json {
                print::json_line(message)?;
            } else {
                let row = row(message);
                let cells: Vec<String> =
                    COLUMNS.iter().map(|name| print::cell(row.get(name))).collect();
                print::line(cells.join("  "))?;
            }
        }
        after = last_id(&new).unwrap_or(after);
    }
}

/// A message as a row for people: where it has no text, it says why, and what it is instead.
fn row(message: &Value) -> Value {
    let mut row = message.clone();
    let detail = message.get("detail").and_then(Value::as_str).unwrap_or("no longer kept");
    let has_text = message.get("text").is_some_and(Value::is_string);
    if let Some(fields) = row.as_object_mut() {
        if !has_text {
            fields.insert("text".to_owned(), json!(format!("({detail})")));
        }
        if message.get("sender").and_then(Value::as_str) == Some("") {
            fields.insert("sender".to_owned(), Value::Null);
        }
    }
    row
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
    fn kinds_that_are_not_shown_unasked_are_left_out() {
        assert!(is_listed(&json!({ "kind": "text" })) && is_listed(&json!({ "kind": "new" })));
        assert!(!is_listed(&json!({ "kind": "probe" })));
    }
}
