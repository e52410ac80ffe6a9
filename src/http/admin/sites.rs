//! The sites that connect to this daemon.

use axum::extract::{Path, Query, State};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::books::with;
use super::listing::ListQuery;
use super::{AdminState, Answer, Refused, refused};
use crate::domain::SiteName;
use crate::domain::latency::milliseconds;
use crate::gateway::SiteStatus;

pub(super) fn routes() -> Router<AdminState> {
    Router::new()
        .route("/sites", get(list).post(add))
        .route("/sites/{name}", delete(remove))
        .route("/sites/{name}/revoke", post(revoke))
}

/// A site as lists and the status show it.
pub(super) fn view(site: &SiteStatus) -> Value {
    let link = site.link.as_ref();
    json!({
        "name": site.name,
        "state": site.state.as_str(),
        "since": site.state.since().map(|since| since.to_string()),
        "version": link.map(|link| &link.version),
        "address": link.map(|link| link.address.to_string()),
        "ports": site.ports,
        "ready": site.ready,
        "question_ms": site.latency.map(|latency| milliseconds(latency.median)),
        "slow_question_ms": site.latency.map(|latency| milliseconds(latency.ninth_decile)),
        "refused_at": site.refused.map(|refused| refused.at.to_string()),
        "refused_from": site.refused.map(|refused| refused.address.to_string()),
        "refused_because": site.refused.map(|refused| refused.why.to_string()),
        "created_at": site.created_at.to_string(),
    })
}

async fn list(State(admin): State<AdminState>, Query(query): Query<ListQuery>) -> Answer {
    let (_, page) = query.for_whole_list(&[])?;
    let sites = page.cut(admin.gateway.sites().statuses(), |site| site.name.to_string())?;
    Ok(Json(sites.iter().map(view).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
}

fn parse_name(text: &str) -> Result<SiteName, Refused> {
    text.parse().map_err(|error| refused(format!("{text}: {error}")))
}

async fn add(State(admin): State<AdminState>, Json(New { name }): Json<New>) -> Answer {
    let name = parse_name(&name)?;
    let key = admin.gateway.sites().add(name.clone()).await?;
    Ok(Json(with(view(&admin.gateway.sites().find(&name)?), json!({ "key": hex::encode(key) }))))
}

async fn revoke(State(admin): State<AdminState>, Path(name): Path<String>) -> Answer {
    let name = parse_name(&name)?;
    admin.gateway.sites().revoke(name.clone()).await?;
    Ok(Json(view(&admin.gateway.sites().find(&name)?)))
}

async fn remove(State(admin): State<AdminState>, Path(name): Path<String>) -> Answer {
    let name = parse_name(&name)?;
    admin.gateway.sites().remove(name.clone()).await?;
    Ok(Json(json!({ "removed": name })))
}
