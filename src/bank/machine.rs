//! The state machine of a bank: it takes events of the sessions, the gateway, the bank and the
//! operator, and decides what to do next.

use std::collections::VecDeque;
use std::time::Duration;

use super::api::{BankAction, BankConfig, SessionStatus};
use super::model::BankState;
use super::plan;
use super::switching::{Progress, Switch, Target};
use crate::domain::bank::{SlotDemand, SlotRecord, SwitchOutcome, SwitchReason};
use crate::domain::modem::RequestError;
use crate::domain::{Iccid, Moment};

/// The greatest age of the demands on which a switch may begin.
const FRESH_DEMANDS: Duration = Duration::from_secs(5);
/// The longest time between two requests for demands, because some change without an event: for
/// instance, when an order stops collecting messages.
const STALE_DEMANDS: Duration = Duration::from_secs(30);
/// The time after which a request for demands that was not answered is repeated.
const UNANSWERED: Duration = Duration::from_secs(30);
/// How long a radio is left alone after its SIM could not leave it.
pub(super) const HOLD_OFF: Duration = Duration::from_secs(15);

/// The state machine of one bank.
#[derive(Debug)]
pub struct Bank {
    pub(super) state: BankState,
    /// When the demands that are known were answered.
    demands_at: Option<Moment>,
    /// When the request for demands was made that has not been answered.
    fetching_since: Option<Moment>,
    /// Whether demands have changed since that request.
    fetch_again: bool,
    pub(super) actions: VecDeque<BankAction>,
}

impl Bank {
    /// Starts with what is stored about the bank's slots. `now` must be later than all times in it.
    pub fn new(config: BankConfig, records: Vec<SlotRecord<Moment>>, now: Moment) -> Bank {
        let mut bank = Bank {
            state: BankState::new(config, records, now),
            demands_at: None,
            fetching_since: None,
            fetch_again: false,
            actions: VecDeque::new(),
        };
        bank.fetch_demands(now);
        bank
    }

    /// Takes the next action. Actions are to be carried out in this order.
    pub fn next_action(&mut self) -> Option<BankAction> {
        self.actions.pop_front()
    }

    /// A radio's session has reported its status.
    pub fn on_session_status(&mut self, radio: usize, status: SessionStatus, now: Moment) {
        let known = self.state.radios.get_mut(radio);
        let Some(known) = known.filter(|known| known.session != status) else { return };
        let was_ready = known.session.ready;
        let same_sim = known.session.iccid == status.iccid;
        known.last_read = status.iccid.clone().or(known.last_read.take());
        known.on_air_since =
            known.on_air_since.filter(|_| same_sim && status.ready).or(status.ready.then_some(now));
        if was_ready && !status.ready {
            known.off_air_since = now;
        }
        if !same_sim {
            known.last_message_at = None;
        }
        let mut reclaimed = None;
        if known.switch.is_none() {
            known.since = now;
            // The SIM may have been released for a switch that a task of this bank began before it
            // failed.
            reclaimed = status.iccid.clone().filter(|_| status.ready && !was_ready);
        }
        known.session = status;
        self.actions.extend(reclaimed.map(|iccid| BankAction::Reclaim { iccid }));
        self.actions.push_back(BankAction::Report);
        self.tick(now);
    }

    /// A message has arrived on a radio.
    pub fn on_message(&mut self, radio: usize, now: Moment) {
        if let Some(known) = self.state.radios.get_mut(radio) {
            known.last_message_at = Some(now);
        }
    }

    /// The demand for the bank's SIMs may have changed.
    pub fn on_demands_changed(&mut self, now: Moment) {
        self.fetch_demands(now);
    }

    /// Requests demands. If a request is under way already, another is made after it.
    pub(super) fn fetch_demands(&mut self, now: Moment) {
        if self.fetching_since.is_some_and(|since| now - since < UNANSWERED) {
            self.fetch_again = true;
            return;
        }
        (self.fetching_since, self.fetch_again) = (Some(now), false);
        let state = &self.state;
        let strangers = state.radios.iter().filter_map(|radio| radio.session.iccid.as_ref());
        let strangers = strangers.filter(|iccid| state.slot_of(iccid).is_none());
        let sims = state.known_sims().chain(strangers).cloned().collect();
        self.actions.push_back(BankAction::FetchDemands(sims));
    }

