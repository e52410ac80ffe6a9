//! `service test`: which services would be given a message.

use serde_json::{Value, json};

use super::strings;
use crate::cli::print;
use crate::http::AdminClient;

/// The columns of messages that patterns were tried on.
const TRIED: &[&str] =
    &["id", "?received_at", "sender", "code", "service", "saved", "?withheld", "text"];

/// Shows which service would be given a message.
pub(super) async fn test_one(
    client: &AdminClient,
    json: bool,
    (sender, text): (Option<String>, Option<String>),
    draft: Option<Value>,
) -> anyhow::Result<()> {
    let sample = json!({ "sender": sender, "text": text, "draft": draft });
    let result = client.post("/services/test", sample).await?;
    print::object(json, &result, &["service", "code", "rule", "withheld"])?;
    if json { Ok(()) } else { print_takers(&result) }
}

/// Shows which services would be given the last messages.
pub(super) async fn test_last(
    client: &AdminClient,
    json: bool,
    last: u32,
    draft: Option<Value>,
) -> anyhow::Result<()> {
    let body = json!({ "last": last, "draft": draft });
    let tried = client.post("/services/test/last", body).await?;
    if json {
        return print::json(&tried);
    }
    let messages = tried.get("messages").and_then(Value::as_array);
    let rows: Vec<Value> = messages.into_iter().flatten().map(tried_row).collect();
    print::table(&Value::Array(rows), TRIED, "no messages were received")?;
    let count = |name: &str| print::cell(tried.get(name));
    print::line(format!(
        "{} are claimed by one service, {} by several, {} by none",
        count("by_one"),
        count("by_several"),
        count("by_none")
    ))
}

/// A message that patterns were tried on, as a row of a table.
fn tried_row(tried: &Value) -> Value {
    let part = |within: &str, name: &str| tried.get(within).and_then(|it| it.get(name)).cloned();
    let message = |name: &str| part("message", name);
    json!({
        "id": message("id"),
        "received_at": message("received_at"),
        "sender": message("sender"),
        "code": part("trial", "code"),
        "service": part("trial", "service"),
        "saved": tried.get("saved"),
        "withheld": part("trial", "withheld"),
        "text": message("text"),
    })
}

/// Says where a message goes that no pattern matches.
fn print_takers(result: &Value) -> anyhow::Result<()> {
    let takers = strings(result.get("unpatterned"));
    let is_free =
        ["service", "withheld"].iter().all(|name| result.get(name).is_none_or(Value::is_null));
    if !is_free || takers.is_empty() {
        return Ok(());
    }
    print::line(format!(
        "No pattern matches. An open order of a service without patterns would get it: {}",
        takers.join(", ")
    ))
}
