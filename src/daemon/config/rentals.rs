//! `[money]`, `[money.rates]` and `[rentals.packages]`.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, FreeEntry};
use super::{Config, table};
use crate::domain::Currency;
use crate::domain::currency::NotACurrency;
use crate::domain::price::{Price, PriceError, Rate, Rates};
use crate::domain::rental::{Package, Packages};

/// The currency of the accounts, and what other currencies are worth in it.
pub(super) struct Money {
    pub(super) currency: Currency,
    pub(super) rates: Rates,
}

pub(super) fn money<'d>(document: &'d Document<'d>) -> Money {
    use table::money::{CURRENCY, DECIMALS, SECTION};
    use table::rates::EUR;
    let (section, rates) = (document.section(&SECTION), document.section(&table::rates::SECTION));
    let currency = section.get(&CURRENCY).parse().unwrap_or_else(|error: NotACurrency| {
        section.fault(CURRENCY.name, error.to_string());
        Currency::USD
    });
    let decimals = section.find(&DECIMALS).unwrap_or(currency.decimals());
    let currency = currency.with_decimals(decimals);
    let default_rate = (EUR.default)();
    let mut by_currency: BTreeMap<String, Rate> = BTreeMap::new();
    // The default rate is one of euros in dollars.
    if currency.has_code_of(Currency::USD) {
        by_currency.extend(default_rate.parse().ok().map(|rate| (EUR.name.to_owned(), rate)));
    }
    for entry in rates.free_entries() {
        match entry.value.as_deref().map(str::parse::<Rate>) {
            Some(Ok(rate)) if entry.name.parse::<Currency>().is_ok() => {
                by_currency.insert(entry.name, rate);
            }
            _ => rates.fault_at(
                entry.line,
                format!("a rate is written like {} = \"{default_rate}\"", EUR.name),
            ),
        }
    }
    Money { rates: Rates::new(currency, by_currency), currency }
}

/// The packages that are sold, and what is valid but has no effect.
pub(super) fn packages<'d>(document: &'d Document<'d>, rates: Rates) -> (Packages, Vec<String>) {
    let section = document.section(&table::packages::SECTION);
    let mut prices = default_prices();
    let mut without_price: Vec<Package> = prices.keys().cloned().collect();
    for FreeEntry { name, value, line } in section.free_entries() {
        let Ok(package) = name.parse::<Package>() else {
            section.fault_at(line, "a package is months or years like \"3m\" or \"1y\"");
            continue;
        };
        without_price.retain(|unset| *unset != package);
        match value.as_deref().map(|text| (text, text.parse::<Price>())) {
            Some(("off", _)) => drop(prices.remove(&package)),
            Some((_, Ok(price))) => {
                if rates.rate(price.currency).is_none() {
                    let currency = price.currency;
                    section.fault_at(
                        line,
                        format!("[money.rates] needs {currency} = \"…\", or use another currency"),
                    );
                }
                prices.insert(package, price);
            }
            Some((_, Err(PriceError::Amount(error)))) => section.fault_at(line, error.to_string()),
            _ => {
                section.fault_at(line, "a package's price is a text like \"15.00 EUR\", or \"off\"")
            }
        }
    }
    let has_no_rate = |package: &Package| {
        prices.get(package).is_some_and(|price| rates.rate(price.currency).is_none())
    };
    let mut without_effect = Vec::new();
    if without_price.iter().any(has_no_rate) {
        without_effect.push(
            "[rentals.packages]: the default prices are in EUR and [money.rates] has no EUR, so \
             these packages are not sold"
                .to_owned(),
        );
    }
    (Packages::new(prices, rates), without_effect)
}

impl Config {
    /// Which rentals are on sale, at which prices, and at which rates these become what an account
    /// is charged: the operator has set none of it unless the file says so.
    pub fn rentals_on_sale(&self) -> String {
        let (sold, currency) = (self.gateway.packages.on_sale(), self.gateway.currency);
        if sold.is_empty() {
            return "no rentals are on sale".to_owned();
        }
        let offers = sold.iter().map(|(package, charge)| {
            let price = &charge.price;
            let converted = match price.currency == currency {
                true => String::new(),
                false => format!(" ({})", currency.text_with_code(charge.amount)),
            };
            format!("{package} {price}{converted}")
        });
        let offers = offers.collect::<Vec<_>>().join(", ");
        let converted =
            sold.iter().filter(|(_, charge)| !charge.price.currency.has_code_of(currency));
        let rates: BTreeSet<String> = converted
            .map(|(_, charge)| {
                format!("; 1 {} = {} {currency}", charge.price.currency, charge.rate)
            })
            .collect();
        let rates = rates.into_iter().collect::<String>();
        format!("rentals are on sale: {offers}{rates}; `[rentals] enabled = false` ends that")
    }
}

fn default_prices() -> BTreeMap<Package, Price> {
    use table::packages::{ONE_MONTH, ONE_YEAR, SIX_MONTHS, THREE_MONTHS};
    let keys = [ONE_MONTH, THREE_MONTHS, SIX_MONTHS, ONE_YEAR];
    let prices = keys.into_iter().filter_map(|key| {
        let price: String = (key.default)();
        key.name.parse().ok().zip(price.parse().ok())
    });
    prices.collect()
}
