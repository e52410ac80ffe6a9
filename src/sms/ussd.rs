//! USSD strings, which a modem gives and takes plain, as UCS-2 in hexadecimal or as packed septets
//! in hexadecimal, and not always as their coding scheme says.

use super::alphabet::{self, Languages};
use super::dcs::Alphabet;
use super::gsm7;
use super::text::{Flaw, Text};
use super::ucs2;

/// How many digits a number in plain has at most. A text of so few hexadecimal digits would say
/// next to nothing.
const NUMBER_DIGITS: usize = 15;

/// The coding scheme of USSD strings and cell broadcasts (23.038 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scheme {
    alphabet: Alphabet,
    /// Whether the text is preceded by the two letters of its language (ISO 639).
    has_language: bool,
    /// Whether the text is preceded by a user data header.
    has_header: bool,
    is_compressed: bool,
}

impl Scheme {
    fn of(dcs: u8) -> Scheme {
        let general = |dcs: u8| match dcs >> 2 & 0x03 {
            0b01 => Alphabet::Data,
            0b10 => Alphabet::Ucs2,
            _ => Alphabet::Gsm7,
        };
        let group = dcs >> 4;
        let alphabet = match group {
            0x1 if dcs == 0x11 => Alphabet::Ucs2,
            0x4..=0x7 | 0x9 => general(dcs),
            // Messages of the WAP forum and of IMS, which are no texts.
            0xd | 0xe => Alphabet::Data,
            0xf if dcs & 0x04 != 0 => Alphabet::Data,
            // A language in the default alphabet, or reserved, which is read as that (23.038 5).
            _ => Alphabet::Gsm7,
        };
        Scheme {
            alphabet,
            has_language: matches!(dcs, 0x10 | 0x11),
            has_header: group == 0x9,
            is_compressed: matches!(group, 0x6 | 0x7),
        }
    }
}

/// The text of a USSD reply. Where the modem has left quotation marks of a text in hexadecimal as
/// they are, each part between them is read.
#[must_use]
pub fn ussd_text(payload: &str, dcs: Option<u8>) -> Text {
    let scheme = dcs.map(Scheme::of);
    let mut text =
        if payload.contains('"') { read_quoted(payload) } else { read_string(payload, scheme) };
    let lines = text.text.replace("\r\n", "\n").replace('\r', "\n");
    let has_language = scheme.is_some_and(|scheme| scheme.has_language);
    let body = Some(lines.as_str()).filter(|_| has_language).and_then(without_language);
    text.text = body.unwrap_or(&lines).trim_end_matches('\n').to_owned();
    text
}

/// A text without the language and the line end before it.
fn without_language(text: &str) -> Option<&str> {
    let (language, body) = text.split_once('\n')?;
    let fits = language.len() == 2 && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    fits.then_some(body)
}

fn plain(payload: &str) -> Text {
    Text { text: payload.to_owned(), ..Text::default() }
}

fn read_quoted(payload: &str) -> Text {
    let mut text = Text::default();
    for (number, part) in payload.split('"').enumerate() {
        if number > 0 {
            text.text.push('"');
        }
        let units = |octets: &Vec<u8>| octets.len() > 2 && octets.len().is_multiple_of(2);
        let decoded = hex::decode(part).ok().filter(units).map(|octets| read_ucs2(&octets));
        match decoded.filter(is_readable) {
            Some(decoded) => text.text.push_str(&decoded.text),
            None => text.text.push_str(part),
        }
    }
    text
}

fn read_string(payload: &str, scheme: Option<Scheme>) -> Text {
    let Some(octets) = unhex(payload).filter(|octets| octets.len() > 1) else {
        return plain(payload);
    };
    if scheme.is_some_and(|scheme| scheme.is_compressed) {
        return Text { flaws: [Flaw::Compressed].into_iter().collect(), ..plain(payload) };
    }
    let said = scheme.map(|scheme| scheme.alphabet);
    let units = without_prefix(&octets, scheme);
    let is_cut = !payload.len().is_multiple_of(2);
    let is_whole = units.len().is_multiple_of(2);
    // A text that was cut within a character loses that one.
    let as_ucs2 = read_ucs2(units.get(..units.len() & !1).unwrap_or_default());
    let is_number =
        payload.len() <= NUMBER_DIGITS && payload.bytes().all(|octet| octet.is_ascii_digit());
    if is_number && !(said == Some(Alphabet::Ucs2) && is_readable(&as_ucs2)) {
        return plain(payload);
    }
    if said == Some(Alphabet::Ucs2) || ((is_whole || is_cut) && is_readable(&as_ucs2)) {
        return as_ucs2;
    }
    if is_cut {
        return plain(payload);
    }
    let is_ascii = octets.iter().all(|octet| matches!(octet, 0x20..=0x7e | b'\r' | b'\n'));
    if is_ascii {
        return Text { text: octets.iter().copied().map(char::from).collect(), ..Text::default() };
    }
    let packed = read_packed(&octets, scheme);
    let is_packed = said != Some(Alphabet::Data) && is_readable(&packed);
    match (is_packed, is_readable(&as_ucs2)) {
        (true, _) => packed,
        (false, true) => as_ucs2,
        (false, false) => Text { flaws: [Flaw::Data].into_iter().collect(), ..plain(payload) },
    }
}

