//! Whatever lies in a modem's store: its first octet says what it is.

use super::deliver::{Deliver, tpdu};
use super::error::DecodeError;
use super::status_report::StatusReport;
use super::submit::Submit;

/// One entry of a message store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pdu {
    /// A message that was received.
    Deliver(Deliver),
    /// What became of a sent one.
    StatusReport(StatusReport),
    /// A message that somebody wrote into the store, sent or not.
    Submit(Submit),
}

impl Pdu {
    /// Reads octets as a modem gives them in PDU mode: the service centre's address, then the TPDU.
    ///
    /// # Errors
    /// Those of the type that the message type indicator names; of a deliver when there is none.
    pub fn decode(pdu: &[u8]) -> Result<Pdu, DecodeError> {
        match tpdu(pdu).and_then(<[u8]>::first).map(|first| first & 0x03) {
            Some(1) => Submit::decode(pdu).map(Pdu::Submit),
            Some(2) => StatusReport::decode(pdu).map(Pdu::StatusReport),
            _ => Deliver::decode(pdu).map(Pdu::Deliver),
        }
    }

    /// The octets that [`Pdu::decode`] reads.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Pdu::Deliver(deliver) => deliver.encode(),
            Pdu::StatusReport(report) => report.encode(),
            Pdu::Submit(submit) => submit.encode(),
        }
    }
}
