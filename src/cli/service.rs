//! `service`: the services on offer, their prices and their patterns.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::args::{duration, named};
use super::listing::{ListQuery, Page};
use super::{catalogue, print};
use crate::http::{AdminClient, path_segment};

/// What stands for a value that is not the service's own.
const DEFAULT: &str = "default";
const SERVICE: &[&str] = &["id", "name", "price", "countries", "senders", "texts", "enabled"];

/// The columns of messages that patterns were tried on.
const TRIED: &[&str] =
    &["id", "?received_at", "sender", "code", "service", "saved", "?withheld", "text"];

#[derive(Subcommand)]
pub(super) enum Service {
    /// Add a service
    Add {
        /// Its name
        #[arg(value_parser = named)]
        name: String,
        /// The price of an order, like 0.50
        #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
        price: String,
        /// The price in one country, if it differs; may be given several times
        #[arg(long, value_name = "C=AMOUNT", value_parser = country_price)]
        country: Vec<(String, String)>,
        /// How long after its completion an order's number can be ordered again, like 4h, if
        /// different from the configuration
        #[arg(long, value_name = "TIME", value_parser = duration)]
        reuse_window: Option<Duration>,
        /// The price of that in percent of the service's, if different from the configuration
        #[arg(
            long,
            value_name = "PERCENT",
            value_parser = clap::value_parser!(u32).range(0..=1000)
        )]
        reuse_price_percent: Option<u32>,
        /// What an order is charged for: any text of the service (sms), or one with a code (code,
        /// the default for a service with patterns)
        #[arg(long, value_name = "sms|code", value_parser = ["sms", "code"])]
        charge_on: Option<String>,
        /// A regular expression that the sender must match; of several, one must match
        #[arg(long, value_name = "REGEX")]
        sender: Vec<String>,
        /// A regular expression that the text must match; of several, one must match
        #[arg(long, value_name = "REGEX")]
        text: Vec<String>,
    },
    /// List services
    List {
        /// Only those in this state
        #[arg(long, ignore_case = true, value_parser = ["enabled", "disabled"])]
        state: Option<String>,
        /// Only those that are sold in this country, like NL
        #[arg(long, value_parser = named)]
        country: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Change a service; what is not given stays as it is
    Set {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
        #[command(flatten)]
        edit: Box<ServiceEdit>,
    },
    /// Remove a service that was never ordered
    Remove {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// Sell a service again
    Enable {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// Stop selling a service; open orders continue
    Disable {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// Add the services of a TOML catalogue, and to known ones the patterns that they lack
    Import {
        /// The catalogue
        file: PathBuf,
        /// Take the prices of the catalogue too
        #[arg(long, conflicts_with = "replace")]
        prices: bool,
        /// Make the services equal to the catalogue, and remove what it does not have
        #[arg(long)]
        replace: bool,
        /// Only show what would be changed
        #[arg(long)]
        dry_run: bool,
    },
    /// Print all services as a TOML catalogue
    Export {
        /// Write it to this file, which must not exist, instead
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Show which service would receive a message, or each of the last ones, and the code in it
    ///
    /// With `--service` it is tried how messages would be matched if that service had the patterns
    /// of `--sender` and `--text`; nothing is saved.
    Test {
        /// The sender of a message
        #[arg(value_name = "SENDER", required_unless_present = "last", requires = "message_text")]
        message_sender: Option<String>,
        /// Its text
        #[arg(value_name = "TEXT")]
        message_text: Option<String>,
        /// Instead, try the last N messages that were received, at most 200
        #[arg(
            long,
            value_name = "N",
            conflicts_with = "message_sender",
            value_parser = clap::value_parser!(u32).range(1..=200)
        )]
        last: Option<u32>,
        /// A service's name or id, or the name of one that is not there yet
        #[arg(long, value_name = "NAME", value_parser = named)]
        service: Option<String>,
        /// A sender pattern for it, instead of all that it has; may be given several times
        #[arg(long, value_name = "REGEX", requires = "service")]
        sender: Vec<String>,
        /// A text pattern for it, instead of all that it has; may be given several times
        #[arg(long, value_name = "REGEX", requires = "service")]
        text: Vec<String>,
    },
}

/// What is to change of a service.
#[derive(clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct ServiceEdit {
    /// The price of an order, like 0.50
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    price: Option<String>,
    /// The price in one country, like UK=0.80, UK=off to sell nothing there, or UK=default for the
    /// price of all others; may be given several times
    #[arg(long, value_name = "C=AMOUNT", value_parser = country_price)]
    country: Vec<(String, String)>,
    /// Of the services whose patterns match a message, the one with the highest number gets it
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// How long after its completion an order's number can be ordered again, like 4h, or default
    #[arg(long, value_name = "TIME", value_parser = seconds_or_default)]
    reuse_window: Option<Value>,
    /// The price of that in percent of the service's, or default
    #[arg(long, value_name = "PERCENT", value_parser = percent_or_default)]
    reuse_price_percent: Option<Value>,
    /// What an order is charged for: any text of the service (sms), or one with a code (code), or
    /// default
    #[arg(long, value_name = "sms|code", value_parser = ["sms", "code", DEFAULT])]
    charge_on: Option<String>,
    /// A regular expression that the sender must match, instead of all that there are; of several,
    /// one must match
    #[arg(long, value_name = "REGEX")]
    sender: Vec<String>,
    /// Another regular expression that the sender may match
    #[arg(long, value_name = "REGEX")]
    add_sender: Vec<String>,
    /// A regular expression that the sender need not match any more
    #[arg(long, value_name = "REGEX")]
    remove_sender: Vec<String>,
    /// A regular expression that the text must match, instead of all that there are; of several,
    /// one must match
    #[arg(long, value_name = "REGEX")]
    text: Vec<String>,
    /// Another regular expression that the text may match
    #[arg(long, value_name = "REGEX")]
    add_text: Vec<String>,
    /// A regular expression that the text need not match any more
    #[arg(long, value_name = "REGEX")]
    remove_text: Vec<String>,
}

/// A time in seconds, or null for `default`.
fn seconds_or_default(text: &str) -> Result<Value, String> {
    if text == DEFAULT {
        return Ok(Value::Null);
    }
    let time = duration(text)?;
    Ok(time.as_secs().into())
}

/// A percentage, or null for `default`.
fn percent_or_default(text: &str) -> Result<Value, String> {
    if text == DEFAULT {
        return Ok(Value::Null);
    }
    let percent: u32 = text.parse().map_err(|_| "write a number from 0 to 1000".to_owned())?;
    Ok(percent.into())
}

fn country_price(text: &str) -> Result<(String, String), String> {
    let (country, price) = text.split_once('=').ok_or("write it like UK=0.80")?;
    Ok((country.to_owned(), price.to_owned()))
}

impl ServiceEdit {
    /// What the daemon is sent: only what was given.
    fn into_json(self) -> Value {
        let countries: Map<String, Value> = self
            .country
            .into_iter()
            .map(|(country, price)| {
                let price = if price == DEFAULT { Value::Null } else { price.into() };
                (country, price)
            })
            .collect();
        let mut edit = json!({
            "price": self.price,
            "countries": countries,
            "priority": self.priority,
            "senders": {
                "replace": self.sender, "add": self.add_sender, "remove": self.remove_sender,
            },
            "texts": {
                "replace": self.text, "add": self.add_text, "remove": self.remove_text,
            },
        });
        let charge_on =
            self.charge_on.map(|word| if word == DEFAULT { Value::Null } else { word.into() });
        let terms = [
            ("reuse_window_seconds", self.reuse_window),
            ("reuse_price_percent", self.reuse_price_percent),
            ("charge_on", charge_on),
        ];
        if let Some(members) = edit.as_object_mut() {
            let given = terms.into_iter().filter_map(|(name, value)| Some((name, value?)));
            members.extend(given.map(|(name, value)| (name.to_owned(), value)));
        }
        edit
    }
}

pub(super) async fn run(command: Service, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Service::List { state, country, page } => {
            let query = ListQuery::default().with("state", state).with("country", country);
            let services = client.get(&query.page(page).of("/services")).await?;
            print::list(json, &services, SERVICE, "no services")
        }
        Service::Set { service, edit } => {
            let path = format!("/services/{}", path_segment(&service));
            let edited = client.post(&path, edit.into_json()).await?;
            print::object(json, &edited, SERVICE)?;
            if !json {
                print_changes(&edited)?;
            }
            warn_of(&edited);
            Ok(())
        }
        Service::Remove { service } => {
            let removed = client.delete(&format!("/services/{}", path_segment(&service))).await?;
            print::object(json, &removed, &["removed", "id"])
        }
        Service::Enable { service } => enable(client, json, &service, true).await,
        Service::Disable { service } => enable(client, json, &service, false).await,
        Service::Add {
            name,
            price,
            country,
            reuse_window,
            reuse_price_percent,
            charge_on,
            sender,
            text,
        } => {
            let countries: Map<String, Value> =
                country.into_iter().map(|(country, price)| (country, price.into())).collect();
            let declared = json!({
                "name": name,
                "price": price,
                "countries": countries,
                "senders": sender,
                "texts": text,
                "reuse_window_seconds": reuse_window.map(|window| window.as_secs()),
                "reuse_price_percent": reuse_price_percent,
                "charge_on": charge_on,
            });
            let added = client.post("/services", declared).await?;
            print::object(json, &added, SERVICE)?;
            warn_of(&added);
            Ok(())
        }
        Service::Import { file, prices, replace, dry_run } => {
            let mut catalogue = catalogue::read(&file)?;
            let mode = match (prices, replace) {
                (_, true) => "replace",
                (true, false) => "take-prices",
                (false, false) => "add-patterns",
            };
            if let Some(members) = catalogue.as_object_mut() {
                members.insert("mode".to_owned(), mode.into());
                members.insert("dry_run".to_owned(), dry_run.into());
            }
            let imported = client.post("/services/import", catalogue).await?;
            if !json {
                print_imported(&imported)?;
            }
            print::object(json, &imported, &["added", "updated"])
        }
        Service::Export { output } => {
            let services = client.get("/services").await?;
            export(&services, output, json)
        }
        Service::Test { message_sender, message_text, last, service, sender, text } => {
            let some = |patterns: Vec<String>| (!patterns.is_empty()).then_some(patterns);
            let draft = service.map(|service| {
                json!({ "service": service, "senders": some(sender), "texts": some(text) })
            });
            match last {
                Some(last) => test_last(client, json, last, draft).await,
                None => test_one(client, json, (message_sender, message_text), draft).await,
            }
        }
    }
}

