//! What anybody may ask: what is sold, where, and for how much. With a key that opens an account it
//! is what that account could buy.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Number;

use super::super::super::api::Api;
use super::super::super::params::Params;
use super::names::{
    OPERATOR, country_code, country_in, country_name, hosting_products, is_operator,
};
use super::reply::{Answer, Phrase, Refused, Reply};
use super::shapes::money;
use crate::domain::{AccountId, Amount, Countries, Currency, ServiceId, market_countries};
use crate::gateway::{CountryPrices, PriceFilter, PricedService, PurchaseCountry, ServiceFigures};

/// What is sold nowhere has no prices, and neither has what is not known.
const NOTHING: BTreeMap<&str, ()> = BTreeMap::new();

/// A country in which numbers are sold. The first four members are in this order, and the operators
/// behind them: a client counts on it.
#[derive(Serialize)]
struct CountryObject {
    iso: BTreeMap<String, u8>,
    prefix: BTreeMap<String, u8>,
    text_en: &'static str,
    text_ru: &'static str,
    virtual4: BTreeMap<&'static str, u8>,
}

/// The calling code of the country with this code, with `+`.
pub(super) fn calling_code(countries: &Countries, code: &str) -> String {
    let known = countries.find(code).map(|country| country.calling_code.as_str());
    format!("+{}", known.unwrap_or_default())
}

/// `guest/countries`.
pub(super) async fn countries(api: &Api, account: Option<AccountId>) -> Answer {
    let sold = api.gateway.stock().price_list(account, PriceFilter::default()).await?;
    let settings = api.gateway.settings();
    let object = |sold: &CountryPrices| {
        let iso_code = settings.countries.iso_code(&sold.country);
        let known = market_countries::by_iso_code(iso_code)?;
        named_offers(sold).next()?;
        let object = CountryObject {
            iso: [(iso_code.to_ascii_lowercase(), 1)].into(),
            prefix: [(calling_code(&settings.countries, &sold.country), 1)].into(),
            text_en: known.english,
            text_ru: known.russian,
            virtual4: [("activation", 1)].into(),
        };
        Some((known.fivesim, object))
    };
    let all: BTreeMap<&str, CountryObject> = sold.iter().filter_map(object).collect();
    Reply::json(&all)
}

/// What is sold in a country under a name of this dialect.
fn named_offers(sold: &CountryPrices) -> impl Iterator<Item = (&str, &PricedService)> {
    sold.offers.iter().filter_map(|offer| {
        let name = offer.service.market_names.fivesim.as_ref()?;
        Some((name.as_str(), offer))
    })
}

/// A product in one country or in all.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Product {
    category: &'static str,
    qty: usize,
    price: Number,
}

/// How many numbers there are, and the lowest price for which there are some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Total {
    count: usize,
    price: Amount,
}

impl Total {
    fn with(self, other: Total) -> Total {
        // A price for which there is no number says least.
        let cheapest = match (self.count, other.count) {
            (0, 1..) => other.price,
            (1.., 0) => self.price,
            _ => self.price.min(other.price),
        };
        Total { count: self.count + other.count, price: cheapest }
    }

    fn product(self, category: &'static str, currency: Currency) -> Product {
        Product { category, qty: self.count, price: money(currency, self.price) }
    }
}

/// `guest/products/{country}/{operator}`.
pub(super) async fn products(
    api: &Api,
    account: Option<AccountId>,
    country: &str,
    operator: &str,
) -> Answer {
    let settings = api.gateway.settings();
    let country = match country_in(&settings.countries, country) {
        Some(PurchaseCountry::Cheapest) => None,
        Some(PurchaseCountry::Code(code)) => Some(code),
        None => return Reply::json(&NOTHING),
    };
    if !is_operator(operator) {
        return Reply::json(&NOTHING);
    }
    let filter = PriceFilter { country: country.clone(), service: None };
    let sold = api.gateway.stock().price_list(account, filter).await?;
    let mut totals: BTreeMap<&str, Total> = BTreeMap::new();
    for (name, offer) in sold.iter().flat_map(named_offers) {
        let here = Total { count: offer.count, price: offer.price };
        totals.entry(name).and_modify(|total| *total = total.with(here)).or_insert(here);
    }
    let product = |total: Total| total.product("activation", settings.currency);
    let mut products: BTreeMap<&str, Product> =
        totals.into_iter().map(|(name, total)| (name, product(total))).collect();
    if let Some(count) = rentable(api, country.as_deref()).await? {
        for (name, package) in hosting_products() {
            let Some((_, charge)) = settings.packages.find(package) else { continue };
            let total = Total { count, price: charge.amount };
            products.insert(name, total.product("hosting", settings.currency));
        }
    }
    Reply::json(&products)
}

