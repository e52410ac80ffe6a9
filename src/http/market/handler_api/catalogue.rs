//! What is sold: services, countries, prices, and how many numbers there are. Many programs ask for
//! all of it before each purchase.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::super::api::Api;
use super::super::super::params::Params;
use super::super::Caller;
use super::answer::{Answer, Refused, Reply, Word};
use super::numbers::{operators as operators_named, service};
use super::parameters::{count, country_of_number, is_set};
use super::prices::{Form, Sold};
use super::shapes::country_number;
use crate::domain::home_network::market_slug;
use crate::domain::market_countries;
use crate::gateway::PriceFilter;

/// How many rows a page of countries has at most.
const MOST_COUNTRIES: u32 = 100;

/// What is asked of what is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Prices with counts.
    Prices(Form),
    NumbersStatus,
    Countries,
    Services,
    Operators,
    /// Where a service is cheapest.
    TopCountries,
    TopCountriesInPages,
}

impl Action {
    /// The action with this name.
    pub(super) fn of_name(name: &str) -> Option<Action> {
        Some(match name {
            "getPrices" => Action::Prices(Form::ByCountry),
            "getPricesExtended" => Action::Prices(Form::WithPriceMap),
            "getPricesV2" => Action::Prices(Form::PriceMap),
            "getPricesV3" => Action::Prices(Form::ByProvider),
            "getPricesVerification" => Action::Prices(Form::ByService),
            "getNumbersStatus" => Action::NumbersStatus,
            "getCountries" => Action::Countries,
            "getServicesList" => Action::Services,
            "getOperators" => Action::Operators,
            "getTopCountriesByService" | "getTopCountriesByServiceRank" => Action::TopCountries,
            "getListOfTopCountriesByService" => Action::TopCountriesInPages,
            _ => return None,
        })
    }
}

pub(super) async fn answer(api: &Api, caller: &Caller, params: &Params, action: Action) -> Answer {
    match action {
        Action::Prices(form) => Ok(Reply::Json(sold(api, caller, params).await?.prices(form))),
        Action::NumbersStatus => numbers_status(api, caller, params).await,
        Action::Countries => countries(api, caller).await,
        Action::Services => services(api, caller, params).await,
        Action::Operators => operators(api, caller, params).await,
        Action::TopCountries => top_countries(api, caller, params).await,
        Action::TopCountriesInPages => pages_of_countries(api, caller, params).await,
    }
}

/// What is sold, as far as the request's service and country limit it.
async fn sold(api: &Api, caller: &Caller, params: &Params) -> Result<Sold, Refused> {
    let service = match params.get("service") {
        Some(_) => Some(service(api, params).await?),
        None => None,
    };
    let settings = api.gateway.settings();
    let country = params.get("country").map(|text| country_of_number(&settings.countries, text));
    let filter = PriceFilter { country: country.transpose()?, service };
    of_filter(api, caller, filter).await
}

async fn of_filter(api: &Api, caller: &Caller, filter: PriceFilter) -> Result<Sold, Refused> {
    let account = caller.reader(api)?.account;
    let list = api.gateway.stock().price_list(Some(account), filter).await?;
    let settings = api.gateway.settings();
    Ok(Sold::new(settings.currency, |code| country_number(&settings, code), list))
}

/// `getNumbersStatus`: under the service's code, and under the code with the `0` that stood for
/// numbers without call forwarding.
async fn numbers_status(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let settings = api.gateway.settings();
    // Numbers are not counted by operator.
    operators_named(&settings.home_networks, params.get("operator"))?;
    let country = match params.get("country") {
        Some(text) => country_of_number(&settings.countries, text)?,
        None => settings.market.default_country.clone(),
    };
    let filter = PriceFilter { country: Some(country), service: None };
    let sold = of_filter(api, caller, filter).await?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in sold.rows() {
        counts.insert(row.service.to_owned(), row.count);
        counts.insert(format!("{}_0", row.service), row.count);
    }
    Reply::json(&counts)
}

#[derive(Serialize)]
struct CountryRow {
    id: u16,
    rus: &'static str,
    eng: &'static str,
    chn: &'static str,
    visible: u8,
    retry: u8,
    rent: u8,
    #[serde(rename = "multiService")]
    multi_service: u8,
}

/// `getCountries`: those in which something is sold.
async fn countries(api: &Api, caller: &Caller) -> Answer {
    let sold = of_filter(api, caller, PriceFilter::default()).await?;
    let rent = u8::from(!api.gateway.settings().packages.on_sale().is_empty());
    let row = |number| {
        let country = market_countries::by_number(number)?;
        let (rus, eng, chn) = (country.russian, country.english, country.chinese);
        let (visible, retry, multi_service) = (1, 1, 0);
        Some((
            number,
            CountryRow { id: number, rus, eng, chn, visible, retry, rent, multi_service },
        ))
    };
    let countries: BTreeMap<u16, CountryRow> =
        sold.rows().filter_map(|sold| row(sold.country)).collect();
    Reply::json(&countries)
}

