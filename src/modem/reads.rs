//! Messages that were announced and are to be read. Bounded: what does not fit is left to a sweep.

use std::collections::VecDeque;

use super::slots::Slots;
use crate::at::Store;
use crate::domain::Moment;

/// More announcements at once are cheaper to answer by a sweep.
const MAX: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub store: Store,
    pub index: i32,
    /// When the URC came; `None` for one that a sweep found.
    pub announced: Option<Moment>,
    /// How often it was read already, with a PDU that did not fit its header.
    pub tries: u8,
}

#[derive(Debug, Default)]
pub(super) struct Reads(VecDeque<Read>);

impl Reads {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it fits. The same slot is read once.
    pub fn add(&mut self, read: Read) -> bool {
        if self.0.iter().any(|known| known.store == read.store && known.index == read.index) {
            return true;
        }
        let fits = self.0.len() < MAX;
        if fits {
            self.0.push_back(read);
        }
        fits
    }

    /// Takes out the one for this slot: it has been read otherwise.
    pub fn take(&mut self, store: Store, index: i32) -> Option<Read> {
        let at = self.0.iter().position(|read| read.store == store && read.index == index)?;
        self.0.remove(at)
    }

    /// The next one whose slot is not being dealt with, in the store that is chosen now if there is
    /// one.
    pub fn peek(&self, chosen: Option<Store>, slots: &Slots) -> Option<Read> {
        let ready = || self.0.iter().filter(|read| !slots.holds(read.store, read.index));
        ready().find(|read| Some(read.store) == chosen).or_else(|| ready().next()).copied()
    }

    pub fn remove_store(&mut self, store: Store) {
        self.0.retain(|read| read.store != store);
    }
}