/// How many numbers could be rented in a country, or in all; `None` where there are no SIMs.
async fn rentable(api: &Api, country: Option<&str>) -> Result<Option<usize>, Refused> {
    let rentable = api.gateway.stock().rentable().await?;
    Ok(match country {
        Some(code) => rentable.get(code).copied(),
        None if rentable.is_empty() => None,
        None => Some(rentable.values().sum()),
    })
}

/// What a product costs in a country.
#[derive(Serialize)]
struct Price {
    cost: Number,
    count: usize,
    /// The share of orders that got a code, in percent, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
}

/// `guest/prices`: by country, product and operator; if only a product is asked for, by product,
/// country and operator.
pub(super) async fn prices(api: &Api, account: Option<AccountId>, params: &Params) -> Answer {
    let settings = api.gateway.settings();
    let (country, product) = (params.get("country"), params.get("product"));
    let code = country
        .map(|name| country_code(&settings.countries, name).ok_or(Phrase::CountryIsIncorrect));
    let code = code.transpose()?;
    let service = match product {
        Some(name) => Some(service_named(api, name).await?),
        None => None,
    };
    let filter = PriceFilter { country: code, service };
    let sold = api.gateway.stock().price_list(account, filter).await?;
    let figures = api.gateway.health().recent_figures().await?;
    let price = |offer: &PricedService| Price {
        cost: money(settings.currency, offer.price),
        count: offer.count,
        rate: figures.get(&offer.service.id).and_then(|figures| percent(*figures)),
    };
    let mut by_country = BTreeMap::new();
    for sold in &sold {
        let of_country = named_offers(sold).map(|(name, offer)| {
            let by_operator: BTreeMap<&str, Price> = [(OPERATOR, price(offer))].into();
            (name, by_operator)
        });
        let of_country: BTreeMap<&str, _> = of_country.collect();
        if !of_country.is_empty() {
            by_country.insert(country_name(&settings.countries, &sold.country), of_country);
        }
    }
    if country.is_some() || product.is_none() {
        return Reply::json(&by_country);
    }
    let mut by_product: BTreeMap<&str, BTreeMap<String, _>> = BTreeMap::new();
    for (country, of_country) in by_country {
        for (product, by_operator) in of_country {
            by_product.entry(product).or_default().insert(country.clone(), by_operator);
        }
    }
    Reply::json(&by_product)
}

/// The service that is asked for by its name.
async fn service_named(api: &Api, name: &str) -> Result<ServiceId, Refused> {
    let found = api.gateway.services().with_fivesim_name(name.to_owned()).await?;
    found.ok_or_else(|| Phrase::ProductIsIncorrect.into())
}

/// The share of a service's orders that got a code, in percent with one decimal.
fn percent(figures: ServiceFigures) -> Option<f64> {
    figures.success.map(|share| (share * 1000.0).round() / 10.0)
}

/// `guest/flash/{language}`: there is no notice.
#[derive(Serialize)]
struct Flash {
    text: &'static str,
}

pub(super) fn flash() -> Answer {
    Reply::json(&Flash { text: "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_has_the_lowest_price_for_which_there_are_numbers() {
        let total = |count, price| Total { count, price: Amount(price) };
        for (one, other, expected) in [
            (total(2, 50), total(3, 80), total(5, 50)),
            (total(2, 80), total(3, 50), total(5, 50)),
            (total(0, 50), total(3, 80), total(3, 80)),
            (total(3, 80), total(0, 50), total(3, 80)),
            (total(0, 80), total(0, 50), total(0, 50)),
        ] {
            assert_eq!(one.with(other), expected);
        }
    }

    #[test]
    fn a_rate_is_told_in_percent_where_it_is_known() {
        let figures = |success| ServiceFigures { success, median_seconds: None };
        assert_eq!(percent(figures(Some(0.9549))), Some(95.5));
        assert_eq!(percent(figures(Some(1.0))), Some(100.0));
        assert_eq!(percent(figures(None)), None);
    }
}
