//! Messages as a modem in text mode shows them (27.005 3.1, 3.4): sender, time and text as strings,
//! in a character set that is not always known, and not always all that is in the TPDU.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};

use super::address::Address;
use super::alphabet::{self, Languages};
use super::dcs::{Alphabet, Dcs};
use super::deliver::Deliver;
use super::gsm7;
use super::pid::Pid;
use super::reader::Reader;
use super::scts::Scts;
use super::ucs2;
use super::user_data::UserData;

/// The bit of the first octet that says that the user data begins with a header (23.040 9.2.3.23).
const USER_DATA_HEADER: u8 = 0x40;
/// In UCS-2 every character of an address is below this one: digits, and letters of the default
/// alphabet, Greek ones among them.
const ADDRESS_LIMIT: char = '\u{400}';
/// A text of digits alone that is shorter than this is a text of digits, and not UCS-2 in
/// hexadecimal.
const MIN_DIGITS_OF_UCS2: usize = 12;

/// A message as text mode shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TextMode {
    /// `<oa>` as it stands between its quotes.
    pub sender: String,
    /// `<scts>`, like `26/06/22,12:57:03+08`, the zone in quarter hours. Empty where there is none.
    pub time: String,
    /// `<fo>`, the first octet of the TPDU, where the modem shows it.
    pub first: Option<u8>,
    /// `<dcs>`, the data coding scheme, where the modem shows it.
    pub dcs: Option<u8>,
    /// `<data>`, its lines separated by line feeds.
    pub text: String,
}

impl TextMode {
    /// Who sent it, as [`Address`] is displayed.
    #[must_use]
    pub fn sender(&self) -> String {
        self.sender_in_ucs2().unwrap_or_else(|| plain(&self.sender))
    }

    /// The service centre's time stamp; `None` where there is none, or none with a zone.
    #[must_use]
    pub fn sent_at(&self) -> Option<DateTime<Utc>> {
        let (date, clock) = self.time.split_once(',')?;
        let zone_at = clock.rfind(['+', '-'])?;
        let (clock, zone) = clock.split_at_checked(zone_at)?;
        let [year, month, day] = three_numbers(date, '/')?;
        let [hour, minute, second] = three_numbers(clock, ':')?;
        let year = i32::try_from(if year < 100 { year + 2000 } else { year }).ok()?;
        let time = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, minute, second)?;
        let quarters: i32 = zone.trim().parse().ok()?;
        let zone = FixedOffset::east_opt(quarters.checked_mul(15 * 60)?)?;
        Some(time.and_local_timezone(zone).single()?.to_utc())
    }

    /// What it says. `<data>` is hexadecimal where the message is in UCS-2 or 8-bit data or has a
    /// header, and where UCS-2 is the character set in force. Where the modem does not say which of
    /// these it is, a text counts as UCS-2 only if it can hardly be anything else.
    #[must_use]
    pub fn text(&self) -> String {
        let octets = hex::decode(&self.text).ok().filter(|octets| !octets.is_empty());
        let Some(octets) = octets else { return plain(&self.text) };
        let has_header = self.first.is_some_and(|first| first & USER_DATA_HEADER != 0);
        let alphabet = self.dcs.map(|dcs| Dcs(dcs).alphabet());
        let is_ucs2 = match alphabet {
            Some(Alphabet::Ucs2) => true,
            Some(Alphabet::Gsm7) | None if self.sender_in_ucs2().is_some() => true,
            Some(_) => false,
            None => is_surely_ucs2(&self.text, &octets),
        };
        match (self.dcs, has_header) {
            (Some(dcs), true) => self.user_data(&octets, Dcs(dcs), true),
            _ if is_ucs2 && octets.len().is_multiple_of(2) => decode_ucs2(&octets),
            (Some(dcs), false) if alphabet == Some(Alphabet::Data) => {
                self.user_data(&octets, Dcs(dcs), false)
            }
            _ => plain(&self.text),
        }
    }

    /// Reads octets of user data as those of a TPDU are read.
    fn user_data(&self, octets: &[u8], dcs: Dcs, has_header: bool) -> String {
        let length =
            if dcs.counts_septets() { gsm7::septets_in(octets.len()) } else { octets.len() };
        let mut all = vec![u8::try_from(length).unwrap_or(u8::MAX)];
        all.extend(octets);
        let deliver = Deliver {
            smsc: None,
            more_to_send: false,
            loop_prevention: false,
            status_report: false,
            reply_path: false,
            originator: Address::parse(&self.sender()),
            pid: Pid(0),
            dcs,
            scts: Scts([0; 7]),
            user_data: UserData::read(&mut Reader::new(&all), has_header, dcs),
        };
        let text = deliver.text().text;
        if text.is_empty() { self.text.clone() } else { text }
    }

    /// The sender if it is written in UCS-2, and so shows the character set in force.
    fn sender_in_ucs2(&self) -> Option<String> {
        let octets = hex::decode(&self.sender).ok()?;
        let is_short_code = self.sender.len() < 8 && self.sender.bytes().all(is_digit);
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
        let Self { sender, time, first, dcs, text } = self;
        format!("{sender}\n{time}\n{}\n{}\n{text}", number(*first), number(*dcs)).into_bytes()
    }
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

fn three_numbers(text: &str, separator: char) -> Option<[u32; 3]> {
    let mut numbers = text.split(separator).map(|number| number.trim().parse().ok());
    let found = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(found)
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

/// Whether a text in hexadecimal digits can hardly be anything but UCS-2: all of it is readable,
/// and it is written in few scripts.
fn is_surely_ucs2(text: &str, octets: &[u8]) -> bool {
    let digits_only = text.bytes().all(is_digit);
    if !octets.len().is_multiple_of(2)
        || octets.len() < 4
        || text.bytes().any(|byte| byte.is_ascii_lowercase())
        || (digits_only && text.len() < MIN_DIGITS_OF_UCS2)
    {
        return false;
    }
    let decoded = decode_ucs2(octets);
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
    decoded.chars().all(is_readable) && in_few_scripts
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "26/06/22,12:57:03+08";

    fn message(sender: &str, text: &str) -> TextMode {
        TextMode {
            sender: sender.to_owned(),
            time: TIME.to_owned(),
            first: None,
            dcs: None,
            text: text.to_owned(),
        }
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
        let coded = |first, dcs, text: &str| TextMode {
            first: Some(first),
            dcs: Some(dcs),
            ..message("Uber", text)
        };
        let header = "050003A70201";
        let table = [
            (coded(0x04, 0, "00480065"), "00480065"),
            (coded(0x04, 8, "00480065"), "He"),
            (coded(0x04, 8, "0031"), "1"),
            (coded(0x04, 4, "48656C6C6F"), "Hello"),
            (coded(0x44, 8, &format!("{header}00480065")), "He"),
            // "Hello" in septets behind six octets of header and a bit of fill.
            (coded(0x44, 0, &format!("{header}906536FB0D")), "Hello"),
        ];
        for (message, text) in table {
            assert_eq!(message.text(), text, "{message:?}");
        }
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
