//! What can be rented, and for how much.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::super::super::super::api::Api;
use super::super::super::super::params::Params;
use super::super::super::Caller;
use super::super::answer::{Answer, Reply, Word};
use super::super::shapes::country_number;
use super::requests::{self, FULL};
use super::values::Numbered;
use crate::domain::Service;
use crate::gateway::PurchaseCountry;

/// What one service of a list costs, and how many numbers there are.
#[derive(Serialize, Clone, Copy)]
struct Offered {
    cost: f64,
    quant: usize,
    retail_cost: f64,
}

/// What a term costs in a country, and how many numbers there are.
#[derive(Serialize)]
struct Priced {
    price: f64,
    count: usize,
}

/// `getRentServicesAndCountries`. A request that says no time is shown the shortest term.
pub(super) async fn offers(api: &Api, caller: &Caller, params: &Params) -> Answer {
    caller.reader(api)?;
    let wanted = requests::country(api, params)?;
    let sold = requests::package_or_shortest(api, params)?;
    let (settings, rentable) = (api.gateway.settings(), api.gateway.stock().rentable().await?);
    let (code, quant) = match wanted {
        PurchaseCountry::Code(code) => rentable.get_key_value(&code),
        PurchaseCountry::Cheapest => rentable.iter().max_by_key(|(_, count)| **count),
    }
    .filter(|(_, count)| **count > 0)
    .ok_or(Word::OutOfStock)?;
    let cost = api.gateway.currency().units(sold.price);
    let offered = Offered { cost, quant: *quant, retail_cost: cost };
    let mut services = BTreeMap::from([(FULL.to_owned(), offered)]);
    for service in api.gateway.services().list().await? {
        services.extend(code_in(&service, code).map(|code| (code, offered)));
    }
    let with_numbers = rentable.iter().filter(|(_, count)| **count > 0);
    let countries = with_numbers.filter_map(|(code, _)| country_number(&settings, code));
    Reply::json(&json!({
        "countries": Numbered(countries.collect()),
        "operators": {"0": "any"},
        "services": services,
        "currency": api.gateway.currency().number(),
    }))
}

/// The code of a service that is sold in a country.
fn code_in(service: &Service, country: &str) -> Option<String> {
    let is_sold = service.enabled && service.price_in(country).is_some();
    service.market_names.code.as_ref().filter(|_| is_sold).map(|code| code.as_str().to_owned())
}

/// `serviceCountRent` and `getRentPrices`: of each country with numbers what each term costs.
pub(super) async fn prices(api: &Api, caller: &Caller, params: &Params) -> Answer {
    caller.reader(api)?;
    if params.get("service").is_some() {
        requests::check_service(api, params).await?;
    }
    let only = requests::hours(params);
    let only = only.map(|hours| requests::package_of(api, Some(hours))).transpose()?;
    let (settings, currency) = (api.gateway.settings(), api.gateway.currency());
    let rentable = api.gateway.stock().rentable().await?;
    let mut countries = BTreeMap::new();
    for (code, count) in rentable.iter().filter(|(_, count)| **count > 0) {
        let Some(country) = country_number(&settings, code) else { continue };
        let on_sale = settings.packages.on_sale().into_iter();
        let wanted = on_sale.filter(|(package, _)| {
            only.as_ref().is_none_or(|only| only.package.hours() == package.hours())
        });
        let priced = wanted.map(|(package, charge)| {
            let priced = Priced { price: currency.units(charge.amount), count: *count };
            (package.hours().to_string(), priced)
        });
        countries.insert(country.to_string(), priced.collect::<BTreeMap<_, _>>());
    }
    Reply::json(&countries)
}
