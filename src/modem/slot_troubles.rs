//! Slots whose message could not be read or deleted: why, how often, and when to try again.
//!
//! A single command is refused now and then by modems that work otherwise, so the first attempts
//! follow soon upon each other, and later ones at growing intervals. The number of slots is
//! limited.

use std::time::Duration;

use super::api::MessageSlot;
use crate::domain::modem::{MessageStore, MessageTrouble, ModemWarning};

/// How many slots are remembered. Of further ones each failure counts as the first.
const MAX: usize = 64;
/// The pause before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The limit of that pause. Sweeps go on as well.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How many times a message is read again at once when its PDU does not match its header: some of
/// its octets may have been lost on the line.
const REREADS: u8 = 2;
/// The number of failures in a row after which the operator is told.
const TOLD_AFTER: u8 = 4;

#[derive(Clone, Copy, Debug)]
struct SlotTrouble {
    slot: MessageSlot,
    trouble: MessageTrouble,
    /// The number of failures in a row.
    failures: u8,
    /// Whether its message is on disk and could not be deleted.
    undeletable: bool,
}

#[derive(Debug, Default)]
pub(super) struct SlotTroubles(Vec<SlotTrouble>);

impl SlotTroubles {
    fn find(&mut self, slot: MessageSlot) -> Option<&mut SlotTrouble> {
        self.0.iter_mut().find(|known| known.slot == slot)
    }

    /// Notes that the message in this slot could not be read or deleted. Returns the pause before
    /// the next attempt.
    pub fn add(&mut self, slot: MessageSlot, trouble: MessageTrouble) -> Duration {
        let failures = match self.find(slot) {
            Some(known) => {
                known.failures = known.failures.saturating_add(1);
                known.trouble = trouble;
                known.undeletable |= trouble.is_about_deletion();
                known.failures
            }
            None => {
                if self.0.len() < MAX {
                    let undeletable = trouble.is_about_deletion();
                    self.0.push(SlotTrouble { slot, trouble, failures: 1, undeletable });
                }
                1
            }
        };
        let at_once = if trouble == MessageTrouble::Misfit { REREADS } else { 0 };
        match failures.checked_sub(at_once + 1) {
            None => Duration::ZERO,
            Some(pauses) => (FIRST_PAUSE * (1 << pauses.min(16))).min(LONGEST_PAUSE),
        }
    }

    /// Notes that the message could be read. Whether it can be deleted is not known by that.
    pub fn on_read(&mut self, slot: MessageSlot) {
        self.0.retain(|known| known.slot != slot || known.undeletable);
    }

    /// Whether a PDU that does not match its header has been read as often as is done at once.
    pub fn is_steady(&self, slot: MessageSlot) -> bool {
        self.failures(slot) >= REREADS
    }

    /// Notes that the slot is empty.
    pub fn resolve(&mut self, slot: MessageSlot) {
        self.0.retain(|known| known.slot != slot);
    }

    /// Forgets a store that is not read any more.
    pub fn remove_store(&mut self, store: MessageStore) {
        self.0.retain(|known| known.slot.store != store);
    }

    /// How often in a row something has failed with this slot.
    pub fn failures(&self, slot: MessageSlot) -> u8 {
        self.0.iter().find(|known| known.slot == slot).map_or(0, |known| known.failures)
    }

    /// What the operator is told.
    pub fn warnings(&self) -> impl Iterator<Item = ModemWarning> {
        self.0.iter().filter(|known| known.failures >= TOLD_AFTER).map(|known| {
            let MessageSlot { store, index } = known.slot;
            ModemWarning::MessageStuck { store, index, trouble: known.trouble }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::modem::FinalResult;

    const SLOT: MessageSlot = MessageSlot { store: MessageStore::Sim, index: 3 };

    fn pauses(trouble: MessageTrouble) -> Vec<u64> {
        let mut troubles = SlotTroubles::default();
        (0..300).map(|_| troubles.add(SLOT, trouble).as_secs()).collect()
    }

    #[test]
    fn attempts_follow_soon_and_then_at_growing_intervals() {
        let growing = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
        let refused = pauses(MessageTrouble::ReadRefused(FinalResult::Error));
        assert_eq!(refused[..11], growing);
        assert_eq!(refused.last(), Some(&300));
        let misfit = pauses(MessageTrouble::Misfit);
        assert_eq!(misfit[..2], [0, 0], "some octets may have been lost on the line");
        assert_eq!(misfit[2..13], growing);
    }

    #[test]
    fn the_operator_is_told_of_what_keeps_failing_until_it_is_over() {
        let mut troubles = SlotTroubles::default();
        let refused = MessageTrouble::DeleteRefused(FinalResult::Error);
        for failures in 1..=TOLD_AFTER {
            assert_eq!(troubles.warnings().count(), 0);
            troubles.add(SLOT, refused);
            assert_eq!(troubles.failures(SLOT), failures);
        }
        troubles.on_read(SLOT);
        assert_eq!(troubles.warnings().count(), 1, "it is read, and still not deleted");
        troubles.resolve(SLOT);
        assert_eq!(troubles.warnings().count(), 0);
        assert!((0..TOLD_AFTER).all(|_| troubles.add(SLOT, MessageTrouble::Misfit).as_secs() < 9));
        assert_eq!(troubles.warnings().count(), 1);
        troubles.on_read(SLOT);
        assert_eq!(troubles.warnings().count(), 0, "it could be read at last");
    }

    #[test]
    fn only_so_many_slots_are_remembered() {
        let mut troubles = SlotTroubles::default();
        for index in 0..1000 {
            let slot = MessageSlot { store: MessageStore::Modem, index };
            assert_eq!(troubles.add(slot, MessageTrouble::Misfit), Duration::ZERO);
        }
        assert_eq!(troubles.0.len(), MAX);
    }
}
