//! `[money]` and `[rentals]`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::reader::Section;
use crate::domain::price::{Price, Rate, Rates, is_currency};
use crate::domain::rental::{Package, Packages};

/// `[money]`.
pub(super) struct Money {
    pub(super) currency: String,
    pub(super) rates: Rates,
}

/// The rate of the document's euro prices for accounts in dollars.
const EURO_IN_DOLLARS: &str = "1.08";

pub(super) fn money(mut section: Section<'_>) -> Money {
    let currency = section.text("currency").unwrap_or_else(|| "USD".to_owned());
    if !is_currency(&currency) {
        section.fault("currency", "a currency is three capital letters like \"USD\"");
    }
    let mut by_currency: BTreeMap<String, Rate> = BTreeMap::new();
    if currency == "USD" {
        by_currency.extend(EURO_IN_DOLLARS.parse().ok().map(|rate| ("EUR".to_owned(), rate)));
    }
    for entry in section.section("rates").named_texts() {
        match entry.value.as_deref().map(str::parse::<Rate>) {
            Some(Ok(rate)) if is_currency(&entry.name) => {
                by_currency.insert(entry.name, rate);
            }
            _ => section.fault_at(
                entry.line,
                format!("a rate is written like EUR = \"{EURO_IN_DOLLARS}\""),
            ),
        }
    }
    section.end();
    Money { rates: Rates::new(currency.clone(), by_currency), currency }
}

/// `[rentals]`: what is sold, and for how long a SIM rests between tenants.
pub(super) fn rentals(
    mut section: Section<'_>,
    rates: Rates,
    without_effect: &mut Vec<String>,
) -> (Packages, Duration) {
    let rest = section.duration_or_zero("rest").unwrap_or(Duration::from_secs(30 * 24 * 3600));
    let mut prices = Packages::document();
    let document: Vec<Package> = prices.keys().cloned().collect();
    let mut said = Vec::new();
    for entry in section.section("packages").named_texts() {
        let Ok(package) = entry.name.parse::<Package>() else {
            section.fault_at(entry.line, "a package is months or years like \"3m\" or \"1y\"");
            continue;
        };
        said.push(package.clone());
        match entry.value.as_deref().map(|text| (text, text.parse::<Price>())) {
            Some(("off", _)) => drop(prices.remove(&package)),
            Some((_, Ok(price))) => {
                if rates.rate(&price.currency).is_none() {
                    let currency = &price.currency;
                    section.fault_at(
                        entry.line,
                        format!("[money.rates] needs {currency} = \"…\", or name another currency"),
                    );
                }
                prices.insert(package, price);
            }
            _ => section
                .fault_at(entry.line, "a package's price is a text like \"15.00 EUR\", or \"off\""),
        }
    }
    // Without a rate the document's prices mean nothing.
    let unsold = document.iter().filter(|package| !said.contains(package));
    if unsold.clone().any(|package| {
        prices.get(package).is_some_and(|price| rates.rate(&price.currency).is_none())
    }) {
        without_effect.push(
            "rentals: the document's prices are in EUR, and [money.rates] has no EUR; they"
                .to_owned(),
        );
    }
    section.end();
    (Packages::new(prices, rates), rest)
}
