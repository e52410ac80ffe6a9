//! Rented numbers. The JSON has exactly the keys of `docs/customer-api.md`, in the same order and
//! with the same types.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::outcomes::Outcome;
use super::answer::{Refusal, word};
use super::{Api, Params, reader, requester};
use crate::domain::key::Scope;
use crate::domain::message::Message;
use crate::domain::rental::DEFAULT_PACKAGE;
use crate::domain::{Rental, RentalId};
use crate::gateway::{Edit, Extend, Rent, TenantView};

type Answer = Result<Response, Refusal>;

#[derive(Serialize)]
struct New<'a> {
    success: bool,
    contract_id: i64,
    package: &'a str,
    /// A string here and a boolean elsewhere, as `docs/customer-api.md` has it.
    auto_renew: &'a str,
    expire_on: String,
    phone_number: String,
    country: &'a str,
}

#[derive(Serialize)]
struct Extended<'a> {
    success: bool,
    package: &'a str,
    new_expire: String,
}

#[derive(Serialize)]
struct Edited {
    success: bool,
    auto_renew: bool,
}

#[derive(Serialize)]
struct Viewed<'a> {
    success: bool,
    contract_id: i64,
    phone_number: String,
    country: &'a str,
    package: &'a str,
    renewal_package: &'a str,
    auto_renew: bool,
    expire_on: String,
    received_sms: Vec<Sms<'a>>,
}

#[derive(Serialize)]
struct Sms<'a> {
    /// The message's number within the contract, from 1.
    id: usize,
    sender: &'a str,
    body: &'a str,
    receive_date: String,
}

fn contract(params: &Params) -> Result<RentalId, Refusal> {
    params.number("contract_id").map(RentalId).ok_or(Refusal::InvalidContract)
}

/// The parameter `auto_renew`, if it is given.
fn auto_renew(params: &Params) -> Result<Option<bool>, Refusal> {
    match params.get("auto_renew").map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(Refusal::InvalidAutoRenew),
    }
}

fn package(params: &Params) -> &str {
    params.get("package").unwrap_or(DEFAULT_PACKAGE)
}

/// `/api/rental/new`.
pub(super) async fn new(State(api): State<Api>, params: Params) -> Answer {
    let by = requester(&api, &params, Scope::Rentals).await?;
    let auto_renew = auto_renew(&params)?.unwrap_or(true);
    let rented =
        api.gateway.rentals().rent(by, params.get("country"), package(&params), auto_renew).await?;
    let rental = match rented {
        Rent::Made(rental) => rental,
        Rent::InvalidCountry => return Ok(word(Outcome::InvalidCountry)),
        Rent::InvalidPackage => return Ok(word(Outcome::InvalidPackage)),
        Rent::NoStock | Rent::Limited => return Ok(word(Outcome::NoStock)),
        Rent::NoBalance => return Ok(word(Outcome::NoBalance)),
    };
    let answer = New {
        success: true,
        contract_id: rental.id.0,
        package: &rental.package,
        auto_renew: if rental.auto_renew { "true" } else { "false" },
        expire_on: rental.expires_at.to_string(),
        phone_number: national(&api, &rental),
        country: &rental.country,
    };
    Ok(Json(answer).into_response())
}

/// `/api/rental/extend`.
pub(super) async fn extend(State(api): State<Api>, params: Params) -> Answer {
    let by = requester(&api, &params, Scope::Rentals).await?;
    let contract = contract(&params)?;
    let package = package(&params);
    Ok(match api.gateway.rentals().extend(by, contract, package).await? {
        Extend::Extended(rental) => {
            Json(Extended { success: true, package, new_expire: rental.expires_at.to_string() })
                .into_response()
        }
        Extend::InvalidContract => word(Outcome::InvalidContract),
        Extend::InvalidPackage => word(Outcome::InvalidPackage),
        Extend::Expired => word(Outcome::NumberExpired),
        Extend::NoBalance | Extend::Limited => word(Outcome::NoBalance),
    })
}

/// `/api/rental/edit`.
pub(super) async fn edit(State(api): State<Api>, params: Params) -> Answer {
    let by = requester(&api, &params, Scope::Rentals).await?;
    let contract = contract(&params)?;
    let auto_renew = auto_renew(&params)?.ok_or(Refusal::InvalidAutoRenew)?;
    api.throttle.buckets().edits.take(by.account, api.gateway.now())?;
    Ok(match api.gateway.rentals().set_auto_renew(by, contract, auto_renew).await? {
        Edit::Edited(rental) => {
            Json(Edited { success: true, auto_renew: rental.auto_renew }).into_response()
        }
        Edit::InvalidContract => word(Outcome::InvalidContract),
        Edit::InvalidPackage => word(Outcome::InvalidPackage),
        Edit::Expired => word(Outcome::NumberExpired),
    })
}

/// `/api/rental/view`.
pub(super) async fn view(State(api): State<Api>, params: Params) -> Answer {
    let by = reader(&api, &params).await?;
    let contract = contract(&params)?;
    let viewed = api.gateway.rentals().view(by, contract).await?;
    let TenantView { rental, messages, older } = viewed.ok_or(Refusal::InvalidContract)?;
    let answer = Viewed {
        success: true,
        contract_id: rental.id.0,
        phone_number: national(&api, &rental),
        country: &rental.country,
        package: &rental.package,
        renewal_package: &rental.renewal_package,
        auto_renew: rental.auto_renew,
        expire_on: rental.shown_end().to_string(),
        received_sms: received(&messages, older),
    };
    Ok(Json(answer).into_response())
}

fn national(api: &Api, rental: &Rental) -> String {
    api.gateway.settings().countries.national(&rental.number)
}

/// The messages that still have their text. They are numbered among all messages, of which `older`
/// are not shown, so that a number does not change when retention deletes an older text.
fn received(messages: &[Message], older: usize) -> Vec<Sms<'_>> {
    let numbered = (older + 1..).zip(messages).filter_map(|(id, message)| {
        let (sender, body) = (message.sender.as_deref()?, message.text.as_deref()?);
        Some(Sms { id, sender, body, receive_date: message.received_at.to_string() })
    });
    numbered.collect()
}
