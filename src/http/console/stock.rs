//! The stock: how many numbers there are for every service in every country, what is out first.

use maud::{Markup, Render, html};

use super::Operator;
use crate::domain::login::Permission::Look;
use crate::gateway::{RENTALS, StockRow, StockTable, Topic};
use crate::http::web::{
    Access, Empty, Fault, Filters, PAGE_ROWS, Page, Paging, Route, Row, Table, Tone, Visit, ago,
    badge, pager, path,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    let topics = &[Topic::Sims, Topic::Modems, Topic::Orders, Topic::Rentals, Topic::Services];
    vec![Route::page("/stock", Access::May(Look), list).live_on(topics)]
}

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let table = visit.gateway().stock().table(visit.freshness()).await?;
    let name = visit.query("service").map(str::to_lowercase);
    let out = visit.query("out").is_some();
    let mut rows: Vec<&StockRow> = table
        .services
        .iter()
        .filter(|row| name.as_ref().is_none_or(|part| row.name.to_lowercase().contains(part)))
        .filter(|row| !out || row.least() == Some(0))
        .collect();
    rows.sort_by_cached_key(|row| order_of(row));
    let paging = Paging::of(&visit);
    if let Some(last) = paging.before_key() {
        rows.retain(|row| key_of(row).as_str() > last);
    }
    rows.truncate(PAGE_ROWS + 1);
    let (rows, next) = paging.cut_by_key(rows, |row| key_of(row));
    let filters = Filters::new(&visit).search("service", "Service").flag("out", "Out of stock");
    let is_first = paging.before_key().is_none();
    Ok(Page::new("Stock").intro(html! { (filters) }).part(
        "table",
        html! {
            p class="count" {
                "How many numbers a new customer could order now, by service and country. Counted "
                (ago(visit.now(), table.at)) " ago."
            }
            (grid(&visit, &table, &rows, is_first && name.is_none() && !out))
            (pager(&paging, next))
        },
    ))
}

/// What is out comes first, then by name.
fn order_of(row: &StockRow) -> (usize, String) {
    (row.least().unwrap_or(usize::MAX), row.name.to_lowercase())
}

/// The place of a row in that order, as a text that sorts alike.
fn key_of(row: &StockRow) -> String {
    let (least, name) = order_of(row);
    format!("{least:020} {name}")
}

fn grid(
    visit: &Visit<Operator>,
    table: &StockTable,
    rows: &[&StockRow],
    with_rentals: bool,
) -> Markup {
    let mut grid = Table::new("stock", "Numbers by service and country").column("Service");
    for country in &table.countries {
        grid = grid.number_column(&visit.country_code(country));
    }
    if with_rentals && !table.countries.is_empty() {
        let counts = table.rentals.iter().map(|count| Some(*count));
        grid = grid.row(row(RENTALS, html! { "Rentals" }, &table.countries, counts));
    }
    let rows = rows.iter().map(|of_service| {
        let id = of_service.service;
        let name = html! { a href=(path!("/services/{}", id)) { (of_service.name) } };
        row(&id.to_string(), name, &table.countries, of_service.counts.iter().copied())
    });
    grid.rows(rows)
        .empty(Empty::new("There is nothing to sell like that.").next(html! {
            "What is sold is under " a href="/services" { "Services" } "; numbers come with SIMs."
        }))
        .render()
}

fn row(
    service: &str,
    name: Markup,
    countries: &[String],
    counts: impl Iterator<Item = Option<usize>>,
) -> Row {
    let mut least = usize::MAX;
    let mut cells = vec![name];
    for (country, count) in countries.iter().zip(counts) {
        least = least.min(count.unwrap_or(usize::MAX));
        let address = path!("/stock/{}/{}", service, country);
        cells.push(html! {
            @match count {
                Some(0) => a href=(address) title="Why?" { (badge(Tone::Bad, "0")) },
                Some(count) => a href=(address) title="Why?" { (count) },
                None => a href=(address) title="It is not sold there" { "–" },
            }
        });
    }
    let row = Row::new(service, cells);
    if least == 0 { row.marked(Tone::Bad) } else { row }
}
