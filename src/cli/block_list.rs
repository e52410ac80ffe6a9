//! `block-list`: which messages no customer is shown, by which rule.

use anyhow::bail;
use clap::Subcommand;
use serde_json::{Value, json};

use super::args::named;
use super::print;
use crate::http::AdminClient;

#[derive(Subcommand)]
pub(super) enum BlockList {
    /// List the rules, in the order in which they are looked at, with how many patterns each has
    List,
    /// Show the patterns of a rule; `service test` shows which rule withholds a message
    Show {
        /// The rule's name, like banks
        #[arg(value_parser = named)]
        rule: String,
    },
}

/// Carries out a command and prints what the daemon answers.
pub(super) async fn run(
    command: BlockList,
    client: &AdminClient,
    json: bool,
) -> anyhow::Result<()> {
    let rules = client.get("/block-list").await?;
    match command {
        BlockList::List if json => print::json(&rules),
        BlockList::List => {
            let counted = rules.as_array().into_iter().flatten().map(counted).collect();
            print::table(&counted, &["rule", "senders", "texts"], "no rules")
        }
        BlockList::Show { rule } => {
            let is_it = |known: &&Value| known.get("rule").and_then(Value::as_str) == Some(&rule);
            match rules.as_array().into_iter().flatten().find(is_it) {
                Some(found) if json => print::json(found),
                Some(found) => show(found),
                None => {
                    bail!("no rule {rule}; `simbridge block-list list` shows those that there are")
                }
            }
        }
    }
}

/// A rule with how many patterns it has of each kind.
fn counted(rule: &Value) -> Value {
    let count = |kind: &str| rule.get(kind).and_then(Value::as_array).map_or(0, Vec::len);
    json!({ "rule": rule.get("rule"), "senders": count("senders"), "texts": count("texts") })
}

/// Prints the patterns of a rule, each on a line of its own.
fn show(rule: &Value) -> anyhow::Result<()> {
    for (kind, heading) in [("senders", "Senders"), ("texts", "Texts")] {
        let patterns = rule.get(kind).and_then(Value::as_array).into_iter().flatten();
        let patterns: Vec<&str> = patterns.filter_map(Value::as_str).collect();
        if !patterns.is_empty() {
            print::heading(heading)?;
            patterns.into_iter().try_for_each(print::line)?;
        }
    }
    Ok(())
}
