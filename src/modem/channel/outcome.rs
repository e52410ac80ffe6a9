//! How a command ended, and what a line or the passing of time may bring.

use crate::at::{self, Command, FinalResult, Head, ListHeader, Urc};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    /// `OK`.
    Done,
    /// All lines that were asked for, but never an `OK` (some models forget it).
    Unfinished,
    /// An error.
    Refused(FinalResult),
    /// `OK` without the value that was asked for: a modem that does not know the command, or
    /// another command's `OK`.
    Empty,
    /// Nothing within the command's time.
    Unanswered,
}

impl Outcome {
    pub fn is_ok(self) -> bool {
        matches!(self, Outcome::Done | Outcome::Unfinished)
    }

    pub fn sim_trouble(self) -> Option<at::SimTrouble> {
        match self {
            Outcome::Refused(result) => result.sim_trouble(),
            _ => None,
        }
    }
}

/// What came of a line or of the passing of time.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Event {
    /// A URC of one line.
    Urc(Urc),
    /// The network's answer to a USSD code: the line, joined where its text has several.
    Ussd(String),
    /// A URC whose second line is a PDU: this line.
    Direct(Head),
    /// This line is the PDU of a message in the list that is being read.
    Entry(ListHeader),
    /// The list came in text mode.
    TextMode,
    /// The command ended; the reply is in [`super::Channel::reply`].
    CommandFinished(Command, Outcome),
    /// The echo is back, which was off: the modem has started anew and said nothing of it.
    Echoed,
    /// The modem has stopped answering.
    Lost,
}
