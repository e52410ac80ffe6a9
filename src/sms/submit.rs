//! SMS-SUBMIT (23.040 9.2.2.2): a message on its way from a mobile. Also what lies in a store as
//! "unsent".

use super::address::Address;
use super::dcs::Dcs;
use super::error::{DecodeError, Problem};
use super::join;
use super::pid::Pid;
use super::reader::Reader;
use super::scts::Scts;
use super::text::Text;
use super::user_data::UserData;

/// A message to be sent, or one part of a long one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// The service centre to send it through; `None` for the one that the SIM names.
    pub smsc: Option<Address>,
    /// TP-RD: the centre is to refuse one that it holds already.
    pub reject_duplicates: bool,
    /// TP-SRR: a status report is wanted.
    pub status_report: bool,
    /// TP-RP: an answer may go the same way back.
    pub reply_path: bool,
    /// TP-MR: the message's number, which a modem may replace by its own count.
    pub number: u8,
    /// TP-DA: to whom it goes.
    pub destination: Address,
    /// TP-PID: the protocol identifier.
    pub pid: Pid,
    /// TP-DCS: the data coding scheme.
    pub dcs: Dcs,
    /// TP-VP: for how long the service centre tries.
    pub validity: Validity,
    /// TP-UD: the user data, header included.
    pub user_data: UserData,
}

/// For how long the centre tries (23.040 9.2.3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validity {
    /// The message gives no period: the service centre decides.
    Unsaid,
    /// Relative, as it stands on the wire; [`Validity::minutes`] reads it.
    Relative(u8),
    /// The service centre tries until this time.
    Until(Scts),
    /// The enhanced format, as it stands on the wire.
    Enhanced([u8; 7]),
}

impl Validity {
    /// Minutes of a relative validity, 5 to 635 040.
    #[must_use]
    pub fn minutes(self) -> Option<u32> {
        let Validity::Relative(octet) = self else { return None };
        let octet = u32::from(octet);
        Some(match octet {
            0..=143 => (octet + 1) * 5,
            144..=167 => 12 * 60 + (octet - 143) * 30,
            168..=196 => (octet - 166) * 24 * 60,
            _ => (octet - 192) * 7 * 24 * 60,
        })
    }

    fn read(first: u8, reader: &mut Reader) -> Result<Validity, DecodeError> {
        Ok(match first & bit::VALIDITY {
            0x00 => Validity::Unsaid,
            0x08 => Validity::Enhanced(reader.array("validity")?),
            0x10 => Validity::Relative(reader.octet("validity")?),
            _ => Validity::Until(Scts(reader.array("validity")?)),
        })
    }

    /// The format bits of the first octet.
    fn format(self) -> u8 {
        match self {
            Validity::Unsaid => 0x00,
            Validity::Enhanced(_) => 0x08,
            Validity::Relative(_) => 0x10,
            Validity::Until(_) => 0x18,
        }
    }

    fn write(self, octets: &mut Vec<u8>) {
        match self {
            Validity::Unsaid => {}
            Validity::Enhanced(value) | Validity::Until(Scts(value)) => octets.extend(value),
            Validity::Relative(value) => octets.push(value),
        }
    }
}

mod bit {
    pub const SUBMIT: u8 = 0x01;
    pub const REJECT_DUPLICATES: u8 = 0x04;
    pub const VALIDITY: u8 = 0x18;
    pub const STATUS_REPORT: u8 = 0x20;
    pub const USER_DATA_HEADER: u8 = 0x40;
    pub const REPLY_PATH: u8 = 0x80;
}

impl Submit {
    /// Reads octets as a modem takes or gives them in PDU mode: the service centre's address, then
    /// the TPDU.
    ///
    /// # Errors
    /// When a field before the user data is not there, or the message type is another one.
    pub fn decode(pdu: &[u8]) -> Result<Submit, DecodeError> {
        let mut reader = Reader::new(pdu);
        let smsc =
            Address::read_smsc(&mut reader).map_err(|e| e.within("smsc").within("submit"))?;
        Submit::read(&mut reader, smsc).map_err(|e| e.within("submit"))
    }

    fn read(reader: &mut Reader, smsc: Option<Address>) -> Result<Submit, DecodeError> {
        let at = reader.at();
        let first = reader.octet("first")?;
        let found = match first & 0x03 {
            0 => Some("deliver"),
            1 => None,
            2 => Some("status-report"),
            _ => Some("reserved"),
        };
        if let Some(found) = found {
            return Err(DecodeError::new(
                "first",
                at,
                Problem::MessageType { found, wanted: "submit" },
            ));
        }
        let number = reader.octet("number")?;
        let destination = Address::read(reader).map_err(|e| e.within("destination"))?;
        let pid = Pid(reader.octet("pid")?);
        let dcs = Dcs(reader.octet("dcs")?);
        Ok(Submit {
            smsc,
            reject_duplicates: first & bit::REJECT_DUPLICATES != 0,
            status_report: first & bit::STATUS_REPORT != 0,
            reply_path: first & bit::REPLY_PATH != 0,
            number,
            destination,
            pid,
            dcs,
            validity: Validity::read(first, reader)?,
            user_data: UserData::read(reader, first & bit::USER_DATA_HEADER != 0, dcs),
        })
    }

    /// The octets that a modem takes: one zero octet stands first when there is no service centre.
    /// The length that it is to be told counts those behind the service centre's address:
    /// [`tpdu`](super::tpdu).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(176);
        Address::write_smsc(self.smsc.as_ref(), &mut octets);
        let bits = [
            (true, bit::SUBMIT),
            (self.reject_duplicates, bit::REJECT_DUPLICATES),
            (true, self.validity.format()),
            (self.status_report, bit::STATUS_REPORT),
            (self.user_data.header.is_some(), bit::USER_DATA_HEADER),
            (self.reply_path, bit::REPLY_PATH),
        ];
        octets.push(bits.into_iter().filter_map(|(set, bit)| set.then_some(bit)).sum());
        octets.push(self.number);
        self.destination.write(&mut octets);
        octets.extend([self.pid.0, self.dcs.0]);
        self.validity.write(&mut octets);
        self.user_data.write(&mut octets);
        octets
    }

    /// What this message, or this part alone, says.
    #[must_use]
    pub fn text(&self) -> Text {
        join::text(std::iter::once((self.dcs, &self.user_data)))
    }
}
