//! Makes the report of a bank from its state.

use super::machine::Bank;
use super::model::{BankState, Radio};
use super::plan;
use crate::domain::bank::{
    BankReport, PlannedSwitch, RadioReport, RadioState, SlotReport, SwitchReason,
};
use crate::domain::{ClockReading, Moment};

/// The number of failed switches of one radio in a row that operators are told about.
const FAILURES_IN_ROW: u32 = 3;

impl Bank {
    /// Reports the bank as it is now.
    pub fn report(&self, now: ClockReading) -> BankReport {
        let state = &self.state;
        let slots: Vec<SlotReport> = (0..state.config.total_slots())
            .filter_map(|slot| slot_report(state, slot, now))
            .collect();
        let radios = (0..state.radios.len()).filter_map(|radio| radio_report(state, radio, now));
        BankReport {
            name: state.config.name.clone(),
            profile: state.config.profile.name.clone(),
            at: now.time,
            radios: radios.collect(),
            switch_time: state.switch_time(),
            sell_within: state.config.sell_within,
            visit_on_view: state.config.visit_on_view,
            trouble: trouble(state, &slots),
            slots,
        }
    }
}

/// Describes what is wrong with a bank for an operator, if anything is.
fn trouble(state: &BankState, slots: &[SlotReport]) -> Option<String> {
    let failing = (1..)
        .zip(&state.radios)
        .find(|(_, radio)| radio.failed_in_row >= FAILURES_IN_ROW)
        .map(|(number, radio)| {
            let count = radio.failed_in_row;
            let why = radio.failure.as_deref().unwrap_or("no SIM is read");
            format!("{count} switches of radio {number} in a row came to nothing: {why}")
        });
    let late = slots.iter().filter(|slot| slot.late_since.is_some()).count();
    failing.or_else(|| {
        let seconds = state.switch_time().as_secs();
        (late > 0).then(|| {
            format!(
                "{late} rented SIMs are visited later than rental_visit says; a switch takes \
                 {seconds} s"
            )
        })
    })
}

fn radio_report(state: &BankState, radio: usize, now: ClockReading) -> Option<RadioReport> {
    let known = state.radios.get(radio)?;
    let planned = |slot: u32, reason: SwitchReason, not_before: Moment| PlannedSwitch {
        slot,
        reason,
        not_before: now.time_of(not_before.max(now.moment)),
    };
    let under_way =
        known.switch.as_ref().map(|switch| planned(switch.slot, switch.reason, now.moment));
    let next = plan::choose(state, radio, now.moment)
        .map(|choice| planned(choice.slot, choice.reason, choice.not_before));
    let is_awaited = next.as_ref().is_some_and(|next| next.reason.is_urgent());
    let free_at = plan::free_at(state, radio).filter(|_| !is_awaited);
    let held = state.demand_on(known).is_some_and(|demand| demand.held);
    let reason = known
        .switch
        .as_ref()
        .and_then(|switch| switch.failure.clone())
        .or_else(|| held.then(|| "an order or a long message holds its SIM".to_owned()))
        .or_else(|| known.session.reason.clone());
    Some(RadioReport {
        port: state.config.radios.get(radio)?.clone(),
        state: radio_state(known),
        since: now.time_of(known.since),
        reason,
        slot: state.slot_on(radio),
        iccid: known.session.iccid.clone(),
        next: under_way.or(next),
        free_in: free_at.map(|at| at - now.moment),
        switches: known.switches,
        lies: known.lies,
        failures: known.failures,
        downtime: known.downtime,
    })
}

fn radio_state(radio: &Radio) -> RadioState {
    match &radio.switch {
        Some(switch) => switch.radio_state(),
        None if radio.session.out_of_order => RadioState::OutOfOrder,
        None if radio.session.ready => RadioState::OnAir,
        None if radio.session.iccid.is_some() => RadioState::Registering,
        None if radio.session.no_sim => RadioState::NoSim,
        None => RadioState::Starting,
    }
}

fn slot_report(state: &BankState, slot: u32, now: ClockReading) -> Option<SlotReport> {
    let known = state.slot(slot)?;
    let on_radio = (0..state.radios.len()).find(|radio| state.slot_on(*radio) == Some(slot));
    let on_air =
        on_radio.and_then(|radio| state.radios.get(radio)).is_some_and(|radio| radio.session.ready);
    let visited_at = if on_air { Some(now.moment) } else { known.visited_at };
    let rented = state.demand_in(known).is_some_and(|demand| demand.rented);
    let visit_due = visited_at.map(|at| at + state.config.rental_visit).filter(|_| rented);
    let radios = state.config.radios_of(slot);
    let all_out_of_order = radios
        .clone()
        .all(|radio| state.radios.get(radio).is_none_or(|radio| radio.session.out_of_order));
    Some(SlotReport {
        slot,
        label: state.config.label(slot),
        radios,
        contents: known.contents.clone(),
        on_radio,
        visited_at: visited_at.map(|at| now.time_of(at)),
        visit_due: visit_due.map(|due| now.time_of(due)),
        late_since: visit_due.filter(|due| *due < now.moment).map(|due| now.time_of(due)),
        trouble: all_out_of_order
            .then(|| "its radio is out of order".to_owned())
            .or_else(|| known.trouble.clone()),
    })
}
