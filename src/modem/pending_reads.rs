//! Messages that are to be read. Their number is limited; those that do not fit are left to a
//! sweep.

use std::collections::VecDeque;

use super::api::MessageSlot;
use super::pending_deletions::PendingDeletions;
use crate::domain::Moment;
use crate::domain::modem::MessageStore;

/// How many messages may wait; a sweep is the cheaper way to read more.
const MAX: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PendingRead {
    pub slot: MessageSlot,
    /// When the URC arrived; `None` for a message that a sweep found.
    pub announced: Option<Moment>,
    /// How often the message was read already with a PDU that did not match its header.
    pub tries: u8,
}

impl PendingRead {
    /// A message that a sweep found.
    pub fn unannounced(slot: MessageSlot) -> PendingRead {
        PendingRead { slot, announced: None, tries: 0 }
    }
}

#[derive(Debug, Default)]
pub(super) struct PendingReads(VecDeque<PendingRead>);

impl PendingReads {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a message unless its slot is in the list already. Returns whether there was room for
    /// it.
    pub fn add(&mut self, read: PendingRead) -> bool {
        if self.0.iter().any(|known| known.slot == read.slot) {
            return true;
        }
        let fits = self.0.len() < MAX;
        if fits {
            self.0.push_back(read);
        }
        fits
    }

    /// Removes the message in this slot, because it is being read now.
    pub fn take(&mut self, slot: MessageSlot) -> Option<PendingRead> {
        let position = self.0.iter().position(|read| read.slot == slot)?;
        self.0.remove(position)
    }

    /// The next message to read, if possible in the `selected` store. Slots that wait for their
    /// deletion are left out.
    pub fn peek(
        &self,
        selected: Option<MessageStore>,
        deletions: &PendingDeletions,
    ) -> Option<PendingRead> {
        let ready = || self.0.iter().filter(|read| !deletions.contains(read.slot));
        ready().find(|read| Some(read.slot.store) == selected).or_else(|| ready().next()).copied()
    }

    pub fn remove_store(&mut self, store: MessageStore) {
        self.0.retain(|read| read.slot.store != store);
    }
}
