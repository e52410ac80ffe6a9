//! What a bank knows about its slots and radios, and about the demand for its SIMs.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::api::{BankConfig, SessionStatus};
use super::switching::Switch;
use crate::domain::bank::{SlotContents, SlotDemand, SlotRecord, SwitchOutcome};
use crate::domain::{Iccid, Moment};

/// The number of switches whose durations are averaged.
const MEASURED_SWITCHES: usize = 8;

/// The state of one slot.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub contents: SlotContents,
    /// When the SIM in the slot was last on the air.
    pub visited_at: Option<Moment>,
    /// When the last attempt to put the slot on a radio ended, successful or not.
    pub tried_at: Option<Moment>,
    /// The radio that the slot was last on.
    pub last_radio: Option<usize>,
    /// When the slot may be tried again after a failure.
    pub retry_at: Option<Moment>,
    /// Failed attempts in a row.
    pub failures: u32,
    /// Why the last attempt failed, in words for an operator.
    pub trouble: Option<String>,
}

impl Slot {
    /// When the SIM was last on the air or an attempt was made; the origin of time when neither has
    /// happened.
    pub fn last_turn(&self) -> Moment {
        self.visited_at.max(self.tried_at).unwrap_or_default()
    }
}

/// The state of one radio.
#[derive(Debug, Default)]
pub(super) struct Radio {
    pub session: SessionStatus,
    /// Since when the radio has been in its present
    /// [`RadioState`](crate::domain::bank::RadioState).
    pub since: Moment,
    /// The switch that is under way.
    pub switch: Option<Switch>,
    /// Since when the SIM on it has been on the air.
    pub on_air_since: Option<Moment>,
    /// Since when no SIM has been on the air.
    pub off_air_since: Moment,
    pub last_message_at: Option<Moment>,
    /// The earliest time at which a switch may begin.
    pub not_before: Moment,
    /// The slot that an operator has asked for.
    pub by_hand: Option<u32>,
    /// The SIM that was last read since the last switch.
    pub last_read: Option<Iccid>,
    /// The number of failed switches in a row.
    pub failed_in_row: u32,
    /// Why the last of them failed, in words for an operator.
    pub failure: Option<String>,
    /// The number of visits to rented SIMs in a row.
    pub rental_visits_in_row: u8,
    pub switches: u32,
    pub lies: u32,
    pub failures: u32,
    pub downtime: Duration,
}

impl Radio {
    /// The SIM that is on the radio as far as is known. A SIM that is being read again counts.
    pub fn sim(&self) -> Option<&Iccid> {
        let last_read = self.last_read.as_ref().filter(|_| !self.session.no_sim);
        self.session.iccid.as_ref().or(last_read)
    }

    /// Counts a finished switch.
    pub fn count_switch(
        &mut self,
        outcome: SwitchOutcome,
        failure: Option<String>,
        downtime: Duration,
    ) {
        self.switches = self.switches.saturating_add(1);
        self.downtime += downtime;
        let failed = outcome == SwitchOutcome::Failed;
        self.failures = self.failures.saturating_add(u32::from(failed));
        self.failed_in_row = match outcome {
            SwitchOutcome::Lied | SwitchOutcome::Failed => self.failed_in_row.saturating_add(1),
            SwitchOutcome::Done | SwitchOutcome::Empty | SwitchOutcome::NoNetwork => 0,
        };
        self.failure = failure;
    }
}

/// A bank's configuration and all that is known of it.
#[derive(Debug)]
pub(super) struct BankState {
    pub config: BankConfig,
    pub radios: Vec<Radio>,
    pub slots: Vec<Slot>,
    /// The slot that each SIM is in.
    slot_by_iccid: HashMap<Iccid, u32>,
    pub demands: HashMap<Iccid, SlotDemand<Moment>>,
    switch_times: VecDeque<Duration>,
}

