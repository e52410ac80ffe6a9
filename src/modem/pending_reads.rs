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
    /// It is not read before this time, because something has failed with this slot.
    pub not_before: Option<Moment>,
    /// In text mode, the fingerprint of what was read last.
    pub seen: Option<u64>,
}

impl PendingRead {
    /// A message that a sweep found.
    pub fn unannounced(slot: MessageSlot) -> PendingRead {
        PendingRead { slot, announced: None, not_before: None, seen: None }
    }

    fn is_due(&self, now: Moment) -> bool {
        self.not_before.is_none_or(|time| time <= now)
    }
}

#[derive(Debug, Default)]
pub(super) struct PendingReads(VecDeque<PendingRead>);

impl PendingReads {
    /// Whether the list has messages for which this holds.
    pub fn has(&self, holds: impl FnMut(&PendingRead) -> bool) -> bool {
        self.0.iter().any(holds)
    }

    /// Adds a message. If its slot is in the list already, the message is read at the earlier of
    /// both times. Returns whether there was room for it.
    pub fn add(&mut self, read: PendingRead) -> bool {
        if let Some(known) = self.0.iter_mut().find(|known| known.slot == read.slot) {
            known.announced = read.announced.or(known.announced);
            known.not_before = known.not_before.min(read.not_before);
            known.seen = read.seen.or(known.seen);
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
        now: Moment,
    ) -> Option<PendingRead> {
        let ready =
            || self.0.iter().filter(|read| read.is_due(now) && !deletions.contains(read.slot));
        ready().find(|read| Some(read.slot.store) == selected).or_else(|| ready().next()).copied()
    }

    /// When the first of those messages can be read that have to wait.
    pub fn next_due(&self, deletions: &PendingDeletions) -> Option<Moment> {
        let ready = self.0.iter().filter(|read| !deletions.contains(read.slot));
        ready.filter_map(|read| read.not_before).min()
    }

    pub fn remove_store(&mut self, store: MessageStore) {
        self.0.retain(|read| read.slot.store != store);
    }
}
