//! The messages that the network carries: those that are sent to its numbers, those that its modems
//! send, and how they reach a modem.

use serde::{Deserialize, Serialize};

use super::{Network, Now};
use crate::simulator::digits::Country;
use crate::simulator::error::SimulatorError;
use crate::simulator::modem::{Content, Modem, Submission};
use crate::simulator::special::SpecialMessage;

/// The receipt for a message that was sent to a simulated number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendReceipt {
    /// The number of parts into which the text was split.
    pub parts: usize,
}

impl Network {
    /// Sends a text to a simulated number, in as many parts as it takes. It waits at the network
    /// until the card is registered and its store has room.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownNumber`].
    pub fn send(&self, from: &str, to: &str, text: &str) -> Result<SendReceipt, SimulatorError> {
        let (parts, place) = self.state().centre.accept_text(from, to, text, self.now())?;
        self.wake(place);
        Ok(SendReceipt { parts })
    }

    /// Sends a message that is no text to a simulated number. Some kinds carry `text` as well.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownNumber`].
    pub fn send_special(
        &self,
        kind: SpecialMessage,
        from: &str,
        to: &str,
        text: &str,
    ) -> Result<SendReceipt, SimulatorError> {
        let place = self.state().centre.accept_special(kind, from, to, text, self.now())?;
        self.wake(place);
        Ok(SendReceipt { parts: 1 })
    }

    /// Sends a TPDU as it is to a simulated number, however odd.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownNumber`].
    pub fn send_pdu(&self, to: &str, tpdu: &[u8]) -> Result<SendReceipt, SimulatorError> {
        let place = self.state().centre.accept_tpdu(to, tpdu, self.now())?;
        self.wake(place);
        Ok(SendReceipt { parts: 1 })
    }

    /// The number of messages that wait in the network for this number.
    pub fn waiting(&self, number: &str) -> usize {
        self.state().centre.waiting(number)
    }

    /// Delivers to a registered modem the messages that wait for its card. Returns when the network
    /// will find the modem, if it does not find it yet.
    pub(super) fn deliver(
        &self,
        place: usize,
        modem: &mut Modem,
        alive: bool,
        now: Now,
    ) -> Option<u64> {
        if !modem.is_registered() {
            return None;
        }
        self.state().centre.deliver(place, modem, alive, now)
    }

    /// Takes a message that a modem's host sent. One to a number outside of the simulation is lost,
    /// as on a real network, which accepts it before it finds that nobody has the number.
    pub(super) fn submit(&self, from: &str, submission: Submission) {
        let to = Country::of_number(from).international(&submission.to);
        let now = self.now();
        let accepted = match submission.content {
            Content::Text(text) => {
                self.state().centre.accept_text(from, &to, &text, now).map(|(_, place)| place)
            }
            Content::Draft(message) => self.state().centre.accept_submit(from, &to, *message, now),
        };
        if let Ok(place) = accepted {
            self.wake(place);
        }
    }
}