    /// Takes the demands for the SIMs that were asked about; `None` if they cannot be read now.
    pub fn on_demands(&mut self, demands: Option<Vec<SlotDemand<Moment>>>, now: Moment) {
        self.fetching_since = None;
        let Some(demands) = demands else {
            self.demands_at = None;
            for radio in &mut self.state.radios {
                radio.not_before = radio.not_before.max(now + HOLD_OFF);
            }
            return;
        };
        self.demands_at = Some(now);
        let by_iccid = demands.into_iter().map(|demand| (demand.iccid.clone(), demand));
        self.state.demands = by_iccid.collect();
        self.actions.push_back(BankAction::Report);
        if self.fetch_again {
            self.fetch_demands(now);
        }
        self.tick(now);
    }

    /// Takes the answer whether a SIM may go off the air.
    pub fn on_release_answer(&mut self, radio: usize, iccid: &Iccid, granted: bool, now: Moment) {
        let is_awaited = self.state.radios.get(radio).is_some_and(|radio| radio.switch.is_some());
        if granted && !is_awaited {
            return self.actions.push_back(BankAction::Reclaim { iccid: iccid.clone() });
        }
        self.step(radio, now, |switch, target| {
            switch.on_release_answer(target.radio, iccid, granted, now)
        });
    }

    /// Takes the answer whether the radio's session has gone off the air.
    pub fn on_off_air(&mut self, radio: usize, result: Result<(), RequestError>, now: Moment) {
        if result.is_ok()
            && let Some(switch) = self.state.radios.get(radio).and_then(|it| it.switch.as_ref())
            && switch.was_on_air
            && switch.off_air_since.is_none()
            && let Some(slot) = switch.previous.as_ref().and_then(|sim| self.state.slot_of(sim))
            && let Some(slot) = self.state.slot_mut(slot)
        {
            slot.visited_at = Some(now);
        }
        self.step(radio, now, |switch, target| switch.on_off_air(target, result, now));
    }

    /// Takes the answer whether the bank has accepted the switch command.
    pub fn on_switched(&mut self, radio: usize, result: Result<(), String>, now: Moment) {
        self.step(radio, now, |switch, target| {
            switch.on_switched(result, target.profile, now);
            Progress::Continue(Vec::new())
        });
    }

    /// Takes the answer whether the radio's session has resumed.
    pub fn on_session_resumed(
        &mut self,
        radio: usize,
        result: Result<(), RequestError>,
        now: Moment,
    ) {
        self.step(radio, now, |switch, target| {
            switch.on_session_resumed(result, target.profile, now);
            Progress::Continue(Vec::new())
        });
    }

    /// Takes an operator's request to put a slot on a radio. Returns what will be done about it, in
    /// words for the operator.
    ///
    /// # Errors
    /// The bank cannot do it; the error says why.
    pub fn switch_by_hand(
        &mut self,
        radio: usize,
        slot: u32,
        now: Moment,
    ) -> Result<String, String> {
        let config = &self.state.config;
        if slot >= config.total_slots() {
            return Err(format!(
                "the bank has the slots 0 to {}",
                config.total_slots().saturating_sub(1)
            ));
        }
        if !config.radios_of(slot).contains(&radio) || radio >= self.state.radios.len() {
            return Err(format!(
                "slot {slot} ({}) is not within that radio's reach",
                config.label(slot)
            ));
        }
        if let Some(other) = self.state.radio_of(slot) {
            return Err(format!(
                "slot {slot} is on radio {} already, or on its way there",
                other + 1
            ));
        }
        if let Some(known) = self.state.radios.get_mut(radio) {
            known.by_hand = Some(slot);
            known.not_before = now;
        }
        self.fetch_demands(now);
        Ok(format!(
            "radio {} takes slot {slot} as soon as nothing holds the SIM that is on it",
            radio + 1
        ))
    }

    /// When to call [`Bank::tick`] if nothing happens earlier.
    pub fn next_deadline(&self, now: Moment) -> Option<Moment> {
        let state = &self.state;
        let steps = state.radios.iter().filter_map(|radio| Some(radio.switch.as_ref()?.deadline()));
        // No switch begins while demands are being fetched.
        let choices = (0..state.radios.len())
            .filter_map(|radio| plan::next_choice_at(state, radio, now))
            .filter(|_| self.fetching_since.is_none());
        let demands = self
            .fetching_since
            .map(|since| since + UNANSWERED)
            .or(self.demands_at.map(|at| at + STALE_DEMANDS));
        let retries =
            state.slots.iter().filter_map(|slot| slot.retry_at).filter(|retry_at| *retry_at > now);
        steps.chain(choices).chain(demands).chain(retries).min()
    }

