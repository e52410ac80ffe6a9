//! Commands that ask the running daemon for something or have it change something.

use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::args::{Account, Admin, Audit, Expiry, Key, KeyTerms, Order, Sim, Skip};
use super::listing::ListQuery;
use super::print;
use super::{
    account_data, alarm, backup, bank, health, import, message, modem, notify, number, people,
    rental, report, service, status, verify, webhook,
};
use crate::daemon::system_sources;
use crate::http::{AdminClient, path_segment};

const ACCOUNT: &[&str] = &["id", "name", "balance", "held", "currency"];
/// What is told of an account beside its funds.
const STANDING: &[&str] = &[
    "suspended",
    "paused_until",
    "max_open",
    "orders_per_day",
    "orders_today",
    "spend_per_day",
    "spent_today",
    "own_limits",
];
const PRICE: &[&str] = &["service", "country", "price"];
const ACCOUNTS: &[&str] = &["id", "name", "balance", "held", "?currency", "suspended"];
const SIM: &[&str] = &[
    "iccid",
    "number",
    "state",
    "last_sms",
    "?since",
    "?modem",
    "?country",
    "?home_operator",
    "?imsi",
];
/// What `explain` shows even if it is 0.
const EXPLAINED: &[&str] = &["service", "country", "sold", "sims", "available"];
const SIM_FIELDS: &[&str] = &[
    "iccid",
    "imsi",
    "number",
    "country",
    "home_operator",
    "state",
    "modem",
    "since",
    "last_sms_at",
    "number_problem",
];
const AWAITED: &[&str] = &["sender", "arrived", "parts", "since", "until"];
const LOCATION: &[&str] = &["since", "until", "seen_at", "modem", "bank", "slot"];
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
const SKIP: &[&str] = &["order", "number", "service", "skipped_at"];
const ENTRY: &[&str] = &[
    "id",
    "at",
    "kind",
    "amount",
    "hold",
    "?currency",
    "order",
    "rental",
    "?price",
    "?rate",
    "?key",
    "note",
];
const LEDGER: &[&str] = &[
    "id",
    "at",
    "kind",
    "amount",
    "?hold",
    "balance",
    "?held",
    "order",
    "?rental",
    "?note",
    "?key",
    "?price",
    "?rate",
    "?currency",
];

/// What is shown of a thing that was found.
const FOUND: &[&str] = &["kind", "id", "?number", "?account", "?imei"];

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
        Admin::Sim(command) => sim(command, client, json).await?,
        Admin::Number(command) => number::run(command, client, json).await?,
        Admin::Account(command) => account(command, client, json).await?,
        Admin::Key(command) => key(command, client, json).await?,
        Admin::Login(command) => people::run_login(command, client, json).await?,
        Admin::Operator(command) => people::run_operator(command, client, json).await?,
        Admin::Service(command) => service::run(command, client, json).await?,
        Admin::Health(command) => health::run(command, client, json).await?,
        Admin::Order(command) => order(command, client, json).await?,
        Admin::Skip(command) => skip(command, client, json).await?,
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
        Admin::Alarm(command) => alarm::run(command, client, json).await?,
        Admin::Notify(command) => return notify::run(command, client, json).await,
        Admin::Report(command) => report::run(command, client, json).await?,
        Admin::Audit(Audit::List { account, number, iccid, user, action, rows }) => {
            let query = ListQuery::default().with("account", account).with("number", number);
            let query = query.with("iccid", iccid).with("user", user).with("action", action);
            let mut rows = query.read(client, "/audit", rows).await?;
            if !json {
                name_persons(&mut rows);
            }
            print::list(
                json,
                &rows,
                &["id", "at", "actor", "action", "subject", "?key", "?client"],
                "no entries",
            )?;
        }
        Admin::Reload => reload(client, json).await?,
        Admin::Backup { file } => backup::run(client, &file, json).await?,
        Admin::Verify { file: None } => return verify::running(client, json).await,
        Admin::Verify { file: Some(_) } => bail!("no daemon is needed for that"),
        Admin::Message(command) => message::run(command, client, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes rows of the audit what people read: a person or a customer by name, and what was done as
/// an action.
fn name_persons(rows: &mut Value) {
    for row in rows.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        let action = row.remove("deed").unwrap_or_default();
        row.insert("action".to_owned(), action);
        let uid = row.get("uid").and_then(Value::as_u64);
        let user = row.get("user").and_then(Value::as_str);
        let person = user.map(str::to_owned).or_else(|| Some(format!("uid {}", uid?)));
        if let Some(person) = person {
            row.insert("actor".to_owned(), format!("operator {person}").into());
        }
        let customer = row.get("account").and_then(Value::as_str);
        if let Some(customer) = customer.map(|name| format!("account {name}")) {
            row.insert("actor".to_owned(), customer.into());
        }
    }
}

