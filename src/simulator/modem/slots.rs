//! Several card slots in one module, of which one is in use. The commands that select it are data
//! of the model.

use serde::Deserialize;

use super::command::{Ask, Command};
use super::reply::{Failure, Outcome, line, ok};
use super::{Modem, Now};
use crate::simulator::card::SimCard;

/// A command that selects the slot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotSwitch {
    /// What follows `AT`; `{n}` is the slot's number.
    pub set: String,
    /// The command that reports the slot in use, and the line of its reply. `{n}` is filled in as
    /// above; `{slot}` counts from 1.
    pub query: (String, String),
    /// The slots' numbers in order.
    pub numbers: Vec<String>,
    /// When the card of the selected slot is in use.
    pub effect: SlotEffect,
}

/// When another slot's card is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotEffect {
    /// The module switches by itself.
    AtOnce,
    /// After a restart, or after `AT+CFUN=0` and `AT+CFUN=1`.
    AfterReset,
}

/// The slots of a module.
#[derive(Debug, Default)]
pub struct Slots {
    /// The cards that are not in use; that of the slot in use is the modem's.
    parked: Vec<Option<SimCard>>,
    in_use: usize,
    /// The slot that the module reports as the one in use.
    told: usize,
    /// The slot that is in use after a restart.
    wanted: Option<usize>,
    /// When the card of the slot in use has started.
    pub up_ms: Option<u64>,
}

/// The commands of [`SlotSwitch`].
pub fn answer(modem: &mut Modem, command: &Command, now: Now) -> Option<Outcome> {
    let shown = plain(&command.shown());
    for switch in modem.config.slot_switches.clone() {
        let told = modem.slots.told;
        let number = switch.numbers.get(told).map_or("", String::as_str);
        if plain(&switch.query.0) == shown {
            let reply =
                switch.query.1.replace("{n}", number).replace("{slot}", &(told + 1).to_string());
            return Some(line(reply));
        }
        if let Some(slot) =
            switch.numbers.iter().position(|n| plain(&switch.set.replace("{n}", n)) == shown)
        {
            return Some(choose(modem, slot, switch.effect, now));
        }
        let (before, _) = switch.set.split_once("{n}").unwrap_or((&switch.set, ""));
        if shown.starts_with(&plain(before)) {
            let numbers = format!("{}: ({})", command.name, switch.numbers.join(","));
            return Some(if command.ask == Ask::Test {
                line(numbers)
            } else {
                Err(Failure::Error)
            });
        }
    }
    None
}

/// Without quotes and in capitals: some models take a command either way.
fn plain(text: &str) -> String {
    text.replace('"', "").to_ascii_uppercase()
}

fn choose(modem: &mut Modem, slot: usize, effect: SlotEffect, now: Now) -> Outcome {
    modem.slots.told = slot;
    if modem.faults.lies_about_slot() {
        return ok();
    }
    match effect {
        SlotEffect::AfterReset => modem.slots.wanted = Some(slot),
        SlotEffect::AtOnce if slot == modem.slots.in_use => {}
        SlotEffect::AtOnce => {
            let card = modem.remove_sim();
            modem.slots.change_to(slot, card);
            modem.slots.up_ms = Some(now.ms + modem.config.slot_up_ms);
        }
    }
    ok()
}

impl Slots {
    /// The cards of the slots behind the first.
    pub fn with(others: Vec<SimCard>) -> Self {
        let parked = std::iter::once(None).chain(others.into_iter().map(Some)).collect();
        Self { parked, ..Self::default() }
    }

    fn change_to(&mut self, slot: usize, card: Option<SimCard>) {
        let needed = slot.max(self.in_use) + 1;
        if self.parked.len() < needed {
            self.parked.resize_with(needed, || None);
        }
        if let Some(place) = self.parked.get_mut(self.in_use).filter(|_| card.is_some()) {
            *place = card;
        }
        self.in_use = slot;
    }

    fn take(&mut self) -> Option<SimCard> {
        self.parked.get_mut(self.in_use)?.take()
    }

    /// The slot in use, from 0.
    pub fn in_use(&self) -> usize {
        self.in_use
    }

    /// The slots whose cards are not in use.
    pub fn parked(&self) -> impl Iterator<Item = (usize, &SimCard)> {
        self.parked.iter().enumerate().filter_map(|(slot, card)| Some((slot, card.as_ref()?)))
    }

    /// The cards that are not in use.
    pub fn parked_mut(&mut self) -> impl Iterator<Item = &mut SimCard> {
        self.parked.iter_mut().flatten()
    }
}

impl Modem {
    /// The slots of the module, of which one is in use.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Starts using the card of the slot that was selected.
    pub(super) fn bring_slot_up(&mut self, now: Now) {
        if self.slots.up_ms.is_some_and(|up_ms| up_ms <= now.ms) {
            self.slots.up_ms = None;
            if let Some(card) = self.slots.take() {
                self.insert_sim(card, now);
            }
        }
    }

    /// Switches on and reads the card of the slot that is to be in use from now on.
    pub(super) fn switch_card_on(&mut self) {
        self.look_at_card();
        let chosen = self.slots.wanted.take().filter(|slot| *slot != self.slots.in_use);
        if let Some(slot) = chosen {
            let mut card = self.sim.take();
            if let Some(card) = &mut card {
                card.lock = card.lock.clone().power_cycled();
            }
            self.slots.change_to(slot, card);
        }
        if chosen.is_some() || self.slots.up_ms.take().is_some() {
            let before = self.sim.take();
            self.sim = self.slots.take().or(before);
        }
        if let Some(card) = &mut self.sim {
            card.messages.count_from(self.config.first_index);
        }
    }
}
