//! Addresses (23.040 9.1.2.5): a type, and digits in swapped half-octets or a name in packed
//! septets.

use super::alphabet::{self, Languages};
use super::error::DecodeError;
use super::gsm7;
use super::reader::Reader;
use std::fmt;

/// The type-of-address octet of an international number in the telephone numbering plan.
const INTERNATIONAL: u8 = 0x91;
/// The same of a number whose kind is not said: national, or a short code.
const UNKNOWN: u8 = 0x81;
/// The same of a name.
const ALPHANUMERIC: u8 = 0xd0;

/// How many digits fit the address field of a TPDU.
const MAX_DIGITS: usize = 20;
/// How many septets of a name fit it.
const MAX_SEPTETS: usize = 11;
/// The half-octets that are not digits, as they are written (23.040 9.1.2.3).
const DIGITS: [char; 15] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'a', 'b', 'c'];
/// The half-octet that fills up an odd count.
const FILL: u8 = 0x0f;

/// Who sent it, or to whom it goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The type-of-address octet, as it came: type of number in bits 6–4, numbering plan in bits
    /// 3–0.
    pub kind: u8,
    /// Digits out of `0123456789*#abc`, or the name, when the type of number is alphanumeric.
    pub value: String,
}

impl Address {
    /// Reads `+31612345678` as an international number, `1234` as one of unknown kind, anything
    /// else as a name.
    ///
    /// What does not fit an address field is cut: digits after the 20th, a name's septets after the
    /// 11th.
    #[must_use]
    pub fn parse(text: &str) -> Address {
        let is_number =
            |digits: &str| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
        let is_code =
            |digits: &str| digits.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#');
        match text.strip_prefix('+') {
            Some(digits) if is_number(digits) => {
                Address { kind: INTERNATIONAL, value: digits.chars().take(MAX_DIGITS).collect() }
            }
            _ if is_code(text) => {
                Address { kind: UNKNOWN, value: text.chars().take(MAX_DIGITS).collect() }
            }
            _ => Address {
                kind: ALPHANUMERIC,
                value: alphabet::decode(&name_septets(text), Languages::DEFAULT).text,
            },
        }
    }

    /// Type of number: 0 unknown, 1 international, 2 national, 3 network specific, 4 subscriber, 5
    /// alphanumeric, 6 abbreviated, 7 reserved.
    #[must_use]
    pub fn type_of_number(&self) -> u8 {
        type_of_number(self.kind)
    }

    /// Whether it is a name, not a number.
    #[must_use]
    pub fn is_alphanumeric(&self) -> bool {
        self.type_of_number() == 5
    }

    /// Whether the number is in international form, country code first.
    #[must_use]
    pub fn is_international(&self) -> bool {
        self.type_of_number() == 1
    }

    /// Reads an address of a TPDU, whose length counts half-octets.
    pub(super) fn read(reader: &mut Reader) -> Result<Address, DecodeError> {
        let half_octets = usize::from(reader.octet("length")?);
        let kind = reader.octet("type")?;
        let octets = reader.take(half_octets.div_ceil(2), "value")?;
        Ok(Address { kind, value: value(kind, octets, half_octets) })
    }

    /// Reads a service centre's address, whose length counts the octets after it; `None` when there
    /// is none.
    pub(super) fn read_smsc(reader: &mut Reader) -> Result<Option<Address>, DecodeError> {
        let octets = usize::from(reader.octet("length")?);
        if octets == 0 {
            return Ok(None);
        }
        let octets = reader.take(octets, "value")?;
        let Some((kind, octets)) = octets.split_first() else { return Ok(None) };
        Ok(Some(Address { kind: *kind, value: value(*kind, octets, octets.len() * 2) }))
    }

    /// Writes it as [`Address::read`] reads it.
    pub(super) fn write(&self, octets: &mut Vec<u8>) {
        let (half_octets, value) = self.wire(255);
        octets.extend([half_octets as u8, self.kind]);
        octets.extend(value);
    }

    /// Writes it as [`Address::read_smsc`] reads it.
    pub(super) fn write_smsc(smsc: Option<&Address>, octets: &mut Vec<u8>) {
        let Some(smsc) = smsc else { return octets.push(0) };
        let (_, value) = smsc.wire(508);
        octets.extend([1 + value.len() as u8, smsc.kind]);
        octets.extend(value);
    }

    /// The length in half-octets, which is cut to what a length octet can say, and the octets of
    /// the value.
    fn wire(&self, most: usize) -> (usize, Vec<u8>) {
        if self.is_alphanumeric() {
            let septets = alphabet::encode_lossy(&self.value);
            let septets = septets.get(..most * 4 / 7).unwrap_or(&septets);
            let mut octets = Vec::with_capacity(gsm7::octets_for(septets.len()));
            gsm7::pack(septets, 0, &mut octets);
            return ((septets.len() * 7).div_ceil(4), octets);
        }
        let digit = |c: char| DIGITS.iter().position(|digit| *digit == c.to_ascii_lowercase());
        let digits: Vec<u8> =
            self.value.chars().filter_map(digit).take(most).map(|digit| digit as u8).collect();
        let pair = |pair: &[u8]| match *pair {
            [low, high] => high << 4 | low,
            [low] => FILL << 4 | low,
            _ => FILL,
        };
        (digits.len(), digits.chunks(2).map(pair).collect())
    }
}

fn type_of_number(kind: u8) -> u8 {
    kind >> 4 & 0x07
}

/// The septets of a name, cut to what fits without half an escape at the end.
fn name_septets(name: &str) -> Vec<u8> {
    let mut septets = Vec::with_capacity(MAX_SEPTETS);
    for c in name.chars() {
        let one = alphabet::encode_lossy(c.encode_utf8(&mut [0; 4]));
        if septets.len() + one.len() > MAX_SEPTETS {
            break;
        }
        septets.extend(one);
    }
    septets
}

/// What an address of this kind says in these octets, of which `half_octets` half-octets count.
fn value(kind: u8, octets: &[u8], half_octets: usize) -> String {
    if type_of_number(kind) == 5 { name(octets, half_octets) } else { digits(octets, half_octets) }
}

/// Digits up to the first fill; a fill may also stand where the count says a digit is.
fn digits(octets: &[u8], half_octets: usize) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet & 0x0f, octet >> 4])
        .take(half_octets)
        .map_while(|half| DIGITS.get(usize::from(half)))
        .collect()
}

/// A name in the default alphabet.
fn name(octets: &[u8], half_octets: usize) -> String {
    let mut septets = gsm7::unpack(octets, 0, half_octets * 4 / 7);
    // Some centres count whole octets: seven letters fill seven octets with zero bits that then
    // look like an `@`.
    if half_octets.is_multiple_of(14) && septets.last() == Some(&0) {
        septets.pop();
    }
    alphabet::decode(&septets, Languages::DEFAULT).text
}

/// `+31612345678` for an international number, the bare digits of any other, the name, nothing when
/// there is nothing.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_international() && !self.value.is_empty() {
            f.write_str("+")?;
        }
        f.write_str(&self.value)
    }
}