/// Shows which service would be given a message.
async fn test_one(
    client: &AdminClient,
    json: bool,
    (sender, text): (Option<String>, Option<String>),
    draft: Option<Value>,
) -> anyhow::Result<()> {
    let sample = json!({ "sender": sender, "text": text, "draft": draft });
    let result = client.post("/services/test", sample).await?;
    print::object(json, &result, &["service", "code", "rule", "withheld"])?;
    if json { Ok(()) } else { print_takers(&result) }
}

/// Shows which services would be given the last messages.
async fn test_last(
    client: &AdminClient,
    json: bool,
    last: u32,
    draft: Option<Value>,
) -> anyhow::Result<()> {
    let body = json!({ "last": last, "draft": draft });
    let tried = client.post("/services/test/last", body).await?;
    if json {
        return print::json(&tried);
    }
    let messages = tried.get("messages").and_then(Value::as_array);
    let rows: Vec<Value> = messages.into_iter().flatten().map(tried_row).collect();
    print::table(&Value::Array(rows), TRIED, "no messages were received")?;
    let count = |name: &str| print::cell(tried.get(name));
    print::line(format!(
        "{} are claimed by one service, {} by several, {} by none",
        count("by_one"),
        count("by_several"),
        count("by_none")
    ))
}

/// A message that patterns were tried on, as a row of a table.
fn tried_row(tried: &Value) -> Value {
    let part = |within: &str, name: &str| tried.get(within).and_then(|it| it.get(name)).cloned();
    let message = |name: &str| part("message", name);
    json!({
        "id": message("id"),
        "received_at": message("received_at"),
        "sender": message("sender"),
        "code": part("trial", "code"),
        "service": part("trial", "service"),
        "saved": tried.get("saved"),
        "withheld": part("trial", "withheld"),
        "text": message("text"),
    })
}

