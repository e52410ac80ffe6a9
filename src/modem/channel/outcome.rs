//! How a command finished, and the events that a line or the passing of time may cause.

use crate::at::{self, Command, FinalResult, Head, ListHeader, Urc};
use crate::sms::TextMode;

/// How a command finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    /// The final result was `OK`.
    Done,
    /// All lines of the reply arrived, but no `OK`, which some models forget.
    Unfinished,
    /// The final result was this error.
    Refused(FinalResult),
    /// `OK` arrived without the value that was asked for: the modem does not know the command, or
    /// the `OK` belongs to another one.
    Empty,
    /// The reply did not arrive in time.
    Unanswered,
    /// The final result was a number: `ATV0` is set (V.250 clause 6.2.6).
    InDigits,
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

/// What a line or the passing of time has caused.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Event {
    /// A URC of one line.
    Urc(Urc),
    /// The network's answer to a USSD code: a `+CUSD` line, and the further lines of its text.
    Ussd(String),
    /// An error that arrived while no command was in flight. Some modems report so that the network
    /// has refused what a command had begun with `OK`.
    LateError(FinalResult),
    /// A message inside its URC: the line is the second one of the URC, which is a PDU.
    Direct(Head, String),
    /// The line is the PDU of a message in the list that is being read. Where no line had the form
    /// of one it is empty.
    Entry(ListHeader, String),
    /// A message that arrived inside its URC in text mode, or a status report.
    DirectText(TextMode),
    /// The reply has a message in text mode; its index if it is in a list.
    TextHeader(Option<i32>),
    /// The command has finished; [`super::Channel::reply`] has the reply.
    CommandFinished(Command, Outcome),
    /// The modem gives final results as numbers, which was switched off: its settings are lost.
    InDigits,
    /// The modem echoes commands again, which was switched off: it has restarted without saying so.
    Echoed,
    /// The modem has stopped answering.
    Lost,
}
