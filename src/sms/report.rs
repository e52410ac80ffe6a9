//! SMS-DELIVER-REPORT (23.040 9.2.2.1a): the mobile's answer to a delivered message, as `+CNMA`
//! wants it.

use super::error::{DecodeError, Problem};
use super::parameters::Parameters;
use super::reader::Reader;

/// The answer; a TPDU without a service centre's address before it (27.005 4.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliverReport {
    /// For RP-ACK: the message is taken.
    Ack(Parameters),
    /// For RP-ERROR: it is not, and why.
    Error(Cause, Parameters),
}

/// TP-FCS: why a message was not taken (23.040 clause 9.2.3.22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cause(pub u8);

impl Cause {
    /// The SIM's store is full.
    pub const SIM_FULL: Cause = Cause(0xd0);
    /// There is no room anywhere: the centre keeps the message until it hears that there is.
    pub const MEMORY_FULL: Cause = Cause(0xd3);
    /// The modem gives no reason.
    pub const UNSPECIFIED: Cause = Cause(0xff);
}

const USER_DATA_HEADER: u8 = 0x40;

impl DeliverReport {
    /// Makes the acknowledgement without optional fields.
    #[must_use]
    pub fn ack() -> DeliverReport {
        DeliverReport::Ack(Parameters::default())
    }

    /// Reads the TPDU of an RP-ACK.
    ///
    /// # Errors
    /// When it ends too early, or the message type is another one.
    pub fn decode_ack(tpdu: &[u8]) -> Result<DeliverReport, DecodeError> {
        let read = |reader: &mut Reader| {
            let has_header = first(reader)?;
            Ok(DeliverReport::Ack(Parameters::read(reader, has_header)?))
        };
        read(&mut Reader::new(tpdu)).map_err(|e: DecodeError| e.within("deliver-report"))
    }

    /// Reads the TPDU of an RP-ERROR.
    ///
    /// # Errors
    /// As [`DeliverReport::decode_ack`].
    pub fn decode_error(tpdu: &[u8]) -> Result<DeliverReport, DecodeError> {
        let read = |reader: &mut Reader| {
            let has_header = first(reader)?;
            let cause = Cause(reader.octet("cause")?);
            Ok(DeliverReport::Error(cause, Parameters::read(reader, has_header)?))
        };
        read(&mut Reader::new(tpdu)).map_err(|e: DecodeError| e.within("deliver-report"))
    }

    /// The TPDU: `00 00` for the plain acknowledgement.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (DeliverReport::Ack(parameters) | DeliverReport::Error(_, parameters)) = self;
        let mut octets = vec![if parameters.has_header() { USER_DATA_HEADER } else { 0 }];
        if let DeliverReport::Error(cause, _) = self {
            octets.push(cause.0);
        }
        parameters.write(&mut octets);
        octets
    }
}

/// The first octet: whether the user data have a header.
fn first(reader: &mut Reader) -> Result<bool, DecodeError> {
    let first = reader.octet("first")?;
    let found = match first & 0x03 {
        0 => return Ok(first & USER_DATA_HEADER != 0),
        1 => "submit",
        2 => "command",
        _ => "reserved",
    };
    Err(DecodeError::new("first", 0, Problem::MessageType { found, wanted: "deliver-report" }))
}
