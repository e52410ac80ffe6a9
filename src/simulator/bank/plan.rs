//! A bank as a scenario describes it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::faults::BankFault;
use super::{Bank, Wiring};
use crate::simulator::card::SimCard;
use crate::simulator::error::SimulatorError;
use crate::simulator::modem_slot;
use crate::simulator::scenario::SimPlan;

const ROWS: usize = 16;
const BUS_MS: u64 = 1_000;
const SWITCH_MS: u64 = 1_500;
const ANSWER_MS: u64 = 200;
/// The command's four digits.
const MOST_ROWS: usize = 9_999;
/// The command's two digits.
const MOST_RADIOS: usize = 99;

/// `[[bank]]`: what is left out has the value in brackets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BankPlan {
    /// The control port's link (`bank0`, `bank1`, …).
    name: Option<String>,
    /// How many of the rack's modems that are in no bank before it, or a list of their places from
    /// 0 (all that are left).
    radios: Option<Radios>,
    /// Whether every radio has rows of its own, or any slot can be put on any radio (`own`).
    reach: Reach,
    /// Rows of each radio; with `reach = "any"` slots of the whole bank (16; 16 for each radio).
    slots: Option<usize>,
    /// Whether no card is on a radio at the start (false: the radios have their first rows, a
    /// matrix its first slots in order).
    parked: bool,
    /// Whether modems do not notice that their cards are exchanged until they switch the card on
    /// again (true).
    silent: Option<bool>,
    /// Whether switches are never answered (false).
    no_answer: bool,
    /// The reply to `AT+CWSIM` (`CWSIM OK`).
    ready: Option<String>,
    /// The shortest time from one command to the next, in milliseconds (1000).
    bus_ms: Option<u64>,
    /// The time from disconnecting one card to connecting the next, in milliseconds (1500).
    switch_ms: Option<u64>,
    /// The time from a command to its reply, in milliseconds (200).
    answer_ms: Option<u64>,
    /// The seed of the faults that are drawn at random (0).
    seed: u64,
    /// Slots without a card, numbered through the bank from 0 (none).
    empty: BTreeSet<usize>,
    /// The cards that are not made up, by slot: `sims.7.number = "+31612345678"`. Made-up first
    /// rows are the modems' cards.
    sims: BTreeMap<String, SimPlan>,
    /// The faults that are active from the start (none).
    faults: Vec<BankFault>,
}

/// The radios that a bank switches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "`radios` is a number of modems, or a list of their places like [0, 1]"
)]
enum Radios {
    Count(usize),
    Places(Vec<usize>),
}

/// Which slots can be put on which radios.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Each radio has rows of its own.
    #[default]
    Own,
    /// Any slot can be put on any radio.
    Any,
}

/// The properties of a bank, apart from its cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankConfig {
    /// The name of the control line's link.
    pub name: String,
    /// Whether modems do not notice an exchange of their cards.
    pub silent: bool,
    /// Whether switches are never answered.
    pub no_answer: bool,
    /// The reply to `AT+CWSIM`.
    pub ready: String,
    /// The shortest time from one command to the next, in milliseconds.
    pub bus_ms: u64,
    /// How long a switch takes, in milliseconds.
    pub switch_ms: u64,
    /// How long a reply takes, in milliseconds.
    pub answer_ms: u64,
    /// The seed of the faults that are drawn at random.
    pub seed: u64,
    /// The faults that are active from the start.
    pub faults: Vec<BankFault>,
}

