//! Messages as a modem in text mode shows them (27.005 3.1, 3.4): sender, time and text as strings,
//! in a character set that is not always known, and not always all that is in the TPDU. Where
//! `AT+CSDH=1` has the modem show the TPDU's other fields too, the message is read as its PDU is.

mod guessing;
#[cfg(test)]
mod showing;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::alphabet;
use super::dcs::{Alphabet, Dcs};
use super::deliver::Deliver;
use super::gsm7;
use super::parameters::Parameters;
use super::pdu::Pdu;
use super::pid::Pid;
use super::reader::Reader;
use super::scts::Scts;
use super::status_report::{Status, StatusReport};
use super::user_data::{Body, UserData};
use guessing::{MIN_DIGITS_OF_UCS2, decode_ucs2, is_digit, is_likely_ucs2, is_surely_ucs2, plain};

/// The bit of the first octet that says that the user data begins with a header (23.040 9.2.3.23).
const USER_DATA_HEADER: u8 = 0x40;
/// The bit of the first octet that says that no more waits for this mobile (23.040 9.2.3.2).
const NO_MORE_TO_SEND: u8 = 0x04;
/// The bit of a report's first octet that says that it answers a command (23.040 9.2.3.26).
const OF_COMMAND: u8 = 0x20;
/// In UCS-2 every character of an address is below this one: digits, and letters of the default
/// alphabet, Greek ones among them.
const ADDRESS_LIMIT: char = '\u{400}';

/// A message as text mode shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextMode {
    /// What it is, as far as the line before its text says.
    pub entry: TextEntry,
    /// `<oa>`, `<da>` or `<ra>` as it stands between its quotes.
    pub address: String,
    /// `<scts>`, like `26/06/22,12:57:03+08`, the zone in quarter hours. Empty where there is none.
    pub time: String,
    /// The other fields of the TPDU, where the modem shows them.
    pub fields: Option<TextFields>,
    /// `<length>`, where the modem shows it: how long it takes the text to be.
    pub length: Option<usize>,
    /// `<data>`, its lines separated by line feeds.
    pub text: String,
}

/// What a message in text mode is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextEntry {
    /// It was received.
    #[default]
    Received,
    /// It was sent from here, or is a draft.
    Outgoing,
    /// It tells what became of a message that was sent. It has no text.
    Report {
        /// `<fo>`, the first octet of the TPDU.
        first: u8,
        /// `<mr>`, the number of the message that was sent.
        number: u8,
        /// `<tora>`, the type of the address.
        address_type: Option<u8>,
        /// `<dt>`, like [`TextMode::time`].
        discharge: String,
        /// `<st>`, what became of it.
        status: u8,
    },
}

/// The fields of a TPDU that text mode shows beside address, time and text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextFields {
    /// `<tooa>`, the type of the address.
    pub address_type: Option<u8>,
    /// `<fo>`, the first octet.
    pub first: u8,
    /// `<pid>`, the protocol identifier.
    pub pid: u8,
    /// `<dcs>`, the data coding scheme.
    pub dcs: u8,
    /// `<sca>`, the service centre's address. Empty where there is none.
    pub centre: String,
}

impl TextFields {
    fn has_header(&self) -> bool {
        self.first & USER_DATA_HEADER != 0
    }

    /// Whether `<data>` is hexadecimal whatever the character set: the message has a header, or is
    /// not in the default alphabet (27.005 3.1).
    fn is_in_octets(&self) -> bool {
        self.has_header() || !Dcs(self.dcs).counts_septets()
    }
}

impl TextMode {
    /// Who sent it, or to whom it went, as [`Address`] is displayed.
    #[must_use]
    pub fn sender(&self) -> String {
        let name = self.sender_in_ucs2().unwrap_or_else(|| plain(&self.address));
        let is_number = !name.is_empty() && name.bytes().all(is_digit);
        match self.address_type() {
            Some(kind) if is_number => Address { kind, value: name }.to_string(),
            _ => name,
        }
    }

