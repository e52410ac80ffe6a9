//! Rentals are made, extended, finished and canceled. They are not renewed at their end, because no
//! market does that.

use serde_json::json;

use super::super::super::super::api::Api;
use super::super::super::super::params::Params;
use super::super::super::Caller;
use super::super::answer::{Answer, Refused, Reply, Word};
use super::super::numbers::operators;
use super::super::parameters::is_set;
use super::super::shapes::digits;
use super::values::zoneless;
use super::{done, requests};
use crate::domain::Rental;
use crate::domain::key::Scope;
use crate::gateway::{Extend, PurchaseCountry, Rent, RentalRefusal};

/// `getRentNumber`. The checks come in this order: service, country, time, balance, stock. No
/// number of a certain mobile operator is let.
pub(super) async fn rent(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let by = caller.writer(api, Scope::Rentals)?;
    requests::check_service(api, params).await?;
    let wanted = requests::country(api, params)?;
    let sold = requests::package_of(api, requests::hours(params))?;
    if api.gateway.accounts().available_balance(by.account).await? < sold.price {
        return Err(Word::NoBalance.into());
    }
    let operators = operators(&api.gateway.settings().home_networks, params.get("operator"));
    if operators != Ok(Vec::new()) || is_set(params, "incomingCall") {
        return Err(Word::NoNumbers.into());
    }
    let country = country_to_rent_in(api, wanted).await?.ok_or(Word::NoNumbers)?;
    let rentals = api.gateway.rentals();
    match rentals.rent(by, Some(country.as_str()), sold.package.name(), false).await? {
        Rent::Made(rental) => running(&rental),
        Rent::InvalidPackage => Err(Word::InvalidTime.into()),
        Rent::InvalidCountry | Rent::NoStock => Err(Word::NoNumbers.into()),
        Rent::NoBalance => Err(Word::NoBalance.into()),
        Rent::Limited => Err(Word::ChannelsLimit.into()),
    }
}

/// The code of the country that is wanted. Any is the one with the most numbers, as they all cost
/// the same.
async fn country_to_rent_in(api: &Api, wanted: PurchaseCountry) -> Result<Option<String>, Refused> {
    match wanted {
        PurchaseCountry::Code(code) => Ok(Some(code)),
        PurchaseCountry::Cheapest => {
            let rentable = api.gateway.stock().rentable().await?;
            let most = rentable.iter().max_by_key(|(_, count)| **count);
            Ok(most.map(|(code, _)| code.clone()))
        }
    }
}

/// A rental that runs, with its end.
fn running(rental: &Rental) -> Answer {
    Reply::json(&json!({
        "status": "success",
        "phone": {
            "id": rental.id.0,
            "endDate": zoneless(rental.expires_at),
            "number": digits(&rental.number),
        },
    }))
}

/// `continueRentNumber`.
pub(super) async fn extend(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let by = caller.writer(api, Scope::Rentals)?;
    let id = requests::rental(params)?;
    api.gateway.rentals().find(by.account, id).await?.ok_or(Word::InvalidPhone)?;
    let sold = requests::package_of(api, requests::hours(params))?;
    match api.gateway.rentals().extend(by, id, sold.package.name()).await? {
        Extend::Extended(rental) => running(&rental),
        Extend::InvalidContract => Err(Word::InvalidPhone.into()),
        Extend::InvalidPackage => Err(Word::InvalidTime.into()),
        Extend::Expired => Err(Word::RentDie.into()),
        Extend::NoBalance => Err(Word::NoBalance.into()),
        Extend::Limited => Err(Word::ChannelsLimit.into()),
    }
}

/// `getContinueRentPriceNumber`.
pub(super) async fn next_price(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let account = caller.reader(api)?.account;
    let id = requests::rental(params)?;
    api.gateway.rentals().find(account, id).await?.ok_or(Word::InvalidPhone)?;
    let sold = requests::package_of(api, requests::hours(params))?;
    let next = api.gateway.rentals().next_term(account, id, sold.package.name()).await?;
    let (price, currency) = (next.map_err(refused)?.price, api.gateway.currency());
    Reply::json(&json!({
        "status": "success",
        "price": currency.units(price),
        "currency": currency.number(),
    }))
}

/// Why a rental cannot be extended.
pub(super) fn refused(why: RentalRefusal) -> Refused {
    match why {
        RentalRefusal::Unknown | RentalRefusal::InvalidCountry => Word::InvalidPhone,
        RentalRefusal::InvalidPackage => Word::InvalidTime,
        RentalRefusal::NoStock => Word::NoNumbers,
        RentalRefusal::NoBalance => Word::NoBalance,
        RentalRefusal::Limited => Word::ChannelsLimit,
        RentalRefusal::Active
        | RentalRefusal::Over
        | RentalRefusal::GraceOver
        | RentalRefusal::NumberGone => Word::RentDie,
    }
    .into()
}

/// `setRentStatus`: 1 ends it without a refund, 2 cancels it with all of its price.
pub(super) async fn end(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let by = caller.writer(api, Scope::Rentals)?;
    let id = requests::rental(params)?;
    let ended = match params.get("status") {
        Some("1") => api.gateway.rentals().finish(by, id).await?,
        Some("2") => api.gateway.rentals().cancel(by, id).await?,
        _ => return Err(Word::IncorectStatus.into()),
    };
    ended.map_err(Refused::from)?;
    done()
}
