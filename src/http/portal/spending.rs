//! What the customer has spent in each of the last days, and for how many codes.

use std::time::Duration;

use maud::html;

use super::Customer;
use crate::domain::Timestamp;
use crate::domain::spending::{Spending, SpendingDay};
use crate::domain::text::counted_noun;
use crate::http::web::{Access, Chart, Csv, Download, Fault, Line, Page, Route, Unit, Visit};

/// How many days are shown.
const DAYS: u32 = 30;
const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) fn routes() -> Vec<Route<Customer>> {
    vec![
        Route::page("/account/spending", Access::SignedIn, show),
        Route::file("/account/spending.csv", Access::SignedIn, file),
    ]
}

async fn spending(visit: &Visit<Customer>) -> Result<Spending, Fault> {
    Ok(visit.gateway().accounts().own_spending(visit.account(), DAYS).await?)
}

async fn show(visit: Visit<Customer>) -> Result<Page, Fault> {
    let spending = spending(&visit).await?;
    let (money, codes) = (money(&visit, &spending), codes(&spending));
    let table = html! { (money.table()) (codes.table()) };
    let file = html! { a href="/account/spending.csv" { "CSV" } };
    Ok(Page::new("Spending")
        .below("Account", visit.if_page("/account").unwrap_or("/"))
        .half_part("money", html! { (money) })
        .half_part("codes", html! { (codes) })
        .part("figures", html! { details { summary { "Figures" } (table) } p { (file) } }))
}

fn money(visit: &Visit<Customer>, spending: &Spending) -> Chart {
    let sum = spending.days.iter().map(|day| day.spent.0).sum();
    let spent = visit.money(crate::domain::Amount(sum));
    let unit = Unit::Money(visit.gateway().currency(), "spent in a day");
    let heading = format!("You have spent {spent} in the last {} days.", spending.days.len());
    chart("spent", heading, unit, spending, |day| day.spent.0 as f64)
}

fn codes(spending: &Spending) -> Chart {
    let sum: u32 = spending.days.iter().map(|day| day.codes).sum();
    let codes = counted_noun(sum, "code", "codes");
    let heading = format!("You got {codes} in the last {} days.", spending.days.len());
    chart("codes", heading, Unit::Number("codes in a day"), spending, |day| f64::from(day.codes))
}

fn chart(
    name: &str,
    heading: String,
    unit: Unit,
    spending: &Spending,
    value: impl Fn(&SpendingDay) -> f64,
) -> Chart {
    let from = spending.days.first().map_or(Timestamp(0), |day| day.day);
    let values = spending.days.iter().map(|day| Some(value(day))).collect();
    Chart::new(format!("chart-{name}"), heading, unit)
        .over(from, DAY)
        .line(Line::new(name, values))
        .figures_on("/account/spending")
}

async fn file(visit: Visit<Customer>) -> Result<Download, Fault> {
    let spending = spending(&visit).await?;
    let currency = visit.gateway().currency();
    let csv = spending.days.iter().fold(Csv::new(&["day", "spent", "codes"]), |csv, day| {
        csv.row(&[day.day.to_string(), currency.text(day.spent), day.codes.to_string()])
    });
    Ok(csv.download("spending.csv"))
}