    fn address_type(&self) -> Option<u8> {
        match &self.entry {
            TextEntry::Report { address_type, .. } => *address_type,
            _ => self.fields.as_ref()?.address_type,
        }
    }

    /// The service centre's time stamp; `None` where there is none, or none with a zone.
    #[must_use]
    pub fn sent_at(&self) -> Option<DateTime<Utc>> {
        Scts::from_text(&self.time)?.to_utc()
    }

    /// What it says. `<data>` is hexadecimal where the message is in UCS-2 or 8-bit data or has a
    /// header, and where UCS-2 is the character set in force. Where the modem does not say which of
    /// these it is, a text counts as UCS-2 only if it can hardly be anything else.
    #[must_use]
    pub fn text(&self) -> String {
        match (&self.fields, self.octets()) {
            (Some(fields), Some(octets)) => self.deliver(fields, Some(&octets)).text().text,
            (fields, _) => self.shown_text(fields.is_some()),
        }
    }

    /// What stands on the lines of `<data>`, which are not octets of the TPDU.
    fn shown_text(&self, is_in_character_set: bool) -> String {
        let octets = hex::decode(&self.text).ok().filter(|octets| !octets.is_empty());
        let is_ucs2 = |octets: &Vec<u8>| match (is_in_character_set, self.sender_in_ucs2()) {
            (true, sender) => octets.len().is_multiple_of(2) && sender.is_some(),
            (false, Some(_)) => is_likely_ucs2(octets, false),
            (false, None) => is_surely_ucs2(&self.text, octets),
        };
        match octets.filter(is_ucs2) {
            Some(octets) => decode_ucs2(&octets),
            None => plain(&self.text),
        }
    }

    /// The octets of the user data, if `<data>` are these. Some modems show such a text in
    /// characters, and then `<length>` is their number: there are always fewer octets than digits.
    fn octets(&self) -> Option<Vec<u8>> {
        self.fields.as_ref().filter(|fields| fields.is_in_octets())?;
        let is_in_characters =
            !self.text.is_empty() && self.length == Some(self.text.chars().count());
        if is_in_characters { None } else { hex::decode(&self.text).ok() }
    }

    /// Whether the user data are shown as the octets that they are.
    #[must_use]
    pub fn shows_octets(&self) -> bool {
        self.octets().is_some()
    }

    /// Whether less of the text is there than the modem says: nothing at all.
    #[must_use]
    pub fn lacks_text(&self) -> bool {
        self.text.is_empty() && self.length.is_some_and(|length| length > 0)
    }

    /// The message as its PDU says it, where all fields of the TPDU are shown. Of a text that is
    /// not shown as octets, it is less certain than [`TextMode::text`].
    #[must_use]
    pub fn pdu(&self) -> Option<Pdu> {
        match &self.entry {
            TextEntry::Received => {
                let fields = self.fields.as_ref()?;
                Some(Pdu::Deliver(self.deliver(fields, self.octets().as_deref())))
            }
            TextEntry::Outgoing => None,
            TextEntry::Report { first, number, discharge, status, .. } => {
                Some(Pdu::StatusReport(StatusReport {
                    smsc: None,
                    more_to_send: first & NO_MORE_TO_SEND == 0,
                    loop_prevention: false,
                    of_command: first & OF_COMMAND != 0,
                    number: *number,
                    recipient: self.address(),
                    scts: scts(&self.time),
                    discharge: scts(discharge),
                    status: Status(*status),
                    parameters: Parameters::default(),
                }))
            }
        }
    }

    fn deliver(&self, fields: &TextFields, octets: Option<&[u8]>) -> Deliver {
        let dcs = Dcs(fields.dcs);
        Deliver {
            smsc: (!fields.centre.is_empty()).then(|| Address::parse(&fields.centre)),
            more_to_send: fields.first & NO_MORE_TO_SEND == 0,
            loop_prevention: false,
            status_report: false,
            reply_path: false,
            originator: self.address(),
            pid: Pid(fields.pid),
            dcs,
            scts: scts(&self.time),
            user_data: match octets {
                Some(octets) => user_data(octets, dcs, fields.has_header()),
                None => UserData::new(None, body(&self.shown_text(true), dcs)),
            },
        }
    }

