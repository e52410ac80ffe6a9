//! `order`: the numbers that customers have for one code.

use clap::Subcommand;
use serde_json::{Value, json};

use super::args::{named, whole_number};
use super::history::print_history;
use super::listing::{ListQuery, OfOrders, Rows};
use super::print;
use crate::domain::OrderOutcome;
use crate::http::AdminClient;

const ORDER: &[&str] = &[
    "id",
    "account",
    "service",
    "number",
    "?country",
    "state",
    "?outcome",
    "price",
    "?refunded",
    "created_at",
    "?expires_at",
];

#[derive(Subcommand)]
pub(super) enum Order {
    /// Show one order with its ledger entries, its messages, and other messages that arrived on its
    /// number meanwhile
    Show {
        /// The order's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// List orders, oldest first
    List {
        #[command(flatten)]
        of: OfOrders,
        /// Only those in this state
        #[arg(
            long,
            ignore_case = true,
            value_parser = ["open", "completed", "canceled", "skipped", "expired"]
        )]
        state: Option<String>,
        /// Only those that ended in this way
        #[arg(
            long,
            ignore_case = true,
            value_parser = OrderOutcome::ALL.map(OrderOutcome::as_str)
        )]
        outcome: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
    /// Cancel an open order, and give its customer back what is held for it
    Cancel {
        /// The order's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// Give a customer back what an order was charged, or a part of it; once
    Refund {
        /// The order's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// Give back only this much, like 0.20
        #[arg(long, allow_negative_numbers = true)]
        amount: Option<String>,
        /// The reason; its customer reads it in the ledger
        #[arg(long, value_name = "TEXT", value_parser = named)]
        reason: String,
    },
    /// Give a message that no pattern matched to the order that it was for, once it matches
    Deliver {
        /// The order's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// The message's id, which `order show` has
        #[arg(value_parser = whole_number)]
        message: u32,
    },
}

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Order, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let act = async |id: u32, action: &str, body: Value, more: &[&str]| {
        let order = client.post(&format!("/orders/{id}/{action}"), body).await?;
        print::object(json, &order, &[ORDER, &["ended_at"], more].concat())
    };
    match command {
        Order::List { of, state, outcome, rows } => {
            let query = ListQuery::default().orders(of);
            let query = query.with("state", state).with("outcome", outcome);
            let orders = query.read(client, "/orders", rows).await?;
            print::list(json, &orders, ORDER, "no orders")
        }
        Order::Show { id } => {
            let shown = client.get(&format!("/orders/{id}")).await?;
            let fields =
                [ORDER, &["ended_at", "reuse_of", "iccid", "modem", "key", "client", "withheld"]]
                    .concat();
            print_history(json, &shown, &fields, &["messages", "unmatched"])
        }
        Order::Cancel { id } => act(id, "cancel", json!({}), &[]).await,
        Order::Refund { id, amount, reason } => {
            let refund = json!({ "amount": amount, "reason": reason });
            act(id, "refund", refund, &["refunded"]).await
        }
        Order::Deliver { id, message } => {
            act(id, "deliver", json!({ "message": message }), &["message"]).await
        }
    }
}