async fn order(command: Order, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let act = async |id: u32, action: &str, body: Value, more: &[&str]| {
        let order = client.post(&format!("/orders/{id}/{action}"), body).await?;
        print::object(json, &order, &[ORDER, &["ended_at"], more].concat())
    };
    match command {
        Order::List { account, service, numbers, state, outcome, rows } => {
            let query = ListQuery::default().account(account).service(service).number(numbers);
            let query = query.with("state", state).with("outcome", outcome);
            let orders = query.read(client, "/orders", rows).await?;
            print::list(json, &orders, ORDER, "no orders")
        }
        Order::Show { id } => {
            let shown = client.get(&format!("/orders/{id}")).await?;
            let fields =
                [ORDER, &["ended_at", "reuse_of", "iccid", "modem", "key", "client", "withheld"]]
                    .concat();
            history(json, &shown, &fields, &["messages", "unmatched"])
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

async fn skip(command: Skip, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Skip::List { account, service, number, times, page } => {
            let query = ListQuery::default().service(service).with("number", number).times(times);
            let path = format!("/accounts/{}/skips", path_segment(&account));
            let path = query.page(page).of(&path);
            list(client, json, &path, SKIP, "it has skipped nothing").await
        }
        Skip::Undo { account, number, service } => {
            let path = format!("/accounts/{}/skips/undo", path_segment(&account));
            let undone =
                client.post(&path, json!({ "number": number, "service": service })).await?;
            print::list(json, &undone, SKIP, "nothing")
        }
    }
}

pub(super) async fn list(
    client: &AdminClient,
    json: bool,
    path: &str,
    columns: &[&str],
    empty: &str,
) -> anyhow::Result<()> {
    print::list(json, &client.get(path).await?, columns, empty)
}

/// Entries of a ledger as people read them: what an entry adds is an amount, and the balance is the
/// account's after it.
fn entries(entries: Option<&Value>) -> Value {
    let mut entries = entries.cloned().unwrap_or_default();
    for entry in entries.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        for (added, after, shown) in
            [("balance", "balance_after", "amount"), ("held", "held_after", "hold")]
        {
            let change = entry.remove(added).unwrap_or_default();
            entry.insert(shown.to_owned(), change);
            let after = entry.remove(after).unwrap_or_default();
            entry.insert(added.to_owned(), after);
        }
    }
    entries
}

/// A SIM as people read it in a table: for how long it has been silent, and in its modem.
fn sim_row(sim: &Value) -> Value {
    let mut row = sim.clone();
    let now = system_sources::utc_now();
    if let Some(members) = row.as_object_mut() {
        for (time, shown) in [("last_sms_at", "last_sms"), ("since", "since")] {
            let at = members.get(time).and_then(Value::as_str);
            let span = at.and_then(|at| status::span_until(at, now));
            members.insert(shown.to_owned(), span.into());
        }
    }
    row
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

/// Prints an order or a rental with its ledger entries and messages.
pub(super) fn history(
    json: bool,
    shown: &Value,
    fields: &[&str],
    inboxes: &[&str],
) -> anyhow::Result<()> {
    if json {
        return print::json(shown);
    }
    print::fields(shown, fields)?;
    print::heading("ledger")?;
    print::table(&entries(shown.get("ledger")), ENTRY, "nothing")?;
    for inbox in inboxes {
        print::heading(inbox)?;
        message::table(shown.get(inbox).unwrap_or(&Value::Null), "none")?;
    }
    awaited(shown)
}

/// Prints the long messages whose rest is awaited, if there are any.
fn awaited(shown: &Value) -> anyhow::Result<()> {
    match shown.get("awaited") {
        Some(messages) if messages.as_array().is_some_and(|all| !all.is_empty()) => {
            print::heading("long messages whose rest is awaited")?;
            print::table(messages, AWAITED, "")
        }
        _ => Ok(()),
    }
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

async fn sim(command: Sim, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let path = |iccid: &str, action: &str| format!("/sims/{}{action}", path_segment(iccid));
    let shown = match command {
        Sim::Import(import) => return import::run(client, &import, json).await,
        Sim::Set { sims, rest, retire, back, pool } => {
            let rest = rest.map(|time| time.as_secs()).or(back.then_some(0));
            let retired = retire.then_some(true).or(back.then_some(false));
            let edit =
                json!({ "sims": sims, "rest_seconds": rest, "retired": retired, "pool": pool });
            let changed = client.post("/sims/edit", edit).await?;
            let fields = ["iccid", "number", "state", "pool", "rests_until", "retired_at"];
            return print::list(json, &changed, &fields, "no SIMs");
        }
        Sim::Remove { iccid } => {
            let removed = client.delete(&path(&iccid, "")).await?;
            return print::object(json, &removed, &["removed"]);
        }
        Sim::ClearNumber { iccid } => client.delete(&path(&iccid, "/number")).await?,
        Sim::List { numbers, state, silent, digits, page } => {
            let query = ListQuery::default().number(numbers).with("state", state);
            let query = query.with("silent", silent).with("digits", digits);
            let path = query.page(page).of("/sims");
            let sims = client.get(&path).await?;
            if json {
                return print::json(&sims);
            }
            let rows = sims.as_array().into_iter().flatten().map(sim_row).collect();
            let none =
                if path == "/sims" { "no SIM has been seen yet" } else { "no SIM like that" };
            return print::table(&rows, SIM, none);
        }
        Sim::Show { iccid } => client.get(&path(&iccid, "")).await?,
        Sim::SetNumber { iccid, number, write, create } => {
            let set = json!({ "number": number, "create": create });
            let mut shown = client.post(&path(&iccid, "/number"), set).await?;
            if shown.get("state").and_then(Value::as_str) == Some("contested") {
                print::complain(
                    "simbridge: another SIM has this number, too, so neither is sold: `simbridge \
                     sim list --number NUMBER` shows them",
                );
            }
            if write {
                let card = json!({ "iccid": shown.get("iccid") });
                let result = client.post("/modem/write-number", card).await;
                let result = result.context("the number is set, but not written onto the card")?;
                if let (Some(shown), Some(written)) = (shown.as_object_mut(), result.get("written"))
                {
                    shown.insert("written".to_owned(), written.clone());
                }
            }
            shown
        }
        Sim::Rest { iccid, time } => {
            client.post(&path(&iccid, "/rest"), json!({ "seconds": time.as_secs() })).await?
        }
        Sim::Pool { iccid, pool } => {
            client.post(&path(&iccid, "/pool"), json!({ "pool": pool })).await?
        }
        Sim::Retire { iccid, undo } => {
            let retired =
                client.post(&path(&iccid, "/retire"), json!({ "retired": !undo })).await?;
            if let Some(warning) = retired.get("warning").and_then(Value::as_str) {
                print::complain(format_args!("simbridge: {warning}"));
            }
            retired
        }
    };
    let more = ["number_source", "number_at", "number_asked", "written"].into_iter();
    let more: Vec<&str> = more.filter(|key| shown.get(key).is_some()).collect();
    let fields = [SIM_FIELDS, &["pool", "rests_until", "retired_at"], &more].concat();
    print::object(json, &shown, &fields)?;
    match shown.get("custody").filter(|_| !json) {
        Some(locations) => {
            print::heading("custody")?;
            print::table(locations, LOCATION, "it has not been in any modem yet")?;
            awaited(&shown)
        }
        None => Ok(()),
    }
}

/// An id by which the daemon recognises a request that is sent again, so that it is applied only
/// once.
fn new_request_id() -> anyhow::Result<String> {
    system_sources::random().map(hex::encode).context("the system has no random numbers")
}

async fn account(command: Account, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Account::List { state, page } => {
            let path = ListQuery::default().with("state", state).page(page).of("/accounts");
            list(client, json, &path, ACCOUNTS, "no accounts").await
        }
        Account::Add { name } => {
            print::object(json, &client.post("/accounts", json!({ "name": name })).await?, ACCOUNT)
        }
        Account::Show { account } => {
            let shown = client.get(&format!("/accounts/{}", path_segment(&account))).await?;
            print::object(json, &shown, &[ACCOUNT, STANDING].concat())?;
            match shown.get("prices").filter(|prices| !json && **prices != json!([])) {
                Some(prices) => {
                    print::heading("prices")?;
                    print::table(prices, PRICE, "none")
                }
                None => Ok(()),
            }
        }
        Account::Topup { account, amount, reference, yes } => {
            let path = format!("/accounts/{}/topups", path_segment(&account));
            let request = reference.map_or_else(new_request_id, Ok)?;
            let top_up = json!({ "amount": amount, "request": request, "confirmed": yes });
            let added = client.post(&path, top_up).await?;
            if !json && added.get("repeated").and_then(Value::as_bool) == Some(true) {
                print::line("this payment was added before: nothing is added now")?;
            }
            print::object(json, &added, ACCOUNT)
        }
        Account::Adjust { account, amount, reason, yes } => {
            let path = format!("/accounts/{}/adjustments", path_segment(&account));
            let request = new_request_id()?;
            let adjustment = json!({
                "amount": amount, "note": reason, "request": request, "confirmed": yes,
            });
            print::object(json, &client.post(&path, adjustment).await?, ACCOUNT)
        }
        Account::Ledger { account, rows } => {
            let path = format!("/accounts/{}/ledger", path_segment(&account));
            let found = ListQuery::default().read(client, &path, rows).await?;
            if json {
                return print::json(&found);
            }
            print::table(&entries(Some(&found)), LEDGER, "no entries")
        }
        Account::Spending { account, days } => {
            let query = ListQuery::default().with("days", Some(days));
            let path = query.of(&format!("/accounts/{}/spending", path_segment(&account)));
            list(client, json, &path, &["day", "spent", "codes", "?currency"], "no days").await
        }
        Account::Limit { account, max_open, orders_per_day, spend_per_day } => {
            let path = format!("/accounts/{}/limits", path_segment(&account));
            let limits = json!({
                "max_open": max_open,
                "orders_per_day": orders_per_day,
                "spend_per_day": spend_per_day,
            });
            let limited = client.post(&path, limits).await?;
            print::object(json, &limited, &[ACCOUNT, STANDING].concat())
        }
        Account::Price { account, service, price, country } => {
            let path = format!("/accounts/{}/prices", path_segment(&account));
            let own = json!({ "service": service, "country": country, "price": price });
            let prices = client.post(&path, own).await?;
            print::list(json, &prices, PRICE, "it pays what others do")
        }
        Account::Export { account, output } => {
            account_data::export(client, &account, output, json).await
        }
        Account::Erase { account, copies } => {
            account_data::erase(client, &account, copies, json).await
        }
        Account::Invite { account, name } => people::invite(client, json, &account, name).await,
        Account::Suspend { account } => suspend(client, json, &account, true).await,
        Account::Resume { account } => suspend(client, json, &account, false).await,
    }
}

async fn suspend(
    client: &AdminClient,
    json: bool,
    account: &str,
    suspended: bool,
) -> anyhow::Result<()> {
    let path = format!("/accounts/{}/suspension", path_segment(account));
    print::object(
        json,
        &client.post(&path, json!({ "suspended": suspended })).await?,
        &[ACCOUNT, &["suspended"]].concat(),
    )
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

async fn key(command: Key, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Key::List { account, state, times, page } => {
            let query = ListQuery::default().account(account).with("state", state).times(times);
            let path = query.page(page).of("/keys");
            list(client, json, &path, KEY, "no keys").await
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
