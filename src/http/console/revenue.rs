//! What was earned: charges less what was given back, added up by service, country, account, SIM,
//! day or month.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use maud::{Markup, Render, html};

use super::Operator;
use super::books::day_named;
use super::ways::{country_name_link, sim_link};
use crate::domain::ledger::RevenueGroup;
use crate::domain::login::Permission::Look;
use crate::domain::{Amount, Timestamp};
use crate::gateway::{ListRequest, Revenue};
use crate::http::web::{
    Access::May, Csv, Download, Empty, Fault, Faults, Filters, Page, Route, Row, Table, Visit,
    hostile, link,
};

const SECOND: Duration = Duration::from_secs(1);
/// The page.
pub(super) const REVENUE: &str = "/revenue";

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page(REVENUE, May(Look), show),
        Route::file("/revenue.csv", May(Look), download).asked_for_on(REVENUE),
    ]
}

/// By what charges are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Service,
    Country,
    Account,
    Sim,
    Day,
    Month,
}

impl By {
    const ALL: [(By, &str, &str); 6] = [
        (By::Service, "service", "Service"),
        (By::Country, "country", "Country"),
        (By::Account, "account", "Account"),
        (By::Sim, "sim", "SIM"),
        (By::Day, "day", "Day (UTC)"),
        (By::Month, "month", "Month (UTC)"),
    ];

    /// What the address asks for; by service, if it says nothing that is known.
    fn asked(visit: &Visit<Operator>) -> By {
        let known = By::ALL.into_iter().find(|(_, word, _)| visit.query("by") == Some(word));
        known.map_or(By::Service, |(by, ..)| by)
    }

    fn heading(self) -> &'static str {
        let known = By::ALL.into_iter().find(|(by, ..)| *by == self);
        known.map_or("", |(.., heading)| heading)
    }

    fn group(self) -> RevenueGroup {
        match self {
            By::Service => RevenueGroup::Service,
            By::Country => RevenueGroup::Country,
            By::Account => RevenueGroup::Account,
            By::Sim => RevenueGroup::Sim,
            By::Day | By::Month => RevenueGroup::QuarterHour,
        }
    }

    /// How much of a time in RFC 3339 is the day or the month.
    fn octets_of_time(self) -> Option<usize> {
        match self {
            By::Day => Some("2026-05-03".len()),
            By::Month => Some("2026-05".len()),
            By::Service | By::Country | By::Account | By::Sim => None,
        }
    }
}

/// From when to when: this month, if the address says nothing else.
fn span(visit: &Visit<Operator>) -> Result<(Timestamp, Option<Timestamp>), Fault> {
    let mut faults = Faults::new();
    let mut day = |name: &str| faults.check(name, visit.query(name).map(day_named).transpose());
    let (from, to) = (day("from").flatten(), day("to").flatten());
    let (from, to) = match (from, to) {
        (Some((begin, _)), to) => (begin, to.map(|(_, end)| end)),
        (None, Some((_, end))) => (month_of(end.minus(SECOND)), Some(end)),
        (None, None) => (month_of(visit.now()), None),
    };
    if faults.is_empty() && to.is_some_and(|to| to <= from) {
        faults.add("to", "The last day is before the first.");
    }
    faults.result()?;
    Ok((from, to))
}

/// The first moment of the month that a time is in, in UTC.
fn month_of(at: Timestamp) -> Timestamp {
    let text = at.to_string();
    let month = text.get(.."2026-05".len()).unwrap_or_default();
    day_named(&format!("{month}-01")).map_or(at, |(begin, _)| begin)
}

/// What was earned, in groups: the largest amounts first, or the last days or months.
async fn earned(visit: &Visit<Operator>, by: By) -> Result<Vec<Revenue>, Fault> {
    let (from, to) = span(visit)?;
    let request = ListRequest { from: Some(from), to, ..ListRequest::default() };
    let rows = visit.gateway().reports().revenue(by.group(), request).await?;
    Ok(match by.octets_of_time() {
        Some(octets) => by_time(rows, octets),
        None => rows,
    })
}

/// Adds quarters of an hour up whose times begin alike. The last ones come first.
fn by_time(quarters: Vec<Revenue>, octets: usize) -> Vec<Revenue> {
    let mut sums = BTreeMap::<(String, String), Revenue>::new();
    for row in quarters {
        let time = row.group.as_deref().and_then(|time| time.get(..octets)).unwrap_or_default();
        match sums.entry((time.to_owned(), row.currency.clone())) {
            Entry::Vacant(entry) => {
                let group = Some(time.to_owned());
                entry.insert(Revenue { group, ..row });
            }
            Entry::Occupied(mut entry) => add(entry.get_mut(), &row),
        }
    }
    sums.into_values().rev().collect()
}