/// The octets of hexadecimal digits; the last one may have been cut in two.
fn unhex(payload: &str) -> Option<Vec<u8>> {
    let whole = payload.len() & !1;
    let is_cut = whole < payload.len() && payload.len() > NUMBER_DIGITS;
    let is_hex = payload.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_cut && is_hex {
        true => hex::decode(payload.get(..whole)?).ok(),
        false => hex::decode(payload).ok(),
    }
}

/// Octets of UCS-2 without what precedes them: a header, or the language as two packed septets.
fn without_prefix(octets: &[u8], scheme: Option<Scheme>) -> &[u8] {
    let Some(scheme) = scheme else { return octets };
    let letters = || {
        let septets = gsm7::unpack(octets.get(..2).unwrap_or_default(), 0, 2);
        septets.len() == 2 && septets.iter().all(u8::is_ascii_alphabetic)
    };
    let prefix = match () {
        () if scheme.has_header => header_length(octets),
        () if scheme.has_language && scheme.alphabet == Alphabet::Ucs2 && letters() => 2,
        () => 0,
    };
    octets.get(prefix..).unwrap_or(octets)
}

/// How many octets a user data header takes with its length; 0 for one that cannot be there.
fn header_length(octets: &[u8]) -> usize {
    let length = octets.first().map_or(0, |length| usize::from(*length) + 1);
    if length < octets.len() { length } else { 0 }
}

/// The text of octets of UCS-2.
pub(super) fn read_ucs2(octets: &[u8]) -> Text {
    let mut decoder = ucs2::Decoder::default();
    decoder.push(octets);
    decoder.finish()
}

/// Septets whose count is not said: seven bits left over at the end are filled with a CR (23.038
/// 6.1.2.3.1), or zero.
fn read_packed(octets: &[u8], scheme: Option<Scheme>) -> Text {
    let header = match scheme {
        Some(scheme) if scheme.has_header => header_length(octets),
        _ => 0,
    };
    let mut septets = gsm7::unpack(octets, (header * 8).div_ceil(7), usize::MAX);
    if octets.len().is_multiple_of(7) && matches!(septets.last(), Some(b'\r' | 0)) {
        septets.pop();
    }
    alphabet::decode(&septets, Languages::DEFAULT)
}

/// Whether this is what an operator would say: nothing broken, and mostly letters, digits and
/// spaces of one script.
fn is_readable(text: &Text) -> bool {
    let of_sentences = |c: char| matches!(c, ' '..='~' | '\n' | '\r' | '\u{a0}'..='\u{17f}' | '€');
    let of_scripts = |c: char| matches!(c, '\u{370}'..='\u{1fff}') && c.is_alphanumeric();
    let count = text.text.chars().count();
    let plain = text.text.chars().filter(|c| of_sentences(*c)).count();
    let known = text.text.chars().filter(|c| of_sentences(*c) || of_scripts(*c)).count();
    let usual =
        text.text.chars().filter(|c| c.is_alphanumeric() || c.is_ascii_whitespace()).count();
    !text.lossy()
        && count > 0
        && usual * 2 >= count
        && known * 10 >= count * 9
        && plain * 10 >= count
}

/// A USSD string as packed septets in hexadecimal (23.038 6.1.2.3.1: seven bits left over at the
/// end are filled with a CR, and a CR that happens to end on an octet is doubled); `None` when it
/// has characters that the default alphabet lacks.
#[must_use]
pub fn ussd_packed(text: &str) -> Option<String> {
    let mut septets = alphabet::encode(text, Languages::DEFAULT)?;
    let fills = septets.len() % 8 == 7
        || (septets.len().is_multiple_of(8) && septets.last() == Some(&b'\r'));
    septets.extend(fills.then_some(b'\r'));
    let mut octets = Vec::new();
    gsm7::pack(&septets, 0, &mut octets);
    Some(hex::encode_upper(octets))
}

/// A USSD string as UCS-2 in hexadecimal.
#[must_use]
pub fn ussd_ucs2(text: &str) -> String {
    hex::encode_upper(ucs2::encode(text))
}
