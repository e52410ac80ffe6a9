//! `service`: the services on offer, their prices and their patterns.

mod args;
mod trying;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::listing::ListQuery;
use super::{catalogue, print};
use crate::http::{AdminClient, path_segment};
pub(super) use args::Service;
use trying::{test_last, test_one};

/// The columns of services.
const SERVICE: &[&str] =
    &["id", "name", "?code", "?fivesim", "price", "countries", "senders", "texts", "enabled"];

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
            code,
            fivesim,
            sender,
            text,
        } => {
            let countries: Map<String, Value> =
                country.into_iter().map(|(country, price)| (country, price.into())).collect();
            let declared = json!({
                "name": name,
                "code": code,
                "fivesim": fivesim,
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
