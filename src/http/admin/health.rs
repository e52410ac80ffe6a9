//! The health of numbers for services.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminState, Answer, ListQuery};
use crate::gateway::PairView;

pub(super) fn routes() -> Router<AdminState> {
    Router::new()
        .route("/pairs", get(list))
        .route("/pairs/rest", post(rest))
        .route("/pairs/clear", post(clear))
        .route("/sims/{iccid}/hearing", post(clear_sim))
}

#[derive(Deserialize)]
struct Pair {
    number: String,
    service: String,
    #[serde(default)]
    seconds: u64,
}

async fn list(State(admin): State<AdminState>, Query(query): Query<ListQuery>) -> Answer {
    let filters = ["service", "number", "iccid", "country", "from"];
    let mut request = query.for_first_rows(&filters)?;
    if let Some(sim) = request.iccid.take() {
        request.iccid = Some(admin.gateway.sims().named(sim).await?.to_string());
    }
    Ok(Json(admin.gateway.health().pairs(request).await?.iter().map(view).collect()))
}

async fn rest(
    State(admin): State<AdminState>,
    Json(Pair { number, service, seconds }): Json<Pair>,
) -> Answer {
    let rest = Duration::from_secs(seconds);
    Ok(Json(view(&admin.gateway.health().rest(number, service, rest).await?)))
}

async fn clear(
    State(admin): State<AdminState>,
    Json(Pair { number, service, .. }): Json<Pair>,
) -> Answer {
    Ok(Json(view(&admin.gateway.health().clear(number, service).await?)))
}

async fn clear_sim(State(admin): State<AdminState>, Path(iccid): Path<String>) -> Answer {
    let iccid = admin.gateway.sims().named(iccid).await?;
    let was_doubted = admin.gateway.health().clear_sim(iccid.clone()).await?;
    Ok(Json(json!({ "iccid": iccid, "was_doubted": was_doubted })))
}

fn view(pair: &PairView) -> Value {
    json!({
        "number": pair.number,
        "iccid": pair.iccid,
        "service": pair.service,
        "orders": pair.ends.orders,
        "codes": pair.ends.codes,
        "failures": pair.ends.failures,
        "in_a_row": pair.health.failures,
        "rests_until": pair.rests.then(|| pair.health.rests_until.to_string()),
    })
}
