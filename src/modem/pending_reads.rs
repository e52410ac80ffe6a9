//! Messages that were announced and are to be read. Bounded: what does not fit is left to a sweep.

use std::collections::VecDeque;

use super::api::MessageSlot;
use super::pending_deletions::PendingDeletions;
use crate::domain::Moment;
use crate::domain::modem::MessageStore;

/// More announcements at once are cheaper to answer by a sweep.
const MAX: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PendingRead {
    pub slot: MessageSlot,
    /// When the URC came; `None` for a message that a sweep found.
    pub announced: Option<Moment>,
    /// How often the message was read already, with a PDU that did not fit its header.
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

    /// Returns whether there was room for it. The same slot is read once.
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

    /// Takes out the one for this slot: its message is being read.
    pub fn take(&mut self, slot: MessageSlot) -> Option<PendingRead> {
        let position = self.0.iter().position(|read| read.slot == slot)?;
        self.0.remove(position)
    }

    /// The next one whose slot does not wait for its deletion, in the `selected` store if there is
    /// one.
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
