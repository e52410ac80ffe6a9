//! Buying a number: `getNumber` and `getNumberV2`.

use std::sync::Arc;

use super::super::super::api::Api;
use super::super::super::limits::REFUSAL_DELAY;
use super::super::super::params::Params;
use super::super::super::v2::LONGEST_REF;
use super::super::Caller;
use super::super::client_gone::make_order;
use super::answer::{Answer, Refused, Reply, Word, with_point};
use super::parameters::{avoided_prefixes, is_set, price_condition, purchase_country};
use super::shapes::{NumberV2, digits};
use crate::domain::key::Scope;
use crate::domain::text::check_name;
use crate::domain::{HomeNetworks, MobileOperator, ServiceId};
use crate::gateway::{Bought, Dialect, MarketOrder, Purchase};

/// How a number is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `ACCESS_NUMBER:1049:31612345678`.
    Words,
    Json,
}

pub(super) async fn buy(api: &Api, caller: &Caller, params: &Params, form: Form) -> Answer {
    let by = caller.writer(api, Scope::Orders)?;
    let purchase = purchase(api, params, form).await?;
    if wants_what_is_not_sold(params) {
        return Err(Word::NoNumbers.into());
    }
    let (account, orders) = (by.account, Arc::clone(api.gateway.orders()));
    let buying = async move { orders.buy(by, purchase).await };
    let word = match make_order(api.gateway.orders(), account, buying).await? {
        Bought::Order(made) => return number(api, &made, form),
        Bought::ReferenceUsed => Word::OrderAlreadyExists,
        Bought::TooExpensive(price) => {
            let price = with_point(&api.gateway.currency().text(price));
            return Err(Refused::WordAnd(Word::WrongMaxPrice, price));
        }
        Bought::Limited => {
            tokio::time::sleep(REFUSAL_DELAY).await;
            Word::ChannelsLimit
        }
        Bought::NoBalance => Word::NoBalance,
        Bought::NoNumber => Word::NoNumbers,
        Bought::InvalidService => Word::BadService,
    };
    Err(word.into())
}

/// A number that was bought.
pub(super) fn number(api: &Api, made: &MarketOrder, form: Form) -> Answer {
    match form {
        Form::Words => {
            let (id, number) = (made.order.id, digits(&made.order.number));
            Ok(Reply::Text(format!("ACCESS_NUMBER:{id}:{number}")))
        }
        Form::Json => Reply::json(&NumberV2::of(&api.gateway.settings(), made)),
    }
}

async fn purchase(api: &Api, params: &Params, form: Form) -> Result<Purchase, Refused> {
    let settings = api.gateway.settings();
    let service = service(api, params).await?;
    let by_default = &settings.market.default_country;
    let country = purchase_country(&settings.countries, by_default, params.get("country"))?;
    let operators = operators(&settings.home_networks, params.get("operator"))?;
    let avoided_prefixes = avoided_prefixes(params.get("phoneException"))?;
    Ok(Purchase {
        service,
        country,
        operators,
        price: price_condition(settings.currency, params),
        avoided_prefixes,
        reference: reference(params.get("orderId").filter(|_| form == Form::Json))?,
        dialect: Dialect::HandlerApi,
    })
}

/// What a program calls an order: the same as the second version of the API takes.
fn reference(text: Option<&str>) -> Result<Option<String>, Word> {
    let is_usable = |text: &&str| check_name(text).is_ok() && text.chars().count() <= LONGEST_REF;
    match text {
        Some(text) if !is_usable(&text) => Err(Word::BadData),
        text => Ok(text.map(str::to_owned)),
    }
}

/// The service that a request names by its code.
pub(super) async fn service(api: &Api, params: &Params) -> Result<ServiceId, Refused> {
    let code = params.get("service").ok_or(Word::BadService)?.to_ascii_lowercase();
    let found = api.gateway.services().with_code(code).await?;
    found.ok_or(Refused::Word(Word::BadService))
}

/// The mobile operators of which a number is wanted; none if any will do.
pub(super) fn operators(
    networks: &HomeNetworks,
    text: Option<&str>,
) -> Result<Vec<MobileOperator>, Word> {
    let named: Vec<&str> = text.unwrap_or_default().split(',').map(str::trim).collect();
    let is_any = |name: &&str| matches!(*name, "" | "*") || name.eq_ignore_ascii_case("any");
    if named.iter().any(is_any) {
        return Ok(Vec::new());
    }
    let known = named.iter().map(|name| networks.operators_written(&name.to_lowercase()));
    let known: Vec<MobileOperator> = known.flatten().collect();
    if known.is_empty() { Err(Word::BadOperator) } else { Ok(known) }
}

/// Whether a request asks for call forwarding, or for a call in the place of an SMS.
fn wants_what_is_not_sold(params: &Params) -> bool {
    let is_call = |name| matches!(params.get(name), Some("1" | "2"));
    is_set(params, "forward")
        || is_call("activationType")
        || is_call("verification")
        || is_set(params, "verification")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_short_and_can_be_seen() {
        assert_eq!(
            (reference(None), reference(Some("job 1"))),
            (Ok(None), Ok(Some("job 1".into())))
        );
        for text in ["a\nb", &"x".repeat(LONGEST_REF + 1)] {
            assert_eq!(reference(Some(text)), Err(Word::BadData), "{text}");
        }
    }

    #[test]
    fn operators_are_named_as_markets_name_them() {
        let networks = HomeNetworks::default();
        let named = |text| operators(&networks, text);
        for text in [None, Some("any"), Some("ANY"), Some("*"), Some("kpn,any")] {
            assert_eq!(named(text), Ok(Vec::new()), "{text:?}");
        }
        let vodafone = MobileOperator::Named("Vodafone".to_owned());
        assert_eq!(named(Some("vodafone")), Ok(vec![vodafone.clone()]));
        assert_eq!(named(Some("virtual4, Vodafone")), Ok(vec![vodafone]));
        assert_eq!(named(Some("virtual4")), Err(Word::BadOperator));
    }
}
