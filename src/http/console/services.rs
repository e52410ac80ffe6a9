//! All services: prices, patterns, whether they are on sale, and how their orders end.

use std::collections::BTreeMap;

use maud::{Markup, Render, html};

use super::Operator;
use crate::domain::catalogue::{ChargeOn, CountryPrice};
use crate::domain::login::Permission::{Act, Look};
use crate::domain::{Amount, Service};
use crate::gateway::{ServiceFigures, Topic};
use crate::http::web::{
    Access, Empty, Fault, Filters, PAGE_ROWS, Page, Paging, Route, Row, Table, Tone, Visit, badge,
    pager, path,
};

/// How many of a service's country prices a list shows.
const SHOWN_PRICES: usize = 3;

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![Route::page("/services", Access::May(Look), list).live_on(&[Topic::Services])]
}

/// Whether a service can be ordered.
pub(super) fn sale_badge(service: &Service) -> Markup {
    if service.enabled { badge(Tone::Good, "on sale") } else { badge(Tone::Quiet, "off") }
}

/// The share of orders that got their code.
pub(super) fn success(figures: ServiceFigures) -> Markup {
    html! {
        @match figures.success {
            Some(share) => (format!("{:.0} %", share * 100.0)),
            None => span title="too few orders to say" { "–" },
        }
    }
}

/// The median of the seconds to the code.
pub(super) fn seconds_to_code(figures: ServiceFigures) -> Markup {
    html! {
        @match figures.median_seconds {
            Some(seconds) => { (seconds) " s" },
            None => "–",
        }
    }
}

/// What an operator may not have meant of a service, and what it leads to.
pub(super) fn remarks(service: &Service) -> Vec<&'static str> {
    let mut remarks = Vec::new();
    if service.price == Amount::ZERO {
        remarks.push("It is free: its price is zero.");
    }
    if !service.has_patterns() {
        remarks.push(match service.charges_on() {
            ChargeOn::Sms => UNPATTERNED,
            ChargeOn::Code => UNPATTERNED_WITH_CODE,
        });
    }
    remarks
}

const UNPATTERNED: &str = "It has no patterns: an open order gets, and is charged for, any message \
    to its number that no other service matches.";
const UNPATTERNED_WITH_CODE: &str = "It has no patterns: an open order gets any message to its \
    number that no other service matches, and is charged for the first with a code.";

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let mut services = visit.gateway().services().list().await?;
    let is_none_at_all = services.is_empty();
    let part = visit.query("name").map(str::to_lowercase);
    let state = visit.query("state");
    services.retain(|service| {
        let is_named = |part: &String| service.name.to_lowercase().contains(part);
        let is_in = |state: &str| (state == "on") == service.enabled;
        part.as_ref().is_none_or(is_named) && state.is_none_or(is_in)
    });
    services.sort_by_cached_key(key_of);
    let paging = Paging::of(&visit);
    if let Some(last) = paging.before_key() {
        services.retain(|service| key_of(service).as_str() > last);
    }
    services.truncate(PAGE_ROWS + 1);
    let (services, next) = paging.cut_by_key(services, key_of);
    let figures = visit.gateway().health().last_figures().unwrap_or_default();
    let row = |service: &Service| {
        let figures = figures.get(&service.id).copied().unwrap_or_default();
        row(&visit, service, figures)
    };
    let table = Table::new("services", "Services")
        .column("Service")
        .number_column("Price")
        .column("In countries")
        .column("Patterns")
        .column("Sale")
        .number_column("Got a code")
        .number_column("Code after")
        .rows(services.iter().map(row))
        .empty(nothing(is_none_at_all));
    let states = [("on", "on sale"), ("off", "off")];
    let filters = Filters::new(&visit).search("name", "Name").choice("state", "Sale", &states);
    let page = Page::new("Services").intro(html! {
        (filters)
        @if visit.may(Act) {
            p class="buttons" {
                a class="button" href="/services/new" { "Add a service" }
                a class="button" href="/services/import" { "Import a catalogue" }
            }
        }
    });
    Ok(page.part("list", html! {
        (table.render())
        (pager(&paging, next))
        p class="hint" {
            "How the orders of the last seven days ended that say something of the service; the "
            "median of the seconds to the code."
        }
    }))
}

/// Services stand by their names.
fn key_of(service: &Service) -> String {
    format!("{} {}", service.name.to_lowercase(), service.id)
}

fn row(visit: &Visit<Operator>, service: &Service, figures: ServiceFigures) -> Row {
    Row::new(
        service.id,
        [
            html! {
                a href=(path!("/services/{}", service.id)) { (service.name) } " "
                small { (service.id) }
            },
            html! {
                (visit.money(service.price)) @if service.price == Amount::ZERO { ", free" }
            },
            country_prices(visit, &service.country_prices),
            patterns(service),
            sale_badge(service),
            success(figures),
            seconds_to_code(figures),
        ],
    )
}

/// The prices of countries that have their own.
pub(super) fn country_prices(
    visit: &Visit<Operator>,
    own: &BTreeMap<String, CountryPrice>,
) -> Markup {
    let currency = visit.gateway().currency();
    let in_words = |(country, price): (&String, &CountryPrice)| match price {
        CountryPrice::Amount(amount) => {
            format!("{} {}", visit.country_code(country), currency.text(*amount))
        }
        CountryPrice::Off => format!("not in {}", visit.country_code(country)),
    };
    let shown: Vec<String> = own.iter().take(SHOWN_PRICES).map(in_words).collect();
    let more = own.len().saturating_sub(SHOWN_PRICES);
    html! {
        (shown.join(", "))
        @if own.is_empty() { "the same everywhere" }
        @if more > 0 { " and " (more) " more" }
    }
}

fn patterns(service: &Service) -> Markup {
    html! {
        @if service.has_patterns() {
            (service.senders.len()) " of senders, " (service.texts.len()) " of texts"
        } @else { (badge(Tone::Fair, "none")) }
    }
}

fn nothing(is_none_at_all: bool) -> Empty {
    match is_none_at_all {
        true => Empty::new("No services yet.").next(html! {
            a href="/services/new" { "Add one" } ", or "
            a href="/services/import" { "import a catalogue" }
            ": several dozen come with simbridge."
        }),
        false => Empty::new("No service is like that."),
    }
}
