//! The cards of the network, wherever they are: in a modem, in a slot of a bank, or in the drawer.

use super::{ModemSlot, Network, SimCard};
use crate::simulator::error::SimulatorError;
use crate::simulator::faults::CardFault;

impl Network {
    /// The numbers of the cards in the modems, in E.164 with `+`, in the modems' order; a modem
    /// without a card is left out.
    pub fn numbers(&self) -> Vec<String> {
        self.0
            .modem_slots
            .iter()
            .filter_map(|modem_slot| Some(modem_slot.modem().sim()?.number.clone()))
            .collect()
    }

    /// The number of messages in the stores of the modem that holds this number's card, including
    /// the modem's own store. For a card that is not in use, the number of messages on the card.
    pub fn stored(&self, number: &str) -> usize {
        let holder = self
            .0
            .modem_slots
            .iter()
            .map(ModemSlot::modem)
            .find(|m| m.sim().is_some_and(|card| card.number == number));
        if let Some(modem) = holder {
            return modem.stored();
        }
        let of_number = |card: &&SimCard| card.number == number;
        let on_card = |card: &SimCard| card.messages.used();
        let unused = self
            .0
            .modem_slots
            .iter()
            .find_map(|modem_slot| modem_slot.modem().cards().find(of_number).map(on_card));
        let parked =
            self.0.banks.iter().find_map(|modem_slot| {
                modem_slot.bank().wiring.parked().find(of_number).map(on_card)
            });
        unused
            .or(parked)
            .or_else(|| self.state().drawer.iter().find(of_number).map(on_card))
            .unwrap_or_default()
    }

    /// Makes the network refuse a card, or accept it again, wherever the card is.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownCard`].
    pub fn card_fault(&self, iccid: &str, fault: CardFault) -> Result<(), SimulatorError> {
        let is_it = |card: &&mut SimCard| card.iccid == iccid;
        let deny = |card: &mut SimCard| card.denied = fault == CardFault::Denied;
        let in_modem = self.0.modem_slots.iter().find_map(|modem_slot| {
            modem_slot.modem().cards_mut().find(is_it).map(deny)?;
            modem_slot.wake.notify_one();
            Some(())
        });
        let parked = || {
            self.0
                .banks
                .iter()
                .find_map(|unit| unit.bank().wiring.parked_mut().find(is_it).map(deny))
        };
        let apart = || self.state().drawer.iter_mut().find(is_it).map(deny);
        let unknown = || SimulatorError::UnknownCard { iccid: iccid.to_owned() };
        in_modem.or_else(parked).or_else(apart).ok_or_else(unknown)
    }

    /// Puts a card into a modem; the card that was in it goes to the drawer.
    pub(super) fn insert(&self, modem_slot: &ModemSlot, iccid: &str) -> Result<(), SimulatorError> {
        let card = self
            .take_card(iccid)
            .ok_or_else(|| SimulatorError::UnknownCard { iccid: iccid.to_owned() })?;
        let before = modem_slot.modem().insert_sim(card, self.now());
        self.state().drawer.extend(before);
        Ok(())
    }

    /// Takes a card out of the drawer, out of its slot in a bank, or out of the modem that holds
    /// it.
    fn take_card(&self, iccid: &str) -> Option<SimCard> {
        let mut state = self.state();
        if let Some(place) = state.drawer.iter().position(|card| card.iccid == iccid) {
            return Some(state.drawer.remove(place));
        }
        drop(state);
        if let Some(card) = self.0.banks.iter().find_map(|unit| unit.bank().wiring.take(iccid)) {
            return Some(card);
        }
        self.0.modem_slots.iter().find_map(|modem_slot| {
            let mut modem = modem_slot.modem();
            let holds = modem.sim().is_some_and(|card| card.iccid == iccid);
            let card = holds.then(|| modem.remove_sim()).flatten();
            modem_slot.wake.notify_one();
            card
        })
    }
}
