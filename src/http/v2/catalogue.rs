//! What can be ordered: `GET /v2/countries` and `GET /v2/services`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::api::Api;
use super::caller::Caller;
use super::input::Query;
use super::page::{Limit, Page, after};
use super::problem::Problem;
use crate::domain::country::DEFAULT_COUNTRY;
use crate::domain::country_names;
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
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

/// The parameters of `GET /v2/services`.
#[derive(Deserialize, ToSchema)]
pub(super) struct OfServices {
    country: Option<String>,
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

/// `GET /v2/countries`, by their codes.
pub(super) async fn countries(
    State(api): State<Api>,
    caller: Caller,
    Query(OfCountries { limit, cursor }): Query<OfCountries>,
) -> Result<Json<Page<CountryResource>>, Problem> {
    const LIST: &str = "countries";
    let after = after::<String>(LIST, cursor.as_deref())?;
    let counted = api.gateway.stock().countries(caller.account()).await?;
    let settings = api.gateway.settings();
    let resource = |(code, available): (String, usize)| {
        let code = settings.countries.iso_code(&code).to_owned();
        let name = country_names::name(&code).unwrap_or(&code).to_owned();
        CountryResource { code, name, available }
    };
    let mut all: Vec<CountryResource> = counted.into_iter().map(resource).collect();
    all.sort_by(|a, b| a.code.cmp(&b.code));
    all.retain(|country| after.as_ref().is_none_or(|after| country.code > *after));
    Ok(Json(Page::of(LIST, all, limit, |country| country.code.clone())))
}

/// `GET /v2/services`, the newest first.
pub(super) async fn services(
    State(api): State<Api>,
    caller: Caller,
    Query(OfServices { country, limit, cursor }): Query<OfServices>,
) -> Result<Json<Page<ServiceResource>>, Problem> {
    const LIST: &str = "services";
    let before = after::<i64>(LIST, cursor.as_deref())?;
    let stock = api.gateway.stock();
    let named = country.as_deref().unwrap_or(DEFAULT_COUNTRY);
    let Some(country) = stock.find_country(named).await? else {
        return Err(Problem::of_parameter("country", unknown_country(&api)));
    };
    let offers = stock.offers(caller.account(), &country).await?.unwrap_or_default();
    let figures = api.gateway.health().recent_figures().await?;
    let (settings, currency) = (api.gateway.settings(), api.gateway.currency());
    let mut sold: Vec<ServiceResource> = Vec::new();
    for (service, price, available) in offers {
        let ServiceFigures { success, median_seconds } =
            figures.get(&service.id).copied().unwrap_or_default();
        if service.price_in(&country).is_none() || before.is_some_and(|id| service.id.0 >= id) {
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
    sold.sort_by_key(|service| std::cmp::Reverse(service.id));
    Ok(Json(Page::of(LIST, sold, limit, |service| service.id)))
}

/// What is said of a country that there is not.
pub(super) fn unknown_country(api: &Api) -> String {
    let codes = api.gateway.settings().countries.codes();
    format!("there is no such country, or no number of it; there are {codes}")
}
