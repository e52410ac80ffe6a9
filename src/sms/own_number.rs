//! The SIM's own number, out of what `CNUM` and USSD replies say: plain, as UCS-2 in hex, or as
//! packed septets in hex.

use super::alphabet::{self, Languages};
use super::dcs::Alphabet;
use super::gsm7;
use super::text::{Flaw, Text};
use super::ucs2;

/// How many digits a number has that somebody can be reached at. Longer ones are of SIM cards and
/// handsets.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=15;
/// How many it has when it stands in a sentence, where shorter ones are amounts and service
/// numbers.
const DIGITS_IN_TEXT: std::ops::RangeInclusive<usize> = 9..=13;

/// The number out of a reply's number field: digits, with a `+` when they begin with a country
/// code. `kind` is the type-of-address octet that stands beside it, where one does: 145 means
/// international, with or without a `+`.
#[must_use]
pub fn own_number(field: &str, kind: Option<u8>) -> Option<String> {
    let field = field.trim().trim_matches('"');
    // In UCS-2 even six digits are more than any number in plain has.
    let unhexed = hex::decode(field)
        .ok()
        .filter(|octets| octets.len() > *DIGITS.end() / 2 && octets.len() % 2 == 0);
    let text = match unhexed {
        Some(octets) => read_ucs2(&octets).text,
        None => field.to_owned(),
    };
    let international = text.trim_start().starts_with('+') || kind == Some(0x91);
    let is_separator = |c: char| matches!(c, '+' | ' ' | '-' | '(' | ')' | '.' | '/' | '\u{a0}');
    if text.chars().any(|c| !c.is_ascii_digit() && !is_separator(c)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    DIGITS
        .contains(&digits.len())
        .then(|| if international { format!("+{digits}") } else { digits })
}

/// The text of a USSD reply, which a modem gives plain, as UCS-2 in hex or as packed septets in
/// hex, and not always as its coding scheme (23.038 5) says.
#[must_use]
pub fn ussd_text(payload: &str, dcs: Option<u8>) -> Text {
    let plain = || Text { text: payload.to_owned(), ..Text::default() };
    let is_number =
        payload.len() <= *DIGITS.end() && payload.bytes().all(|octet| octet.is_ascii_digit());
    let Ok(octets) = hex::decode(payload) else { return plain() };
    if octets.len() < 2 || is_number {
        return plain();
    }
    let as_ucs2 = read_ucs2(&octets);
    let said = dcs.map(cell_broadcast_alphabet);
    if octets.len().is_multiple_of(2) && (said == Some(Alphabet::Ucs2) || is_readable(&as_ucs2)) {
        return as_ucs2;
    }
    let is_ascii = octets.iter().all(|octet| matches!(octet, 0x20..=0x7e | b'\r' | b'\n'));
    if is_ascii {
        return Text { text: octets.iter().copied().map(char::from).collect(), ..Text::default() };
    }
    let packed = read_packed(&octets);
    if said == Some(Alphabet::Data) || !is_readable(&packed) {
        return Text { flaws: [Flaw::Data].into_iter().collect(), ..plain() };
    }
    packed
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

/// The number in a USSD reply, as [`own_number`] gives one: an international one if there is one,
/// else the first that is long enough and no code to be dialled.
#[must_use]
pub fn number_in_ussd(payload: &str, dcs: Option<u8>) -> Option<String> {
    let text = ussd_text(payload, dcs).text;
    let whole = numbers(&text, |_| false);
    let spaced = numbers(&text, |c| matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}'));
    let international = |number: &&String| number.starts_with('+');
    let both = || whole.iter().chain(&spaced);
    both().find(international).or_else(|| both().next()).cloned()
}

/// The coding group of a USSD string or cell broadcast as an alphabet (23.038 5).
fn cell_broadcast_alphabet(dcs: u8) -> Alphabet {
    match (dcs >> 4, dcs >> 2 & 0x03) {
        (0x1, 0b00) if dcs & 0x0f == 0x01 => Alphabet::Ucs2,
        (0x4..=0x7 | 0x9, 0b01) | (0xf, 0b01 | 0b11) => Alphabet::Data,
        (0x4..=0x7 | 0x9, 0b10) => Alphabet::Ucs2,
        _ => Alphabet::Gsm7,
    }
}

fn read_ucs2(octets: &[u8]) -> Text {
    let mut decoder = ucs2::Decoder::default();
    decoder.push(octets);
    decoder.finish()
}

/// Septets whose count is not said: seven bits left over at the end are filled with a CR (23.038
/// 6.1.2.3.1), or zero.
fn read_packed(octets: &[u8]) -> Text {
    let mut septets = gsm7::unpack(octets, 0, usize::MAX);
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

/// The runs of digits that may be numbers, single separators within them left out.
fn numbers(text: &str, is_separator: fn(char) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut before = None;
    while let Some(start) = rest.find(|c: char| c == '+' || c.is_ascii_digit()) {
        before = rest.get(..start).and_then(|head| head.chars().next_back()).or(before);
        let run = rest.get(start..).unwrap_or_default();
        let (number, length) = number(run, is_separator);
        let behind = run.get(length..).unwrap_or_default();
        let is_code = matches!(before, Some('*' | '#')) || behind.starts_with(['*', '#']);
        if DIGITS_IN_TEXT.contains(&number.trim_start_matches('+').len()) && !is_code {
            found.push(number);
        }
        before = run.get(..length).and_then(|head| head.chars().next_back());
        rest = behind;
    }
    found
}

/// A `+` or a digit at the beginning and all digits behind it, with how many octets that is.
fn number(run: &str, is_separator: fn(char) -> bool) -> (String, usize) {
    let mut number = String::new();
    let mut length = 0;
    let mut separated = false;
    for (at, c) in run.char_indices() {
        match c {
            '+' if at == 0 => number.push(c),
            '0'..='9' => number.push(c),
            _ if is_separator(c) && !separated => {
                separated = true;
                continue;
            }
            _ => break,
        }
        separated = false;
        length = at + c.len_utf8();
    }
    (number, length)
}
