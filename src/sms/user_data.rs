//! TP-User-Data-Length and TP-User-Data (23.040 9.2.3.16, 9.2.3.24): a header, perhaps, and what is
//! said.

use super::alphabet::{self, Languages};
use super::dcs::{Alphabet, Dcs};
use super::gsm7;
use super::header::Header;
use super::reader::Reader;
use super::text::{Flaw, Flaws};
use super::ucs2;

/// The user data, taken apart but not yet read as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserData {
    /// The header, when there is one.
    pub header: Option<Header>,
    /// The user data after the header.
    pub body: Body,
    /// What was wrong with the lengths and the header.
    pub flaws: Flaws,
}

/// The user data without its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// 7-bit characters, one in each octet, of the alphabet that the header names.
    Septets(Vec<u8>),
    /// UCS-2, data, or compressed text, as the data coding scheme says.
    Octets(Vec<u8>),
}

impl Body {
    /// The septets of a text, in the national tables that the header names or else in the default
    /// alphabet. `None` when it has a character that those tables lack.
    #[must_use]
    pub fn septets(text: &str, header: Option<&Header>) -> Option<Body> {
        alphabet::encode(text, Languages::of(header)).map(Body::Septets)
    }

    /// The octets of a text in UCS-2.
    #[must_use]
    pub fn ucs2(text: &str) -> Body {
        Body::Octets(ucs2::encode(text))
    }
}

/// What the length octet of user data counts, at most.
const MAX_LENGTH: usize = 255;
/// The most octets of user data in a TPDU (23.040 9.2.3.24).
const MAX_OCTETS: usize = 140;

impl UserData {
    /// User data that says `body` behind `header`.
    #[must_use]
    pub fn new(header: Option<Header>, body: Body) -> UserData {
        UserData { header, body, flaws: Flaws::NONE }
    }

    /// Reads all the rest. Whatever is there is kept, and the flaws say what did not fit.
    pub(super) fn read(reader: &mut Reader, has_header: bool, dcs: Dcs) -> UserData {
        let length = reader.next();
        let octets = reader.rest();
        let mut flaws = Flaws::NONE;
        let measure = Measure::of(usize::from(length.unwrap_or(0)), octets, dcs);
        if !measure.fits || length.is_none() {
            flaws.add(Flaw::WrongLength);
        }
        let octets = octets.get(..measure.octets).unwrap_or(octets);
        let header = if has_header { read_header(octets, &mut flaws) } else { None };
        let behind = header.as_ref().map_or(0, |header| 1 + header.0.len());
        let body = if dcs.counts_septets() {
            let first = (behind * 8).div_ceil(7);
            Body::Septets(gsm7::unpack(octets, first, measure.septets.saturating_sub(first)))
        } else {
            Body::Octets(octets.get(behind..).unwrap_or_default().to_vec())
        };
        UserData { header, body, flaws }
    }

    /// Writes the length and the data. What goes beyond a length octet is cut.
    pub(super) fn write(&self, octets: &mut Vec<u8>) {
        let at = octets.len();
        octets.push(0);
        if let Some(Header(header)) = &self.header {
            let header = header.get(..MAX_LENGTH - 1).unwrap_or(header);
            octets.push(header.len() as u8);
            octets.extend(header);
        }
        let behind = octets.len() - at - 1;
        let length = match &self.body {
            Body::Septets(septets) => {
                let first = (behind * 8).div_ceil(7);
                let septets = septets.get(..MAX_LENGTH.saturating_sub(first)).unwrap_or(septets);
                gsm7::pack(septets, first * 7 - behind * 8, octets);
                first + septets.len()
            }
            Body::Octets(body) => {
                let body = body.get(..MAX_LENGTH - behind).unwrap_or(body);
                octets.extend(body);
                behind + body.len()
            }
        };
        if let Some(place) = octets.get_mut(at) {
            *place = length as u8;
        }
    }
}

/// The header at the beginning of user data. One that is longer than the data is none: then all of
/// it is text.
fn read_header(octets: &[u8], flaws: &mut Flaws) -> Option<Header> {
    let header = octets.split_first().and_then(|(length, rest)| rest.get(..usize::from(*length)));
    let header = header.map(|octets| Header(octets.to_vec()));
    if !header.as_ref().is_some_and(Header::is_whole) {
        flaws.add(Flaw::BrokenHeader);
    }
    header
}

/// How much of the octets is user data.
struct Measure {
    octets: usize,
    septets: usize,
    /// Whether the length octet was right.
    fits: bool,
}

impl Measure {
    fn of(length: usize, there: &[u8], dcs: Dcs) -> Measure {
        let (unit_octets, other_unit) = match dcs.counts_septets() {
            true => (gsm7::octets_for(length), length),
            // Some senders count UCS-2 characters.
            false => (length, if dcs.alphabet() == Alphabet::Ucs2 { length * 2 } else { length }),
        };
        let behind = there.get(unit_octets..).unwrap_or_default();
        let is_padding =
            behind.iter().all(|octet| *octet == 0x00) || behind.iter().all(|octet| *octet == 0xff);
        if there.len() == unit_octets {
            return Measure { octets: unit_octets, septets: length, fits: true };
        }
        let counts_otherwise = there.len() == other_unit && other_unit <= MAX_OCTETS && !is_padding;
        if there.len() > unit_octets && !counts_otherwise {
            return Measure { octets: unit_octets, septets: length, fits: false };
        }
        // Fewer octets than promised, or exactly as many as the length means when it counts the
        // wrong thing: take all.
        Measure { octets: there.len(), septets: gsm7::likely_septets_in(there), fits: false }
    }
}
