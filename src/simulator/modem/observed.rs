//! What the modem has seen of its host: for tests that must hold the host to good manners.

use serde::{Deserialize, Serialize};

/// Counts since the modem was made; a restart of the modem does not reset them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Command lines answered or swallowed.
    pub commands: u64,
    /// Messages that the network handed over and the modem took, stored or direct.
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
    /// Bad manners: a command that began before the one before it had its final result.
    pub impatient: u64,
    /// Bad manners: messages deleted that were never read.
    pub deleted_unread: u64,
}

impl Observed {
    /// Whether the host did nothing that a host must not do.
    pub fn well_mannered(&self) -> bool {
        self.impatient == 0 && self.deleted_unread == 0
    }
}
