//! The modem's message stores: which there are, how full they are, and whose messages lie in them.

use std::sync::Arc;

use super::Context;
use crate::at::StoreSelection;
use crate::domain::modem::{MessageStore, ModemReason, StoreFill};
use crate::modem::api::{MessageOwner, MessageSlot, RawPdu, Received};

/// How many announcements of messages in the modem's own store are remembered at most.
const MAX_ANNOUNCED: usize = 256;

/// Which message stores there are, and how they are selected with `AT+CPMS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::modem) struct StorePlan {
    /// The stores that every sweep reads.
    pub readable: Vec<MessageStore>,
    /// Stores that could not be selected when that was last tried.
    pub unavailable: Vec<MessageStore>,
    /// The store in which new messages arrive.
    pub receive: MessageStore,
    /// How many parameters `AT+CPMS` takes.
    pub parameters: u8,
}

impl StorePlan {
    /// The selection that makes `read` the store that is read.
    pub fn select_for_reading(&self, read: MessageStore) -> StoreSelection {
        StoreSelection { read, receive: self.receive, parameters: self.parameters }
    }

    /// Has the stores that could not be selected tried once more by the next sweep.
    pub fn read_unavailable_again(&mut self) {
        let missing = self.unavailable.iter().filter(|store| !self.readable.contains(store));
        let missing: Vec<MessageStore> = missing.copied().collect();
        self.readable.extend(missing);
    }
}

impl Context {
    /// Notes how full a store is. That alone is no reason for a report.
    pub fn set_store_fill(&mut self, store: MessageStore, (used, total): (u32, u32)) {
        let stores = Arc::make_mut(&mut self.stores);
        stores.retain(|known| known.store != store);
        stores.push(StoreFill { store, used, total });
    }

    /// Corrects how full a store is by the number of messages that were listed.
    pub fn set_store_count(&mut self, store: MessageStore, messages: usize) {
        let known = Arc::make_mut(&mut self.stores).iter_mut().find(|known| known.store == store);
        if let Some(known) = known {
            known.used = u32::try_from(messages).unwrap_or(u32::MAX);
        }
    }

    /// How full a store was when it was last looked at.
    pub fn store_fill(&self, store: MessageStore) -> Option<StoreFill> {
        self.stores.iter().find(|known| known.store == store).copied()
    }

    /// Leaves out a store that cannot be selected, until it is tried again.
    pub fn set_store_unavailable(&mut self, store: MessageStore) {
        self.plan.readable.retain(|known| *known != store);
        if !self.plan.unavailable.contains(&store) {
            self.plan.unavailable.push(store);
        }
        self.set_reason(ModemReason::StoreUnavailable(store));
    }

    /// Notes that a store could be selected.
    pub fn set_store_available(&mut self, store: MessageStore) {
        self.plan.unavailable.retain(|known| *known != store);
        if self.reason == Some(ModemReason::StoreUnavailable(store)) {
            self.clear_reason();
        }
    }

    /// Notes whether no store has room for any message.
    pub fn set_no_room(&mut self, no_room: bool) {
        self.changed |= self.no_room != no_room;
        self.no_room = no_room;
    }

    /// Whether no store had room when the modem was configured.
    pub fn has_no_room(&self) -> bool {
        self.no_room
    }

    /// Notes that a message was announced (`+CMTI`) in this slot.
    pub fn add_announced(&mut self, slot: MessageSlot) {
        let matters = self.card_known
            && slot.store != MessageStore::Sim
            && self.announced.len() < MAX_ANNOUNCED;
        if matters && !self.announced.contains(&slot) {
            self.announced.push(slot);
        }
    }

    /// Forgets an announcement, because the slot has been emptied: its next message is announced
    /// too.
    pub fn remove_announced(&mut self, slot: MessageSlot) {
        self.announced.retain(|announced| *announced != slot);
    }

    /// Notes that all messages in the modem's own store belong to the card that is in.
    pub fn claim_own_store(&mut self) {
        self.own_store = MessageOwner::Current;
        self.announced = Vec::new();
    }

    /// Whether the message in a slot may have been received for another card than the one that is
    /// in.
    fn is_doubtful(&self, slot: MessageSlot) -> bool {
        self.own_store == MessageOwner::Unknown
            && slot.store != MessageStore::Sim
            && !self.announced.contains(&slot)
    }

    /// The message with its owner; `slot` is `None` for one inside its URC. `None` while the modem
    /// or its card is unknown.
    pub fn describe_received(
        &self,
        slot: Option<MessageSlot>,
        pdu: RawPdu,
        live: bool,
    ) -> Option<Received> {
        let (modem, iccid) = (self.modem()?, self.iccid()?.clone());
        let doubtful = slot.is_some_and(|slot| self.is_doubtful(slot));
        Some(Received { modem, iccid, doubtful, slot, pdu, live })
    }
}
