//! Commands that ask the running daemon for something or have it change something.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};

use super::args::Admin;
use super::listing::ListQuery;
use super::{
    account, alarm, audit, backup, bank, block_list, health, key, message, modem, notify, number,
    order, people, print, rental, report, service, sim, site, skip, status, verify, webhook,
};
use crate::http::AdminClient;

/// What `explain` shows even if it is 0.
const EXPLAINED: &[&str] = &["service", "country", "sold", "sims", "available"];

/// What is shown of a thing that was found.
const FOUND: &[&str] = &["kind", "id", "?number", "?account", "?imei", "?service"];

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(
    command: Admin,
    client: &AdminClient,
    json: bool,
) -> anyhow::Result<ExitCode> {
    match command {
        Admin::Status { watch: false, .. } => status::once(client, json).await?,
        Admin::Status { watch: true, every } => status::watch(client, json, every).await?,
        Admin::Modem(command) => modem::run(command, client, json).await?,
        Admin::Bank(command) => bank::run(command, client, json).await?,
        Admin::Site(command) => site::run(command, client, json).await?,
        Admin::Sim(command) => sim::run(command, client, json).await?,
        Admin::Number(command) => number::run(command, client, json).await?,
        Admin::Account(command) => account::run(command, client, json).await?,
        Admin::Key(command) => key::run(command, client, json).await?,
        Admin::Login(command) => people::run_login(command, client, json).await?,
        Admin::Operator(command) => people::run_operator(command, client, json).await?,
        Admin::Service(command) => service::run(command, client, json).await?,
        Admin::Health(command) => health::run(command, client, json).await?,
        Admin::Order(command) => order::run(command, client, json).await?,
        Admin::Skip(command) => skip::run(command, client, json).await?,
        Admin::Rental(command) => rental::run(command, client, json).await?,
        Admin::Webhook(command) => webhook::run(command, client, json).await?,
        Admin::Explain { service, country, account, key, sims, state } => {
            let query = ListQuery::default().with("service", Some(service));
            let query = query.with("country", Some(country)).with("account", account);
            let query = query.with("key", key);
            if sims {
                let sims = client.get(&query.with("state", state).of("/explain/sims")).await?;
                print::list(json, &sims, &["iccid", "number", "state"], "no SIM like that")?;
            } else {
                explain(json, &client.get(&query.of("/explain")).await?)?;
            }
        }
        Admin::Find { word } => {
            let found = client.post("/find", json!({ "word": word })).await?;
            print::list(json, &found, FOUND, "nothing is called so")?;
        }
        Admin::BlockList(command) => block_list::run(command, client, json).await?,
        Admin::Alarm(command) => alarm::run(command, client, json).await?,
        Admin::Notify(command) => return notify::run(command, client, json).await,
        Admin::Report(command) => report::run(command, client, json).await?,
        Admin::Audit(command) => audit::run(command, client, json).await?,
        Admin::Reload => reload(client, json).await?,
        Admin::Backup { file } => backup::run(client, &file, json).await?,
        Admin::Verify { file: None } => return verify::running(client, json).await,
        Admin::Verify { file: Some(_) } => bail!("no daemon is needed for that"),
        Admin::Message(command) => message::run(command, client, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints how many numbers there are and, for people, only those reasons that hold any back.
fn explain(json: bool, counts: &Value) -> anyhow::Result<()> {
    let is_shown = |key: &str, value: &Value| {
        json || EXPLAINED.contains(&key) || !(value.is_null() || value == 0 || value == false)
    };
    let fields = counts.as_object().into_iter().flatten();
    let fields = fields.filter(|(key, value)| is_shown(key, value));
    print::object(json, counts, &fields.map(|(key, _)| key.as_str()).collect::<Vec<_>>())
}

/// Prints what was applied and what needs a restart, one key per line.
async fn reload(client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let reloaded = client.post("/reload", json!({})).await?;
    if json {
        return print::json(&reloaded);
    }
    let lines =
        |name: &str| reloaded.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (applied, needs_restart) = (lines("applied"), lines("needs_restart"));
    for line in &applied {
        print::line(format!("applied: {}", print::cell(Some(line))))?;
    }
    for line in &needs_restart {
        print::line(format!("needs a restart: {}", print::cell(Some(line))))?;
    }
    if applied.is_empty() && needs_restart.is_empty() {
        print::line("nothing has changed")
    } else {
        Ok(())
    }
}
