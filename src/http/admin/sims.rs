//! SIMs.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;

use super::{AdminState, Answer, Refused, banks, refused, views};
use crate::domain::Iccid;
use crate::gateway::no_sim;

/// How many of the places that a SIM has been in are shown.
const SHOWN_LOCATIONS: u32 = 50;

/// The ICCID that an operator names a known SIM by. What cannot be one is no SIM's.
pub(super) fn sim_named(text: &str) -> Result<Iccid, Refused> {
    text.parse().map_err(|_| no_sim(text).into())
}

pub(super) async fn list(State(admin): State<AdminState>) -> Answer {
    Ok(Json(admin.gateway.sims().list().await?.iter().map(views::sim).collect()))
}

#[derive(Deserialize)]
pub(super) struct Number {
    number: String,
}

pub(super) async fn set_number(
    State(admin): State<AdminState>,
    Path(iccid): Path<String>,
    Json(Number { number }): Json<Number>,
) -> Answer {
    let iccid = iccid.parse::<Iccid>().map_err(|fault| refused(fault.to_string()))?;
    Ok(Json(views::sim(&admin.gateway.sims().set_number(iccid, number).await?)))
}

pub(super) async fn show(State(admin): State<AdminState>, Path(iccid): Path<String>) -> Answer {
    let iccid = sim_named(&iccid)?;
    let attempts = admin.gateway.numbers().attempts(&iccid).await?;
    let locations = admin.gateway.sims().locations(&iccid, SHOWN_LOCATIONS).await?;
    let mut shown = views::sim(&admin.gateway.sims().find(iccid).await?);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("number_asked".to_owned(), views::attempts(&attempts));
        shown.insert("custody".to_owned(), locations.iter().map(banks::location_row).collect());
    }
    Ok(Json(shown))
}

#[derive(Deserialize)]
pub(super) struct Rest {
    seconds: u64,
}

pub(super) async fn rest(
    State(admin): State<AdminState>,
    Path(iccid): Path<String>,
    Json(rest): Json<Rest>,
) -> Answer {
    let iccid = sim_named(&iccid)?;
    Ok(Json(views::sim(
        &admin.gateway.sims().set_rest(iccid, Duration::from_secs(rest.seconds)).await?,
    )))
}

#[derive(Deserialize)]
pub(super) struct Retire {
    retired: bool,
}

pub(super) async fn retire(
    State(admin): State<AdminState>,
    Path(iccid): Path<String>,
    Json(Retire { retired }): Json<Retire>,
) -> Answer {
    let iccid = sim_named(&iccid)?;
    Ok(Json(views::sim(&admin.gateway.sims().set_retired(iccid, retired).await?)))
}
