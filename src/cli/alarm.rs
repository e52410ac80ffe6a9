//! `alarm`: what stands, what has ended, and what is taken care of.

use clap::Subcommand;
use serde_json::json;

use super::args::named;
use super::listing::ListQuery;
use super::print;
use crate::http::admin::MOST_ROWS;
use crate::http::{AdminClient, path_segment};

const COLUMNS: &[&str] = &["raised_at", "?ended_at", "alarm", "?acknowledged_by", "note", "text"];

#[derive(Subcommand)]
pub(super) enum Alarm {
    /// List the alarms that stand, oldest first, or those of the last 90 days that have ended
    List {
        /// List those that have ended, the last one first
        #[arg(long)]
        ended: bool,
        /// Show at most N of those that have ended, from 1 to 5000
        #[arg(
            long,
            value_name = "N",
            default_value_t = 100,
            requires = "ended",
            value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_ROWS))
        )]
        limit: u32,
    },
    /// Say that you know of an alarm: it is told again only when it has ended
    Acknowledge {
        /// The alarm's name, like StockOut
        #[arg(value_parser = named)]
        name: String,
        /// What the alarm is about, like NL or ttyUSB2, if several of that name stand
        #[arg(value_parser = named)]
        subject: Option<String>,
        /// What is being done, which everybody sees who looks at the alarm
        #[arg(long, value_name = "TEXT", value_parser = named)]
        note: String,
    },
}

/// Carries out a command and prints what the daemon answers.
pub(super) async fn run(command: Alarm, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Alarm::List { ended, limit } => {
            let query = ListQuery::default().with("limit", ended.then_some(limit));
            let path = query.of(if ended { "/alarms/ended" } else { "/alarms" });
            print::list(json, &client.get(&path).await?, COLUMNS, "no alarms")
        }
        Alarm::Acknowledge { name, subject, note } => {
            let path = format!("/alarms/{}/acknowledgement", path_segment(&name));
            let body = json!({ "subject": subject, "note": note });
            let alarm = client.post(&path, body).await?;
            print::object(
                json,
                &alarm,
                &["alarm", "subject", "raised_at", "acknowledged_by", "note", "text"],
            )
        }
    }
}
