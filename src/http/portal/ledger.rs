//! The account's ledger: every change of its funds, in pages and as a file.

use std::time::Duration;

use maud::{Markup, html};

use super::Customer;
use crate::domain::Timestamp;
use crate::domain::ledger::EntryKind;
use crate::gateway::{Entry, LedgerRow};
use crate::http::web::{
    Access, Csv, Download, Empty, Fault, Faults, Filters, PAGE_ROWS, Page, Paging, Route, Row,
    Table, Tone, Visit, badge, hostile, link, moment, pager, path,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    vec![
        Route::page("/account/ledger", Access::SignedIn, show).live(),
        Route::file("/account/ledger.csv", Access::SignedIn, csv).asked_for_on("/account/ledger"),
    ]
}

/// How many entries a file has at most, the newest of its days.
const MOST_IN_FILE: u32 = 50_000;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The days that the address names, the last one included.
fn days(visit: &Visit<Customer>) -> Result<(Option<Timestamp>, Option<Timestamp>), Fault> {
    let mut faults = Faults::new();
    let mut day = |name: &str| {
        let start = visit.query(name).map(|text| format!("{text}T00:00:00Z").parse::<Timestamp>());
        let start = start.transpose().map_err(|_| "a day is written like 2027-01-31");
        faults.check(name, start).flatten()
    };
    let (from, to) = (day("from"), day("to"));
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        faults.add("to", "The last day is before the first.");
    }
    faults.result()?;
    Ok((from, to.map(|to| to.plus(DAY))))
}

async fn show(visit: Visit<Customer>) -> Result<Page, Fault> {
    let paging = Paging::of(&visit);
    let limit = u32::try_from(PAGE_ROWS + 1).unwrap_or(u32::MAX);
    let (accounts, span) = (visit.gateway().accounts(), days(&visit)?);
    let rows = accounts.own_ledger(visit.account(), span, paging.before(), limit).await?;
    let (rows, older) = paging.cut(rows, |row| row.entry.id);
    let csv = visit.address_with(&[("before", None)]);
    let csv = csv.replacen("/account/ledger", "/account/ledger.csv", 1);
    let filters = Filters::new(&visit).day("from", "From").day("to", "To");
    Ok(Page::new("Ledger").below("Account", "/account").intro(html! { (filters) }).part(
        "ledger",
        html! {
            (table(&visit, &rows))
            (pager(&paging, older))
            p { (link(&csv, "These days as CSV")) }
        },
    ))
}

/// Entries of the ledger, each with the balance after it.
pub(super) fn table(visit: &Visit<Customer>, rows: &[LedgerRow]) -> Table {
    let mut table = Table::new("entries", "Changes of your balance, the newest first")
        .newest_first()
        .column("When")
        .column("What")
        .number_column("Amount")
        .number_column("Held")
        .number_column("Balance after");
    for LedgerRow { entry, after } in rows {
        table = table.row(Row::new(
            entry.id,
            [
                html! { (moment(entry.at)) },
                what(entry),
                html! { (visit.money(entry.balance)) },
                html! { (visit.money(entry.held)) },
                html! { (visit.money(after.balance)) },
            ],
        ));
    }
    table.empty(
        Empty::new("No entries. Credit, orders and rentals stand here.")
            .next(html! { "Whoever runs this site adds credit." }),
    )
}

/// What an entry is, with a link to what it belongs to.
fn what(entry: &Entry) -> Markup {
    html! {
        (in_words(entry.kind))
        @if let Some(order) = entry.order {
            " " (link(&path!("/orders/{}", order), &format!("order {order}")))
        }
        @if let Some(rental) = entry.rental {
            " " (link(&path!("/rentals/{}", rental), &format!("rental {rental}")))
        }
        @if let Some(reference) = &entry.reference { " " span.calm { (reference) } }
        @if let Some(reason) = reason(entry) { " " span.calm { (hostile(reason)) } }
    }
}

/// Why something was given back or corrected, as whoever runs the site has written it for the
/// customer.
fn reason(entry: &Entry) -> Option<&str> {
    entry.note.as_deref().filter(|_| entry.is_note_shown)
}

/// What was given back, with when and why, in sentences.
pub(super) fn given_back(visit: &Visit<Customer>, refunds: &[Entry]) -> Markup {
    html! {
        @for refund in refunds {
            p {
                (badge(Tone::News, "Given back")) " " (visit.money(refund.balance)) ", "
                (moment(refund.at))
                @if let Some(reason) = reason(refund) { ": " (hostile(reason)) }
            }
        }
    }
}

fn in_words(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::TopUp => "Credit",
        EntryKind::Adjustment => "Correction",
        EntryKind::Hold => "Held for",
        EntryKind::Capture => "Charged for",
        EntryKind::Release => "Not charged:",
        EntryKind::Refund => "Given back for",
        EntryKind::Rental => "First term of",
        EntryKind::Extension => "Extension of",
        EntryKind::Renewal => "Renewal of",
    }
}

async fn csv(visit: Visit<Customer>) -> Result<Download, Fault> {
    let (accounts, currency) = (visit.gateway().accounts(), visit.gateway().currency());
    let rows = accounts.own_ledger(visit.account(), days(&visit)?, None, MOST_IN_FILE).await?;
    let mut csv = Csv::new(&[
        "id", "at", "kind", "amount", "balance", "held", "currency", "order", "rental", "ref",
        "reason",
    ]);
    for LedgerRow { entry, after } in &rows {
        csv = csv.row(&[
            entry.id.to_string().as_str(),
            &entry.at.to_string(),
            entry.kind.as_str(),
            &currency.text(entry.balance),
            &currency.text(after.balance),
            &currency.text(after.held),
            &entry.currency,
            &entry.order.map(|order| order.to_string()).unwrap_or_default(),
            &entry.rental.map(|rental| rental.to_string()).unwrap_or_default(),
            entry.reference.as_deref().unwrap_or_default(),
            reason(entry).unwrap_or_default(),
        ]);
    }
    Ok(csv.download("ledger.csv"))
}
