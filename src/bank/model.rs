//! What a bank knows of each of its slots and radios, and of what is wanted of a card.

use std::time::Duration;

use super::api::{Seen, SlotContents};
use super::switching::Switch;
use crate::domain::Moment;

/// A slot.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub holds: SlotContents,
    /// When it was last on the air.
    pub visited: Option<Moment>,
    /// When it was last tried, well or not.
    pub tried: Option<Moment>,
    /// The radio that it was last on.
    pub home: Option<usize>,
    /// It is not tried before.
    pub after: Option<Moment>,
    pub failures: u32,
    pub trouble: Option<String>,
}

/// A radio.
#[derive(Debug, Default)]
pub(super) struct Radio {
    pub seen: Seen,
    /// Since when it is as `doing` says.
    pub since: Moment,
    pub doing: Option<Switch>,
    /// Since when the card on it has been on the air.
    pub ready_since: Option<Moment>,
    /// Since when nothing has been on the air.
    pub deaf_since: Moment,
    pub last_message: Option<Moment>,
    /// No switch begins before.
    pub not_before: Moment,
    pub by_hand: Option<u32>,
    /// The card that was last read on it since the last switch.
    pub last: Option<String>,
    /// Switches in a row that came to nothing, and why the last one did.
    pub bad_in_row: u32,
    pub fault: Option<String>,
    /// Visits of rented cards in a row.
    pub rented_in_row: u8,
    pub moves: u32,
    pub lies: u32,
    pub failures: u32,
    pub deaf: Duration,
}

impl Radio {
    /// The card that is on it as far as is known: one that is being read again is not gone.
    pub fn card(&self) -> Option<&str> {
        self.seen.iccid.as_deref().or_else(|| self.last.as_deref().filter(|_| !self.seen.no_card))
    }
}

/// What is wanted of a card, in this room's time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub stays: bool,
    pub collects: bool,
    pub rented: bool,
    pub tenant_calls: bool,
    /// An order waits for it until then.
    pub order_until: Option<Moment>,
}
