//! Messages as a modem in text mode shows them (27.005 3.1, 3.4): sender, time and text as strings,
//! in a character set that is not always known, and not always all that is in the TPDU. Where
//! `AT+CSDH=1` has the modem show the TPDU's other fields too, the message is read as its PDU is.

use chrono::{DateTime, Utc};

use super::address::Address;
use super::alphabet::{self, Languages};
use super::dcs::{Alphabet, Dcs};
use super::deliver::Deliver;
use super::gsm7;
use super::parameters::Parameters;
use super::pdu::Pdu;
use super::pid::Pid;
use super::reader::Reader;
use super::scts::Scts;
use super::status_report::{Status, StatusReport};
use super::ucs2;
use super::user_data::{Body, UserData};

/// The bit of the first octet that says that the user data begins with a header (23.040 9.2.3.23).
const USER_DATA_HEADER: u8 = 0x40;
/// The bit of the first octet that says that no more waits for this mobile (23.040 9.2.3.2).
const NO_MORE_TO_SEND: u8 = 0x04;
/// The bit of a report's first octet that says that it answers a command (23.040 9.2.3.26).
const OF_COMMAND: u8 = 0x20;
/// In UCS-2 every character of an address is below this one: digits, and letters of the default
/// alphabet, Greek ones among them.
const ADDRESS_LIMIT: char = '\u{400}';
/// A text of digits alone that is shorter than this is a text of digits, and not UCS-2 in
/// hexadecimal.
const MIN_DIGITS_OF_UCS2: usize = 12;

/// A message as text mode shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn decode_ucs2(octets: &[u8]) -> String {
    let mut decoder = ucs2::Decoder::default();
    decoder.push(octets);
    decoder.finish().text
}

/// Text in plain characters. Control characters show that the default alphabet is the character
/// set in force: there they are letters.
fn plain(text: &str) -> String {
    let is_letter = |c: char| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t');
    if !text.is_ascii() || !text.chars().any(is_letter) {
        return text.to_owned();
    }
    alphabet::decode(text.as_bytes(), Languages::DEFAULT).text
}

/// Whether a text in hexadecimal digits can hardly be anything but UCS-2.
fn is_surely_ucs2(text: &str, octets: &[u8]) -> bool {
    let digits_only = text.bytes().all(is_digit);
    octets.len() >= 4
        && !text.bytes().any(|byte| byte.is_ascii_lowercase())
        && (!digits_only || text.len() >= MIN_DIGITS_OF_UCS2)
        && is_likely_ucs2(octets, digits_only)
}

/// Whether octets look like UCS-2: all of it is readable, and it is written in few scripts.
fn is_likely_ucs2(octets: &[u8], digits_only: bool) -> bool {
    if !octets.len().is_multiple_of(2) {
        return false;
    }
    let is_readable = |c: char| {
        c != char::REPLACEMENT_CHARACTER && (!c.is_control() || matches!(c, '\n' | '\r' | '\t'))
    };
    let (units, _) = octets.as_chunks::<2>();
    let mut rows: Vec<u8> = units.iter().map(|[row, _]| *row).collect();
    rows.sort_unstable();
    rows.dedup();
    let is_ideographic =
        |row: &u8| matches!(row, 0x00 | 0x20 | 0x30 | 0x4e..=0x9f | 0xac..=0xd7 | 0xff);
    let in_few_scripts =
        rows.len() <= units.len().div_ceil(2) || (!digits_only && rows.iter().all(is_ideographic));
    decode_ucs2(octets).chars().all(is_readable) && in_few_scripts
}

