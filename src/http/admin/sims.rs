//! SIMs.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;

use super::{Admin, Answer, views};

pub(super) async fn list(State(admin): State<Admin>) -> Answer {
    Ok(Json(admin.gateway.sims().await?.iter().map(views::sim).collect()))
}

#[derive(Deserialize)]
pub(super) struct Number {
    number: String,
}

pub(super) async fn set_number(
    State(admin): State<Admin>,
    Path(iccid): Path<String>,
    Json(Number { number }): Json<Number>,
) -> Answer {
    Ok(Json(views::sim(&admin.gateway.set_number(iccid, number).await?)))
}
