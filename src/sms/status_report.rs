//! SMS-STATUS-REPORT (23.040 9.2.2.3): what became of a message that was sent.

use super::address::Address;
use super::error::{DecodeError, Problem};
use super::parameters::Parameters;
use super::reader::Reader;
use super::scts::Scts;

/// An SMS-STATUS-REPORT: what became of a message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// The service centre that it came through, when the modem says so.
    pub smsc: Option<Address>,
    /// TP-MMS: the centre has more for this mobile.
    pub more_to_send: bool,
    /// TP-LP: it was forwarded, and is not to be forwarded again.
    pub loop_prevention: bool,
    /// TP-SRQ: it answers a command, not a message.
    pub of_command: bool,
    /// TP-MR: the number that the modem gave the message.
    pub number: u8,
    /// TP-RA: to whom the message went.
    pub recipient: Address,
    /// TP-SCTS: when the service centre took the message in.
    pub scts: Scts,
    /// TP-DT: when it was delivered, or last tried.
    pub discharge: Scts,
    /// TP-ST: what became of the message.
    pub status: Status,
    /// The optional fields at the end.
    pub parameters: Parameters,
}

/// TP-Status (23.040 9.2.3.15), as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u8);

/// What a [`Status`] comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was received, forwarded without confirmation, or replaced by the centre.
    Done,
    /// Not yet; the centre goes on trying.
    Trying,
    /// No, and it never will be.
    Failed,
    /// No, for a passing reason, but the centre tries no more.
    GivenUp,
}

impl Status {
    /// What it comes to. The upper half of each range is the centre's own to define; reserved
    /// values mean "service rejected", a passing reason.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self.0 {
            0x00..=0x02 | 0x10..=0x1f => Outcome::Done,
            0x20..=0x25 | 0x30..=0x3f => Outcome::Trying,
            0x40..=0x49 | 0x50..=0x5f => Outcome::Failed,
            _ => Outcome::GivenUp,
        }
    }
}

mod bit {
    pub const STATUS_REPORT: u8 = 0x02;
    pub const NO_MORE_TO_SEND: u8 = 0x04;
    pub const LOOP_PREVENTION: u8 = 0x08;
    pub const OF_COMMAND: u8 = 0x20;
    pub const USER_DATA_HEADER: u8 = 0x40;
}

impl StatusReport {
    /// Reads octets as a modem gives them in PDU mode: the service centre's address, then the TPDU.
    ///
    /// # Errors
    /// When a field up to the status is not there, or the message type is another one.
    pub fn decode(pdu: &[u8]) -> Result<StatusReport, DecodeError> {
        let mut reader = Reader::new(pdu);
        let smsc = Address::read_smsc(&mut reader)
            .map_err(|e| e.within("smsc").within("status-report"))?;
        StatusReport::read(&mut reader, smsc).map_err(|e| e.within("status-report"))
    }

    fn read(reader: &mut Reader, smsc: Option<Address>) -> Result<StatusReport, DecodeError> {
        let at = reader.at();
        let first = reader.octet("first")?;
        let found = match first & 0x03 {
            0 => Some("deliver"),
            1 => Some("submit"),
            2 => None,
            _ => Some("reserved"),
        };
        if let Some(found) = found {
            return Err(DecodeError::new(
                "first",
                at,
                Problem::MessageType { found, wanted: "status-report" },
            ));
        }
        Ok(StatusReport {
            smsc,
            more_to_send: first & bit::NO_MORE_TO_SEND == 0,
            loop_prevention: first & bit::LOOP_PREVENTION != 0,
            of_command: first & bit::OF_COMMAND != 0,
            number: reader.octet("number")?,
            recipient: Address::read(reader).map_err(|e| e.within("recipient"))?,
            scts: Scts(reader.array("scts")?),
            discharge: Scts(reader.array("discharge")?),
            status: Status(reader.octet("status")?),
            // Octets behind the status that are no fields are the fill of a card's record.
            parameters: Parameters::read(reader, first & bit::USER_DATA_HEADER != 0)
                .unwrap_or_default(),
        })
    }

    /// The octets that [`StatusReport::decode`] reads.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(176);
        Address::write_smsc(self.smsc.as_ref(), &mut octets);
        let bits = [
            (true, bit::STATUS_REPORT),
            (!self.more_to_send, bit::NO_MORE_TO_SEND),
            (self.loop_prevention, bit::LOOP_PREVENTION),
            (self.of_command, bit::OF_COMMAND),
            (self.parameters.has_header(), bit::USER_DATA_HEADER),
        ];
        octets.push(bits.into_iter().filter_map(|(set, bit)| set.then_some(bit)).sum());
        octets.push(self.number);
        self.recipient.write(&mut octets);
        octets.extend(self.scts.0);
        octets.extend(self.discharge.0);
        octets.push(self.status.0);
        if !self.parameters.is_empty() {
            self.parameters.write(&mut octets);
        }
        octets
    }
}