#[cfg(test)]
impl TextMode {
    /// What a modem shows of this PDU that has been told to show all of it.
    pub(crate) fn showing(pdu: &[u8]) -> TextMode {
        let first = super::tpdu(pdu).unwrap()[0];
        match Pdu::decode(pdu).unwrap() {
            Pdu::Deliver(Deliver { smsc, originator, pid, dcs, scts, user_data, .. }) => {
                let centre = smsc.map(|smsc| smsc.to_string()).unwrap_or_default();
                let address_type = Some(originator.kind);
                let fields = TextFields { address_type, first, pid: pid.0, dcs: dcs.0, centre };
                let text = match &user_data.body {
                    Body::Septets(septets) if !fields.is_in_octets() => {
                        alphabet::decode(septets, Languages::DEFAULT).text.trim().to_owned()
                    }
                    _ => {
                        let mut octets = Vec::new();
                        user_data.write(&mut octets);
                        hex::encode_upper(&octets[1..])
                    }
                };
                TextMode {
                    address: originator.to_string(),
                    time: shown_time(scts),
                    fields: Some(fields),
                    text,
                    ..TextMode::default()
                }
            }
            Pdu::StatusReport(report) => TextMode {
                entry: TextEntry::Report {
                    first,
                    number: report.number,
                    address_type: Some(report.recipient.kind),
                    discharge: shown_time(report.discharge),
                    status: report.status.0,
                },
                address: report.recipient.to_string(),
                time: shown_time(report.scts),
                ..TextMode::default()
            },
            Pdu::Submit(submit) => TextMode {
                entry: TextEntry::Outgoing,
                address: submit.destination.to_string(),
                text: submit.text().text,
                ..TextMode::default()
            },
        }
    }
}

