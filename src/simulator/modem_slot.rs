//! A modem's place in the rack: the modem, and what its port listens to.

use parking_lot::{Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};

use super::card::SimCard;
use super::memory::MessageStore;
use super::modem::Modem;
use super::modem_plan::ModemPlan;
use super::scenario::{SimPlan, StoredPlan};
use super::smsc::compose;
use crate::sms::Address;

/// One modem and its port.
pub struct Bay {
    modem: Mutex<Modem>,
    /// Something to do that did not come over the line.
    pub wake: Notify,
    /// Whether the port is there.
    pub port: watch::Sender<Port>,
    name: Mutex<Name>,
}

/// Whether a modem's port is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// It can be opened.
    Present,
    /// It is not to be seen.
    Gone {
        /// When it comes back by itself.
        back_after_ms: Option<u64>,
    },
}

/// What a port's link is called from now on.
pub type Name = Option<String>;

impl Bay {
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

    /// The port's link has another name when it comes back.
    pub fn rename(&self, name: &str) {
        *self.name.lock() = Some(name.to_owned());
    }

    /// The name of the port's link; `None` is the one that its place gives it.
    pub fn name(&self) -> Name {
        self.name.lock().clone()
    }

    /// The modem, for as long as nobody else needs it.
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

/// Messages that are in a store from the start; what finds no room is left out.
fn fill(
    store: &mut MessageStore,
    stored: &[StoredPlan],
    card: Option<&SimCard>,
    now: DateTime<Utc>,
) {
    let number = card.map_or("", |card| card.number.as_str());
    let centre = card.map(|card| Address::parse(&card.service_centre));
    for (reference, message) in (0u8..=255).cycle().zip(stored) {
        for pdu in compose(centre.as_ref(), &message.from, number, &message.text, now, reference) {
            store.put(pdu);
        }
    }
}
