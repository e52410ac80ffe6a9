//! What customers ask of rentals: `POST /v2/rentals`, and below.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::api::Api;
use super::caller::Caller;
use super::catalogue::unknown_country;
use super::input::{Body, Ids, Nothing, needed};
use super::order_requests::{limited, no_balance};
use super::posted::{Posted, Success, answer};
use super::problem::{Code, Problem};
use super::rentals::{no_such, rental_id};
use crate::domain::fair_use::DayLimit;
use crate::domain::key::{KeyMode, Scope};
use crate::domain::rental::DEFAULT_PACKAGE;
use crate::gateway::resources::RentalResource;
use crate::gateway::{RentalEdit, RentalRefusal, RentalRequest};

/// Under this address rentals are found.
const RENTALS: &str = "/v2/rentals";

/// The members of `POST /v2/rentals`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRental {
    /// The ISO 3166 code of the country.
    #[schema(required = true, value_type = String)]
    country: Option<String>,
    /// The term; `1m` if there is none.
    package: Option<String>,
    /// Whether another term is charged at its end; so unless it is said.
    auto_renew: Option<bool>,
}

/// The members of `PATCH /v2/rentals/{id}`. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RentalChange {
    /// Whether another term is charged at its end.
    auto_renew: Option<bool>,
    /// The package that it is renewed with.
    renewal_package: Option<String>,
}

/// The members of `POST /v2/rentals/{id}/extend`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Extension {
    /// The term that is added, and with which it is renewed from then on; the one that it is
    /// renewed with now, if there is none.
    package: Option<String>,
}

/// `POST /v2/rentals`.
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    posted: Posted<NewRental>,
) -> Result<Response, Problem> {
    let by = caller.writer(&api, Scope::Rentals)?;
    let NewRental { country, package, auto_renew } = posted.body;
    let request = RentalRequest {
        country: needed("country", country, "an ISO 3166 code; GET /v2/countries lists them")?,
        package: package.unwrap_or_else(|| DEFAULT_PACKAGE.to_owned()),
        auto_renew: auto_renew.unwrap_or(true),
    };
    let rented = api.gateway.rentals_for(caller.mode()).rent_once(by, request, posted.once).await?;
    answer(rented, Success::Created(RENTALS), |why| {
        refused(&api, caller.mode(), ("", "package"), why)
    })
}

/// `PATCH /v2/rentals/{id}`.
pub(super) async fn change(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    Body { value: change, .. }: Body<RentalChange>,
) -> Result<Json<RentalResource>, Problem> {
    let (by, rental) = (caller.writer(&api, Scope::Rentals)?, rental_id(&id)?);
    api.throttle.buckets().edits.take(caller.account(), api.gateway.now())?;
    let RentalChange { auto_renew, renewal_package } = change;
    let edit = RentalEdit { auto_renew, renewal_package };
    let edited = api.gateway.rentals_for(caller.mode()).edit_shown(by, rental, edit).await?;
    edited.map(Json).map_err(|why| refused(&api, caller.mode(), (&id, "renewal_package"), why))
}

/// `POST /v2/rentals/{id}/extend`.
pub(super) async fn extend(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    posted: Posted<Extension>,
) -> Result<Response, Problem> {
    let (by, rental) = (caller.writer(&api, Scope::Rentals)?, rental_id(&id)?);
    let (rentals, Extension { package }) = (api.gateway.rentals_for(caller.mode()), posted.body);
    let extended = rentals.extend_once(by, rental, package, posted.once).await?;
    answer(extended, Success::Ok, |why| refused(&api, caller.mode(), (&id, "package"), why))
}

/// `POST /v2/rentals/{id}/revive`.
pub(super) async fn revive(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (by, rental) = (caller.writer(&api, Scope::Rentals)?, rental_id(&id)?);
    let rentals = api.gateway.rentals_for(caller.mode());
    let revived = rentals.revive_once(by, rental, posted.once).await?;
    answer(revived, Success::Ok, |why| refused(&api, caller.mode(), (&id, ""), why))
}

/// What is said of a refusal of what was asked of the rental with this id, where `package` is the
/// member that names a package.
fn refused(
    api: &Api,
    mode: KeyMode,
    (id, package): (&str, &str),
    refusal: RentalRefusal,
) -> Problem {
    match refusal {
        RentalRefusal::Unknown => no_such(id),
        RentalRefusal::InvalidCountry => Problem::of_member("country", unknown_country(api, mode)),
        RentalRefusal::InvalidPackage if package.is_empty() => {
            let detail = format!("the package of rental {id} is not sold any more");
            Problem::new(Code::RentalOver, detail)
        }
        RentalRefusal::InvalidPackage => Problem::of_member(package, unknown_package(api)),
        RentalRefusal::NoStock => {
            let detail = "no number of this country is free to be rented now, or you have as many \
                          as you may that cost nothing";
            Problem::new(Code::NoStock, detail)
        }
        RentalRefusal::NoBalance => no_balance(),
        RentalRefusal::Limited => limited(api, DayLimit::Spending),
        RentalRefusal::Active => {
            Problem::new(Code::RentalActive, format!("rental {id} has not ended"))
        }
        RentalRefusal::Over => Problem::new(Code::RentalOver, format!("rental {id} has ended")),
        RentalRefusal::GraceOver => {
            let detail = format!("rental {id} ended too long ago to be revived");
            Problem::new(Code::GraceOver, detail)
        }
        RentalRefusal::NumberGone => {
            let detail = format!("the number of rental {id} is not to be had any more");
            Problem::new(Code::NumberGone, detail)
        }
    }
}

fn unknown_package(api: &Api) -> String {
    let settings = api.gateway.settings();
    let sold = settings.packages.on_sale();
    let names: Vec<String> = sold.iter().map(|(package, _)| package.to_string()).collect();
    match names.is_empty() {
        true => "there is no such package; no numbers are rented out here".to_owned(),
        false => format!("there is no such package; there are {}", names.join(", ")),
    }
}
