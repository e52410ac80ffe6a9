//! An account's ledger: its newest entries on the account's page, all of them on a page of their
//! own, and those of a span of days as a file.

use std::time::Duration;

use maud::{Markup, Render, html};

use super::super::Operator;
use super::super::books::{cause, day_named, list_request, remark};
use super::{account_of, address};
use crate::domain::Timestamp;
use crate::domain::login::Permission::Look;
use crate::gateway::{Account, LedgerRow, ListRequest, Topic};
use crate::http::web::{
    Access::May, Csv, Download, Empty, Fault, Faults, Filters, Page, Paging, Route, Row, Table,
    Visit, link, moment, pager,
};

/// The path of the page of all entries.
const LEDGER: &str = "/accounts/{id}/ledger";
/// How many entries the account's own page has.
const NEWEST: u32 = 10;
/// How many entries are read at a time for a file, and how many it has at most.
const READ_AT_ONCE: u32 = 5_000;
const MOST_IN_FILE: usize = 100_000;
/// How many days a file goes over if nothing else is asked for.
const USUAL_SPAN: Duration = Duration::from_secs(31 * 24 * 3600);

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page(LEDGER, May(Look), show).live_on(&[Topic::Accounts]),
        Route::file("/accounts/{id}/ledger.csv", May(Look), download).asked_for_on(LEDGER),
    ]
}

/// The newest entries, with the way to all of them.
pub(super) async fn newest(visit: &Visit<Operator>, account: &Account) -> Result<Markup, Fault> {
    let request = ListRequest { limit: Some(NEWEST.into()), ..ListRequest::default() };
    let rows = visit.gateway().accounts().ledger(account.id.to_string(), request).await?;
    let all = format!("{}/ledger", address(account.id));
    let file = format!("{all}.csv");
    Ok(html! {
        h2 { "Ledger" }
        (table(visit, rows.iter().rev()))
        p { (link(&all, "All entries")) ", or " (link(&file, "the last 31 days as CSV")) }
    })
}

fn table<'r>(visit: &Visit<Operator>, rows: impl Iterator<Item = &'r LedgerRow>) -> Table {
    let currency = visit.gateway().currency();
    let rows = rows.map(|LedgerRow { entry, after }| {
        Row::new(
            entry.id,
            [
                moment(entry.at),
                html! { (entry.kind.as_str()) },
                html! { (currency.text(entry.balance)) },
                html! { (currency.text(entry.held)) },
                html! { (currency.text(after.balance)) },
                cause(entry),
                remark(entry),
            ],
        )
    });
    Table::new("entries", "Entries of the ledger")
        .column("Time")
        .column("Entry")
        .number_column(&format!("Amount, {currency}"))
        .number_column("Held")
        .number_column("Balance after it")
        .column("For")
        .column("Remark")
        .rows(rows)
        .newest_first()
        .empty(Empty::new("Nothing was added or charged yet.").next(html! {
            "A top-up gives the account something to spend."
        }))
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let (account, ..) = account_of(&visit).await?;
    let paging = Paging::of(&visit);
    let request = ListRequest { account: None, ..list_request(&visit, &paging)? };
    let mut rows = visit.gateway().accounts().ledger(account.id.to_string(), request).await?;
    rows.reverse();
    let (rows, older) = paging.cut(rows, |row| row.entry.id);
    let page = Page::new("Ledger")
        .below("Accounts", "/accounts")
        .below(account.name.clone(), address(account.id))
        .intro(html! {
            (Filters::new(&visit).day("day", "Day (UTC)").render())
            (span_form(&visit, &account))
        })
        .part("list", html! { (table(&visit, rows.iter())) (pager(&paging, older)) });
    Ok(page)
}

/// Asks for the days of a file.
fn span_form(visit: &Visit<Operator>, account: &Account) -> Filters {
    let path = format!("{}/ledger.csv", address(account.id));
    let form = Filters::of_file(visit, &path, "Download CSV");
    form.day("from", "From (UTC)").day("to", "To and including")
}

/// From when to when the entries of a file are.
fn span(visit: &Visit<Operator>) -> Result<(Timestamp, Timestamp), Fault> {
    let mut faults = Faults::new();
    let mut day = |name: &str| faults.check(name, visit.query(name).map(day_named).transpose());
    let (from, to) = (day("from").flatten(), day("to").flatten());
    let to = to.map_or_else(|| visit.now().plus(USUAL_SPAN), |(_, end)| end);
    let from = from.map_or_else(|| visit.now().min(to).minus(USUAL_SPAN), |(begin, _)| begin);
    if faults.is_empty() && to <= from {
        faults.add("to", "The last day is before the first.");
    }
    faults.result()?;
    Ok((from, to))
}

async fn download(visit: Visit<Operator>) -> Result<Download, Fault> {
    let (account, ..) = account_of(&visit).await?;
    let (from, to) = span(&visit)?;
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let request = ListRequest {
            from: Some(from),
            to: Some(to),
            after: Some(after),
            limit: Some(READ_AT_ONCE.into()),
            ..ListRequest::default()
        };
        let read = visit.gateway().accounts().ledger(account.id.to_string(), request).await?;
        let Some(last) = read.last() else { break };
        after = last.entry.id;
        rows.extend(read);
        if rows.len() > MOST_IN_FILE {
            return Err(Fault::form(format!(
                "These days have more than {MOST_IN_FILE} entries: choose fewer. `simbridge \
                 account ledger` lists them without a limit."
            )));
        }
    }
    let name = format!("ledger-{}.csv", account.name);
    Ok(csv(&visit, &rows).download(name))
}

fn csv(visit: &Visit<Operator>, rows: &[LedgerRow]) -> Csv {
    let currency = visit.gateway().currency();
    let columns = [
        "id",
        "time",
        "entry",
        "amount",
        "held",
        "currency",
        "balance_after",
        "order",
        "rental",
        "key",
        "note",
        "reference",
    ];
    rows.iter().fold(Csv::new(&columns), |csv, LedgerRow { entry, after }| {
        let id = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
        csv.row(&[
            entry.id.to_string(),
            entry.at.to_string(),
            entry.kind.as_str().to_owned(),
            currency.text(entry.balance),
            currency.text(entry.held),
            entry.currency.clone(),
            currency.text(after.balance),
            id(entry.order.map(|order| order.0)),
            id(entry.rental.map(|rental| rental.0)),
            entry.key.clone().unwrap_or_default(),
            entry.note.clone().unwrap_or_default(),
            entry.reference.clone().unwrap_or_default(),
        ])
    })
}
