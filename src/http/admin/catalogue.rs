//! Services.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminState, Answer, views};
use crate::domain::Amount;
use crate::domain::catalogue::ReuseTerms;
use crate::gateway::{Error, NewService, TrialClaim};

#[derive(Deserialize)]
pub(super) struct Declared {
    name: String,
    price: String,
    #[serde(default)]
    countries: BTreeMap<String, String>,
    #[serde(default)]
    priority: i64,
    reuse_window_seconds: Option<u64>,
    reuse_price_percent: Option<u32>,
    #[serde(default)]
    senders: Vec<String>,
    #[serde(default)]
    texts: Vec<String>,
}

fn parse_amount(text: &str) -> Result<Amount, Error> {
    text.parse().map_err(|error| Error::Refused(format!("{text}: {error}")))
}

pub(super) async fn list(State(admin): State<AdminState>) -> Answer {
    Ok(Json(admin.gateway.services().list().await?.iter().map(views::service).collect()))
}

fn service(declared: Declared) -> Result<NewService, Error> {
    let country_prices =
        declared.countries.into_iter().map(|(country, price)| Ok((country, parse_amount(&price)?)));
    Ok(NewService {
        price: parse_amount(&declared.price)?,
        country_prices: country_prices.collect::<Result<_, Error>>()?,
        name: declared.name,
        priority: declared.priority,
        reuse: ReuseTerms {
            window: declared.reuse_window_seconds.map(Duration::from_secs),
            price_percent: declared.reuse_price_percent,
        },
        senders: declared.senders,
        texts: declared.texts,
    })
}

pub(super) async fn add(State(admin): State<AdminState>, Json(declared): Json<Declared>) -> Answer {
    Ok(Json(views::service(&admin.gateway.services().add(service(declared)?).await?)))
}

#[derive(Deserialize)]
pub(super) struct Enabled {
    enabled: bool,
}

pub(super) async fn enable(
    State(admin): State<AdminState>,
    Path(service): Path<String>,
    Json(Enabled { enabled }): Json<Enabled>,
) -> Answer {
    Ok(Json(views::service(&admin.gateway.services().set_enabled(service, enabled).await?)))
}

#[derive(Deserialize)]
pub(super) struct Declarations {
    services: Vec<Declared>,
}

pub(super) async fn import(
    State(admin): State<AdminState>,
    Json(all): Json<Declarations>,
) -> Answer {
    let services = all.services.into_iter().map(service).collect::<Result<Vec<_>, Error>>()?;
    let imported = admin.gateway.services().import(services).await?;
    Ok(Json(json!({ "added": imported.added, "updated": imported.updated })))
}

#[derive(Deserialize)]
pub(super) struct Sample {
    sender: String,
    text: String,
}

/// Tells which service a message would belong to: `service` and `rule` are those of the service
/// with the highest precedence, `claims` has all that match.
pub(super) async fn test(
    State(admin): State<AdminState>,
    Json(Sample { sender, text }): Json<Sample>,
) -> Answer {
    let trial = admin.gateway.services().try_message(&sender, &text).await?;
    let first = trial.claims.first();
    let rule = first.map(|claim| json!({ "sender": claim.sender, "text": claim.text }));
    Ok(Json(json!({
        "service": first.map(|claim| &claim.service),
        "code": trial.code,
        "rule": rule,
        "withheld": trial.withheld,
        "claims": trial.claims.iter().map(claim_view).collect::<Vec<_>>(),
    })))
}

fn claim_view(claim: &TrialClaim) -> Value {
    json!({ "service": claim.service, "sender": claim.sender, "text": claim.text })
}
