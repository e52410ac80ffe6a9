//! What a delivered message is for. Most carry a text for whoever has the number; the others talk
//! to the handset, to its card or to an application on it.

use super::dcs::{Alphabet, Indication};
use super::deliver::Deliver;
use super::header::{Header, Ports};
use super::pid::Pid;

/// What a message is for, as its protocol identifier, its coding scheme and its header say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A text for people.
    Text,
    /// It tells that something waits at the network, such as voice mail. It may have a text, which
    /// people are to see as well (23.040 9.2.3.24.2).
    MessageWaiting(Option<Indication>),
    /// A short message type 0: the handset acknowledges it and discards what is in it (23.040
    /// 9.2.3.9).
    Probe,
    /// It is for the card or for the mobile equipment itself (23.040 9.2.3.9, 31.115).
    Equipment,
    /// It is for the application at a port (23.040 9.2.3.24.3 and .4).
    Application(Ports),
}

impl Deliver {
    /// What the message is for. Protocol identifiers that are reserved, obsolete or for other
    /// networks are read as those of a text (23.040 9.2.3.9), and ports that are reserved as if
    /// they were not there (9.2.3.24.3 and .4).
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        let header = self.user_data.header.as_ref();
        if self.pid.is_type_0() {
            return Purpose::Probe;
        }
        if self.is_for_equipment() || header.is_some_and(Header::has_command_packet) {
            return Purpose::Equipment;
        }
        let is_data = self.dcs.alphabet() == Alphabet::Data;
        let ports = header.and_then(Header::ports);
        if let Some(ports) = ports.filter(|ports| is_data || !ports.is_reserved()) {
            return Purpose::Application(ports);
        }
        let in_coding = self.dcs.waiting().map(|waiting| waiting.indication);
        let indication = in_coding
            .or_else(|| header.and_then(|h| h.indicated().next()).map(|waits| waits.indication));
        let is_enhanced = header.is_some_and(Header::has_voice_mail_information);
        match indication {
            None if !is_enhanced && self.pid != Pid::RETURN_CALL => Purpose::Text,
            _ => Purpose::MessageWaiting(indication),
        }
    }

    /// Whether the protocol identifier is one of the data downloads, with the class or the coding
    /// that these demand. Anything else is a value that is not supported, and the message a text.
    fn is_for_equipment(&self) -> bool {
        let has_coding = self.dcs.class().is_some() || self.dcs.alphabet() == Alphabet::Data;
        self.pid.is_data_download() && has_coding
    }
}
