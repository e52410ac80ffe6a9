//! `message tail`: messages as they come.

use serde_json::Value;

use super::admin::MESSAGE;
use super::print;
use crate::http::AdminClient;

/// How long one question waits for news, in seconds.
const WAIT_SECONDS: u64 = 50;

/// Prints each new message until interrupted; with `json` an object a line.
pub(super) async fn run(client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let newest = client.get("/messages?limit=1").await?;
    let mut after = last_id(&newest).unwrap_or(0);
    loop {
        let news = client.get(&format!("/messages?after={after}&wait={WAIT_SECONDS}")).await?;
        for message in news.as_array().into_iter().flatten() {
            if json {
                print::line(&message.to_string())?;
            } else {
                let cells: Vec<String> =
                    MESSAGE.iter().map(|name| print::cell(message.get(name))).collect();
                print::line(&cells.join("  "))?;
            }
        }
        after = last_id(&news).unwrap_or(after);
    }
}

fn last_id(messages: &Value) -> Option<i64> {
    messages.as_array()?.last()?.get("id")?.as_i64()
}
