//! The character sets of `AT+CSCS` (TS 27.007 clause 5.5): how strings and texts cross the line.

use std::fmt;

use super::septets::{septets_of, text_of};

/// What the host reads and writes strings in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// The GSM 7-bit default alphabet, an octet per septet.
    Gsm,
    /// ITU-T T.50, that is ASCII.
    Ira,
    /// UTF-16 big endian in hexadecimal digits.
    Ucs2,
    /// The GSM alphabet's septets in hexadecimal digits.
    Hex,
    /// ISO 8859-1, which `AT+CSCS` calls `8859-1`.
    Latin1,
    /// UTF-8 (`UTF-8`), which some models offer.
    Utf8,
}

/// In the order of `AT+CSCS=?`.
pub const CHARSETS: &[Charset] =
    &[Charset::Gsm, Charset::Ira, Charset::Ucs2, Charset::Hex, Charset::Latin1, Charset::Utf8];

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Charset::Gsm => "GSM",
            Charset::Ira => "IRA",
            Charset::Ucs2 => "UCS2",
            Charset::Hex => "HEX",
            Charset::Latin1 => "8859-1",
            Charset::Utf8 => "UTF-8",
        })
    }
}

impl Charset {
    /// The character set of that name.
    pub fn parse(name: &str) -> Option<Self> {
        CHARSETS.iter().copied().find(|known| known.to_string().eq_ignore_ascii_case(name))
    }

    /// A string for the host. What the character set lacks becomes `?`.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Charset::Gsm => septets_of(text),
            Charset::Hex => hex::encode_upper(septets_of(text)).into_bytes(),
            Charset::Ira => text.chars().map(|c| octet_or_mark(c, 0x7F)).collect(),
            Charset::Latin1 => text.chars().map(|c| octet_or_mark(c, 0xFF)).collect(),
            Charset::Utf8 => text.as_bytes().to_vec(),
            Charset::Ucs2 => text
                .encode_utf16()
                .flat_map(|unit| format!("{unit:04X}").into_bytes())
                .collect::<Vec<u8>>(),
        }
    }

    /// A string from the host; `None` when it is not written in this character set.
    pub fn decode(self, octets: &[u8]) -> Option<String> {
        match self {
            Charset::Gsm => Some(text_of(octets.to_vec())),
            Charset::Hex => Some(text_of(hex::decode(octets).ok()?)),
            Charset::Ira => octets.is_ascii().then(|| String::from_utf8_lossy(octets).into_owned()),
            Charset::Latin1 => Some(octets.iter().map(|octet| char::from(*octet)).collect()),
            Charset::Utf8 => String::from_utf8(octets.to_vec()).ok(),
            Charset::Ucs2 => {
                let octets = hex::decode(octets).ok()?;
                let units = octets
                    .chunks(2)
                    .map(|pair| pair.iter().fold(0, |unit, octet| unit << 8 | u16::from(*octet)));
                String::from_utf16(&units.collect::<Vec<u16>>()).ok()
            }
        }
    }
}

fn octet_or_mark(c: char, last: u8) -> u8 {
    u8::try_from(u32::from(c)).ok().filter(|octet| *octet <= last).unwrap_or(b'?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_cross_the_line_and_come_back() {
        let cases: &[(Charset, &str, &[u8])] = &[
            (Charset::Gsm, "a@€", b"a\x00\x1b\x65"),
            (Charset::Ira, "+316", b"+316"),
            (Charset::Ucs2, "é😀", b"00E9D83DDE00"),
            (Charset::Hex, "@A", b"0041"),
            (Charset::Latin1, "é", b"\xe9"),
            (Charset::Utf8, "é", "é".as_bytes()),
        ];
        for (charset, text, octets) in cases {
            assert_eq!(charset.encode(text), *octets, "{charset}");
            assert_eq!(charset.decode(octets).as_deref(), Some(*text), "{charset}");
        }
    }

    #[test]
    fn what_a_character_set_lacks_becomes_a_question_mark() {
        assert_eq!(Charset::Ira.encode("é"), b"?");
        assert_eq!(Charset::Gsm.encode("a😀"), b"a?");
    }

    #[test]
    fn what_is_not_written_in_the_character_set_is_refused() {
        for (charset, octets) in
            [(Charset::Ucs2, b"zz".as_slice()), (Charset::Hex, b"4"), (Charset::Utf8, b"\xff")]
        {
            assert_eq!(charset.decode(octets), None, "{charset}");
        }
    }
}