async fn enable(
    client: &AdminClient,
    json: bool,
    service: &str,
    enabled: bool,
) -> anyhow::Result<()> {
    let path = format!("/services/{}/enabled", path_segment(service));
    print::object(json, &client.post(&path, json!({ "enabled": enabled })).await?, SERVICE)
}

/// Tells what of a service may not be meant.
fn warn_of(service: &Value) {
    let name = service.get("name").and_then(Value::as_str).unwrap_or_default();
    let price = service.get("price").and_then(Value::as_str);
    let is_free = price.is_some_and(|price| price.bytes().all(|byte| matches!(byte, b'0' | b'.')));
    if is_free {
        print::complain(format_args!("note: {name} costs nothing"));
    }
    let has_no = |key| strings(service.get(key)).is_empty();
    if has_no("senders") && has_no("texts") {
        print::complain(format_args!(
            "note: {name} has no pattern: each of its orders has a SIM to itself and gets any \
             message that no other service claims; `service set {name} --sender REGEX` adds one"
        ));
    }
}

/// Prints what was changed of a service.
fn print_changes(edited: &Value) -> anyhow::Result<()> {
    let changes = strings(edited.get("changes"));
    if changes.is_empty() {
        return print::line("nothing has changed");
    }
    changes.iter().try_for_each(|change| print::line(format!("changed: {change}")))
}

/// Prints each service that an import has added or changed, with what was changed.
fn print_imported(imported: &Value) -> anyhow::Result<()> {
    let changed = imported.get("changed").and_then(Value::as_array);
    changed.into_iter().flatten().try_for_each(|service| {
        let name = service.get("service").and_then(Value::as_str).unwrap_or_default();
        print::line(format!("{name}: {}", strings(service.get("changes")).join(", ")))
    })
}

/// Says where a message goes that no pattern matches.
fn print_takers(result: &Value) -> anyhow::Result<()> {
    let takers = strings(result.get("unpatterned"));
    let is_free =
        ["service", "withheld"].iter().all(|name| result.get(name).is_none_or(Value::is_null));
    if !is_free || takers.is_empty() {
        return Ok(());
    }
    print::line(format!(
        "No pattern matches. An open order of a service without patterns would get it: {}",
        takers.join(", ")
    ))
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Prints the services as a catalogue, or writes them to a file that does not exist yet.
fn export(services: &Value, output: Option<PathBuf>, json: bool) -> anyhow::Result<()> {
    let text = catalogue::write(services)?;
    let Some(path) = output else {
        return if json { print::json(services) } else { print::document(text.trim_end()) };
    };
    let mut file = File::create_new(&path)
        .with_context(|| format!("{}: choose the name of a new file", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    let count = services.as_array().map_or(0, Vec::len);
    let done = json!({ "file": path.display().to_string(), "services": count });
    print::object(json, &done, &["file", "services"])
}
