//! TP-Parameter-Indicator (23.040 9.2.3.27): which of the optional last fields of a report are
//! there.

use super::dcs::Dcs;
use super::error::DecodeError;
use super::join;
use super::pid::Pid;
use super::reader::Reader;
use super::text::Text;
use super::user_data::UserData;

/// The fields at the end of a report, each there or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// TP-PID: the protocol identifier.
    pub pid: Option<Pid>,
    /// TP-DCS; without it user data are in the default alphabet.
    pub dcs: Option<Dcs>,
    /// TP-UD: the user data, header included.
    pub user_data: Option<UserData>,
}

mod bit {
    pub const PID: u8 = 0x01;
    pub const DCS: u8 = 0x02;
    pub const USER_DATA: u8 = 0x04;
    /// Another octet of indicators follows. None of its bits means anything yet.
    pub const EXTENSION: u8 = 0x80;
}

impl Parameters {
    /// Reads all the rest, of a report whose first octet said whether the user data have a header.
    pub(super) fn read(reader: &mut Reader, has_header: bool) -> Result<Parameters, DecodeError> {
        let Some(indicator) = reader.next() else { return Ok(Parameters::default()) };
        let mut last = indicator;
        while last & bit::EXTENSION != 0 {
            last = reader.octet("indicator")?;
        }
        let mut there =
            |bit, field| (indicator & bit != 0).then(|| reader.octet(field)).transpose();
        let pid = there(bit::PID, "pid")?.map(Pid);
        let dcs = there(bit::DCS, "dcs")?.map(Dcs);
        let user_data = (indicator & bit::USER_DATA != 0)
            .then(|| UserData::read(reader, has_header, dcs.unwrap_or_default()));
        Ok(Parameters { pid, dcs, user_data })
    }

    /// Writes the indicator and the fields.
    pub(super) fn write(&self, octets: &mut Vec<u8>) {
        let indicator = [
            (self.pid.is_some(), bit::PID),
            (self.dcs.is_some(), bit::DCS),
            (self.user_data.is_some(), bit::USER_DATA),
        ];
        octets.push(indicator.into_iter().filter_map(|(there, bit)| there.then_some(bit)).sum());
        octets.extend(self.pid.map(|pid| pid.0));
        octets.extend(self.dcs.map(|dcs| dcs.0));
        if let Some(user_data) = &self.user_data {
            user_data.write(octets);
        }
    }

    /// Whether the user data have a header, which the first octet of the report says.
    pub(super) fn has_header(&self) -> bool {
        self.user_data.as_ref().is_some_and(|user_data| user_data.header.is_some())
    }

    /// Whether no field is there.
    pub(super) fn is_empty(&self) -> bool {
        *self == Parameters::default()
    }

    /// What the user data say.
    #[must_use]
    pub fn text(&self) -> Text {
        join::text(self.user_data.iter().map(|user_data| (self.dcs.unwrap_or_default(), user_data)))
    }
}
