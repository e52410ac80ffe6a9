//! `alarm`: what stands, and what has ended.

use clap::Subcommand;

use super::listing::ListQuery;
use super::print;
use crate::http::AdminClient;
use crate::http::admin::MOST_ROWS;

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
}

/// Carries out a command and prints what the daemon answers.
pub(super) async fn run(command: Alarm, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let Alarm::List { ended, limit } = command;
    let query = ListQuery::default().with("limit", ended.then_some(limit));
    let alarms = client.get(&query.of(if ended { "/alarms/ended" } else { "/alarms" })).await?;
    print::list(json, &alarms, &["raised_at", "?ended_at", "alarm", "text"], "no alarms")
}
