//! The place of a modem in the rack: the modem, and the events that its port waits for.

use parking_lot::{Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};

use super::card::SimCard;
use super::memory::MessageStore;
use super::modem::Modem;
use super::modem_plan::ModemPlan;
use super::scenario::{SimPlan, StoredPlan};
use super::smsc;
use crate::sms::Address;

/// A modem and its port.
pub struct ModemSlot {
    modem: Mutex<Modem>,
    /// Notified when the modem has something to do that did not come over the line.
    pub wake: Notify,
    /// Whether the port exists now.
    pub port: watch::Sender<Port>,
    name: Mutex<Name>,
}

/// Whether the port of a modem exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// The port can be opened.
    Present,
    /// The port does not exist.
    Gone {
        /// When the port comes back by itself.
        back_after_ms: Option<u64>,
    },
}

/// The new name of a port's link.
pub type Name = Option<String>;

impl ModemSlot {
    /// The modem of a plan with the card that is in it, and the messages that it has from the
    /// start.
    pub fn new(plan: &ModemPlan, card: Option<SimCard>, now: DateTime<Utc>) -> Self {
        let mut modem = Modem::new(plan.config(), card.clone(), plan.other_cards(now));
        fill(modem.own_store_mut(), plan.stored(), card.as_ref(), now);
        Self {
            modem: Mutex::new(modem),
            wake: Notify::new(),
            port: watch::Sender::new(Port::Present),
            name: Mutex::default(),
        }
    }

    /// Gives the port's link another name for when it comes back.
    pub fn rename(&self, name: &str) {
        *self.name.lock() = Some(name.to_owned());
    }

    /// The name of the port's link; `None` stands for the one that its place gives it.
    pub fn name(&self) -> Name {
        self.name.lock().clone()
    }

    /// Locks the modem for the caller alone.
    pub fn modem(&self) -> MutexGuard<'_, Modem> {
        self.modem.lock()
    }
}

/// The card of a plan, with the messages that it has from the start.
pub fn card(plan: &ModemPlan, now: DateTime<Utc>) -> Option<SimCard> {
    let mut card = plan.card()?;
    load(&mut card, plan.stored_on_card(), now);
    Some(card)
}

/// A card with the messages that it has from the start.
pub fn loaded(plan: &SimPlan, now: DateTime<Utc>) -> SimCard {
    let mut card = plan.card(1);
    load(&mut card, &plan.stored, now);
    card
}

/// Messages that are on a card from the start.
fn load(card: &mut SimCard, stored: &[StoredPlan], now: DateTime<Utc>) {
    let owner = card.clone();
    fill(&mut card.messages, stored, Some(&owner), now);
}

/// Puts messages into a store that has them from the start. Those that do not fit are left out.
fn fill(
    store: &mut MessageStore,
    stored: &[StoredPlan],
    card: Option<&SimCard>,
    now: DateTime<Utc>,
) {
    let number = card.map_or("", |card| card.number.as_str());
    let centre = card.map(|card| Address::parse(&card.service_centre));
    for (reference, message) in (0u8..=255).cycle().zip(stored) {
        for pdu in smsc::stored(centre.as_ref(), number, message, now, reference) {
            store.put(pdu);
        }
    }
}