impl BankState {
    pub fn new(config: BankConfig, records: Vec<SlotRecord<Moment>>, now: Moment) -> BankState {
        let radio =
            || Radio { since: now, off_air_since: now, not_before: now, ..Radio::default() };
        let mut state = BankState {
            radios: config.radios.iter().map(|_| radio()).collect(),
            slots: (0..config.total_slots()).map(|_| Slot::default()).collect(),
            config,
            slot_by_iccid: HashMap::new(),
            demands: HashMap::new(),
            switch_times: VecDeque::new(),
        };
        for SlotRecord { slot: number, contents, visited_at } in records {
            let visited_at = visited_at.filter(|at| *at > Moment::default());
            if let Some(iccid) = contents.iccid().filter(|_| number < state.config.total_slots()) {
                state.slot_by_iccid.insert(iccid.clone(), number);
            }
            if let Some(slot) = state.slot_mut(number) {
                *slot = Slot { contents, visited_at, tried_at: visited_at, ..Slot::default() };
            }
        }
        state
    }

    pub fn slot(&self, slot: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(slot).ok()?)
    }

    pub fn slot_mut(&mut self, slot: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(slot).ok()?)
    }

    /// The SIMs whose slots are known.
    pub fn known_sims(&self) -> impl Iterator<Item = &Iccid> {
        self.slot_by_iccid.keys()
    }

    /// The slot that a SIM is in, as far as is known.
    pub fn slot_of(&self, iccid: &Iccid) -> Option<u32> {
        self.slot_by_iccid.get(iccid).copied()
    }

    /// Notes what was found in a slot on a radio. A SIM is in one slot only: where it was before,
    /// nothing is known any more.
    pub fn set_contents(&mut self, slot: u32, contents: SlotContents, radio: usize) {
        let previous = contents.iccid().and_then(|iccid| self.slot_of(iccid));
        if let Some(previous) = previous.filter(|previous| *previous != slot)
            && let Some(previous) = self.slot_mut(previous)
        {
            *previous = Slot::default();
        }
        self.slot_by_iccid.retain(|_, known| *known != slot);
        if let Some(iccid) = contents.iccid() {
            self.slot_by_iccid.insert(iccid.clone(), slot);
        }
        if let Some(known) = self.slot_mut(slot) {
            known.last_radio = Some(radio);
            known.contents = contents;
        }
    }

    /// The slot whose SIM is on a radio, as the ICCID that was read there tells.
    pub fn slot_on(&self, radio: usize) -> Option<u32> {
        self.slot_of(self.radios.get(radio)?.session.iccid.as_ref()?)
    }

    /// The slot that is on its way to a radio.
    fn slot_coming_to(&self, radio: usize) -> Option<u32> {
        Some(self.radios.get(radio)?.switch.as_ref()?.slot)
    }

    /// The radio that a slot's SIM is on, or is on its way to.
    pub fn radio_of(&self, slot: u32) -> Option<usize> {
        (0..self.radios.len()).find(|radio| {
            self.slot_on(*radio) == Some(slot) || self.slot_coming_to(*radio) == Some(slot)
        })
    }

    /// The slots whose SIMs are on a radio, or on their way to one.
    pub fn taken_slots(&self) -> Vec<u32> {
        let radios = 0..self.radios.len();
        radios
            .flat_map(|radio| [self.slot_on(radio), self.slot_coming_to(radio)])
            .flatten()
            .collect()
    }

    /// What is wanted of the SIM that is on a radio.
    pub fn demand_on(&self, radio: &Radio) -> Option<&SlotDemand<Moment>> {
        self.demands.get(radio.sim()?)
    }

    /// What is wanted of the SIM in a slot.
    pub fn demand_in(&self, slot: &Slot) -> Option<&SlotDemand<Moment>> {
        self.demands.get(slot.contents.iccid()?)
    }

    /// Takes the duration of a switch into the average.
    pub fn add_switch_time(&mut self, duration: Duration) {
        self.switch_times.truncate(MEASURED_SWITCHES - 1);
        self.switch_times.push_front(duration);
    }

    /// How long a switch takes until the SIM is on the air.
    pub fn switch_time(&self) -> Duration {
        let count = u32::try_from(self.switch_times.len()).unwrap_or(1);
        let sum: Duration = self.switch_times.iter().sum();
        sum.checked_div(count).unwrap_or_else(|| self.config.profile.expected())
    }
}
