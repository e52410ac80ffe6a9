//! One SIM bank: its radios and what they do next, its slots, its last switches, and a switch by
//! hand.

use std::time::Duration;

use maud::{Markup, Render, html};

use super::banks::{Counts, trouble};
use super::modems::short_port;
use super::ways::{modem_link, sim_link};
use super::{Operator, bank_moves};
use crate::domain::RowLimit;
use crate::domain::bank::{BankReport, RadioReport, RadioState, SlotContents, SlotReport};
use crate::domain::login::Permission::{Act, Look};
use crate::gateway::{ListRequest, Topic};
use crate::http::web::{
    Access, Done, Empty, Fault, Faults, Form, Page, Route, Row, Table, Tone, Visit, ago, badge,
    facts, hostile, path, span, until,
};

const BANK: &str = "/banks/{name}";
/// How many of the last switches stand on a bank's page.
const LAST_SWITCHES: u32 = 10;
const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn routes() -> Vec<Route<Operator>> {
    let topics = &[Topic::Banks];
    vec![
        Route::page(BANK, Access::May(Look), show).live_on(topics),
        Route::page("/banks/{name}/moves", Access::May(Look), bank_moves::show).live_on(topics),
        Route::post("/banks/{name}/switch", Access::May(Act), BANK, switch),
    ]
}

/// How a radio is.
fn tone_of(state: RadioState) -> Tone {
    match state {
        RadioState::OnAir => Tone::Good,
        RadioState::Draining
        | RadioState::Switching
        | RadioState::Starting
        | RadioState::Registering => Tone::News,
        RadioState::NoSim => Tone::Fair,
        RadioState::OutOfOrder => Tone::Bad,
    }
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let banks = visit.gateway().banks();
    let bank = banks.find(visit.param("name"))?;
    let last = ListRequest::from(RowLimit::from(LAST_SWITCHES));
    let switches = banks.switches(&bank.name, last).await?;
    let mut page = Page::new(format!("Bank {}", bank.name))
        .below("Banks", "/banks")
        .half_part("state", state(&visit, &bank));
    if visit.may(Act) {
        page = page.half_part("switch", switch_form(&visit, &bank));
    }
    Ok(page.part("radios", radios(&visit, &bank)).part("slots", slots(&visit, &bank)).part(
        "moves",
        html! {
            h2 { "Last switches" }
            (bank_moves::table(Some(&bank), switches.iter().rev()))
            p { a href=(path!("/banks/{}/moves", bank.name)) { "All switches" } }
        },
    ))
}

fn state(visit: &Visit<Operator>, bank: &BankReport) -> Markup {
    let counts = Counts::of(bank);
    let sum = |count: fn(&RadioReport) -> u32| bank.radios.iter().map(count).sum::<u32>();
    let (visit_time, an_hour) = (bank.shortest_visit(), bank.visits_in(HOUR));
    html! {
        h2 { "State" }
        (facts(&[
            ("Hardware", html! { (bank.profile) }),
            ("Trouble", trouble(bank.trouble.as_deref())),
            ("Radios that work", html! { (counts.working) " of " (counts.radios) }),
            ("Slots", html! {
                (counts.known) " with a SIM, " (counts.empty) " empty, " (counts.unknown)
                " not looked into, " (counts.troubled) " with trouble"
            }),
            ("Late visits", html! { (counts.late) }),
            ("A switch takes", html! { (span(bank.switch_time)) }),
            ("A radio can carry", html! {
                "a visit takes " (span(visit_time)) " at least, so a radio visits "
                (an_hour) " an hour at most; SIMs on each here: " (per_radio(&counts))
            }),
            ("Since the start", html! {
                (sum(|radio| radio.switches)) " switches, " (sum(|radio| radio.lies))
                " to a wrong SIM, " (sum(|radio| radio.failures)) " failed"
            }),
            ("Last report", html! { (ago(visit.now(), bank.at)) " ago" }),
        ]))
    }
}

/// How many SIMs there are for each radio.
fn per_radio(counts: &Counts) -> usize {
    counts.known.div_ceil(counts.radios.max(1))
}

