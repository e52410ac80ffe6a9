//! Strings that modems give in other character sets than ASCII. A set whose strings are in
//! hexadecimal, which another program has left, is replaced by a plain one; where the modem refuses
//! that, its strings are read by the set in force (27.007 clause 5.5).

use std::borrow::Cow;

use crate::at::Charset;
use crate::sms;

/// The upper half of code page 437.
const CP437: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', //
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', //
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»', //
    '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛', '┐', //
    '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧', //
    '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐', '▀', //
    'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', //
    '≡', '±', '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{a0}',
];

/// The sets that are tried in place of one in hexadecimal. Every modem has one of them.
const PLAIN: [Charset; 2] = [Charset::Ira, Charset::Gsm];

/// The set to select when this one is in force and the modem has refused `refused`; `None` when
/// there is nothing to select: digits and letters are the same in all sets but these.
pub(super) fn choose_plain(in_force: Option<Charset>, refused: Option<Charset>) -> Option<Charset> {
    in_force.filter(|set| matches!(set, Charset::Ucs2 | Charset::Hex | Charset::Other))?;
    match refused {
        None => PLAIN.first().copied(),
        Some(refused) => PLAIN.iter().skip_while(|plain| **plain != refused).nth(1).copied(),
    }
}

/// A line with its quoted strings read by the character set in force.
pub(super) fn decode_strings(line: &str, in_force: Option<Charset>) -> Cow<'_, str> {
    // ISO 8859-1 and UTF-8 have been read with the line.
    let same = |set: &Charset| !matches!(set, Charset::Ira | Charset::Latin1 | Charset::Utf8);
    let Some(charset) = in_force.filter(same) else { return Cow::Borrowed(line) };
    let mut whole = String::with_capacity(line.len());
    for (number, piece) in line.split('"').enumerate() {
        if number > 0 {
            whole.push('"');
        }
        let is_string = number % 2 == 1;
        match decode_string(piece, charset).filter(|_| is_string) {
            Some(text) => whole.extend(text.chars().map(|c| if c == '"' { '\'' } else { c })),
            None => whole.push_str(piece),
        }
    }
    Cow::Owned(whole)
}

/// A string in this character set; `None` when it is not in it, and so to be taken as it is.
fn decode_string(text: &str, charset: Charset) -> Option<String> {
    let read = match charset {
        Charset::Ucs2 => {
            let octets = hex::decode(text).ok().filter(|octets| octets.len().is_multiple_of(2))?;
            let (units, _) = octets.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16_lossy(&units)
        }
        Charset::Hex => sms::gsm_text(&hex::decode(text).ok()?),
        Charset::Gsm if text.is_ascii() => sms::gsm_text(text.as_bytes()),
        Charset::Cp437 => text.chars().map(cp437_character).collect(),
        _ => return None,
    };
    // Some modems give numbers plain whatever set is in force.
    let is_number = |text: &str| text.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'+'));
    (!is_number(text) || is_number(&read)).then_some(read)
}

/// The character of code page 437 for an octet, which the line has as the character of ISO 8859-1.
fn cp437_character(octet: char) -> char {
    let upper = u32::from(octet).checked_sub(0x80).and_then(|code| usize::try_from(code).ok());
    upper.and_then(|code| CP437.get(code)).copied().unwrap_or(octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_by_the_set_in_force() {
        let table = [
            (None, "+COPS: 0,0,\"KPN\",7", "+COPS: 0,0,\"KPN\",7"),
            (Some(Charset::Ira), "+COPS: 0,0,\"004B\"", "+COPS: 0,0,\"004B\""),
            (Some(Charset::Ucs2), "+COPS: 0,0,\"004B0050004E\",2", "+COPS: 0,0,\"KPN\",2"),
            (Some(Charset::Ucs2), "+COPS: 0,2,\"20408\",2", "+COPS: 0,2,\"20408\",2"),
            (
                Some(Charset::Ucs2),
                "+CNUM: \"004D0065\",\"002B00330031003600310032\",145",
                "+CNUM: \"Me\",\"+31612\",145",
            ),
            // Numbers that are plain all the same, of a length that four digits divide.
            (Some(Charset::Ucs2), "+CNUM: ,\"003161234567\",145", "+CNUM: ,\"003161234567\",145"),
            (Some(Charset::Ucs2), "+CNUM: ,\"316123456789\",145", "+CNUM: ,\"316123456789\",145"),
            (Some(Charset::Ucs2), "+COPS: 0,0,\"never closed", "+COPS: 0,0,\"never closed"),
            (Some(Charset::Hex), "+CPBR: 1,\"2B333136\",145", "+CPBR: 1,\"+316\",145"),
            (Some(Charset::Hex), "+CPBR: 1,\"0612345678\",129", "+CPBR: 1,\"0612345678\",129"),
            (Some(Charset::Gsm), "+COPS: 0,0,\"T\u{5}l\u{0}\"", "+COPS: 0,0,\"Tél@\""),
            (Some(Charset::Latin1), "+COPS: 0,0,\"Tél\"", "+COPS: 0,0,\"Tél\""),
            (Some(Charset::Cp437), "+COPS: 0,0,\"T\u{82}l\"", "+COPS: 0,0,\"Tél\""),
            (Some(Charset::Other), "+COPS: 0,0,\"T\u{82}l\"", "+COPS: 0,0,\"T\u{82}l\""),
        ];
        for (charset, line, expected) in table {
            assert_eq!(decode_strings(line, charset), expected, "{charset:?} {line}");
        }
    }

    #[test]
    fn a_set_in_hexadecimal_is_replaced_by_a_plain_one() {
        let table = [
            (None, None, None),
            (Some(Charset::Gsm), None, None),
            (Some(Charset::Ucs2), None, Some(Charset::Ira)),
            (Some(Charset::Hex), Some(Charset::Ira), Some(Charset::Gsm)),
            (Some(Charset::Other), Some(Charset::Gsm), None),
        ];
        for (in_force, refused, expected) in table {
            assert_eq!(choose_plain(in_force, refused), expected, "{in_force:?} {refused:?}");
        }
    }
}
