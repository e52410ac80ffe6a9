//! The charts: all of them for a time, and each with its figures.

mod drawing;
mod names;
mod signal;

use maud::{Markup, html};

use super::Operator;
use super::revenue::REVENUE;
use crate::domain::login::Permission::Look;
use crate::domain::sample::ChartRange;
use crate::http::web::{Access, Chart, Csv, Download, Fault, Page, Route, Visit, link, path};
use names::ChartName;
pub(super) use signal::signal_part;

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page("/charts", Access::May(Look), all),
        Route::page("/charts/{chart}", Access::May(Look), one),
        Route::file("/charts/{chart}/figures.csv", Access::May(Look), file),
        Route::page("/modems/{port}/signal", Access::May(Look), signal::show),
        Route::file("/modems/{port}/signal.csv", Access::May(Look), signal::file),
    ]
}

/// The time that is asked for: a day, if nothing else is.
fn range(visit: &Visit<Operator>) -> Result<ChartRange, Fault> {
    match visit.query("range") {
        None => Ok(ChartRange::Day),
        Some(word) => word.parse().map_err(|_| {
            Fault::NotFound("There are charts of 1h, 24h, 7d, 30d and 1y.".to_owned())
        }),
    }
}

fn chart_name(visit: &Visit<Operator>) -> Result<ChartName, Fault> {
    let unknown = |_| Fault::NotFound("There is no such chart.".to_owned());
    visit.param("chart").parse().map_err(unknown)
}

async fn draw(visit: &Visit<Operator>, name: ChartName, range: ChartRange) -> Result<Chart, Fault> {
    let timeline = visit.gateway().samples().timeline(name.topic(), range).await?;
    let page = figures_page(name, range);
    Ok(drawing::draw(name, &timeline, visit.gateway().currency()).figures_on(page))
}

async fn all(visit: Visit<Operator>) -> Result<Page, Fault> {
    let range = range(&visit)?;
    let has_banks = !visit.gateway().banks().reports().is_empty();
    let mut page = Page::new("Charts").intro(html! {
        (ranges(&visit, range))
        p { (link(REVENUE, "Revenue by service, country, account, SIM, day or month")) }
    });
    for name in ChartName::ALL.into_iter().filter(|name| has_banks || !name.is_of_banks()) {
        let chart = draw(&visit, name, range).await?.more(ways(name, range));
        page = page.half_part(format!("chart-{name}"), html! { (chart) });
    }
    Ok(page)
}

/// The page with a chart's figures.
fn figures_page(name: ChartName, range: ChartRange) -> String {
    format!("{}?range={range}", path!("/charts/{}", name))
}

/// The ways to a chart's figures.
fn ways(name: ChartName, range: ChartRange) -> Markup {
    html! {
        a href=(figures_page(name, range)) { "Figures" } " · "
        a href={ (path!("/charts/{}/figures.csv", name)) "?range=" (range) } { "CSV" }
    }
}

/// The times that can be chosen.
fn ranges(visit: &Visit<Operator>, chosen: ChartRange) -> Markup {
    html! {
        nav class="ranges" aria-label="Time" { ul { @for range in ChartRange::ALL { li {
            a href=(visit.address_with(&[("range", Some(range.as_str()))]))
                aria-current=[(range == chosen).then_some("true")] { (range) }
        } } } }
    }
}

async fn one(visit: Visit<Operator>) -> Result<Page, Fault> {
    let (name, range) = (chart_name(&visit)?, range(&visit)?);
    let chart = draw(&visit, name, range).await?;
    let table = chart.table();
    let csv =
        html! { a href={ (path!("/charts/{}/figures.csv", name)) "?range=" (range) } { "CSV" } };
    Ok(Page::new(format!("Chart: {name}"))
        .below("Charts", format!("/charts?range={range}"))
        .intro(ranges(&visit, range))
        .part("chart", html! { (chart.more(csv)) })
        .part("figures", html! { h2 { "Figures" } (table) }))
}

async fn file(visit: Visit<Operator>) -> Result<Download, Fault> {
    let (name, range) = (chart_name(&visit)?, range(&visit)?);
    Ok(csv(&draw(&visit, name, range).await?).download(format!("{name}-{range}.csv")))
}

/// A chart's figures as a file.
fn csv(chart: &Chart) -> Csv {
    let (names, rows) = chart.plain();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    rows.iter().fold(Csv::new(&names), |csv, row| csv.row(row))
}
