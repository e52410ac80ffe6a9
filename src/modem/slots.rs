//! Messages that were read and are not deleted yet. A slot in here is not read a second time, so it
//! is deleted once: a second deletion could hit a message that came into the slot after the first.

use super::api::Token;
use crate::at::Store;
use crate::domain::Moment;

/// More are not read before some have been dealt with. A store holds up to 255.
const MAX: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub store: Store,
    pub index: i32,
    pub token: Token,
    pub read_at: Moment,
    /// The host has it on disk.
    pub committed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Slots(Vec<Slot>);

impl Slots {
    pub fn is_full(&self) -> bool {
        self.0.len() >= MAX
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn holds(&self, store: Store, index: i32) -> bool {
        self.0.iter().any(|slot| slot.store == store && slot.index == index)
    }

    pub fn add(&mut self, store: Store, index: i32, token: Token, read_at: Moment) {
        self.0.push(Slot { store, index, token, read_at, committed: false });
    }

    /// The host has it on disk. Nothing for a token from before a SIM event.
    /// Else when it was read.
    pub fn commit(&mut self, token: Token) -> Option<Moment> {
        let slot = self.0.iter_mut().find(|slot| slot.token == token)?;
        slot.committed = true;
        Some(slot.read_at)
    }

    /// The host could not take it: it stays in the modem. Whether the token was known.
    pub fn refuse(&mut self, token: Token) -> bool {
        let before = self.0.len();
        self.0.retain(|slot| slot.token != token);
        self.shrink();
        self.0.len() < before
    }

    pub fn remove(&mut self, store: Store, index: i32) {
        self.0.retain(|slot| slot.store != store || slot.index != index);
        self.shrink();
    }

    pub fn remove_store(&mut self, store: Store) {
        self.0.retain(|slot| slot.store != store);
        self.shrink();
    }

    fn shrink(&mut self) {
        if self.0.is_empty() {
            self.0.shrink_to(4);
        }
    }

    /// The next one to delete, in the store that is chosen now if there is one.
    pub fn deletable(&self, chosen: Option<Store>) -> Option<Slot> {
        let ready = || self.0.iter().filter(|slot| slot.committed);
        ready().find(|slot| Some(slot.store) == chosen).or_else(|| ready().next()).copied()
    }
}
