//! SIMs.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::json;

use super::books::with;
use super::{AdminState, Answer, ListQuery, Refused, banks, parse_time, refused, views};
use crate::domain::modem::{ModemReason, ModemRequest};
use crate::domain::sim::Pool;
use crate::domain::{Iccid, PortName};
use crate::gateway::{Error, Gateway, SimEdit, SimView, WantedDigits};

/// How many of the places that a SIM has been in are shown.
const SHOWN_LOCATIONS: u32 = 50;

pub(super) async fn list(
    State(admin): State<AdminState>,
    Query(mut query): Query<ListQuery>,
) -> Answer {
    let silent_since = query.silent.take().as_deref().map(parse_time).transpose()?;
    let digits = query.digits.take().as_deref().and_then(WantedDigits::read);
    let filters = ["number", "iccid", "country", "state", "silent", "digits"];
    let (request, page) = query.for_whole_list(&filters)?;
    let (mut sims, activity) =
        (admin.gateway.sims().search(request).await?, admin.gateway.sims().activity().await?);
    if let Some(then) = silent_since {
        sims.retain(|sim| activity.get(&sim.sim.id).is_none_or(|of| of.is_silent_since(then)));
    }
    sims.retain(|sim| digits.as_ref().is_none_or(|digits| digits.are_in(sim)));
    let sims = page.cut(sims, |view| view.sim.iccid.as_str().to_owned())?;
    let view = |sim: &SimView| views::sim_with_activity(sim, activity.get(&sim.sim.id));
    Ok(Json(sims.iter().map(view).collect()))
}

#[derive(Deserialize)]
pub(super) struct Number {
    number: String,
    #[serde(default)]
    create: bool,
    /// Nothing is set: the answer is what the SIM would be.
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn set_number(
    State(admin): State<AdminState>,
    Path(iccid): Path<String>,
    Json(Number { number, create, dry_run }): Json<Number>,
) -> Answer {
    let sims = admin.gateway.sims();
    let iccid = sims.named(iccid).await?;
    Ok(Json(views::sim(&match dry_run {
        true => sims.try_number(iccid, number, create).await?,
        false => sims.set_number(iccid, number, create).await?,
    })))
}

pub(super) async fn clear_number(
    State(admin): State<AdminState>,
    Path(iccid): Path<String>,
) -> Answer {
    let iccid = admin.gateway.sims().named(iccid).await?;
    Ok(Json(views::sim(&admin.gateway.sims().clear_number(iccid).await?)))
}

pub(super) async fn remove(State(admin): State<AdminState>, Path(iccid): Path<String>) -> Answer {
    let iccid = admin.gateway.sims().named(iccid).await?;
    admin.gateway.sims().remove(iccid.clone()).await?;
    Ok(Json(json!({ "removed": iccid })))
}

pub(super) async fn show(State(admin): State<AdminState>, Path(iccid): Path<String>) -> Answer {
    let iccid = admin.gateway.sims().named(iccid).await?;
    let attempts = admin.gateway.numbers().attempts(&iccid).await?;
    let locations = admin.gateway.sims().locations(&iccid, SHOWN_LOCATIONS).await?;
    let found = admin.gateway.sims().find(iccid).await?;
    let activity = admin.gateway.sims().activity_of(found.sim.id).await?;
    let mut shown = views::sim_with_activity(&found, activity.as_ref());
    let awaited = admin.gateway.sims().awaited_messages(found.sim.id).await?;
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("awaited".to_owned(), awaited.iter().map(views::awaited).collect());
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
    let iccid = admin.gateway.sims().named(iccid).await?;
    Ok(Json(views::sim(
        &admin.gateway.sims().set_rest(iccid, Duration::from_secs(rest.seconds)).await?,
    )))
}

/// Has the PIN of a card tried once more, at once where a modem waits with it. The card need not be
/// a known SIM: its ICCID can be read before its PIN is entered.
pub(super) async fn retry_pin(
    State(admin): State<AdminState>,
    Path(iccid): Path<String>,
) -> Answer {
    let parsed = iccid.parse::<Iccid>();
    let iccid = parsed.map_err(|error| refused(format!("{iccid}: {error}")))?;
    let modems = admin.gateway.modems().modems();
    let mut snapshots = modems.into_iter().map(|modem| modem.snapshot);
    let waiting = snapshots.find(|snapshot| {
        snapshot.reason.as_ref().and_then(ModemReason::card_with_refused_pin) == Some(&iccid)
    });
    let port = waiting.map(|snapshot| snapshot.port);
    let is_new = admin.gateway.sims().allow_pin_again(iccid.clone()).await?;
    match &port {
        Some(port) => try_pin_again(&admin, port).await?,
        None if is_new => {}
        None => return Err(refused(format!("no PIN was refused by the card {iccid}"))),
    }
    Ok(Json(json!({ "iccid": iccid, "port": port })))
}

async fn try_pin_again(admin: &AdminState, port: &PortName) -> Result<(), Refused> {
    let asked = admin.modems.request(port.clone(), ModemRequest::TryPinAgain).await;
    asked.map(drop).map_err(|error| {
        refused(format!(
            "the PIN may be tried once more, but the modem on {port} has not been told: {error}; \
             give the command again"
        ))
    })
}

#[derive(Deserialize)]
pub(super) struct PoolOf {
    pool: String,
}

pub(super) async fn pool(
    State(admin): State<AdminState>,
    Path(iccid): Path<String>,
    Json(PoolOf { pool }): Json<PoolOf>,
) -> Answer {
    let iccid = admin.gateway.sims().named(iccid).await?;
    let pool = parse_pool(&pool)?;
    Ok(Json(views::sim(&admin.gateway.sims().set_pool(iccid, pool).await?)))
}

fn parse_pool(word: &str) -> Result<Pool, Error> {
    let unknown = |_| Error::Refused("a SIM is sold for orders, rentals or both".to_owned());
    word.parse().map_err(unknown)
}

/// What is to change of several SIMs, which are named by their ICCIDs or numbers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    sims: Vec<String>,
    rest_seconds: Option<u64>,
    retired: Option<bool>,
    pool: Option<String>,
}

