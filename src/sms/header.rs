//! TP-User-Data-Header (23.040 9.2.3.24): information elements before the text.

use super::alphabet::Language;
use super::dcs::Indication;
use std::ops::RangeInclusive;

/// A user data header: the octets after its length octet, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Header(pub Vec<u8>);

/// One information element of a user data header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier (23.040 9.2.3.24, the table).
    pub id: u8,
    /// The element's octets, without identifier and length.
    pub data: &'a [u8],
}

/// Which part of which long message this is (23.040 9.2.3.24.1 and .8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concat {
    /// The same in all parts; used again sooner or later.
    pub reference: u16,
    /// How many parts there are, 1–255.
    pub total: u8,
    /// Which of them this is, 1 to `total`.
    pub sequence: u8,
    /// Whether the reference has 16 bits. One of 8 bits and one of 16 are never the same.
    pub wide: bool,
}

/// Which application it is for (23.040 9.2.3.24.3 and .4): a message with ports is no text for
/// people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ports {
    /// The receiving port; 2948 is WAP push.
    pub destination: u16,
    /// The port of the sending application.
    pub source: u16,
    /// Whether ports have 16 bits. One of 8 bits and one of 16 are never the same.
    pub wide: bool,
}

impl Ports {
    /// Whether the receiving port is one that the standard reserves, so that the element is to be
    /// ignored.
    #[must_use]
    pub fn is_reserved(self) -> bool {
        if self.wide { self.destination >= 49_152 } else { self.destination < 240 }
    }
}

/// A special SMS message indication (23.040 9.2.3.24.2): how much of what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Indicated {
    /// Whether the message itself is to be kept.
    pub store: bool,
    /// The kind of message that waits.
    pub indication: Indication,
    /// How many; 255 stands for that many or more.
    pub count: u8,
}

const CONCAT_8: u8 = 0x00;
const INDICATION: u8 = 0x01;
const PORTS_8: u8 = 0x04;
const PORTS_16: u8 = 0x05;
const CONCAT_16: u8 = 0x08;
const VOICE_MAIL_INFORMATION: u8 = 0x23;
const SINGLE_SHIFT: u8 = 0x24;
const LOCKING_SHIFT: u8 = 0x25;
/// The security headers of the (U)SIM toolkit (31.115), with a command for the card behind them.
const COMMAND_PACKETS: RangeInclusive<u8> = 0x70..=0x7f;

impl Header {
    /// A header with nothing in it.
    #[must_use]
    pub fn new() -> Header {
        Header::default()
    }

    /// The header with one more element, of which the first 255 octets count.
    #[must_use]
    pub fn with(mut self, id: u8, data: &[u8]) -> Header {
        let data = data.get(..255).unwrap_or(data);
        self.0.extend([id, data.len() as u8]);
        self.0.extend(data);
        self
    }

    /// The header with a concatenation element of 8 or 16 bits.
    #[must_use]
    pub fn with_concat(self, concat: Concat) -> Header {
        let [high, low] = concat.reference.to_be_bytes();
        if concat.wide {
            self.with(CONCAT_16, &[high, low, concat.total, concat.sequence])
        } else {
            self.with(CONCAT_8, &[low, concat.total, concat.sequence])
        }
    }

    /// Each element in turn. None at all when the lengths do not add up: the standard says to
    /// ignore such a header.
    pub fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        Elements(if self.is_whole() { &self.0 } else { &[] })
    }

    /// Whether the elements end where the header does.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let mut elements = Elements(&self.0);
        elements.by_ref().for_each(drop);
        elements.0.is_empty()
    }

    /// The header with the national languages of the text's single shift and locking shift tables.
    #[must_use]
    pub fn with_languages(self, single: Option<Language>, locking: Option<Language>) -> Header {
        let with = |header: Header, id, language: Option<Language>| match language {
            Some(language) => header.with(id, &[language as u8]),
            None => header,
        };
        with(with(self, SINGLE_SHIFT, single), LOCKING_SHIFT, locking)
    }

    /// The national language identifier of the single shift table (9.2.3.24.15).
    #[must_use]
    pub fn single_language(&self) -> Option<u8> {
        self.octet(SINGLE_SHIFT)
    }

    /// The national language identifier of the locking shift table (9.2.3.24.16).
    #[must_use]
    pub fn locking_language(&self) -> Option<u8> {
        self.octet(LOCKING_SHIFT)
    }

    /// The content of the last element with this identifier that has one octet.
    fn octet(&self, id: u8) -> Option<u8> {
        let is_such = |element: Element| match *element.data {
            [octet] if element.id == id => Some(octet),
            _ => None,
        };
        self.elements().filter_map(is_such).last()
    }

    /// Which part of which long message this is; the last element that makes sense counts, of
    /// either width.
    #[must_use]
    pub fn concat(&self) -> Option<Concat> {
        self.elements().filter_map(Element::concat).last()
    }

    /// The application ports; the last element that makes sense counts, of either width.
    #[must_use]
    pub fn ports(&self) -> Option<Ports> {
        self.elements().filter_map(Element::ports).last()
    }

    /// Each kind of message that waits.
    pub fn indicated(&self) -> impl Iterator<Item = Indicated> {
        self.elements().filter_map(Element::indicated)
    }

    /// Whether there is an enhanced voice mail information (9.2.3.24.13).
    pub(super) fn has_voice_mail_information(&self) -> bool {
        self.elements().any(|element| element.id == VOICE_MAIL_INFORMATION)
    }

    /// Whether what follows is a command packet for the card.
    pub(super) fn has_command_packet(&self) -> bool {
        self.elements().any(|element| COMMAND_PACKETS.contains(&element.id))
    }
}

impl Element<'_> {
    fn ports(self) -> Option<Ports> {
        match (self.id, self.data) {
            (PORTS_8, &[destination, source]) => {
                Some(Ports { destination: destination.into(), source: source.into(), wide: false })
            }
            (PORTS_16, &[high, low, source_high, source_low]) => Some(Ports {
                destination: u16::from_be_bytes([high, low]),
                source: u16::from_be_bytes([source_high, source_low]),
                wide: true,
            }),
            _ => None,
        }
    }

    fn indicated(self) -> Option<Indicated> {
        let (INDICATION, &[kind, count]) = (self.id, self.data) else { return None };
        Some(Indicated { store: kind & 0x80 != 0, indication: Indication::from_bits(kind), count })
    }

    fn concat(self) -> Option<Concat> {
        let concat = match (self.id, self.data) {
            (CONCAT_8, &[reference, total, sequence]) => {
                Concat { reference: u16::from(reference), total, sequence, wide: false }
            }
            (CONCAT_16, &[high, low, total, sequence]) => {
                Concat { reference: u16::from_be_bytes([high, low]), total, sequence, wide: true }
            }
            _ => return None,
        };
        (concat.sequence >= 1 && concat.sequence <= concat.total).then_some(concat)
    }
}

/// Walks over elements and stops in front of one that runs past the end.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let [id, length, rest @ ..] = self.0 else { return None };
        let (data, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(Element { id: *id, data })
    }
}
