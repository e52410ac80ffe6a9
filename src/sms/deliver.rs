//! SMS-DELIVER (23.040 9.2.2.1): a message on its way to a mobile.

use super::address::Address;
use super::dcs::Dcs;
use super::error::{DecodeError, Problem};
use super::header::{Concat, Header};
use super::join::join;
use super::pid::Pid;
use super::reader::Reader;
use super::scts::Scts;
use super::text::Text;
use super::user_data::UserData;

/// A received message, or one part of a long one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliver {
    /// The service centre that it came through, when the modem says so.
    pub smsc: Option<Address>,
    /// TP-MMS: the centre has more for this mobile.
    pub more_to_send: bool,
    /// TP-LP: it was forwarded, and is not to be forwarded again.
    pub loop_prevention: bool,
    /// TP-SRI: the sender will get a status report.
    pub status_report: bool,
    /// TP-RP: an answer may go the same way back.
    pub reply_path: bool,
    /// TP-OA: who sent it.
    pub originator: Address,
    /// TP-PID: the protocol identifier.
    pub pid: Pid,
    /// TP-DCS: the data coding scheme.
    pub dcs: Dcs,
    /// TP-SCTS: when the service centre took it in.
    pub scts: Scts,
    /// TP-UD: the user data, header included.
    pub user_data: UserData,
}

/// The bits of the first octet (23.040 9.2.3.1–9.2.3.23).
mod bit {
    pub const NO_MORE_TO_SEND: u8 = 0x04;
    pub const LOOP_PREVENTION: u8 = 0x08;
    pub const STATUS_REPORT: u8 = 0x20;
    pub const USER_DATA_HEADER: u8 = 0x40;
    pub const REPLY_PATH: u8 = 0x80;
}

impl Deliver {
    /// Reads octets as a modem gives them in PDU mode: the service centre's address, then the TPDU.
    ///
    /// # Errors
    /// When a field before the user data is not there, or the message type is another one.
    /// Everything else yields a message with [`Flaws`](super::Flaws).
    pub fn decode(pdu: &[u8]) -> Result<Deliver, DecodeError> {
        let mut reader = Reader::new(pdu);
        let smsc =
            Address::read_smsc(&mut reader).map_err(|e| e.within("smsc").within("deliver"))?;
        Deliver::read(&mut reader, smsc).map_err(|e| e.within("deliver"))
    }

    /// Reads a TPDU without a service centre's address before it.
    ///
    /// # Errors
    /// As [`Deliver::decode`].
    pub fn decode_tpdu(tpdu: &[u8]) -> Result<Deliver, DecodeError> {
        Deliver::read(&mut Reader::new(tpdu), None).map_err(|e| e.within("deliver"))
    }

    fn read(reader: &mut Reader, smsc: Option<Address>) -> Result<Deliver, DecodeError> {
        let at = reader.at();
        let first = reader.octet("first")?;
        // A mobile treats the reserved type 3 as a deliver (23.040 9.2.3.1).
        let found = match first & 0x03 {
            0 | 3 => None,
            1 => Some("submit"),
            _ => Some("status-report"),
        };
        if let Some(found) = found {
            return Err(DecodeError::new(
                "first",
                at,
                Problem::MessageType { found, wanted: "deliver" },
            ));
        }
        let originator = Address::read(reader).map_err(|e| e.within("originator"))?;
        let pid = Pid(reader.octet("pid")?);
        let dcs = Dcs(reader.octet("dcs")?);
        let scts = Scts(reader.array("scts")?);
        Ok(Deliver {
            smsc,
            more_to_send: first & bit::NO_MORE_TO_SEND == 0,
            loop_prevention: first & bit::LOOP_PREVENTION != 0,
            status_report: first & bit::STATUS_REPORT != 0,
            reply_path: first & bit::REPLY_PATH != 0,
            originator,
            pid,
            dcs,
            scts,
            user_data: UserData::read(reader, first & bit::USER_DATA_HEADER != 0, dcs),
        })
    }

    /// The octets that [`Deliver::decode`] reads: one zero octet stands first when there is no
    /// service centre.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(176);
        Address::write_smsc(self.smsc.as_ref(), &mut octets);
        octets.push(self.first());
        self.originator.write(&mut octets);
        octets.extend([self.pid.0, self.dcs.0]);
        octets.extend(self.scts.0);
        self.user_data.write(&mut octets);
        octets
    }

    fn first(&self) -> u8 {
        [
            (!self.more_to_send, bit::NO_MORE_TO_SEND),
            (self.loop_prevention, bit::LOOP_PREVENTION),
            (self.status_report, bit::STATUS_REPORT),
            (self.user_data.header.is_some(), bit::USER_DATA_HEADER),
            (self.reply_path, bit::REPLY_PATH),
        ]
        .into_iter()
        .filter_map(|(set, bit)| set.then_some(bit))
        .sum()
    }

    /// Which part of which long message this is; `None` for a message of its own.
    #[must_use]
    pub fn concat(&self) -> Option<Concat> {
        self.user_data.header.as_ref().and_then(Header::concat)
    }

    /// What this message, or this part alone, says.
    #[must_use]
    pub fn text(&self) -> Text {
        join(std::slice::from_ref(self))
    }
}

/// The TPDU without the service centre's address before it. `None` when that address runs past the
/// end.
#[must_use]
pub fn tpdu(pdu: &[u8]) -> Option<&[u8]> {
    let (length, rest) = pdu.split_first()?;
    rest.get(usize::from(*length)..)
}
