//! The audit: who did or saw what.

use maud::{Markup, Render, html};

use super::Operator;
use super::books::{list_request, nothing_listed, stepped};
use crate::domain::audit::{Actor, Person};
use crate::domain::login::Permission::Look;
use crate::gateway::{AuditRow, ListRequest};
use crate::http::web::{
    Access::May, Csv, Download, Empty, Fault, Filters, Page, Paging, Route, Row, Table, Visit,
    hostile, link, moment, path,
};

/// How many rows are read at a time for a file, and how many it has at most.
const READ_AT_ONCE: u32 = 5_000;
const MOST_IN_FILE: usize = 50_000;

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page("/audit", May(Look), list),
        Route::file("/audit.csv", May(Look), download).asked_for_on("/audit"),
    ]
}

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let paging = Paging::of(&visit);
    let request = list_request(&visit, &paging)?;
    let filters = Filters::new(&visit)
        .search("user", "Person")
        .search("action", "Deed")
        .day("day", "Day (UTC)");
    let list = match visit.gateway().audit().list_step(request).await {
        Ok(step) => {
            let stepped = stepped(&visit, &paging, step, |row: &AuditRow| row.id);
            let rows = stepped.rows.iter().map(row);
            let empty = match filters.are_set() {
                true => Empty::new("Nothing in the audit fits these filters."),
                false => Empty::new("Nothing was done or seen yet."),
            };
            html! { (table().rows(rows).empty(empty)) (stepped.foot) }
        }
        Err(error) => nothing_listed(error)?,
    };
    let page = visit.address_with(&[("before", None)]);
    let file = page.replacen("/audit", "/audit.csv", 1);
    let intro = html! { (filters.render()) p { (link(&file, "As CSV")) } };
    Ok(Page::new("Audit").intro(intro).part("list", list))
}

fn table() -> Table {
    Table::new("audit", "Who did or saw what")
        .column("Time")
        .column("Who")
        .column("Did")
        .column("What")
        .column("Key")
        .column("From")
        .newest_first()
}

fn row(row: &AuditRow) -> Row {
    Row::new(
        row.id,
        [
            moment(row.at),
            who(row),
            html! { (row.action) },
            hostile(&row.subject),
            html! { (row.key.as_deref().unwrap_or("–")) },
            html! { (row.client.as_deref().unwrap_or("–")) },
        ],
    )
}

fn who(row: &AuditRow) -> Markup {
    match row.actor {
        Actor::Operator => html! {
            "operator" @if let Some(who) = &row.person { " " (who) }
        },
        Actor::Account(id) => {
            link(&path!("/accounts/{}", id), row.account.as_deref().unwrap_or("a customer"))
        }
        Actor::Daemon => html! { "daemon" },
    }
}

async fn download(visit: Visit<Operator>) -> Result<Download, Fault> {
    let mut request = ListRequest {
        before: None,
        after: Some(0),
        limit: Some(READ_AT_ONCE.into()),
        ..list_request(&visit, &Paging::of(&visit))?
    };
    let columns = ["id", "time", "actor", "account", "person", "did", "what", "key", "from"];
    let (mut csv, mut count) = (Csv::new(&columns), 0);
    loop {
        let rows = visit.gateway().audit().list(request.clone()).await?;
        let Some(last) = rows.last() else { break };
        request.after = Some(last.id);
        count += rows.len();
        if count > MOST_IN_FILE {
            return Err(Fault::form(format!(
                "That would be more than {MOST_IN_FILE} rows: choose a day, a person or a deed."
            )));
        }
        csv = rows.iter().fold(csv, |csv, row| csv.row(&cells(row)));
    }
    Ok(csv.download("audit.csv"))
}

fn cells(row: &AuditRow) -> [String; 9] {
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        row.id.to_string(),
        row.at.to_string(),
        row.actor.to_string(),
        given(&row.account),
        row.person.as_ref().map(Person::to_string).unwrap_or_default(),
        row.action.clone(),
        row.subject.clone(),
        given(&row.key),
        given(&row.client),
    ]
}
