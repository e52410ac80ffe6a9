//! What an operator should act upon although the modem works.

use serde::{Deserialize, Serialize};

use super::{FinalResult, MessageStore};

/// Something about a modem that an operator should act upon, whatever state it is in. `Display`
/// gives the words for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ModemWarning {
    /// The modem says that its supply voltage is out of range, in this line.
    #[error("its supply voltage is out of range; it says: {0}")]
    Voltage(String),
    /// A message has been tried several times and is still in the modem.
    #[error("the message in {store} {index} stays in the modem: {trouble}")]
    MessageStuck {
        store: MessageStore,
        /// The message's index in that store.
        index: i32,
        trouble: MessageTrouble,
    },
    /// No message store has room for a message, so none can arrive.
    #[error("no message store has room for any message")]
    NoRoom,
}

impl ModemWarning {
    /// The kinds of warnings, as [`ModemWarning::as_str`] gives them.
    pub const KINDS: [&'static str; 3] = ["voltage", "message_stuck", "no_room"];

    /// Its kind, as a word in the log, in JSON and in metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            ModemWarning::Voltage(_) => "voltage",
            ModemWarning::MessageStuck { .. } => "message_stuck",
            ModemWarning::NoRoom => "no_room",
        }
    }
}

/// Why a message is still in the modem. `Display` gives the words for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum MessageTrouble {
    /// The command that reads it ends with this result.
    #[error("reading it is refused ({0})")]
    ReadRefused(FinalResult),
    /// The command that reads it is not answered, or not completely.
    #[error("reading it is not answered")]
    ReadUnanswered,
    /// What is read is no PDU of the length that the modem says.
    #[error("what the modem gives is no PDU of the length that it says")]
    Misfit,
    /// It is on disk, and the command that deletes it ends with this result.
    #[error("it is stored, but deleting it is refused ({0})")]
    DeleteRefused(FinalResult),
}

impl MessageTrouble {
    /// Whether it is about deleting the message, which is on disk.
    pub fn is_about_deletion(self) -> bool {
        matches!(self, MessageTrouble::DeleteRefused(_))
    }
}
