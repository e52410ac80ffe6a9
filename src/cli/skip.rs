//! `skip`: the numbers that customers have skipped.

use clap::Subcommand;
use serde_json::json;

use super::args::named;
use super::listing::{ListQuery, OfService, Page, Times, print_list};
use super::print;
use crate::http::{AdminClient, path_segment};

const SKIP: &[&str] = &["order", "number", "service", "skipped_at"];

#[derive(Subcommand)]
pub(super) enum Skip {
    /// List the numbers that an account has skipped, the oldest skip first
    List {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        #[command(flatten)]
        service: OfService,
        /// Only this number, in any form
        #[arg(long, value_name = "NUMBER", value_parser = named)]
        number: Option<String>,
        #[command(flatten)]
        times: Times,
        #[command(flatten)]
        page: Page,
    },
    /// Let an account be given a number again that it has skipped
    Undo {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// The number, in any form
        #[arg(value_parser = named)]
        number: String,
        /// The service's name or id [default: every service]
        #[arg(value_parser = named)]
        service: Option<String>,
    },
}

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Skip, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Skip::List { account, service, number, times, page } => {
            let query = ListQuery::default().service(service).with("number", number).times(times);
            let path = format!("/accounts/{}/skips", path_segment(&account));
            let path = query.page(page).of(&path);
            print_list(client, json, &path, SKIP, "it has skipped nothing").await
        }
        Skip::Undo { account, number, service } => {
            let path = format!("/accounts/{}/skips/undo", path_segment(&account));
            let undone =
                client.post(&path, json!({ "number": number, "service": service })).await?;
            print::list(json, &undone, SKIP, "nothing")
        }
    }
}
