//! Text out of parts: joined before they are decoded, so that nothing is lost at a seam.

use super::alphabet::{self, Languages};
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
            Body::Octets(octets) if dcs.is_compressed() => {
                self.data(Flaw::Compressed, octets, false)
            }
            Body::Octets(octets) if dcs.alphabet() == Alphabet::Ucs2 => self.ucs2(octets),
            Body::Octets(octets) => {
                let is_for_people = user_data.header.as_ref().and_then(Header::ports).is_none();
                self.data(Flaw::Data, octets, is_for_people);
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

    /// Octets without an alphabet. Some senders put plain text into them, which is shown when it is
    /// nothing else.
    fn data(&mut self, flaw: Flaw, octets: &[u8], is_for_people: bool) {
        self.close(Open::Nothing);
        self.out.flaws.add(flaw);
        let is_plain =
            |text: &&str| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        let plain = std::str::from_utf8(octets).ok().filter(is_plain).filter(|_| is_for_people);
        self.out.text.push_str(plain.unwrap_or_default());
    }

    /// Ends what is open and goes on with another alphabet.
    fn close(&mut self, next: Open) {
        let text = match std::mem::replace(&mut self.open, next) {
            Open::Nothing => return,
            Open::Gsm7(decoder) => decoder.finish(),
            Open::Ucs2(decoder) => decoder.finish(),
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
