//! Services.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::{Admin, Answer, views};
use crate::domain::Amount;
use crate::gateway::{Error, NewService};

#[derive(Deserialize)]
pub(super) struct Declared {
    name: String,
    price: String,
    #[serde(default)]
    countries: BTreeMap<String, String>,
    #[serde(default)]
    priority: i64,
    #[serde(default)]
    senders: Vec<String>,
    #[serde(default)]
    texts: Vec<String>,
}

fn amount(text: &str) -> Result<Amount, Error> {
    text.parse().map_err(|error| Error::Refused(format!("{text}: {error}")))
}

pub(super) async fn list(State(admin): State<Admin>) -> Answer {
    Ok(Json(admin.gateway.services().await?.iter().map(views::service).collect()))
}

pub(super) async fn add(State(admin): State<Admin>, Json(declared): Json<Declared>) -> Answer {
    let country_prices = declared.countries.into_iter().map(|(country, price)| Ok((country, amount(&price)?)));
    let new = NewService {
        price: amount(&declared.price)?,
        country_prices: country_prices.collect::<Result<_, Error>>()?,
        name: declared.name,
        priority: declared.priority,
        senders: declared.senders,
        texts: declared.texts,
    };
    Ok(Json(views::service(&admin.gateway.add_service(new).await?)))
}
