//! What becomes of a switch: a SIM was read, or none, or the switch came to nothing.

use std::time::Duration;

use super::api::BankAction;
use super::machine::{Bank, HOLD_OFF};
use crate::domain::bank::{SlotContents, SlotRecord, SwitchOutcome, SwitchRecord};
use crate::domain::{Iccid, Moment};

/// How long a slot that could not be put on a radio is left alone: the first time, and at most. The
/// time doubles with each failure in between.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));

impl Bank {
    /// A SIM was read after a switch. Only this counts, whatever the bank said.
    pub(super) fn on_sim_read(&mut self, radio: usize, iccid: &Iccid, now: Moment) {
        let known_slot = self.state.slot_of(iccid);
        let profile = &self.state.config.profile;
        let Some(known) = self.state.radios.get_mut(radio) else { return };
        let Some(switch) = known.switch.as_mut() else { return };
        let slot = switch.slot;
        let is_previous = switch.previous.as_ref() == Some(iccid);
        let is_last_attempt = switch.attempts >= profile.tries;
        let is_expected = match &switch.expected {
            Some(expected) => expected == iccid,
            // What is known of a slot is a hint: should the bank have lied the first time, the
            // SIM's own slot tells later.
            None => known_slot.is_none_or(|known| known == slot),
        };
        // It is in no slot that is known: it has taken the place of the SIM that was here.
        let is_exchanged = !is_previous && known_slot.is_none();
        // It is read after every attempt: the SIMs have been put into other slots.
        let is_moved = !is_previous && is_last_attempt;
        if is_expected || is_exchanged || is_moved {
            switch.await_network(profile, now);
            self.state.set_contents(slot, SlotContents::Sim(iccid.clone()), radio);
        }
        if is_expected || is_exchanged {
            return;
        }
        if let Some(known) = self.state.radios.get_mut(radio) {
            known.lies = known.lies.saturating_add(1);
        }
        if !is_last_attempt {
            self.try_again(radio, Some(iccid.clone()), now);
        } else if is_previous {
            self.finish_switch(radio, SwitchOutcome::Lied, now);
        }
    }

    /// The modem says that there is no SIM after a switch.
    pub(super) fn on_no_sim(&mut self, radio: usize, now: Moment) {
        let known = self.state.radios.get(radio);
        let Some(switch) = known.and_then(|known| known.switch.as_ref()) else { return };
        let slot = switch.slot;
        if switch.expected.is_some() && switch.attempts < self.state.config.profile.tries {
            return self.try_again(radio, None, now);
        }
        self.state.set_contents(slot, SlotContents::Empty, radio);
        self.finish_switch(radio, SwitchOutcome::Empty, now);
    }

    fn try_again(&mut self, radio: usize, on_radio: Option<Iccid>, now: Moment) {
        let Some(known) = self.state.radios.get_mut(radio) else { return };
        known.since = now;
        if let Some(switch) = &mut known.switch {
            self.actions.push_back(switch.begin(on_radio, radio, now));
        }
    }

    fn save_slot(&mut self, slot: u32) {
        if let Some(known) = self.state.slot(slot) {
            let (contents, visited_at) = (known.contents.clone(), known.visited_at);
            self.actions.push_back(BankAction::SaveSlot(SlotRecord { slot, contents, visited_at }));
        }
    }

    /// Nothing was done: the SIM is wanted where it is, or its session cannot go off the air.
    pub(super) fn on_refused(&mut self, radio: usize, now: Moment) {
        let Some(known) = self.state.radios.get_mut(radio) else { return };
        if known.switch.as_ref().is_some_and(|switch| switch.off_air_since.is_some()) {
            // The bank has lied, and the SIM that is still there is wanted now.
            return self.finish_switch(radio, SwitchOutcome::Lied, now);
        }
        let Some(switch) = known.switch.take() else { return };
        known.not_before = now + HOLD_OFF;
        known.since = now;
        if switch.failure.is_some() {
            known.failed_in_row = known.failed_in_row.saturating_add(1);
            known.failure = switch.failure;
        }
        let reclaimed = switch.released.into_iter();
        self.actions.extend(reclaimed.map(|iccid| BankAction::Reclaim { iccid }));
        self.fetch_demands(now);
        self.actions.push_back(BankAction::Report);
    }

    /// A switch is over: its outcome is counted, stored, and taken into account for the next ones.
    pub(super) fn finish_switch(&mut self, radio: usize, outcome: SwitchOutcome, now: Moment) {
        let config = &self.state.config;
        let (bank, port) = (config.name.clone(), config.radios.get(radio).cloned());
        let (Some(known), Some(port)) = (self.state.radios.get_mut(radio), port) else { return };
        let Some(switch) = known.switch.take() else { return };
        let (began_at, found) = (switch.off_air_since.unwrap_or(now), known.session.iccid.clone());
        let failure = match outcome {
            SwitchOutcome::Done | SwitchOutcome::Empty => None,
            SwitchOutcome::NoNetwork => Some("no network accepts it".to_owned()),
            SwitchOutcome::Lied | SwitchOutcome::Failed => {
                let wrong_sim = || "another SIM is read than the expected one".to_owned();
                Some(switch.failure.unwrap_or_else(wrong_sim))
            }
        };
        known.count_switch(outcome, failure.clone(), now - began_at);
        (known.since, known.off_air_since) = (now, now);
        known.last_read = known.last_read.take().filter(|_| found.is_some());
        known.by_hand = known.by_hand.filter(|slot| *slot != switch.slot);
        known.not_before = if outcome == SwitchOutcome::Failed { now + HOLD_OFF } else { now };
        let left = switch.previous.filter(|previous| found.as_ref() != Some(previous));
        let reclaimed = switch.released.into_iter().chain(found.clone());
        self.actions.extend(reclaimed.map(|iccid| BankAction::Reclaim { iccid }));
        self.update_slot(switch.slot, outcome, failure, now);
        if outcome == SwitchOutcome::Done {
            self.state.add_switch_time(now - began_at);
        }
        if let Some(slot) = left.as_ref().and_then(|iccid| self.state.slot_of(iccid)) {
            self.save_slot(slot);
        }
        self.save_slot(switch.slot);
        let (slot, ended_at) = (switch.slot, now);
        let record = SwitchRecord { bank, port, slot, left, began_at, ended_at, found, outcome };
        self.actions.extend([BankAction::SaveSwitch(record), BankAction::Report]);
        self.fetch_demands(now);
    }

    /// Takes the outcome of a switch into what is known of its slot.
    fn update_slot(
        &mut self,
        slot: u32,
        outcome: SwitchOutcome,
        failure: Option<String>,
        now: Moment,
    ) {
        let Some(known) = self.state.slot_mut(slot) else { return };
        known.tried_at = Some(now);
        known.failures = if failure.is_none() { 0 } else { known.failures.saturating_add(1) };
        if matches!(outcome, SwitchOutcome::Done | SwitchOutcome::Empty) {
            known.visited_at = Some(now);
        }
        known.retry_at = failure.is_some().then(|| {
            let factor = 1_u32.checked_shl(known.failures.saturating_sub(1)).unwrap_or(u32::MAX);
            now + BACKOFF.0.saturating_mul(factor).min(BACKOFF.1)
        });
        known.trouble = failure;
    }
}
