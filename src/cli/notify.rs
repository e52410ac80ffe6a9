//! `notify`: the channels over which operators are told of alarms.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::args::named;
use super::print;
use crate::http::AdminClient;

#[derive(Subcommand)]
pub(super) enum Notify {
    /// List the channels, and what became of the notices since the daemon started
    List,
    /// Send a test notice over one channel, or over each, and say whether it was taken
    Test {
        /// The channel's name
        #[arg(value_parser = named)]
        channel: Option<String>,
    },
}

/// Carries out a command and prints what the daemon answers. A test that fails exits with 1.
pub(super) async fn run(
    command: Notify,
    client: &AdminClient,
    json: bool,
) -> anyhow::Result<ExitCode> {
    match command {
        Notify::List => {
            let channels = client.get("/notices").await?;
            let columns = &["channel", "kind", "sent", "failed", "sent_at", "?error"];
            print::list(json, &channels, columns, "no [[notify]] is configured")?;
            Ok(ExitCode::SUCCESS)
        }
        Notify::Test { channel } => {
            let tested = client.post("/notices/test", json!({ "channel": channel })).await?;
            print::list(json, &tested, &["channel", "sent", "?error"], "")?;
            let is_sent = |row: &Value| row.get("sent") == Some(&Value::Bool(true));
            let all = tested.as_array().is_some_and(|rows| rows.iter().all(is_sent));
            Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