pub(super) async fn edit(State(admin): State<AdminState>, Json(edit): Json<Edit>) -> Answer {
    let iccids = named(&admin.gateway, edit.sims).await?;
    let edit = SimEdit {
        rest: edit.rest_seconds.map(Duration::from_secs),
        retired: edit.retired,
        pool: edit.pool.as_deref().map(parse_pool).transpose()?,
    };
    let edited = admin.gateway.sims().edit_all(iccids, edit).await?;
    Ok(Json(edited.iter().map(views::sim).collect()))
}

async fn named(gateway: &Gateway, sims: Vec<String>) -> Result<Vec<Iccid>, Error> {
    let mut iccids = Vec::with_capacity(sims.len());
    for sim in sims {
        iccids.push(gateway.sims().named(sim).await?);
    }
    Ok(iccids)
}

/// A list of SIMs and their numbers, line by line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    list: String,
    #[serde(default)]
    create: bool,
    /// Nothing is set: the answer is what the SIMs would be.
    #[serde(default)]
    dry_run: bool,
}

/// Sets the numbers of a list, or none if a line cannot be used. The answer has a row for each
/// line: the SIM or the fault.
pub(super) async fn import(
    State(admin): State<AdminState>,
    Json(List { list, create, dry_run }): Json<List>,
) -> Answer {
    let import = admin.gateway.sims().import(list, create, dry_run).await?;
    let set =
        import.sims.iter().map(|set| json!({ "line": set.line, "sim": views::sim(&set.sim) }));
    let faults =
        import.faults.iter().map(|fault| json!({ "line": fault.line, "fault": fault.fault }));
    Ok(Json(set.chain(faults).collect()))
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
    let iccid = admin.gateway.sims().named(iccid).await?;
    let sim = admin.gateway.sims().set_retired(iccid.clone(), retired).await?;
    let rented = "it is rented: its tenant keeps it to the end of the term, which is not renewed";
    let warning = (retired && sim.sim.rented).then_some(rented);
    Ok(Json(with(views::sim(&sim), json!({ "warning": warning }))))
}
