//! `health`: which numbers get the codes of which services.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::{duration, named};
use super::listing::ListQuery;
use super::{print, times};
use crate::http::{AdminClient, path_segment};

const PAIR: &[&str] =
    &["number", "?iccid", "service", "orders", "codes", "failures", "in_a_row", "rests_until"];

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Health {
    #[command(subcommand)]
    command: Option<Change>,
    /// Only for this service, by name or id
    #[arg(long, value_parser = named)]
    service: Option<String>,
    /// Only this SIM, by its ICCID or number
    #[arg(long, value_name = "ICCID", value_parser = named)]
    sim: Option<String>,
    /// Only this number, in any form
    #[arg(long, value_name = "NUMBER", value_parser = named)]
    number: Option<String>,
    /// Only numbers of this country, like NL
    #[arg(long, value_parser = named)]
    country: Option<String>,
    /// Count orders from this time on
    #[arg(
        long,
        visible_alias = "from",
        value_name = "TIME",
        default_value = "7d",
        value_parser = times::past
    )]
    since: String,
    /// Show only the N that are worst
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    limit: u32,
}

#[derive(Subcommand)]
enum Change {
    /// Stop selling a number for a service for a while
    Rest {
        /// The number, in any form
        #[arg(value_parser = named)]
        number: String,
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
        /// How long the number is not sold for the service, like 24h or 7d
        #[arg(long = "for", value_name = "TIME", default_value = "24h", value_parser = duration)]
        rest: Duration,
    },
    /// Forget a number's failures for a service, or that a SIM is deaf
    Clear {
        /// The number, in any form
        #[arg(value_parser = named, required_unless_present = "sim", requires = "service")]
        number: Option<String>,
        /// The service's name or id
        #[arg(value_parser = named)]
        service: Option<String>,
        /// The SIM that hears again, by its ICCID or number
        #[arg(
            long,
            value_name = "ICCID",
            value_parser = named,
            conflicts_with_all = ["number", "service"]
        )]
        sim: Option<String>,
    },
}

/// Carries out a command and prints what the daemon answers.
pub(super) async fn run(health: Health, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let Health { command, service, sim, number, country, since, limit } = health;
    match command {
        None => {
            let query = ListQuery::default().with("service", service).with("iccid", sim);
            let query = query.with("number", number).with("country", country);
            let query = query.with("from", Some(since)).with("limit", Some(limit));
            let pairs = client.get(&query.of("/pairs")).await?;
            print::list(json, &pairs, PAIR, "no orders in that time")
        }
        Some(Change::Rest { number, service, rest }) => {
            let body = json!({ "number": number, "service": service, "seconds": rest.as_secs() });
            print::object(json, &client.post("/pairs/rest", body).await?, PAIR)
        }
        Some(Change::Clear { sim: Some(sim), .. }) => {
            let path = format!("/sims/{}/hearing", path_segment(&sim));
            let cleared = client.post(&path, json!({})).await?;
            print::object(json, &cleared, &["iccid", "was_doubted"])
        }
        Some(Change::Clear { number, service, sim: None }) => {
            let body = json!({ "number": number, "service": service });
            print::object(json, &client.post("/pairs/clear", body).await?, PAIR)
        }
    }
}
