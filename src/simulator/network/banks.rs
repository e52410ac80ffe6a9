//! The network's SIM banks: their lines are carried out on its modems.

use parking_lot::{Mutex, MutexGuard};

use tokio::sync::Notify;

use super::{Bay, Network, Now, Round, SimCard};
use crate::simulator::bank::faults::BankFault;
use crate::simulator::bank::{Act, Bank, BankCard, BankRadio, BankStats, ModuleCard};
use crate::simulator::error::SimulatorError;

/// A bank and its control port.
pub(in crate::simulator) struct BankBay {
    bank: Mutex<Bank>,
    /// Something to do that did not come over the line.
    pub(in crate::simulator) wake: Notify,
}

impl BankBay {
    pub(super) fn new(bank: Bank) -> Self {
        Self { bank: Mutex::new(bank), wake: Notify::new() }
    }

    pub(super) fn bank(&self) -> MutexGuard<'_, Bank> {
        self.bank.lock()
    }
}

impl Network {
    /// How many SIM banks there are.
    pub fn banks(&self) -> usize {
        self.0.banks.len()
    }

    /// All banks at a glance, as they are and not as they say.
    pub fn bank_stats(&self) -> Vec<BankStats> {
        self.0
            .banks
            .iter()
            .enumerate()
            .map(|(number, bay)| self.stats_of(number, &bay.bank()))
            .collect()
    }

    fn stats_of(&self, number: usize, bank: &Bank) -> BankStats {
        let counts = bank.counts();
        let radios = (0..bank.wiring.radios()).filter_map(|radio| {
            let modem = bank.wiring.place(radio)?;
            let card = self
                .0
                .bays
                .get(modem)?
                .modem()
                .sim()
                .map(|card| (card.iccid.clone(), card.number.clone()));
            let (iccid, number) = card.unzip();
            Some(BankRadio { modem, slot: bank.wiring.connected(radio), iccid, number })
        });
        BankStats {
            bank: number,
            name: bank.config().name.clone(),
            slots: bank.wiring.slots().count(),
            radios: radios.collect(),
            commands: counts.commands,
            too_soon: counts.too_soon,
            asked: counts.asked,
            done: counts.done,
            lied: counts.lied,
        }
    }

    /// The cards of all banks, by bank and slot, also those that are on radios now.
    pub fn bank_cards(&self) -> Vec<BankCard> {
        self.0
            .banks
            .iter()
            .enumerate()
            .flat_map(|(number, bay)| self.cards_of(number, &bay.bank()))
            .collect()
    }

    fn cards_of(&self, number: usize, bank: &Bank) -> Vec<BankCard> {
        let mut cards = Vec::new();
        for (slot, parked) in bank.wiring.slots() {
            let entry = |card: &SimCard, modem| BankCard {
                bank: number,
                slot,
                modem,
                iccid: card.iccid.clone(),
                number: card.number.clone(),
            };
            let modem = bank.wiring.radio_of(slot).and_then(|radio| bank.wiring.place(radio));
            let on_air = modem.and_then(|modem| {
                self.0.bays.get(modem)?.modem().sim().map(|card| entry(card, Some(modem)))
            });
            cards.extend(on_air.or_else(|| parked.map(|card| entry(card, None))));
        }
        cards
    }

    /// The cards of modules that have several, by modem and slot.
    pub fn module_cards(&self) -> Vec<ModuleCard> {
        let entry = |modem, slot, in_use, card: &SimCard| ModuleCard {
            modem,
            slot,
            in_use,
            iccid: card.iccid.clone(),
            number: card.number.clone(),
        };
        let cards_of = |(place, bay): (usize, &Bay)| {
            let modem = bay.modem();
            let mut cards: Vec<_> = modem
                .slots()
                .parked()
                .map(|(slot, card)| entry(place, slot, false, card))
                .collect();
            cards.extend(modem.sim().map(|card| entry(place, modem.slots().in_use(), true, card)));
            cards.sort_by_key(|card| card.slot);
            cards
        };
        self.0
            .bays
            .iter()
            .enumerate()
            .map(cards_of)
            .filter(|cards| cards.len() > 1)
            .flatten()
            .collect()
    }

    /// Makes something go wrong with a bank, or well again.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownBank`].
    pub fn bank_fault(&self, bank: usize, fault: &BankFault) -> Result<(), SimulatorError> {
        let bay = self.0.banks.get(bank).ok_or(SimulatorError::UnknownBank { bank })?;
        bay.bank().faults_mut().add(fault);
        bay.wake.notify_one();
        Ok(())
    }

    /// One round of a bank's life, as [`Network::step`] is of a modem's.
    pub(in crate::simulator) fn bank_step(
        &self,
        bank: usize,
        round: &mut Round<'_>,
    ) -> Option<u64> {
        let now = self.now();
        let mut bank = self.0.banks.get(bank)?.bank();
        bank.receive(round.input, now.ms);
        while let Some(act) = bank.next_act(now.ms) {
            self.carry_out(&mut bank, act, now);
        }
        round.output.extend(bank.take_output(now.ms));
        let due_ms = bank.next_due_ms();
        drop(bank);
        self.announce();
        due_ms.map(|due_ms| due_ms.saturating_sub(now.ms))
    }

    fn carry_out(&self, bank: &mut Bank, act: Act, now: Now) {
        let silent = bank.config().silent;
        let (Act::Cut { radio } | Act::Join { radio, .. }) = act;
        let Some(bay) = bank.wiring.place(radio).and_then(|place| self.0.bays.get(place)) else {
            return;
        };
        let left = match act {
            Act::Cut { .. } => {
                let mut modem = bay.modem();
                let attached = modem.is_registered();
                let card =
                    if silent { modem.exchange_sim_unnoticed(None) } else { modem.remove_sim() };
                drop(modem);
                card.iter()
                    .filter(|_| attached)
                    .for_each(|card| self.state().centre.lose(&card.imsi, now));
                bank.wiring.part(radio, card)
            }
            Act::Join { slot, .. } => {
                let card = bank.wiring.join(radio, slot);
                let mut modem = bay.modem();
                match card {
                    Some(card) if !silent => modem.insert_sim(card, now),
                    card => modem.exchange_sim_unnoticed(card),
                }
            }
        };
        self.state().drawer.extend(left);
        bay.wake.notify_one();
    }
}
