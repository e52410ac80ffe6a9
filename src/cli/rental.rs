//! `rental`: the numbers that customers have for months.

use serde_json::{Value, json};

use super::admin::history;
use super::args::Rental;
use super::listing::ListQuery;
use super::print;
use crate::http::AdminClient;

const RENTAL: &[&str] = &[
    "id",
    "account",
    "number",
    "?country",
    "state",
    "package",
    "?renewal_package",
    "?auto_renew",
    "?started_at",
    "expires_at",
];
/// What is told of one rental only.
const MORE: &[&str] = &["ended_at", "free_days"];
const MOVE: &[&str] = &["number", "iccid", "from", "to"];
const OUTAGE: &[&str] = &["began_at", "ended_at", "off_air", "credit"];

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Rental, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let act = async |id: u32, action: &str, body: Value, more: &[&str]| {
        let rental = client.post(&format!("/rentals/{id}/{action}"), body).await?;
        print::object(json, &rental, &[RENTAL, MORE, more].concat())
    };
    match command {
        Rental::List { account, numbers, state, rows } => {
            let query = ListQuery::default().account(account).number(numbers);
            let rentals = query.with("state", state).read(client, "/rentals", rows).await?;
            print::list(json, &rentals, RENTAL, "no rentals")
        }
        Rental::Show { id } => {
            let shown = client.get(&format!("/rentals/{id}")).await?;
            let fields = [RENTAL, MORE, &["key", "client", "withheld"]].concat();
            history(json, &shown, &fields, &["messages"])?;
            for (heading, columns) in [("moves", MOVE), ("outages", OUTAGE)] {
                let rows = shown.get(heading).filter(|rows| !json && **rows != json!([]));
                if let Some(rows) = rows {
                    print::heading(heading)?;
                    print::table(rows, columns, "none")?;
                }
            }
            Ok(())
        }
        Rental::Revive { id } => act(id, "revive", json!({}), &[]).await,
        Rental::End { id, refund, reason } => {
            act(id, "end", json!({ "refund": refund, "reason": reason }), &["refunded"]).await
        }
        Rental::Move { id, to } => act(id, "move", json!({ "to": to }), &[]).await,
        Rental::Days { id, days, reason } => {
            act(id, "days", json!({ "days": days, "reason": reason }), &[]).await
        }
    }
}