#[cfg(test)]
fn shown_time(scts: Scts) -> String {
    let zone = scts.zone_quarter_hours().unwrap();
    format!("{}{zone:+03}", scts.local().unwrap().format("%y/%m/%d,%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::super::header::Header;
    use super::*;

    const TIME: &str = "26/06/22,12:57:03+08";

    fn message(sender: &str, text: &str) -> TextMode {
        TextMode {
            address: sender.to_owned(),
            time: TIME.to_owned(),
            text: text.to_owned(),
            ..TextMode::default()
        }
    }

    /// One of which all fields are shown.
    fn shown(first: u8, pid: u8, dcs: u8, text: &str) -> TextMode {
        let fields = TextFields { address_type: Some(208), first, pid, dcs, centre: String::new() };
        TextMode { fields: Some(fields), ..message("Uber", text) }
    }

    fn ucs2(text: &str) -> String {
        hex::encode_upper(ucs2::encode(text))
    }

    #[test]
    fn senders_and_texts_in_the_character_sets_that_a_modem_may_be_left_in() {
        let in_ucs2 = |sender: &str, text: &str| message(&ucs2(sender), &ucs2(text));
        let table = [
            (message("+31612345678", "Hello"), "+31612345678", "Hello"),
            (message("Uber", "Your code is 1234"), "Uber", "Your code is 1234"),
            (message("Uber", "two\nlines"), "Uber", "two\nlines"),
            (message("1000", "12345678"), "1000", "12345678"),
            (message("0041", "123456"), "0041", "123456"),
            (message("Uber", "CAFE"), "Uber", "CAFE"),
            (message("Uber", "deadbeef"), "Uber", "deadbeef"),
            (message("Uber", "123456789012"), "Uber", "123456789012"),
            (message("Uber", ""), "Uber", ""),
            (in_ucs2("+31612345678", "Hello "), "+31612345678", "Hello "),
            (in_ucs2("Uber", "code 4711"), "Uber", "code 4711"),
            (in_ucs2("Uber", "1"), "Uber", "1"),
            (in_ucs2("Uber", "привет 😀"), "Uber", "привет 😀"),
            (in_ucs2("1000", "123456"), "1000", "123456"),
            (message("+31612345678", &ucs2("код 4711")), "+31612345678", "код 4711"),
            (
                message("+31612345678", &ucs2("你的验证码是 4711")),
                "+31612345678",
                "你的验证码是 4711",
            ),
            (message("+31612345678", &ucs2("Hello")), "+31612345678", "Hello"),
            (message("a\u{0}b", "5 \u{2} = 4 \u{1b}e"), "a@b", "5 $ = 4 €"),
        ];
        for (message, sender, text) in table {
            assert_eq!((message.sender().as_str(), message.text().as_str()), (sender, text));
        }
    }

    #[test]
    fn with_the_coding_scheme_there_is_nothing_to_guess() {
        let coded = |first, dcs, text: &str| shown(first, 0, dcs, text);
        let header = "050003A70201";
        let table = [
            (coded(0x04, 0, "00480065"), "00480065"),
            (coded(0x04, 8, "00480065"), "He"),
            (coded(0x04, 8, "0031"), "1"),
            (coded(0x04, 4, "48656C6C6F"), "Hello"),
            (TextMode { length: Some(4), ..coded(0x04, 8, "1234") }, "1234"),
            (TextMode { length: Some(1), ..coded(0x04, 8, "0031") }, "1"),
            (TextMode { length: Some(2), ..coded(0x04, 8, "0031") }, "1"),
            (coded(0x44, 8, &format!("{header}00480065")), "He"),
            // "Hello" in septets behind six octets of header and a bit of fill.
            (coded(0x44, 0, &format!("{header}906536FB0D")), "Hello"),
        ];
        for (message, text) in table {
            assert_eq!(message.text(), text, "{message:?}");
        }
    }

    #[test]
    fn with_all_fields_a_message_is_what_its_pdu_says() {
        let concat = Header::new().with(0, &[42, 2, 2]);
        let to_port = Header::new().with(5, &[0x15, 0x81, 0x23, 0xf0]);
        let waits = Header::new().with(1, &[0x80, 3]);
        let septets = |text| Body::septets(text, None).unwrap();
        let table = [
            ("UCS-2", "Uber", 0, 8, None, Body::ucs2("код 4711")),
            ("8-bit data", "+31612345678", 0, 4, None, Body::Octets(vec![0, 0xfe, 0x10])),
            ("second part", "Uber", 0, 0, Some(concat.clone()), septets("the rest of it")),
            ("seven octets", "Uber", 0, 0, Some(concat), septets("a")),
            ("ring tone", "+31612345678", 0, 0xf5, Some(to_port), Body::Octets(vec![2, 0x4a])),
            ("probe", "1000", 0x40, 0, None, septets("")),
            ("voice mail", "1233", 0, 0xc8, None, septets("")),
            ("voice mail, counted", "1233", 0, 0, Some(waits), septets("")),
            ("a text", "Uber", 0, 0, None, septets("Your code is 1234")),
        ];
        for (name, sender, pid, dcs, header, body) in table {
            let deliver = Deliver {
                smsc: Some(Address::parse("+31653131313")),
                more_to_send: false,
                loop_prevention: false,
                status_report: false,
                reply_path: false,
                originator: Address::parse(sender),
                pid: Pid(pid),
                dcs: Dcs(dcs),
                scts: Scts::from_text(TIME).unwrap(),
                user_data: UserData::new(header, body),
            };
            let octets = deliver.encode();
            let read = TextMode::showing(&octets);
            let Some(again) = read.pdu() else { panic!("{name}") };
            let Pdu::Deliver(found) = &again else { panic!("{name}") };
            assert_eq!(found.purpose(), deliver.purpose(), "{name}");
            assert_eq!(read.sender(), deliver.originator.to_string(), "{name}");
            assert_eq!(read.text(), deliver.text().text, "{name}");
            assert_eq!(found.smsc, deliver.smsc, "{name}");
            let same = Pdu::Deliver(deliver).identity(&octets);
            assert_eq!(again.identity(&found.encode()), same, "{name}");
        }
    }

    #[test]
    fn a_status_report_is_what_its_pdu_says() {
        let report = StatusReport {
            smsc: None,
            more_to_send: false,
            loop_prevention: false,
            of_command: false,
            number: 43,
            recipient: Address::parse("+31612345678"),
            scts: Scts::from_text(TIME).unwrap(),
            discharge: Scts::from_text("26/06/22,12:57:09+08").unwrap(),
            status: Status(0),
            parameters: Parameters::default(),
        };
        let shown = TextMode {
            entry: TextEntry::Report {
                first: 6,
                number: 43,
                address_type: Some(145),
                discharge: "26/06/22,12:57:09+08".to_owned(),
                status: 0,
            },
            ..message("31612345678", "")
        };
        assert_eq!(shown.pdu(), Some(Pdu::StatusReport(report)));
        assert_eq!(shown.sender(), "+31612345678");
    }

    #[test]
    fn octets_that_nothing_explains_are_told_from_texts() {
        let in_ucs2 = |text: &str| message(&ucs2("Uber"), text);
        let table = [
            (message("Uber", "00FE109C8100"), true),
            (message("Uber", "060504158123F0024A3A"), true),
            (in_ucs2("00FE109C8100"), true),
            (in_ucs2("040102800300"), true),
            (message("Uber", "Your code is 1234"), false),
            (message("Uber", "123456789012"), false),
            (message("Uber", "040402123456"), false),
            (message("Uber", "CAFE1234"), false),
            (message("Uber", "0123456789abcdef"), false),
            (message("Uber", &ucs2("code 4711")), false),
            (in_ucs2(&ucs2("code 4711")), false),
            (in_ucs2(&ucs2("код 4711 😀")), false),
            (shown(0x04, 0, 0, "00FE109C8100"), false),
        ];
        for (message, is_unexplained) in table {
            assert_eq!(message.unexplained_octets().is_some(), is_unexplained, "{message:?}");
        }
        assert!(shown(0x44, 0, 0, "a header that is not shown").hides_header());
        assert!(!shown(0x44, 0, 0, "050003A70201906536FB0D").hides_header());
    }

    #[test]
    fn times_with_their_zones_in_quarter_hours() {
        let table = [
            (TIME, Some("2026-06-22T10:57:03+00:00")),
            ("26/06/22,12:57:03-20", Some("2026-06-22T17:57:03+00:00")),
            ("26/06/22,12:57:03+00", Some("2026-06-22T12:57:03+00:00")),
            ("2026/06/22,12:57:03+08", Some("2026-06-22T10:57:03+00:00")),
            ("26/06/22,12:57:03", None),
            ("26/13/22,12:57:03+08", None),
            ("26/06/22", None),
            ("", None),
        ];
        for (time, expected) in table {
            let message = TextMode { time: time.to_owned(), ..message("Uber", "x") };
            let sent_at = message.sent_at().map(|at| at.to_rfc3339());
            assert_eq!(sent_at.as_deref(), expected, "{time}");
        }
    }

    #[test]
    fn a_message_is_the_same_in_every_character_set_and_as_a_pdu() {
        let pdu = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07";
        let deliver = Deliver::decode(&hex::decode(pdu).unwrap()).unwrap();
        let time = "02/08/26,19:37:41+00";
        let read = TextMode {
            time: time.to_owned(),
            ..message(&ucs2("+31641600986"), &ucs2("How are you?"))
        };
        let plain =
            TextMode { time: time.to_owned(), ..message("+31641600986", "How are you? \n") };
        let identity = |message: &TextMode| {
            text_identity(&message.sender(), message.sent_at(), &message.text())
        };
        let of_pdu = text_identity(
            &deliver.originator.to_string(),
            deliver.scts.to_utc(),
            &deliver.text().text,
        );
        assert_eq!(identity(&read), of_pdu);
        assert_eq!(identity(&plain), of_pdu);
        assert_ne!(identity(&message("+31641600986", "How are you?")), of_pdu, "another time");
    }
}
