//! What a modem remembers of its card while a SIM bank exchanges the card without its knowledge.
//!
//! Such a modem has read the ICCID, the IMSI and the state of the PIN when it started, and reports
//! them from memory until it switches the card on again: at a restart, or when `AT+CFUN=0` is
//! followed by `AT+CFUN=1` (`AT+CFUN=4` leaves the card on). Everything else is read from the card
//! that is connected: the "SM" store and the phonebooks, `AT+CNUM`, `AT+CSCA`, `AT+CRSM`, PINs. The
//! modem reports that it is registered as long as it does not have to register again. But a network
//! authenticates the subscriber (TS 33.102 clause 6.3), and the card that would answer is gone, so
//! nothing is delivered and nothing can be sent.

use super::Modem;
use crate::simulator::card::SimCard;
use crate::simulator::memory::MessageStore;

/// The card that the modem believes to have, and the one that is connected.
#[derive(Debug, Clone)]
pub enum Belief {
    /// The card that is connected.
    Right,
    /// The card that the modem remembers, without its messages.
    Past(Option<Box<SimCard>>),
}

impl Belief {
    /// Whether the modem remembers the card that is connected.
    pub fn is_right(&self) -> bool {
        matches!(self, Belief::Right)
    }
}

impl Modem {
    /// The card that the modem reports.
    pub(super) fn shown_sim(&self) -> Option<&SimCard> {
        match &self.belief {
            Belief::Right => self.sim.as_ref(),
            Belief::Past(card) => card.as_deref(),
        }
    }

    /// The card that the modem reports, if it is no longer connected.
    pub(super) fn believed_sim(&self) -> Option<&SimCard> {
        match &self.belief {
            Belief::Past(card) => card.as_deref(),
            Belief::Right => None,
        }
    }

    /// Switches the card on, and reads it again.
    pub(super) fn look_at_card(&mut self) {
        self.belief = Belief::Right;
    }

    /// Connects another card, or none, without the modem's knowledge. Returns the previous one.
    pub fn exchange_sim_unnoticed(&mut self, card: Option<SimCard>) -> Option<SimCard> {
        let remembered = self.shown_sim().map(identity);
        let mut before = std::mem::replace(&mut self.sim, card);
        if let Some(card) = &mut before {
            card.lock = card.lock.clone().power_cycled();
        }
        if let Some(card) = &mut self.sim {
            card.messages.count_from(self.config.first_index);
        }
        self.unacknowledged = None;
        let iccid = |card: &SimCard| card.iccid.clone();
        self.belief = if remembered.as_ref().map(iccid) == self.sim.as_ref().map(iccid) {
            Belief::Right
        } else {
            Belief::Past(remembered.map(Box::new))
        };
        self.settle();
        before
    }
}

fn identity(card: &SimCard) -> SimCard {
    SimCard { messages: MessageStore::new(0, 0), phonebook: Vec::new(), ..card.clone() }
}