    fn address(&self) -> Address {
        let address = Address::parse(&self.sender());
        match self.address_type() {
            Some(kind) if (Address { kind, ..address.clone() }).is_alphanumeric() => {
                Address { kind, value: self.sender() }
            }
            Some(kind) if !address.is_alphanumeric() => Address { kind, ..address },
            _ => address,
        }
    }

    /// Whether the message has a header that the modem keeps to itself, so that it may be no text
    /// for people.
    #[must_use]
    pub fn hides_header(&self) -> bool {
        self.fields.as_ref().is_some_and(TextFields::has_header) && self.octets().is_none()
    }

    /// The octets that a text is in hexadecimal, where the modem does not say what it is and it can
    /// hardly be a text for people.
    #[must_use]
    pub fn unexplained_octets(&self) -> Option<Vec<u8>> {
        let is_number = self.text.bytes().all(is_digit) && self.sender_in_ucs2().is_none();
        let is_written_by_people = self.text.bytes().any(|byte| byte.is_ascii_lowercase());
        if self.fields.is_some()
            || self.text.len() < MIN_DIGITS_OF_UCS2
            || is_number
            || is_written_by_people
            || self.shown_text(false) != self.text
        {
            return None;
        }
        hex::decode(&self.text).ok()
    }

    /// The sender if it is written in UCS-2, and so shows the character set in force.
    fn sender_in_ucs2(&self) -> Option<String> {
        let octets = hex::decode(&self.address).ok()?;
        let is_short_code = self.address.len() < 8 && self.address.bytes().all(is_digit);
        if octets.is_empty() || octets.len() % 2 == 1 || is_short_code {
            return None;
        }
        let text = decode_ucs2(&octets);
        text.chars().all(|c| !c.is_control() && c < ADDRESS_LIMIT).then_some(text)
    }

    /// Everything that the modem showed, for the disk: a field on each line, the text last.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        let number = |octet: Option<u8>| octet.map(|octet| octet.to_string()).unwrap_or_default();
        let first = number(self.fields.as_ref().map(|fields| fields.first));
        let dcs = number(self.fields.as_ref().map(|fields| fields.dcs));
        let Self { address, time, text, .. } = self;
        format!("{address}\n{time}\n{first}\n{dcs}\n{text}").into_bytes()
    }
}

/// Reads octets of user data as those of a TPDU are read, though their length is not known in the
/// unit of the alphabet.
fn user_data(octets: &[u8], dcs: Dcs, has_header: bool) -> UserData {
    let length = if dcs.counts_septets() { gsm7::likely_septets_in(octets) } else { octets.len() };
    let mut all = vec![u8::try_from(length).unwrap_or(u8::MAX)];
    all.extend(octets);
    UserData::read(&mut Reader::new(&all), has_header, dcs)
}

/// A text that is shown in characters, as a body in the message's alphabet.
fn body(text: &str, dcs: Dcs) -> Body {
    match dcs.alphabet() {
        _ if dcs.counts_septets() => Body::Septets(alphabet::encode_lossy(text)),
        Alphabet::Ucs2 => Body::ucs2(text),
        Alphabet::Gsm7 | Alphabet::Data => Body::Octets(text.as_bytes().to_vec()),
    }
}

/// The stamp, or an impossible one.
fn scts(time: &str) -> Scts {
    Scts::from_text(time).unwrap_or(Scts([0; 7]))
}

/// What a message of which only this is known is recognised by, whichever way it was read: text
/// mode loses space around lines and empty lines.
#[must_use]
pub fn text_identity(sender: &str, sent_at: Option<DateTime<Utc>>, text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let time = sent_at.map(|time| time.timestamp().to_string()).unwrap_or_default();
    format!("text\n{sender}\n{time}\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests;
