//! SIM banks: what is on their radios and in their slots, which switches come next, which were
//! made, and a switch by hand.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminState, Answer, ListQuery};
use crate::domain::Iccid;
use crate::domain::bank::{
    BankReport, RadioReport, RadioState, SlotContents, SlotReport, SwitchRecord,
};
use crate::gateway::{Error, LocationPeriod};

pub(super) fn routes() -> Router<AdminState> {
    Router::new()
        .route("/banks", get(list))
        .route("/banks/{name}", get(show))
        .route("/banks/{name}/plan", get(plan))
        .route("/banks/{name}/moves", get(moves))
        .route("/banks/{name}/switch", post(switch))
}

async fn list(State(admin): State<AdminState>, Query(query): Query<ListQuery>) -> Answer {
    answer_list(admin.gateway.banks().reports(), query)
}

/// The banks that are asked for, a row for each.
pub(super) fn answer_list(banks: Vec<BankReport>, query: ListQuery) -> Answer {
    let (_, page) = query.for_whole_list(&[])?;
    let banks = page.cut(banks, |bank| bank.name.clone())?;
    Ok(Json(banks.iter().map(summary).collect()))
}

/// A bank as a row of the list.
fn summary(bank: &BankReport) -> Value {
    let slots = |is: fn(&SlotReport) -> bool| bank.slots.iter().filter(|slot| is(slot)).count();
    let sum = |count: fn(&RadioReport) -> u32| bank.radios.iter().map(count).sum::<u32>();
    json!({
        "name": bank.name,
        "profile": bank.profile,
        "radios": bank.radios.len(),
        "working": bank.radios.iter().filter(|radio| radio.state != RadioState::OutOfOrder).count(),
        "slots": bank.slots.len(),
        "known": slots(|slot| slot.contents.iccid().is_some()),
        "empty": slots(|slot| slot.contents == SlotContents::Empty),
        "unknown": slots(|slot| slot.contents == SlotContents::Unknown),
        "late": slots(|slot| slot.late_since.is_some()),
        "switch_seconds": (bank.switch_time.as_secs_f64() * 10.0).round() / 10.0,
        "moves": sum(|radio| radio.switches),
        "lies": sum(|radio| radio.lies),
        "failures": sum(|radio| radio.failures),
        "trouble": bank.trouble,
        "at": bank.at.to_string(),
    })
}

/// The last report of a bank.
fn find(admin: &AdminState, name: &str) -> Result<BankReport, Error> {
    admin.gateway.banks().find(name).or_else(|unknown| {
        admin.gateway.sites().check_site_of_bank(name)?;
        Err(unknown)
    })
}

async fn show(State(admin): State<AdminState>, Path(name): Path<String>) -> Answer {
    Ok(Json(details(&find(&admin, &name)?)))
}

/// A bank with its radios and slots.
pub(super) fn details(bank: &BankReport) -> Value {
    let mut details = summary(bank);
    if let Some(details) = details.as_object_mut() {
        let radios = (1..).zip(&bank.radios).map(|(number, radio)| radio_row(number, radio));
        details.insert("radio_list".to_owned(), radios.collect());
        let slots = bank.slots.iter().map(|slot| slot_row(bank, slot));
        details.insert("slot_list".to_owned(), slots.collect());
    }
    details
}

fn radio_row(number: usize, radio: &RadioReport) -> Value {
    json!({
        "radio": number,
        "port": radio.port.as_str(),
        "doing": radio.state.as_str(),
        "since": radio.since.to_string(),
        "reason": radio.reason,
        "slot": radio.slot,
        "iccid": radio.iccid.as_ref().map(Iccid::as_str),
        "moves": radio.switches,
        "lies": radio.lies,
        "failures": radio.failures,
        "deaf_seconds": radio.downtime.as_secs(),
    })
}

fn slot_row(bank: &BankReport, slot: &SlotReport) -> Value {
    let on_radio = slot.on_radio.and_then(|radio| bank.radios.get(radio));
    json!({
        "slot": slot.slot,
        "label": slot.label,
        "holds": slot.contents.as_str(),
        "iccid": slot.contents.iccid().map(Iccid::as_str),
        "radio": slot.on_radio.filter(|_| on_radio.is_some()).map(|radio| radio + 1),
        "since": on_radio.map(|radio| radio.since.to_string()),
        "why": on_radio.and_then(|radio| radio.reason.as_ref()),
        "visited_at": slot.visited_at.map(|at| at.to_string()),
        "late_since": slot.late_since.map(|at| at.to_string()),
        "trouble": slot.trouble,
    })
}

async fn plan(State(admin): State<AdminState>, Path(name): Path<String>) -> Answer {
    let bank = find(&admin, &name)?;
    let row = |(number, radio): (usize, &RadioReport)| {
        let next = radio.next.as_ref();
        let slot = next.and_then(|next| bank.slots.iter().find(|slot| slot.slot == next.slot));
        json!({
            "radio": number,
            "port": radio.port.as_str(),
            "doing": radio.state.as_str(),
            "slot": next.map(|next| next.slot),
            "label": slot.map(|slot| &slot.label),
            "iccid": slot.and_then(|slot| slot.contents.iccid()).map(Iccid::as_str),
            "why": next.map(|next| next.reason.as_str()),
            "not_before": next.map(|next| next.not_before.to_string()),
        })
    };
    Ok(Json((1..).zip(&bank.radios).map(row).collect()))
}

/// The switches of a bank, also of one that is no longer driven.
async fn moves(
    State(admin): State<AdminState>,
    Path(name): Path<String>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let request = query.for_list(&["iccid"])?;
    let moves = admin.gateway.banks().switches(&name, request).await?;
    if moves.is_empty() {
        find(&admin, &name)?;
    }
    Ok(Json(moves.iter().map(switch_row).collect()))
}

fn switch_row((id, switch): &(i64, SwitchRecord)) -> Value {
    json!({
        "id": id,
        "began_at": switch.began_at.to_string(),
        "ended_at": switch.ended_at.to_string(),
        "radio": switch.port.as_str(),
        "slot": switch.slot,
        "left": switch.left.as_ref().map(Iccid::as_str),
        "found": switch.found.as_ref().map(Iccid::as_str),
        "outcome": switch.outcome.as_str(),
    })
}

#[derive(Deserialize)]
struct Switch {
    radio: String,
    slot: u32,
}

async fn switch(
    State(admin): State<AdminState>,
    Path(name): Path<String>,
    Json(Switch { radio, slot }): Json<Switch>,
) -> Answer {
    let (banks, modems) = (admin.gateway.banks(), &*admin.modems);
    let switched = banks.switch_by_hand(modems, &name, &radio, slot).await?;
    Ok(Json(json!({
        "bank": name,
        "radio": switched.radio.as_str(),
        "slot": slot,
        "reply": [switched.reply],
    })))
}

/// A time that a SIM was in one modem.
pub(super) fn location_row(period: &LocationPeriod) -> Value {
    json!({
        "imei": period.modem.is_imei().then_some(&period.modem),
        "modem": period.modem,
        "bank": period.position.as_ref().map(|position| &position.bank),
        "slot": period.position.as_ref().and_then(|position| position.slot),
        "since": period.since.to_string(),
        "seen_at": period.seen_at.to_string(),
        "until": period.ended_at.map(|at| at.to_string()),
    })
}
