//! The number of a completed order once more.

use std::sync::Arc;

use serde::Serialize;

use super::super::super::api::Api;
use super::super::super::limits::REFUSAL_DELAY;
use super::super::super::params::Params;
use super::super::Caller;
use super::super::client_gone::make_order;
use super::answer::{Answer, Refused, Reply, Word};
use super::numbers::{Form, number};
use super::parameters::order_id;
use super::shapes::{country_number, digits, service_code};
use crate::domain::key::Scope;
use crate::domain::{Amount, OrderId};
use crate::gateway::{Dialect, MarketOrder, OrderRefusal};

/// What is asked about having a number once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Check,
    Get,
    Reactivate,
    Price,
}

pub(super) async fn answer(api: &Api, caller: &Caller, params: &Params, action: Action) -> Answer {
    let order = order_id(params, &["activationId", "id"]);
    match action {
        Action::Check => check(api, caller, order).await,
        Action::Get => get(api, caller, order?, Form::Words).await,
        Action::Reactivate => get(api, caller, order?, Form::Json).await,
        Action::Price => price(api, caller, order?).await,
    }
}

/// `getExtraActivation` and `reactivate`.
async fn get(api: &Api, caller: &Caller, order: OrderId, form: Form) -> Answer {
    let by = caller.writer(api, Scope::Orders)?;
    let (account, orders) = (by.account, Arc::clone(api.gateway.orders()));
    let buying = async move { orders.buy_again(by, order, Dialect::HandlerApi).await };
    match make_order(api.gateway.orders(), account, buying).await? {
        Ok(made) => number(api, &made, form),
        Err(refusal) => {
            let word = word_for(refusal);
            if word == Word::ChannelsLimit {
                tokio::time::sleep(REFUSAL_DELAY).await;
            }
            Err(word.into())
        }
    }
}

async fn find(
    api: &Api,
    caller: &Caller,
    order: OrderId,
) -> Result<(MarketOrder, Amount), Refused> {
    let by = caller.writer(api, Scope::Read)?;
    let found = api.gateway.orders().price_of_buying_again(by, order).await?;
    found.map_err(|refusal| word_for(refusal).into())
}

#[derive(Serialize)]
struct Checked {
    status: &'static str,
    cost: f64,
    service: String,
    phone: u64,
    country: u16,
}

#[derive(Serialize)]
struct NotToBeHad {
    status: &'static str,
    message: &'static str,
}

/// `checkExtraActivation`.
async fn check(api: &Api, caller: &Caller, order: Result<OrderId, Word>) -> Answer {
    let found = match order {
        Ok(order) => find(api, caller, order).await,
        Err(word) => Err(word.into()),
    };
    let (order, price) = match found {
        Ok(found) => found,
        Err(Refused::Word(word)) => {
            let refused = NotToBeHad { status: "error", message: word.as_str() };
            return Reply::json_refusal(word, &refused);
        }
        Err(refused) => return Err(refused),
    };
    let settings = api.gateway.settings();
    Reply::json(&Checked {
        status: "success",
        cost: settings.currency.units(price),
        service: service_code(&order),
        phone: digits(&order.order.number).parse().unwrap_or(0),
        country: country_number(&settings, &order.order.country).unwrap_or(0),
    })
}

#[derive(Serialize)]
struct Priced {
    data: Price,
}

#[derive(Serialize)]
struct Price {
    price: f64,
    currency: u16,
}

/// `reactivationPrice`.
async fn price(api: &Api, caller: &Caller, order: OrderId) -> Answer {
    let (_, price) = find(api, caller, order).await?;
    let currency = api.gateway.currency();
    let data = Price { price: currency.units(price), currency: currency.number() };
    Reply::json(&Priced { data })
}

fn word_for(refusal: OrderRefusal) -> Word {
    match refusal {
        OrderRefusal::Unknown => Word::NoActivation,
        OrderRefusal::NoBalance => Word::NoBalance,
        OrderRefusal::TooManyOpen(_) | OrderRefusal::Paused(_) | OrderRefusal::Limited(_) => {
            Word::ChannelsLimit
        }
        OrderRefusal::Open => Word::NewActivationImpossible,
        _ => Word::RenewActivationNotAvailable,
    }
}
