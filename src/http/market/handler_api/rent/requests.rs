//! What the parameters of these actions mean.

use super::super::super::super::api::Api;
use super::super::super::super::params::Params;
use super::super::answer::{Refused, Word};
use super::super::numbers;
use super::super::parameters::{count, either, purchase_country};
use crate::domain::rental::Package;
use crate::domain::{Amount, RentalId};
use crate::gateway::PurchaseCountry;

/// Under these names clients say for how many hours.
const HOURS: [&str; 4] = ["rent_time", "time", "duration", "hours"];
/// Under these names they say how many rows they want.
const SIZES: [&str; 3] = ["size", "length", "limit"];
/// Services that are none, which stand for all messages.
const ALL_SERVICES: [&str; 3] = [FULL, "ot", "any"];
/// What lists call all messages of a number.
pub(super) const FULL: &str = "full";

/// A package that is sold, and its price.
pub(super) struct Sold {
    pub(super) package: Package,
    pub(super) price: Amount,
}

/// The rental that a request is about.
pub(super) fn rental(params: &Params) -> Result<RentalId, Refused> {
    let id = params.get("id").ok_or(Word::NoIdRent)?;
    Ok(RentalId(id.parse().map_err(|_| Word::InvalidPhone)?))
}

/// For how many hours a number is wanted, if the request says so.
pub(super) fn hours(params: &Params) -> Option<&str> {
    either(params, &HOURS)
}

/// The package that lasts for so many hours.
pub(super) fn package_of(api: &Api, hours: Option<&str>) -> Result<Sold, Refused> {
    let wanted: Option<u32> = hours.and_then(|hours| hours.parse().ok());
    let settings = api.gateway.settings();
    let on_sale = settings.packages.on_sale().into_iter();
    let mut fitting = on_sale.filter(|(package, _)| Some(package.hours()) == wanted);
    let (package, charge) = fitting.next().ok_or(Word::InvalidTime)?;
    Ok(Sold { package: package.clone(), price: charge.amount })
}

/// The package that is wanted, or the shortest if the request does not say.
pub(super) fn package_or_shortest(api: &Api, params: &Params) -> Result<Sold, Refused> {
    if let Some(hours) = hours(params) {
        return package_of(api, Some(hours));
    }
    let settings = api.gateway.settings();
    let (package, charge) =
        settings.packages.on_sale().into_iter().next().ok_or(Word::OutOfStock)?;
    Ok(Sold { package: package.clone(), price: charge.amount })
}

/// Checks that the service of a request is one that is sold, or stands for all.
pub(super) async fn check_service(api: &Api, params: &Params) -> Result<(), Refused> {
    let wanted = params.get("service").ok_or(Word::BadService)?;
    if !ALL_SERVICES.iter().any(|all| all.eq_ignore_ascii_case(wanted)) {
        numbers::service(api, params).await?;
    }
    Ok(())
}

/// The country in which a number is wanted.
pub(super) fn country(api: &Api, params: &Params) -> Result<PurchaseCountry, Refused> {
    let settings = api.gateway.settings();
    let by_default = &settings.market.default_country;
    Ok(purchase_country(&settings.countries, by_default, params.get("country"))?)
}

/// Which rows of a list are wanted: after how many, and how many at most. Pages count from 0.
pub(super) fn rows(params: &Params, most: u32) -> (u32, u32) {
    let size = count(params, &SIZES).filter(|size| *size > 0).map_or(most, |size| size.min(most));
    let page = count(params, &["page"]).unwrap_or(0);
    (page.saturating_mul(size), size)
}