fn add(sum: &mut Revenue, row: &Revenue) {
    sum.orders += row.orders;
    sum.terms += row.terms;
    sum.refunds += row.refunds;
    sum.amount = Amount(sum.amount.0 + row.amount.0);
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let by = By::asked(&visit);
    let rows = earned(&visit, by).await?;
    let (from, to) = span(&visit)?;
    let total = rows.iter().fold(0, |total, row| total + row.amount.0);
    let until = to.map_or_else(|| "now".to_owned(), |to| day_text(to.minus(SECOND)));
    let file = visit.address_with(&[]).replacen(REVENUE, "/revenue.csv", 1);
    let choices = By::ALL.map(|(_, word, heading)| (word, heading));
    let filters = Filters::new(&visit)
        .one_of("by", "By", &choices)
        .day("from", "From (UTC)")
        .day("to", "To and including");
    Ok(Page::new("Revenue").below("Charts", "/charts").intro(filters.render()).part(
        "list",
        html! {
            p {
                "From " (day_text(from)) " to " (until) ": "
                strong { (visit.money(Amount(total))) }
                ", what was charged for orders and rentals less what was given back."
            }
            (table(&visit, by, &rows))
            p { (link(&file, "As CSV")) }
        },
    ))
}

fn day_text(at: Timestamp) -> String {
    at.to_string().chars().take("2026-05-03".len()).collect()
}

fn table(visit: &Visit<Operator>, by: By, rows: &[Revenue]) -> Table {
    let currency = visit.gateway().currency();
    let rows = rows.iter().enumerate().map(|(index, row)| {
        Row::new(
            index,
            [
                group(visit, by, row.group.as_deref()),
                html! { (row.orders) },
                html! { (row.terms) },
                html! { (row.refunds) },
                html! { (currency.text(row.amount)) },
            ],
        )
    });
    Table::new("revenue", "What was earned")
        .column(by.heading())
        .number_column("Orders")
        .number_column("Terms of rentals")
        .number_column("Refunds")
        .number_column(&format!("Earned, {currency}"))
        .rows(rows)
        .empty(Empty::new("Nothing was charged in this time."))
}

fn group(visit: &Visit<Operator>, by: By, group: Option<&str>) -> Markup {
    match (by, group) {
        (By::Service, None) => html! { "Rentals" },
        (_, None) => html! { "–" },
        (By::Country, Some(code)) => country_name_link(visit, Some(code)),
        (By::Sim, Some(iccid)) => match iccid.parse() {
            Ok(iccid) => sim_link(Some(&iccid)),
            Err(_) => html! { (iccid) },
        },
        (_, Some(name)) => hostile(name),
    }
}

async fn download(visit: Visit<Operator>) -> Result<Download, Fault> {
    let (by, currency) = (By::asked(&visit), visit.gateway().currency());
    let rows = earned(&visit, by).await?;
    let word = By::ALL.into_iter().find(|(known, ..)| *known == by).map_or("group", |it| it.1);
    let csv = Csv::new(&[word, "orders", "terms", "refunds", "amount", "currency"]);
    let csv = rows.iter().fold(csv, |csv, row| {
        csv.row(&[
            row.group.clone().unwrap_or_default(),
            row.orders.to_string(),
            row.terms.to_string(),
            row.refunds.to_string(),
            currency.text(row.amount),
            row.currency.clone(),
        ])
    });
    Ok(csv.download("revenue.csv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(group: &str, amount: i64) -> Revenue {
        let (group, currency) = (Some(group.to_owned()), "USD".to_owned());
        Revenue { group, currency, orders: 1, terms: 0, refunds: 0, amount: Amount(amount) }
    }

    #[test]
    fn quarters_of_an_hour_are_added_up_to_days_and_months_the_last_one_first() {
        let quarters = vec![
            row("2026-05-03T10:00:00Z", 50),
            row("2026-05-03T23:45:00Z", 30),
            row("2026-06-01T00:00:00Z", 5),
        ];
        let sums = |by: By| {
            let rows = by_time(quarters.clone(), by.octets_of_time().unwrap());
            rows.into_iter().map(|row| (row.group.unwrap(), row.amount.0)).collect::<Vec<_>>()
        };
        let named = |name: &str, amount| (name.to_owned(), amount);
        assert_eq!(sums(By::Day), [named("2026-06-01", 5), named("2026-05-03", 80)]);
        assert_eq!(sums(By::Month), [named("2026-06", 5), named("2026-05", 80)]);
    }

    #[test]
    fn without_a_day_it_is_of_this_month() {
        let at: Timestamp = "2026-05-17T12:34:56Z".parse().unwrap();
        assert_eq!(day_text(month_of(at)), "2026-05-01");
        let first: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
        assert_eq!(month_of(first), first);
    }
}