    /// Does what is due at this time.
    pub fn tick(&mut self, now: Moment) {
        for radio in 0..self.state.radios.len() {
            let status = self.state.radios.get(radio).map(|radio| radio.session.clone());
            let status = status.unwrap_or_default();
            self.step(radio, now, |switch, target| switch.advance(target, &status, now));
        }
        let is_stale = self.fetching_since.is_none()
            && self.demands_at.is_some_and(|at| now - at >= STALE_DEMANDS);
        if is_stale || self.fetching_since.is_some_and(|since| now - since >= UNANSWERED) {
            self.fetch_demands(now);
        }
        self.drop_outdated_requests();
        for radio in 0..self.state.radios.len() {
            if plan::next_choice_at(&self.state, radio, now).is_none_or(|at| at > now) {
                continue;
            }
            let Some(choice) = plan::choose(&self.state, radio, now) else { continue };
            if self.demands_at.is_some_and(|at| now - at <= FRESH_DEMANDS) {
                self.begin_switch(radio, &choice, now);
            } else if self.fetching_since.is_none() {
                self.fetch_demands(now);
            }
        }
    }

    /// Drops requests of operators for slots that are meanwhile on another radio: they are not
    /// taken away from there.
    fn drop_outdated_requests(&mut self) {
        for radio in 0..self.state.radios.len() {
            let wanted = self.state.radios.get(radio).and_then(|known| known.by_hand);
            let on_other = wanted
                .and_then(|slot| self.state.radio_of(slot))
                .is_some_and(|other| other != radio);
            if on_other && let Some(known) = self.state.radios.get_mut(radio) {
                known.by_hand = None;
            }
        }
    }

    fn begin_switch(&mut self, radio: usize, choice: &plan::Choice, now: Moment) {
        let expected = self.state.slot(choice.slot).and_then(|slot| slot.contents.iccid()).cloned();
        let Some(known) = self.state.radios.get_mut(radio) else { return };
        let is_visit = choice.reason == SwitchReason::RentalDue;
        known.rental_visits_in_row =
            if is_visit { known.rental_visits_in_row.saturating_add(1) } else { 0 };
        known.since = now;
        let (previous, was_on_air) = (known.sim().cloned(), known.on_air_since.is_some());
        let mut switch =
            Switch::new(choice.slot, choice.reason, previous.clone(), was_on_air, expected);
        let action = switch.begin(previous, radio, now);
        known.switch = Some(switch);
        self.actions.extend([action, BankAction::Report]);
    }

    /// Takes a step of a radio's switch, if one is under way.
    fn step(
        &mut self,
        radio: usize,
        now: Moment,
        step: impl FnOnce(&mut Switch, Target<'_>) -> Progress,
    ) {
        let config = &self.state.config;
        let Some(known) = self.state.radios.get_mut(radio) else { return };
        let Some(switch) = &mut known.switch else { return };
        let state_before = switch.radio_state();
        let local_slot = config.local_slot(switch.slot);
        let progress = step(switch, Target { radio, local_slot, profile: &config.profile });
        if switch.radio_state() != state_before {
            known.since = now;
            self.actions.push_back(BankAction::Report);
        }
        match progress {
            Progress::Continue(actions) => self.actions.extend(actions),
            Progress::SimRead(iccid) => self.on_sim_read(radio, &iccid, now),
            Progress::NoSim => self.on_no_sim(radio, now),
            Progress::Registered => self.finish_switch(radio, SwitchOutcome::Done, now),
            Progress::NotRegistered => self.finish_switch(radio, SwitchOutcome::NoNetwork, now),
            Progress::Failed => self.finish_switch(radio, SwitchOutcome::Failed, now),
            Progress::Refused => self.on_refused(radio, now),
        }
    }

    /// How long a switch usually takes until the SIM is on the air.
    pub fn switch_time(&self) -> Duration {
        self.state.switch_time()
    }
}
