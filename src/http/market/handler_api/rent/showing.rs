//! Rentals and their messages.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, json};

use super::super::super::super::api::Api;
use super::super::super::super::params::Params;
use super::super::super::Caller;
use super::super::answer::{Answer, Refused, Reply, Word};
use super::super::parameters::is_set;
use super::super::shapes::{digits, time};
use super::renting::refused;
use super::requests::{self, FULL};
use super::values::Numbered;
use crate::domain::ServiceId;
use crate::domain::message::Message;
use crate::domain::rental::{RentalEnding, RentalState};
use crate::gateway::{ChargedTerm, NumberedPage};

/// The most rentals that are listed at once.
const MOST_LISTED: u32 = 1000;

/// A message of a rental.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    phone_from: &'a str,
    text: &'a str,
    service: &'a str,
    date: String,
}

/// `getRentStatus`: the messages, the newest first.
pub(super) async fn show(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let by = caller.reader(api)?;
    let id = requests::rental(params)?;
    let (skipped, count) = requests::rows(params, api.gateway.settings().view_messages);
    let rentals = api.gateway.rentals();
    let page = rentals.numbered_page(by, id, skipped, count).await?.ok_or(Word::InvalidPhone)?;
    check_running(&page)?;
    let codes = codes(api).await?;
    let messages = page.messages.iter().map(|message| Shown {
        phone_from: message.sender.as_deref().unwrap_or_default(),
        text: message.text.as_deref().unwrap_or_default(),
        service: code_of(api, &codes, message),
        date: time(message.received_at),
    });
    Reply::json(&json!({
        "status": "success",
        "quantity": page.total.to_string(),
        "values": Numbered(messages.collect()),
    }))
}

/// The codes of the services that have one.
async fn codes(api: &Api) -> Result<HashMap<ServiceId, String>, Refused> {
    let services = api.gateway.services().list().await?.into_iter();
    let with_code = services
        .filter_map(|service| Some((service.id, service.market_names.code?.as_str().to_owned())));
    Ok(with_code.collect())
}

/// The code of the service that a message is from, as far as its patterns tell.
fn code_of<'c>(api: &Api, codes: &'c HashMap<ServiceId, String>, message: &Message) -> &'c str {
    let said = message.sender.as_deref().zip(message.text.as_deref());
    let service = said.and_then(|(sender, text)| api.gateway.services().claimant(sender, text));
    service.and_then(|service| codes.get(&service)).map_or(FULL, String::as_str)
}

/// A rental that has ended tells how, one that was sent nothing that it waits.
fn check_running(page: &NumberedPage) -> Result<(), Refused> {
    match page.rental.state {
        RentalState::Active if page.total > 0 => Ok(()),
        RentalState::Active => Err(Word::StatusWaitCode.into()),
        RentalState::Ended { how, .. } => Err(match how {
            RentalEnding::TermOver | RentalEnding::Finished => Word::StatusFinish,
            RentalEnding::Canceled => Word::StatusCancel,
            RentalEnding::ByOperator => Word::StatusRevoke,
        }
        .into()),
    }
}

#[derive(Serialize)]
struct Listed {
    id: String,
    phone: String,
}

/// `getRentList`: the rentals that run, the newest first.
pub(super) async fn list(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let account = caller.reader(api)?.account;
    let (skipped, count) = requests::rows(params, MOST_LISTED);
    let running = api.gateway.rentals().running(account, skipped, count).await?;
    if running.is_empty() {
        return Err(Word::NoNumbers.into());
    }
    let listed = running
        .iter()
        .map(|rental| Listed { id: rental.id.to_string(), phone: digits(&rental.number) });
    Reply::json(&json!({"status": "success", "values": Numbered(listed.collect())}))
}

/// A term that was charged.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Charged {
    create_date: String,
    price: f64,
    /// `null` of one whose length was not kept.
    hours: Option<u32>,
}

/// `continueRentInfo`: what another term would cost, and what was charged so far.
pub(super) async fn terms(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let account = caller.reader(api)?.account;
    let (id, rentals) = (requests::rental(params)?, api.gateway.rentals());
    let rental = rentals.find(account, id).await?.ok_or(Word::InvalidPhone)?;
    let package = match requests::hours(params) {
        Some(hours) => requests::package_of(api, Some(hours))?.package.name().to_owned(),
        None => rental.renewal_package,
    };
    let next = rentals.next_term(account, id, &package).await?.map_err(refused)?;
    let currency = api.gateway.currency();
    let mut told = Map::from_iter([
        ("status".to_owned(), json!("success")),
        ("price".to_owned(), json!(currency.units(next.price))),
        ("currency".to_owned(), json!(currency.number())),
        ("hours".to_owned(), json!(next.package.hours())),
    ]);
    if is_set(params, "needHistory") {
        let charged = rentals.charged_terms(account, id).await?;
        let charged = charged.iter().map(|ChargedTerm { at, months, price }| Charged {
            create_date: time(*at),
            price: currency.units(*price),
            hours: months.map(crate::domain::rental::hours_of),
        });
        told.insert("history".to_owned(), json!(Numbered(charged.collect())));
    }
    Reply::json(&told)
}
