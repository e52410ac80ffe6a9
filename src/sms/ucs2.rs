//! UCS-2 (23.038 6.2.3), which is UTF-16 big-endian to everybody who sends an emoji.

use super::text::{Flaw, Text};

/// Reads octets that may be cut anywhere: within a character, and between the halves of a surrogate
/// pair.
#[derive(Default)]
pub(super) struct Decoder {
    out: Text,
    /// An octet whose other half has not come yet.
    octet: Option<u8>,
    /// The first half of a surrogate pair.
    high: Option<u16>,
}

impl Decoder {
    /// Reads on. An octet left over from before belongs to these octets only if their count is odd
    /// as well: otherwise it was one too many, and would shift all that follows.
    pub(super) fn push(&mut self, octets: &[u8]) {
        let mut octets = octets;
        if let Some(first) = self.octet.take() {
            match octets.split_first() {
                Some((second, rest)) if octets.len() % 2 == 1 => {
                    self.unit(u16::from_be_bytes([first, *second]));
                    octets = rest;
                }
                _ => self.out.flaws.add(Flaw::OddOctet),
            }
        }
        let (pairs, odd) = octets.as_chunks::<2>();
        self.out.text.reserve(octets.len() / 2);
        pairs.iter().for_each(|pair| self.unit(u16::from_be_bytes(*pair)));
        self.octet = odd.first().copied();
    }

    fn unit(&mut self, unit: u16) {
        match (self.high.take(), unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                self.out.text.extend(char::decode_utf16([high, unit]).flatten());
            }
            (waiting, _) => {
                if waiting.is_some() {
                    self.broken();
                }
                match unit {
                    0xd800..=0xdbff => self.high = Some(unit),
                    0xdc00..=0xdfff => self.broken(),
                    _ => self.out.text.extend(char::from_u32(u32::from(unit))),
                }
            }
        }
    }

    fn broken(&mut self) {
        self.out.text.push(char::REPLACEMENT_CHARACTER);
        self.out.flaws.add(Flaw::BrokenSurrogate);
    }

    /// The text, when nothing more comes.
    pub(super) fn finish(mut self) -> Text {
        if self.high.take().is_some() {
            self.broken();
        }
        if self.octet.is_some() {
            self.out.flaws.add(Flaw::OddOctet);
        }
        self.out
    }
}

/// The octets of a text.
pub(super) fn encode(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}
