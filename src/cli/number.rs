//! `number`: who had a number when, and which numbers are free for a service.

use clap::Subcommand;
use serde_json::{Value, json};

use super::args::named;
use super::listing::{ListQuery, OfNumber, Page};
use super::{print, times};
use crate::http::{AdminClient, path_segment};

const HOLDER: &[&str] = &[
    "from", "to", "account", "as", "id", "!service", "!modem", "?state", "?iccid", "?bank", "?slot",
];
const USED_FOR: &[&str] = &["service", "account", "as", "sender", "first_at", "last_at"];
const MARK: &[&str] = &["service", "used_at", "unused_at"];
const UNCLAIMED: &[&str] = &["id", "received_at", "sender", "iccid"];
const WITHHELD: &[&str] = &["id", "received_at", "sender", "rule", "iccid"];

#[derive(Subcommand)]
pub(super) enum Number {
    /// Show who had a number, when, for what, in which SIM and modem; what messages used it for;
    /// and what came while it was nobody's
    Show {
        /// The number, in any form
        #[arg(value_parser = named)]
        number: String,
        /// Only who had it at this time: a date for the whole day, '2026-06-22 14:57' for the whole
        /// minute, '2026-06-22 14:57:03', or 7d for 7 days ago; and what was nobody's within an
        /// hour of it
        #[arg(long, value_name = "TIME", value_parser = times::past_period)]
        at: Option<times::Period>,
    },
    /// Count a number as used for a service from now on: it is not sold for that service again
    /// until the cool-down is over
    Mark {
        /// The number, in any form
        #[arg(value_parser = named)]
        number: String,
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// Disregard what a number was used for until now, so that it is sold for the service again
    Unmark {
        /// The number, in any form
        #[arg(value_parser = named)]
        number: String,
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// List numbers, and whether they can be ordered for a service
    List {
        /// The service's name or id
        #[arg(long, value_parser = named)]
        service: String,
        #[command(flatten)]
        numbers: OfNumber,
        /// Only those in this state, like available, used or failing
        #[arg(long, value_parser = named)]
        state: Option<String>,
        /// Only those that can be ordered now
        #[arg(long)]
        free: bool,
        #[command(flatten)]
        page: Page,
    },
}

/// Carries out a command and prints what the daemon answers.
pub(super) async fn run(command: Number, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Number::Show { number, at } => {
            let (at, until) = at.map(|times::Period { from, to }| (from, to)).unzip();
            let path = ListQuery::default()
                .with("at", at)
                .with("until", until)
                .of(&format!("/numbers/{}", path_segment(&number)));
            let shown = client.get(&path).await?;
            if json { print::json(&shown) } else { show(&shown) }
        }
        Number::Mark { number, service } => mark(client, json, &number, &service, true).await,
        Number::Unmark { number, service } => mark(client, json, &number, &service, false).await,
        Number::List { service, numbers, state, free, page } => {
            let query = ListQuery::default().with("service", Some(service)).number(numbers);
            let query = query.with("state", state).with("free", free.then_some(true)).page(page);
            let rows = client.get(&query.of("/numbers")).await?;
            print::list(json, &rows, &["number", "country", "iccid", "state"], "no number")
        }
    }
}

async fn mark(
    client: &AdminClient,
    as_json: bool,
    number: &str,
    service: &str,
    used: bool,
) -> anyhow::Result<()> {
    let path = format!("/numbers/{}/marks", path_segment(number));
    let marked = client.post(&path, json!({ "service": service, "used": used })).await?;
    print::object(as_json, &marked, &["number", "service", "used"])
}

fn show(shown: &Value) -> anyhow::Result<()> {
    let fields = ["number", "at", "sims"];
    let fields = fields.into_iter().filter(|name| shown.get(name).is_some_and(|it| !it.is_null()));
    print::fields(shown, &fields.collect::<Vec<_>>())?;
    for (heading, member, columns, empty) in [
        ("holders", "holders", HOLDER, "nobody"),
        ("used for", "used_for", USED_FOR, "nothing beside completed orders"),
        ("marks", "marks", MARK, "none"),
        ("unclaimed", "unclaimed", UNCLAIMED, "none"),
        ("withheld by the block list", "withheld", WITHHELD, "none"),
    ] {
        print::heading(heading)?;
        print::table(shown.get(member).unwrap_or(&Value::Null), columns, empty)?;
    }
    Ok(())
}
