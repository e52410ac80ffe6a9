//! In which character set a text is, where the modem does not say so.

use crate::sms::alphabet::{self, Languages};
use crate::sms::ucs2;

/// A text of digits alone that is shorter than this is a text of digits, and not UCS-2 in
/// hexadecimal.
pub(super) const MIN_DIGITS_OF_UCS2: usize = 12;

pub(super) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

pub(super) fn decode_ucs2(octets: &[u8]) -> String {
    let mut decoder = ucs2::Decoder::default();
    decoder.push(octets);
    decoder.finish().text
}

/// Text in plain characters. Control characters show that the default alphabet is the character
/// set in force: there they are letters.
pub(super) fn plain(text: &str) -> String {
    let is_letter = |c: char| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t');
    if !text.is_ascii() || !text.chars().any(is_letter) {
        return text.to_owned();
    }
    alphabet::decode(text.as_bytes(), Languages::DEFAULT).text
}

/// Whether a text in hexadecimal digits can hardly be anything but UCS-2.
pub(super) fn is_surely_ucs2(text: &str, octets: &[u8]) -> bool {
    let digits_only = text.bytes().all(is_digit);
    octets.len() >= 4
        && !text.bytes().any(|byte| byte.is_ascii_lowercase())
        && (!digits_only || text.len() >= MIN_DIGITS_OF_UCS2)
        && is_likely_ucs2(octets, digits_only)
}

/// Whether octets look like UCS-2: all of it is readable, and it is written in few scripts.
pub(super) fn is_likely_ucs2(octets: &[u8], digits_only: bool) -> bool {
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
