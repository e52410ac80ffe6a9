//! What can be ordered: `GET /v2/countries` and `GET /v2/services`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::api::Api;
use super::caller::Caller;
use super::input::Query;
use super::page::{Limit, Page, after, name_list};
use super::problem::Problem;
use crate::domain::country::DEFAULT_COUNTRY;
use crate::domain::key::KeyMode;
use crate::domain::sandbox::TestService;
use crate::domain::{country_names, sandbox};
use crate::gateway::ServiceFigures;

/// A country.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CountryResource {
    /// The ISO 3166 code.
    code: String,
    name: String,
    /// How many numbers can be ordered now for the service that has most.
    available: usize,
}

/// A service in a country.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServiceResource {
    id: i64,
    name: String,
    /// The ISO 3166 code.
    country: String,
    /// What an order costs this account.
    price: String,
    currency: String,
    /// How many numbers this account can order now.
    available: usize,
    /// The share of the orders of the last seven days, in all countries, that got a code; `null`
    /// where they were too few to say.
    success: Option<f64>,
    /// The median of the seconds from an order to its code.
    median_seconds: Option<i64>,
}

/// The parameters of `GET /v2/countries`.
#[derive(Deserialize, ToSchema)]
pub(super) struct OfCountries {
    /// How many rows a page has at most.
    #[serde(default)]
    limit: Limit,
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
}

/// The parameters of `GET /v2/services`.
#[derive(Deserialize, ToSchema)]
pub(super) struct OfServices {
    /// The ISO 3166 code of the country; `NL` if there is none.
    country: Option<String>,
    /// How many rows a page has at most.
    #[serde(default)]
    limit: Limit,
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
}

/// `GET /v2/countries`, by their codes.
pub(super) async fn countries(
    State(api): State<Api>,
    caller: Caller,
    Query(OfCountries { limit, cursor }): Query<OfCountries>,
) -> Result<Json<Page<CountryResource>>, Problem> {
    let list = name_list("countries", &caller, ());
    let after = after::<String>(&list, cursor.as_deref())?;
    let counted = match caller.mode() {
        KeyMode::Live => api.gateway.stock().countries(caller.account()).await?,
        KeyMode::Test => vec![(sandbox::COUNTRY.to_owned(), sandbox::AVAILABLE)],
    };
    let settings = api.gateway.settings();
    let resource = |(code, available): (String, usize)| {
        let code = settings.countries.iso_code(&code).to_owned();
        let name = country_names::name(&code).unwrap_or(&code).to_owned();
        CountryResource { code, name, available }
    };
    let mut all: Vec<CountryResource> = counted.into_iter().map(resource).collect();
    all.sort_by(|a, b| a.code.cmp(&b.code));
    all.retain(|country| after.as_ref().is_none_or(|after| country.code > *after));
    Ok(Json(Page::of(&list, all, limit, |country| country.code.clone())))
}

/// `GET /v2/services`, the newest first.
pub(super) async fn services(
    State(api): State<Api>,
    caller: Caller,
    Query(OfServices { country, limit, cursor }): Query<OfServices>,
) -> Result<Json<Page<ServiceResource>>, Problem> {
    let named = country.as_deref().unwrap_or(DEFAULT_COUNTRY);
    let list = name_list("services", &caller, named.to_ascii_uppercase());
    let before = after::<i64>(&list, cursor.as_deref())?;
    let found = match caller.mode() {
        KeyMode::Live => on_sale(&api, &caller, named).await?,
        KeyMode::Test => in_sandbox(&api, named),
    };
    let Some(mut sold) = found else {
        return Err(Problem::of_parameter("country", unknown_country(&api, caller.mode())));
    };
    sold.retain(|service| before.is_none_or(|before| service.id < before));
    sold.sort_by_key(|service| std::cmp::Reverse(service.id));
    Ok(Json(Page::of(&list, sold, limit, |service| service.id)))
}

/// The services that are sold in a country, by its name; `None` of one that there is not.
async fn on_sale(
    api: &Api,
    caller: &Caller,
    country: &str,
) -> Result<Option<Vec<ServiceResource>>, Problem> {
    let stock = api.gateway.stock();
    let Some(country) = stock.find_country(country).await? else { return Ok(None) };
    let offers = stock.offers(caller.account(), &country).await?.unwrap_or_default();
    let figures = api.gateway.health().recent_figures().await?;
    let (settings, currency) = (api.gateway.settings(), api.gateway.currency());
    let mut sold: Vec<ServiceResource> = Vec::new();
    for (service, price, available) in offers {
        let ServiceFigures { success, median_seconds } =
            figures.get(&service.id).copied().unwrap_or_default();
        if service.price_in(&country).is_none() {
            continue;
        }
        sold.push(ServiceResource {
            id: service.id.0,
            name: service.name,
            country: settings.countries.iso_code(&country).to_owned(),
            price: currency.text(price),
            currency: currency.to_string(),
            available,
            success,
            median_seconds,
        });
    }
    Ok(Some(sold))
}

/// The services of the sandbox, which has one country.
fn in_sandbox(api: &Api, country: &str) -> Option<Vec<ServiceResource>> {
    let currency = api.gateway.currency();
    let resource = |service: TestService| ServiceResource {
        id: service.id().0,
        name: service.as_str().to_owned(),
        country: sandbox::COUNTRY.to_owned(),
        price: currency.text(TestService::price(currency)),
        currency: currency.to_string(),
        available: if service == TestService::NoStock { 0 } else { sandbox::AVAILABLE },
        success: None,
        median_seconds: None,
    };
    let is_there = country.eq_ignore_ascii_case(sandbox::COUNTRY);
    is_there.then(|| TestService::ALL.into_iter().map(resource).collect())
}

/// What is said of a country that there is not.
pub(super) fn unknown_country(api: &Api, mode: KeyMode) -> String {
    let codes = match mode {
        KeyMode::Live => api.gateway.settings().countries.iso_codes(),
        KeyMode::Test => sandbox::COUNTRY.to_owned(),
    };
    format!("there is no such country, or no number of it; there are {codes}")
}