#[derive(Serialize)]
struct Services<'s> {
    status: &'static str,
    services: Vec<ServiceRow<'s>>,
}

#[derive(Serialize)]
struct ServiceRow<'s> {
    code: &'s str,
    name: &'s str,
}

/// `getServicesList`: those that are sold anywhere, or in a country.
async fn services(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let settings = api.gateway.settings();
    let country = params.get("country").map(|text| country_of_number(&settings.countries, text));
    let filter = PriceFilter { country: country.transpose()?, service: None };
    let sold = of_filter(api, caller, filter).await?;
    let by_code: BTreeMap<&str, &str> = sold.rows().map(|row| (row.service, row.name)).collect();
    let services = by_code.into_iter().map(|(code, name)| ServiceRow { code, name });
    Reply::json(&Services { status: "success", services: services.collect() })
}

#[derive(Serialize)]
struct Operators {
    status: &'static str,
    #[serde(rename = "countryOperators")]
    by_country: BTreeMap<u16, Vec<String>>,
}

#[derive(Serialize)]
struct Failed {
    status: &'static str,
    error: &'static str,
}

/// `getOperators`: `any`, and those that SIMs are of.
async fn operators(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let sold = sold(api, caller, params).await?;
    let countries: BTreeSet<u16> = sold.rows().map(|row| row.country).collect();
    if countries.is_empty() && params.get("country").is_some() {
        let word = Word::OperatorsNotFound;
        return Reply::json_refusal(word, &Failed { status: "error", error: word.as_str() });
    }
    let any = |country: &u16| (*country, vec!["any".to_owned()]);
    let mut by_country: BTreeMap<u16, Vec<String>> = countries.iter().map(any).collect();
    for (country, name) in api.gateway.stock().mobile_operators().await? {
        let operators = sold.country_number(&country).and_then(|one| by_country.get_mut(&one));
        let slug = market_slug(&name);
        match operators {
            Some(operators) if !operators.contains(&slug) => operators.push(slug),
            _ => {}
        }
    }
    Reply::json(&Operators { status: "success", by_country })
}

#[derive(Serialize)]
struct TopCountry {
    country: u16,
    count: usize,
    price: f64,
    retail_price: f64,
    #[serde(rename = "freePriceMap", skip_serializing_if = "Option::is_none")]
    by_price: Option<BTreeMap<String, usize>>,
}

/// `getTopCountriesByService`: the cheapest of those with numbers first.
async fn top_countries(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let mut sold = sold(api, caller, params).await?;
    sold.sort_best_first();
    let with_map = is_set(params, "freePrice");
    let mut by_service: BTreeMap<&str, BTreeMap<usize, TopCountry>> = BTreeMap::new();
    for row in sold.rows() {
        let countries = by_service.entry(row.service).or_default();
        let by_price = with_map.then(|| BTreeMap::from([(row.price_text.to_owned(), row.count)]));
        let (country, count, price) = (row.country, row.count, row.price);
        let top = TopCountry { country, count, price, retail_price: price, by_price };
        countries.insert(countries.len(), top);
    }
    match params.get("service") {
        Some(_) => Reply::json(&by_service.into_values().next().unwrap_or_default()),
        None => Reply::json(&by_service),
    }
}

#[derive(Serialize)]
struct CountryShare {
    country: u16,
    share: usize,
    rate: u8,
}

/// `getListOfTopCountriesByService`. No market says what its two percentages mean; here `share` is
/// that of all numbers which the country has, and `rate` that of the service's orders which got a
/// code, wherever they were; 0 where they are too few to say.
async fn pages_of_countries(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let service = service(api, params).await?;
    let mut sold = sold(api, caller, params).await?;
    sold.sort_best_first();
    let figures = api.gateway.health().recent_figures().await?;
    let success = figures.get(&service).and_then(|figures| figures.success);
    let rate = success.map_or(0, whole_percent);
    let all: usize = sold.rows().map(|row| row.count).sum();
    let share = |count: usize| (100 * count).checked_div(all).unwrap_or(0);
    let length = count(params, &["length"]).unwrap_or(10).clamp(1, MOST_COUNTRIES);
    let page = count(params, &["page"]).unwrap_or(1).max(1);
    let size = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
    let page = sold
        .rows()
        .map(|row| (row.country, share(row.count)))
        .map(|(country, share)| CountryShare { country, share, rate })
        .skip(size(u64::from(page - 1) * u64::from(length)))
        .take(size(length.into()));
    Reply::json(&page.collect::<Vec<_>>())
}

/// A share from 0 to 1 in whole percent.
fn whole_percent(share: f64) -> u8 {
    // A cast of a number that is too small or too large takes the nearest that there is.
    (share * 100.0).round() as u8
}
