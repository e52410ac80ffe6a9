//! Text out of parts: joined before they are decoded, so that nothing is lost at a seam.

use super::alphabet::{self, Languages};
use super::data;
use super::dcs::{Alphabet, Dcs};
use super::deliver::Deliver;
use super::header::Header;
use super::text::{Flaw, Text};
use super::ucs2;
use super::user_data::{Body, UserData};

/// What the parts of one long message say, given in the order of their sequence numbers; or a
/// message of its own.
///
/// An escape, a surrogate pair or a character that was cut in two at a seam is whole again.
#[must_use]
pub fn join(parts: &[Deliver]) -> Text {
    text(parts.iter().map(|part| (part.dcs, &part.user_data)))
}

/// What pieces of user data say, read as one.
pub(super) fn text<'a>(pieces: impl Iterator<Item = (Dcs, &'a UserData)>) -> Text {
    let mut joint = Joint { out: Text::default(), open: Open::Nothing };
    for (dcs, user_data) in pieces {
        joint.push(dcs, user_data);
    }
    joint.finish()
}

/// The decoder of the alphabet that the last part was in.
enum Open {
    Nothing,
    Gsm7(alphabet::Decoder),
    Ucs2(ucs2::Decoder),
    /// Octets without an alphabet that are for people.
    Data(Vec<u8>),
}

struct Joint {
    out: Text,
    open: Open,
}

impl Joint {
    fn push(&mut self, dcs: Dcs, user_data: &UserData) {
        self.out.flaws.add_all(user_data.flaws);
        if dcs.is_reserved() {
            self.out.flaws.add(Flaw::ReservedCoding);
        }
        match &user_data.body {
            Body::Septets(septets) => {
                self.septets(septets, Languages::of(user_data.header.as_ref()))
            }
            Body::Octets(_) if dcs.is_compressed() => {
                self.close(Open::Nothing);
                self.out.flaws.add(Flaw::Compressed);
            }
            Body::Octets(octets) if dcs.alphabet() == Alphabet::Ucs2 => self.ucs2(octets),
            Body::Octets(octets) => {
                self.out.flaws.add(Flaw::Data);
                match user_data.header.as_ref().and_then(Header::ports) {
                    None => self.data(octets),
                    Some(_) => self.close(Open::Nothing),
                }
            }
        }
    }

    fn septets(&mut self, septets: &[u8], languages: Languages) {
        if !matches!(self.open, Open::Gsm7(_)) {
            self.close(Open::Gsm7(alphabet::Decoder::default()));
        }
        if let Open::Gsm7(decoder) = &mut self.open {
            decoder.push(septets, languages);
        }
    }

    fn ucs2(&mut self, octets: &[u8]) {
        if !matches!(self.open, Open::Ucs2(_)) {
            self.close(Open::Ucs2(ucs2::Decoder::default()));
        }
        if let Open::Ucs2(decoder) = &mut self.open {
            decoder.push(octets);
        }
    }

    fn data(&mut self, octets: &[u8]) {
        if !matches!(self.open, Open::Data(_)) {
            self.close(Open::Data(Vec::new()));
        }
        if let Open::Data(open) = &mut self.open {
            open.extend(octets);
        }
    }

    /// Ends what is open and goes on with another alphabet.
    fn close(&mut self, next: Open) {
        let text = match std::mem::replace(&mut self.open, next) {
            Open::Nothing => return,
            Open::Gsm7(decoder) => decoder.finish(),
            Open::Ucs2(decoder) => decoder.finish(),
            Open::Data(octets) => {
                Text { text: data::text(&octets).unwrap_or_default(), ..Text::default() }
            }
        };
        self.out.flaws.add_all(text.flaws);
        if self.out.text.is_empty() {
            self.out.text = text.text;
        } else {
            self.out.text.push_str(&text.text);
        }
    }

    fn finish(mut self) -> Text {
        self.close(Open::Nothing);
        self.out
    }
}
