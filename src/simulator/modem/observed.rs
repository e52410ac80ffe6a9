//! What the modem has observed of its host, for tests that check how the host behaves.

use serde::{Deserialize, Serialize};

/// Counts since the modem was made; a restart of the modem does not reset them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Command lines that were answered or, because of a fault, not answered.
    pub commands: u64,
    /// Messages that the modem received from the network, stored or delivered directly.
    pub delivered: u64,
    /// Messages read for the first time.
    pub read: u64,
    /// The number of messages that were deleted.
    pub deleted: u64,
    /// Direct deliveries that the host acknowledged by `AT+CNMA`.
    pub acknowledged: u64,
    /// Messages that the host sent.
    pub submitted: u64,
    /// Wrong PINs and PUKs entered.
    pub wrong_pins: u64,
    /// Misbehaviour: commands that began before the previous one had its final result.
    pub impatient: u64,
    /// Misbehaviour: messages that were deleted without having been read.
    pub deleted_unread: u64,
}

impl Observed {
    /// Whether the host did not misbehave.
    pub fn well_mannered(&self) -> bool {
        self.impatient == 0 && self.deleted_unread == 0
    }
}
