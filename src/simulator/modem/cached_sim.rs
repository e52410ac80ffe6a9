//! What a modem takes for its card while a SIM bank changes the lines behind its back.
//!
//! Such a modem has read ICCID, IMSI and the state of the PIN when it started, and tells them from
//! memory until it switches the card on again: at a restart, or when `AT+CFUN=0` is followed by
//! `AT+CFUN=1` (`AT+CFUN=4` leaves the card on). Everything else goes over the lines, and so to the
//! card that is there: the "SM" store and the phonebooks, `AT+CNUM`, `AT+CSCA`, `AT+CRSM`, PINs. It
//! says that it is registered for as long as it does not have to register again; but a network
//! authenticates whom it reaches (TS 33.102 clause 6.3), and the card that would answer is gone:
//! nothing is delivered, and nothing can be sent.

use super::Modem;
use crate::simulator::card::SimCard;
use crate::simulator::memory::MessageStore;

/// What the modem takes for its card.
#[derive(Debug, Clone)]
pub enum Belief {
    /// What is there.
    Right,
    /// What was there; without its messages.
    Past(Option<Box<SimCard>>),
}

impl Belief {
    /// Whether the modem knows what card it has.
    pub fn is_right(&self) -> bool {
        matches!(self, Belief::Right)
    }
}

impl Modem {
    /// The card that the modem speaks of.
    pub(super) fn shown_sim(&self) -> Option<&SimCard> {
        match &self.belief {
            Belief::Right => self.sim.as_ref(),
            Belief::Past(card) => card.as_deref(),
        }
    }

    /// The card that the modem speaks of, if it is not there any more.
    pub(super) fn believed_sim(&self) -> Option<&SimCard> {
        match &self.belief {
            Belief::Past(card) => card.as_deref(),
            Belief::Right => None,
        }
    }

    /// The card is switched on and read anew.
    pub(super) fn look_at_card(&mut self) {
        self.belief = Belief::Right;
    }

    /// The lines now go to another card, or to none, and the modem does not notice. The one from
    /// before comes back.
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
