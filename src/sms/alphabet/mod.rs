//! The 7-bit alphabets of 23.038: septets to text and back.
//!
//! A septet is a character of the locking table, but after an escape one of the single shift table. Without a national
//! language in the header these are the default alphabet (6.2.1) and its extension (6.2.1.1).

mod default;

use super::header::Header;
use super::text::{Flaw, Text};

/// 128 characters; at [`ESCAPE`] stands something that is never looked up.
type Locking = [char; 128];
/// The codes that mean something after an escape.
type Single = [(u8, char)];

/// The septet after which the next one is of the single shift table.
pub(super) const ESCAPE: u8 = 0x1b;

/// The tables that a text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Languages {
    locking: u8,
    single: u8,
}

impl Languages {
    /// The default alphabet and its extension.
    pub(super) const DEFAULT: Languages = Languages { locking: 0, single: 0 };

    /// Those that a header names.
    pub(super) fn of(_header: Option<&Header>) -> Languages {
        Languages::DEFAULT
    }

    fn locking_table(self) -> &'static Locking {
        &default::LOCKING
    }

    fn single_table(self) -> &'static Single {
        &default::SINGLE
    }
}

/// Reads septets that may be cut anywhere, also between an escape and what it escapes.
#[derive(Default)]
pub(super) struct Decoder {
    out: Text,
    escaped: bool,
}

impl Decoder {
    /// Reads on, in the tables of these languages.
    pub(super) fn push(&mut self, septets: &[u8], languages: Languages) {
        let locking = languages.locking_table();
        let single = languages.single_table();
        self.out.text.reserve(septets.len());
        for septet in septets {
            match (std::mem::take(&mut self.escaped), *septet) {
                (false, ESCAPE) => self.escaped = true,
                (false, septet) => self.out.text.extend(locking.get(usize::from(septet))),
                (true, septet) => self.extended(septet, locking, single),
            }
        }
    }

    /// What has no meaning after an escape is shown as if there were none, a second escape as a space (6.2.1.1).
    fn extended(&mut self, septet: u8, locking: &Locking, single: &Single) {
        if let Some((_, c)) = single.iter().find(|(code, _)| *code == septet) {
            self.out.text.push(*c);
            return;
        }
        self.out.flaws.add(Flaw::UnknownCharacter);
        match septet {
            ESCAPE => self.out.text.push(' '),
            _ => self.out.text.extend(locking.get(usize::from(septet))),
        }
    }

    /// The text, when nothing more comes.
    pub(super) fn finish(mut self) -> Text {
        if self.escaped {
            self.out.flaws.add(Flaw::UnknownCharacter);
        }
        self.out
    }
}

/// The text of septets that are complete.
pub(super) fn decode(septets: &[u8], languages: Languages) -> Text {
    let mut decoder = Decoder::default();
    decoder.push(septets, languages);
    decoder.finish()
}

/// One character as one septet, or as an escape and another.
enum Code {
    Plain(u8),
    Escaped(u8),
}

fn code(c: char, languages: Languages) -> Option<Code> {
    let locking = languages.locking_table();
    let plain = |code: usize| u8::try_from(code).ok().filter(|code| *code != ESCAPE && *code < 0x80);
    let usual = plain(c as usize).filter(|code| locking.get(usize::from(*code)) == Some(&c));
    if let Some(code) = usual.or_else(|| locking.iter().position(|known| *known == c).and_then(plain)) {
        return Some(Code::Plain(code));
    }
    languages.single_table().iter().find(|(_, known)| *known == c).map(|(code, _)| Code::Escaped(*code))
}

fn push(code: Code, septets: &mut Vec<u8>) {
    match code {
        Code::Plain(code) => septets.push(code),
        Code::Escaped(code) => septets.extend([ESCAPE, code]),
    }
}

/// The septets of a text, `None` when it has a character that the tables lack.
pub(super) fn encode(text: &str, languages: Languages) -> Option<Vec<u8>> {
    let mut septets = Vec::with_capacity(text.len());
    for c in text.chars() {
        push(code(c, languages)?, &mut septets);
    }
    Some(septets)
}

/// The septets of a text in the default alphabet, with a `?` for what it lacks.
pub(super) fn encode_lossy(text: &str) -> Vec<u8> {
    let mut septets = Vec::with_capacity(text.len());
    for c in text.chars() {
        push(code(c, Languages::DEFAULT).unwrap_or(Code::Plain(b'?')), &mut septets);
    }
    septets
}
