//! The SIM banks of the network: connects and disconnects cards of modems as the banks switch.

use parking_lot::{Mutex, MutexGuard};

use tokio::sync::Notify;

use super::{ModemSlot, Network, Now, Round, SimCard};
use crate::simulator::bank::faults::BankFault;
use crate::simulator::bank::{Act, Bank, BankCard, BankRadio, BankStats, ModuleCard};
use crate::simulator::error::SimulatorError;

/// A bank and its control port.
pub(in crate::simulator) struct BankUnit {
    bank: Mutex<Bank>,
    /// Notified when the bank has something to do that did not come over the line.
    pub(in crate::simulator) wake: Notify,
}

impl BankUnit {
    pub(super) fn new(bank: Bank) -> Self {
        Self { bank: Mutex::new(bank), wake: Notify::new() }
    }

    pub(super) fn bank(&self) -> MutexGuard<'_, Bank> {
        self.bank.lock()
    }
}

impl Network {
    /// The number of SIM banks.
    pub fn banks(&self) -> usize {
        self.0.banks.len()
    }

    /// The real state of all banks, whatever they report.
    pub fn bank_stats(&self) -> Vec<BankStats> {
        self.0
            .banks
            .iter()
            .enumerate()
            .map(|(number, unit)| self.stats_of(number, &unit.bank()))
            .collect()
    }

    fn stats_of(&self, number: usize, bank: &Bank) -> BankStats {
        let counts = bank.counts();
        let radios = (0..bank.wiring.radios()).filter_map(|radio| {
            let modem = bank.wiring.place(radio)?;
            let card = self
                .0
                .modem_slots
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

    /// The cards of all banks by bank and slot, including those that are on radios now.
    pub fn bank_cards(&self) -> Vec<BankCard> {
        self.0
            .banks
            .iter()
            .enumerate()
            .flat_map(|(number, unit)| self.cards_of(number, &unit.bank()))
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
                self.0.modem_slots.get(modem)?.modem().sim().map(|card| entry(card, Some(modem)))
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
        let cards_of = |(place, modem_slot): (usize, &ModemSlot)| {
            let modem = modem_slot.modem();
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
            .modem_slots
            .iter()
            .enumerate()
            .map(cards_of)
            .filter(|cards| cards.len() > 1)
            .flatten()
            .collect()
    }

    /// Starts or ends a fault of a bank.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownBank`].
    pub fn bank_fault(&self, bank: usize, fault: &BankFault) -> Result<(), SimulatorError> {
        let unit = self.0.banks.get(bank).ok_or(SimulatorError::UnknownBank { bank })?;
        unit.bank().faults_mut().add(fault);
        unit.wake.notify_one();
        Ok(())
    }

    /// Runs a bank for one step, as [`Network::step`] does for a modem.
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
        let Some(modem_slot) =
            bank.wiring.place(radio).and_then(|place| self.0.modem_slots.get(place))
        else {
            return;
        };
        let left = match act {
            Act::Cut { .. } => {
                let mut modem = modem_slot.modem();
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
                let mut modem = modem_slot.modem();
                match card {
                    Some(card) if !silent => modem.insert_sim(card, now),
                    card => modem.exchange_sim_unnoticed(card),
                }
            }
        };
        self.state().drawer.extend(left);
        modem_slot.wake.notify_one();
    }
}