impl BankPlan {
    /// Makes the bank with its cards. Cards that are not on a radio at the start are taken out of
    /// `cards`, which has one place for each modem. `free` says which modems are in no bank yet.
    ///
    /// # Errors
    /// The plan is invalid; the error says what would be valid.
    pub fn build(
        &self,
        number: usize,
        cards: &mut [Option<SimCard>],
        free: &mut [bool],
        now: DateTime<Utc>,
    ) -> Result<Bank, SimulatorError> {
        let config = self.config(number);
        let wrong =
            |what: String| SimulatorError::Scenario(format!("bank `{}`: {what}", config.name));
        let places = self.places(free).map_err(wrong)?;
        let any = self.reach == Reach::Any;
        let rows = self.slots.unwrap_or(if any { ROWS * places.len() } else { ROWS });
        if places.len() > MOST_RADIOS || !(1..=MOST_ROWS).contains(&rows) {
            return Err(wrong(format!(
                "1 to {MOST_RADIOS} radios and 1 to {MOST_ROWS} slots can be addressed"
            )));
        }
        let count = if any { rows } else { rows * places.len() };
        let plans = self.sim_plans(number, count).map_err(wrong)?;
        let mut slots: Vec<Option<SimCard>> = Vec::with_capacity(count);
        for (slot, plan) in plans.iter().enumerate() {
            let first_of =
                if any { Some(slot) } else { slot.is_multiple_of(rows).then_some(slot / rows) };
            let radio = first_of.and_then(|radio| places.get(radio).copied());
            let own = radio.and_then(|place| cards.get_mut(place)).and_then(Option::take);
            slots.push(match plan {
                _ if self.empty.contains(&slot) => None,
                Some(plan) => Some(modem_slot::loaded(plan, now)),
                None if radio.is_some() => own,
                None => Some(modem_slot::loaded(&SimPlan::at(position(number, slot)), now)),
            });
        }
        let mut wiring = Wiring::new(rows, any, places, slots);
        for radio in (0..wiring.radios()).filter(|_| !self.parked) {
            let slot = wiring.slot(radio, if any { radio } else { 0 });
            let card = wiring.join(radio, slot);
            if let Some(place) = wiring.place(radio).and_then(|place| cards.get_mut(place)) {
                *place = card;
            }
        }
        Ok(Bank::new(config, wiring))
    }

    fn config(&self, number: usize) -> BankConfig {
        BankConfig {
            name: self.name.clone().unwrap_or_else(|| format!("bank{number}")),
            silent: self.silent.unwrap_or(true),
            no_answer: self.no_answer,
            ready: self.ready.clone().unwrap_or_else(|| "CWSIM OK".to_owned()),
            bus_ms: self.bus_ms.unwrap_or(BUS_MS),
            switch_ms: self.switch_ms.unwrap_or(SWITCH_MS),
            answer_ms: self.answer_ms.unwrap_or(ANSWER_MS),
            seed: self.seed,
            faults: self.faults.clone(),
        }
    }

    /// Takes the places of the radios in the rack, which are no longer free then.
    fn places(&self, free: &mut [bool]) -> Result<Vec<usize>, String> {
        let mut left = free.iter().enumerate().filter_map(|(place, free)| free.then_some(place));
        let places: Vec<usize> = match &self.radios {
            None => left.collect(),
            Some(Radios::Count(count)) => left.by_ref().take(*count).collect(),
            Some(Radios::Places(places)) => places.clone(),
        };
        if let Some(Radios::Count(count)) = self.radios
            && places.len() < count
        {
            return Err(format!(
                "it wants {count} radios, and only {} modems are in no other bank",
                places.len()
            ));
        }
        if places.is_empty() {
            return Err("it has no radios: the rack needs more modems".to_owned());
        }
        for place in &places {
            let last = free.len().saturating_sub(1);
            let no_modem =
                || format!("there is no modem {place}; they are numbered from 0 to {last}");
            if !std::mem::replace(free.get_mut(*place).ok_or_else(no_modem)?, false) {
                return Err(format!("modem {place} is already a radio of a bank"));
            }
        }
        Ok(places)
    }

    /// The description of each slot's card.
    fn sim_plans(&self, number: usize, count: usize) -> Result<Vec<Option<SimPlan>>, String> {
        let mut plans = vec![None; count];
        let last = count.saturating_sub(1);
        let no_slot = |slot: &str| {
            format!("there is no slot {slot}; they are numbered through the bank, from 0 to {last}")
        };
        if let Some(slot) = self.empty.iter().find(|slot| **slot >= count) {
            return Err(no_slot(&slot.to_string()));
        }
        for (slot, plan) in &self.sims {
            let place = slot.parse::<usize>().map_err(|_| no_slot(slot))?;
            let mut plan = plan.clone();
            plan.position = position(number, place);
            *plans.get_mut(place).ok_or_else(|| no_slot(slot))? = Some(plan);
        }
        Ok(plans)
    }
}

/// Cards of banks are made up from the positions behind a million modems.
fn position(bank: usize, slot: usize) -> usize {
    (bank + 1) * 1_000_000 + slot
}
