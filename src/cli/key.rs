//! `key`: the customers' API keys.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::args::named;
use super::listing::{ListQuery, OfAccount, Page, Times, print_list};
use super::{print, times};
use crate::domain::key::KeyState;
use crate::http::{AdminClient, path_segment};

const KEY: &[&str] = &[
    "prefix",
    "account",
    "label",
    "?created_at",
    "state",
    "last_used_at",
    "?expires_at",
    "?revoked_at",
    "?allowed",
    "?last_refused_at",
    "?refused_for",
    "?scopes",
    "?spend_per_day",
    "?spent_today",
];

#[derive(Subcommand)]
pub(super) enum Key {
    /// Create a key; it is printed only once, alone on the last line
    Add {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// Make a test key, with which a customer tries the JSON API on numbers that are not real
        #[arg(long)]
        test: bool,
        #[command(flatten)]
        terms: KeyTerms,
    },
    /// Change what a key may do, its networks, label or end; what is not given stays as it is
    #[command(group = ArgGroup::new("change")
        .args(["allow", "label", "expires", "scope", "spend_per_day"])
        .required(true)
        .multiple(true))]
    Set {
        /// The key's first characters, as `key list` shows them
        #[arg(value_parser = named)]
        prefix: String,
        #[command(flatten)]
        terms: KeyTerms,
    },
    /// List keys by their first characters, oldest first
    List {
        #[command(flatten)]
        account: OfAccount,
        /// Only those in this state
        #[arg(long, ignore_case = true, value_parser = KeyState::ALL.map(KeyState::as_str))]
        state: Option<String>,
        #[command(flatten)]
        times: Times,
        #[command(flatten)]
        page: Page,
    },
    /// Revoke a key
    Revoke {
        /// The key's first characters, as `key list` shows them
        #[arg(value_parser = named)]
        prefix: String,
    },
}

/// What is said about a key.
#[derive(Args)]
pub(super) struct KeyTerms {
    /// Accept the key only from this address or network, like 192.0.2.0/24, or from `any`; may be
    /// repeated
    #[arg(long, value_name = "NETWORK")]
    allow: Vec<String>,
    /// Your name for it, which `key list` shows; empty for none
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// When it stops working: a date, a time, 30d for 30 days from now, or never
    #[arg(long, value_name = "TIME", value_parser = parse_expiry)]
    expires: Option<Expiry>,
    /// What the key is for: read (everything that changes nothing), orders, rentals or webhooks,
    /// which all may read too; may be repeated. All is everything
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', value_parser = named)]
    scope: Vec<String>,
    /// What may be spent with the key in a day, like 5.00, beside the limits of its account; or
    /// none
    #[arg(long, value_name = "AMOUNT", value_parser = named)]
    spend_per_day: Option<String>,
}

/// When a key stops working; `None` is never.
#[derive(Clone)]
struct Expiry(Option<String>);

fn parse_expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" { Ok(Expiry(None)) } else { times::coming(text).map(|at| Expiry(Some(at))) }
}

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Key, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Key::List { account, state, times, page } => {
            let query = ListQuery::default().account(account).with("state", state).times(times);
            let path = query.page(page).of("/keys");
            print_list(client, json, &path, KEY, "no keys").await
        }
        Key::Set { prefix, terms } => {
            let path = format!("/keys/{}", path_segment(&prefix));
            print::object(json, &client.post(&path, key_terms(terms)).await?, KEY)
        }
        Key::Add { account, test, terms } => {
            let path = format!("/accounts/{}/keys?test={test}", path_segment(&account));
            let key = client.post(&path, key_terms(terms)).await?;
            if json {
                return print::json(&key);
            }
            let (account, prefix) =
                (print::cell(key.get("account")), print::cell(key.get("prefix")));
            let kind = if test { "test key" } else { "key" };
            print::line(format!(
                "The {kind} of {account}, which other commands call {prefix}. Keep it: it is shown \
                 only this once."
            ))?;
            print::line(print::cell(key.get("key")))
        }
        Key::Revoke { prefix } => {
            let revoked = client.delete(&format!("/keys/{}", path_segment(&prefix))).await?;
            print::object(json, &revoked, &["revoked", "account", "label"])
        }
    }
}

/// What the daemon is told about a key: only what was given.
fn key_terms(terms: KeyTerms) -> Value {
    let KeyTerms { allow, label, expires, scope, spend_per_day } = terms;
    let mut said = json!({});
    if let Some(members) = said.as_object_mut() {
        if !allow.is_empty() {
            let allow = if allow == ["any"] { Vec::new() } else { allow };
            members.insert("allow".to_owned(), allow.into());
        }
        if let Some(label) = label {
            let label = Some(label).filter(|label| !label.is_empty());
            members.insert("label".to_owned(), label.into());
        }
        if let Some(Expiry(at)) = expires {
            members.insert("expires_at".to_owned(), at.into());
        }
        if !scope.is_empty() {
            members.insert("scopes".to_owned(), scope.into());
        }
        if let Some(amount) = spend_per_day {
            members.insert("spend_per_day".to_owned(), amount.into());
        }
    }
    said
}
