//! What buys: a number for a code, a rented one, and a number again.

use std::sync::Arc;

use super::super::super::api::Api;
use super::super::super::limits::REFUSAL_DELAY;
use super::super::super::params::Params;
use super::super::Caller;
use super::super::client_gone::make_order;
use super::super::handler_api::price_condition;
use super::names::{package_of, place};
use super::orders::rented;
use super::reply::{Answer, Phrase, Refused, Reply};
use super::shapes::OrderObject;
use crate::domain::Msisdn;
use crate::domain::key::Scope;
use crate::gateway::{
    Bought, Dialect, MarketOrder, NumberRefusal, OrderRefusal, Purchase, PurchaseCountry, Rent,
};

/// A number for one code; the path has a country, an operator and a product.
pub(super) async fn activation(
    api: &Api,
    caller: &Caller,
    path: &[&str],
    params: &Params,
) -> Answer {
    let by = caller.writer(api, Scope::Orders)?;
    let settings = api.gateway.settings();
    let (country, product) = place(&settings.countries, path)?;
    let service = api.gateway.services().with_fivesim_name(product.to_owned()).await?;
    let service = service.ok_or(Phrase::NoProduct)?;
    if wants_what_is_not_sold(params) {
        return Err(Phrase::NoFreePhones.into());
    }
    let purchase = Purchase {
        service,
        country,
        operators: Vec::new(),
        price: price_condition(settings.currency, params),
        avoided_prefixes: Vec::new(),
        reference: None,
        dialect: Dialect::FiveSim,
    };
    let (account, orders) = (by.account, Arc::clone(api.gateway.orders()));
    let buying = async move { orders.buy(by, purchase).await };
    let bought = make_order(api.gateway.orders(), account, buying).await?;
    if bought == Bought::Limited {
        tokio::time::sleep(REFUSAL_DELAY).await;
    }
    Err(match bought {
        Bought::Order(made) => return shown(api, &made),
        Bought::InvalidService => Phrase::NoProduct,
        Bought::NoBalance => Phrase::NotEnoughBalance,
        Bought::NoNumber | Bought::TooExpensive(_) | Bought::Limited => Phrase::NoFreePhones,
        // None was given.
        Bought::ReferenceUsed => Phrase::InternalError,
    }
    .into())
}

fn shown(api: &Api, made: &MarketOrder) -> Answer {
    Reply::json(&OrderObject::of_order(&api.gateway.settings(), made))
}

/// Whether a call is wanted, or one that is forwarded.
fn wants_what_is_not_sold(params: &Params) -> bool {
    let is_wanted = |name: &str| {
        params.get(name).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    };
    is_wanted("forwarding") || is_wanted("voice")
}

/// A rented number; the path has a country, an operator and how long it is rented.
pub(super) async fn hosting(api: &Api, caller: &Caller, path: &[&str]) -> Answer {
    let by = caller.writer(api, Scope::Rentals)?;
    let settings = api.gateway.settings();
    let (country, product) = place(&settings.countries, path)?;
    let package = package_of(product).ok_or(Phrase::NoProduct)?;
    let (_, charge) = settings.packages.find(package).ok_or(Phrase::NoProduct)?;
    // The balance is looked at before the stock.
    if api.gateway.accounts().available_balance(by.account).await? < charge.amount {
        return Err(Phrase::NotEnoughBalance.into());
    }
    for country in countries_to_rent_in(api, country).await? {
        let rented_there =
            api.gateway.rentals().rent(by.clone(), Some(&country), package, false).await?;
        return Err(match rented_there {
            Rent::Made(rental) => return rented(api, caller, rental.id).await,
            Rent::NoStock => continue,
            Rent::InvalidCountry | Rent::Limited => Phrase::NoFreePhones,
            Rent::InvalidPackage => Phrase::NoProduct,
            Rent::NoBalance => Phrase::NotEnoughBalance,
        }
        .into());
    }
    Err(Phrase::NoFreePhones.into())
}

/// Where a number is rented; any is one of those that have most. All cost the same.
async fn countries_to_rent_in(api: &Api, country: PurchaseCountry) -> Result<Vec<String>, Refused> {
    if let PurchaseCountry::Code(code) = country {
        return Ok(vec![code]);
    }
    let rentable = api.gateway.stock().rentable().await?;
    let mut stocked: Vec<(&String, &usize)> =
        rentable.iter().filter(|(_, count)| **count > 0).collect();
    stocked.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    Ok(stocked.into_iter().map(|(code, _)| code.clone()).collect())
}

/// A number again that the account had for the product before.
pub(super) async fn again(api: &Api, caller: &Caller, product: &str, number: &str) -> Answer {
    let by = caller.writer(api, Scope::Orders)?;
    let service = api.gateway.services().with_fivesim_name(product.to_owned()).await?;
    let (service, number) = service.zip(written_number(number)).ok_or(Phrase::ReuseNotPossible)?;
    let (account, orders) = (by.account, Arc::clone(api.gateway.orders()));
    let buying =
        async move { orders.buy_number_again(by, (service, number), Dialect::FiveSim).await };
    match make_order(api.gateway.orders(), account, buying).await? {
        Ok(made) => shown(api, &made),
        Err(refusal) => Err(phrase_for(refusal).into()),
    }
}

/// A number in international form, with `+` or without.
fn written_number(text: &str) -> Option<Msisdn> {
    let digits = text.trim().trim_start_matches('+');
    let are_digits = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    are_digits.then(|| format!("+{digits}").parse().ok()).flatten()
}

fn phrase_for(refusal: NumberRefusal) -> Phrase {
    match refusal {
        NumberRefusal::NeverHad => Phrase::ReuseNotPossible,
        NumberRefusal::NotSoldAgain => Phrase::ReuseFalse,
        NumberRefusal::TimeIsOver => Phrase::ReuseExpired,
        NumberRefusal::Refused(OrderRefusal::NoBalance) => Phrase::NotEnoughBalance,
        NumberRefusal::Refused(_) => Phrase::NoFreePhones,
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;

    #[test]
    fn numbers_are_written_with_and_without_plus() {
        for (text, number) in [
            ("+31612345678", Some("+31612345678")),
            ("31612345678", Some("+31612345678")),
            (" 31612345678", Some("+31612345678")),
            ("", None),
            ("+", None),
            ("31 6", None),
            ("x", None),
        ] {
            assert_eq!(written_number(text).as_ref().map(Msisdn::as_str), number, "{text}");
        }
    }

    #[test]
    fn a_call_is_not_sold_however_it_is_asked_for() {
        for (query, wanted) in [
            ("", false),
            ("forwarding=false", false),
            ("forwarding=False&voice=0", false),
            ("reuse=1&ref=abc&number=", false),
            ("forwarding=true", true),
            ("forwarding=1", true),
            ("voice=1", true),
        ] {
            let request = Request::builder().uri(format!("/x?{query}")).body(()).unwrap();
            let params = Params::from_head(&request, None);
            assert_eq!(wants_what_is_not_sold(&params), wanted, "{query}");
        }
    }
}