fn radios(visit: &Visit<Operator>, bank: &BankReport) -> Markup {
    let now = visit.now();
    let row = |(number, radio): (usize, &RadioReport)| {
        let row = Row::new(
            number,
            [
                html! {
                    (number) " " (modem_link(&radio.port))
                },
                html! {
                    (badge(tone_of(radio.state), radio.state.as_str()))
                    " for " (ago(now, radio.since))
                    @if let Some(reason) = &radio.reason { ": " (hostile(reason)) }
                },
                sim_link(radio.iccid.as_ref()),
                html! {
                    @if let Some(next) = &radio.next {
                        (label_of(Some(bank), next.slot)) ", " (next.reason.as_str())
                        @if next.not_before > now { ", in " (until(now, next.not_before)) }
                    } @else { "nothing" }
                },
                html! { (radio.switches) },
                html! { (radio.lies) },
                html! { (radio.failures) },
                html! { (span(radio.downtime)) },
            ],
        );
        if radio.state == RadioState::OutOfOrder { row.marked(Tone::Bad) } else { row }
    };
    let table = Table::new("radio", "Radios, what they do and what they do next")
        .column("Radio")
        .column("Doing")
        .column("SIM")
        .column("Next")
        .number_column("Switches")
        .number_column("Wrong SIM")
        .minor()
        .number_column("Failed")
        .minor()
        .number_column("Deaf time")
        .minor()
        .empty(Empty::new("The bank has no radios."));
    html! { h2 { "Radios" } (table.rows((1..).zip(&bank.radios).map(row)).render()) }
}

/// What a slot is called; `bank` is missing if it is no longer driven.
pub(super) fn label_of(bank: Option<&BankReport>, slot: u32) -> String {
    let found = bank.and_then(|bank| bank.slots.iter().find(|known| known.slot == slot));
    found.map_or_else(|| format!("slot {slot}"), |slot| slot.label.clone())
}

fn slots(visit: &Visit<Operator>, bank: &BankReport) -> Markup {
    let row = |slot: &SlotReport| {
        let row = Row::new(
            slot.slot,
            [
                html! { (slot.label) " " small { "in commands: " (slot.slot) } },
                contents(slot),
                html! { (on_radio(bank, slot)) },
                html! {
                    @match slot.visited_at {
                        Some(at) => { (ago(visit.now(), at)) " ago" },
                        None => "never",
                    }
                },
                html! {
                    @if let Some(since) = slot.late_since {
                        (badge(Tone::Bad, "Late")) " by " (ago(visit.now(), since))
                    } @else if let Some(due) = slot.visit_due {
                        "due in " (until(visit.now(), due))
                    } @else { "–" }
                },
                trouble(slot.trouble.as_deref()),
            ],
        );
        let is_bad = slot.late_since.is_some() || slot.trouble.is_some();
        if is_bad { row.marked(Tone::Bad) } else { row }
    };
    let table = Table::new("slot", "Slots and the SIMs in them")
        .column("Slot")
        .column("SIM")
        .column("On the air")
        .column("Last visit")
        .column("Visit")
        .column("Trouble")
        .empty(Empty::new("The bank has no slots."));
    html! { h2 { "Slots" } (table.rows(bank.slots.iter().map(row)).render()) }
}

fn contents(slot: &SlotReport) -> Markup {
    match &slot.contents {
        SlotContents::Sim(iccid) => sim_link(Some(iccid)),
        SlotContents::Empty => html! { "empty" },
        SlotContents::Unknown => html! { "not looked into yet" },
    }
}

fn on_radio(bank: &BankReport, slot: &SlotReport) -> Markup {
    let radio = slot.on_radio.and_then(|index| Some((index + 1, bank.radios.get(index)?)));
    html! {
        @match radio {
            Some((number, radio)) => { "radio " (number) ", " (radio.state.as_str()) },
            None => "parked",
        }
    }
}

fn switch_form(visit: &Visit<Operator>, bank: &BankReport) -> Markup {
    let form = visit.form(&path!("/banks/{}/switch", bank.name)).takes("up to 2 min");
    let radios: Vec<(String, String)> = (1..)
        .zip(&bank.radios)
        .map(|(number, radio): (usize, _)| {
            (number.to_string(), format!("{number}: {}", short_port(&radio.port)))
        })
        .collect();
    let slots: Vec<(String, String)> = bank
        .slots
        .iter()
        .filter(|slot| slot.on_radio.is_none())
        .map(|slot| (slot.slot.to_string(), slot.label.clone()))
        .collect();
    html! {
        h2 { "Put a slot on a radio" }
        (form.show(html! {
            (form.choice("slot", "Slot", &slots))
            (form.choice("radio", "Radio", &radios))
            (form.button("Switch"))
        }))
        p class="hint" {
            "The SIM that is on the radio leaves it, unless an order or a long message holds it."
        }
    }
}

async fn switch(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let name = visit.param("name");
    let mut faults = Faults::new();
    let slot = form.text("slot").parse().map_err(|_| "choose a slot");
    let slot: Option<u32> = faults.check("slot", slot);
    if form.text("radio").is_empty() {
        faults.add("radio", "Choose a radio.");
    }
    faults.result()?;
    let (banks, radio) = (visit.gateway().banks(), form.text("radio"));
    let slot = slot.unwrap_or_default();
    let switched = banks.switch_by_hand(visit.modems(), name, radio, slot).await?;
    Ok(Done::at(path!("/banks/{}", name), format!("The bank says: {}.", switched.reply)))
}
