//! Messages that were read and are not deleted yet. Their slots are not read again, so that each is
//! deleted once: a second deletion could hit a message that arrived in the slot after the first.

use super::api::{MessageSlot, RawPdu, Token};
use crate::domain::Moment;
use crate::domain::modem::MessageStore;

/// While this many messages wait, no more are read. A store holds up to 255.
const MAX: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PendingDeletion {
    pub slot: MessageSlot,
    pub token: Token,
    pub read_at: Moment,
    /// Whether the host has the message on disk.
    pub committed: bool,
    /// [`RawPdu::fingerprint`] of the message.
    fingerprint: u64,
}

#[derive(Debug, Default)]
pub(super) struct PendingDeletions(Vec<PendingDeletion>);

impl PendingDeletions {
    pub fn is_full(&self) -> bool {
        self.0.len() >= MAX
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, slot: MessageSlot) -> bool {
        self.0.iter().any(|pending| pending.slot == slot)
    }

    pub fn add(&mut self, slot: MessageSlot, token: Token, read_at: Moment, fingerprint: u64) {
        self.0.push(PendingDeletion { slot, token, read_at, committed: false, fingerprint });
    }

    /// Whether it is this message that is to be deleted from the slot.
    pub fn is_of(&self, slot: MessageSlot, pdu: &RawPdu) -> bool {
        let fingerprint = pdu.fingerprint();
        self.0.iter().any(|pending| pending.slot == slot && pending.fingerprint == fingerprint)
    }

    /// Notes that the host has the message on disk, and returns when the message was read. Returns
    /// `None` for a token that is unknown since a SIM event.
    pub fn commit(&mut self, token: Token) -> Option<Moment> {
        let pending = self.0.iter_mut().find(|pending| pending.token == token)?;
        pending.committed = true;
        Some(pending.read_at)
    }

    /// Keeps a message in the modem, because the host could not store it. Returns whether the token
    /// was known.
    pub fn refuse(&mut self, token: Token) -> bool {
        let before = self.0.len();
        self.0.retain(|pending| pending.token != token);
        self.shrink();
        self.0.len() < before
    }

    pub fn remove(&mut self, slot: MessageSlot) {
        self.0.retain(|pending| pending.slot != slot);
        self.shrink();
    }

    pub fn remove_store(&mut self, store: MessageStore) {
        self.0.retain(|pending| pending.slot.store != store);
        self.shrink();
    }

    fn shrink(&mut self) {
        if self.0.is_empty() {
            self.0.shrink_to(4);
        }
    }

    /// The next message to delete, if possible in the `selected` store.
    pub fn next(&self, selected: Option<MessageStore>) -> Option<PendingDeletion> {
        let committed = || self.0.iter().filter(|pending| pending.committed);
        committed()
            .find(|pending| Some(pending.slot.store) == selected)
            .or_else(|| committed().next())
            .copied()
    }
}
