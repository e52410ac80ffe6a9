//! The 7-bit alphabets of 23.038: septets to text and back.
//!
//! A septet is a character of the locking table, but after an escape one of the single shift table.
//! Without a national language in the header these are the default alphabet (6.2.1) and its
//! extension (6.2.1.1).

mod bengali;
mod default;
mod gujarati;
mod hindi;
mod kannada;
mod language;
mod malayalam;
mod oriya;
mod portuguese;
mod punjabi;
mod spanish;
mod tamil;
mod telugu;
mod turkish;
mod urdu;

pub use language::Language;
pub(super) use language::Languages;

use super::text::{Flaw, Text};

/// 128 characters, with [`NONE`] where there is none; what stands at [`ESCAPE`] is never looked up.
type Locking = [char; 128];
/// The codes that mean something after an escape.
type Single = [(u8, char)];

/// Stands in a locking table for a code that has no character.
const NONE: char = '\0';

/// The septet after which the next one is of the single shift table.
pub(super) const ESCAPE: u8 = 0x1b;

/// Reads septets that may be cut anywhere, also between an escape and what it escapes.
#[derive(Default)]
pub(super) struct Decoder {
    out: Text,
    escaped: bool,
}

impl Decoder {
    /// Reads on, in the tables of these languages.
    pub(super) fn push(&mut self, septets: &[u8], languages: Languages) {
        if languages.unknown {
            self.out.flaws.add(Flaw::UnknownLanguage);
        }
        self.out.text.reserve(septets.len());
        for septet in septets {
            match (std::mem::take(&mut self.escaped), *septet) {
                (false, ESCAPE) => self.escaped = true,
                (false, septet) => self.plain(septet, languages),
                (true, septet) => self.extended(septet, languages),
            }
        }
    }

    fn plain(&mut self, septet: u8, languages: Languages) {
        match languages.locking.get(usize::from(septet)) {
            Some(&NONE) | None => {
                self.out.text.push(char::REPLACEMENT_CHARACTER);
                self.out.flaws.add(Flaw::UnknownCharacter);
            }
            Some(c) => self.out.text.push(*c),
        }
    }

    /// What has no meaning after an escape is shown as if there were none, a second escape as a
    /// space (6.2.1.1).
    fn extended(&mut self, septet: u8, languages: Languages) {
        if let Some((_, c)) = languages.single.iter().find(|(code, _)| *code == septet) {
            self.out.text.push(*c);
            return;
        }
        self.out.flaws.add(Flaw::UnknownCharacter);
        match septet {
            ESCAPE => self.out.text.push(' '),
            _ => self.plain(septet, languages),
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

/// The text of septets in the default alphabet, each in an octet of its own.
#[must_use]
pub fn gsm_text(septets: &[u8]) -> String {
    decode(septets, Languages::DEFAULT).text
}

/// One character as one septet, or as an escape and another.
enum Code {
    Plain(u8),
    Escaped(u8),
}

fn code(c: char, languages: Languages) -> Option<Code> {
    let locking = languages.locking;
    let plain =
        |code: usize| u8::try_from(code).ok().filter(|code| *code != ESCAPE && *code < 0x80);
    // `NONE` is a character like any other to a text that has it.
    if c == NONE {
        return None;
    }
    let usual = plain(c as usize).filter(|code| locking.get(usize::from(*code)) == Some(&c));
    if let Some(code) =
        usual.or_else(|| locking.iter().position(|known| *known == c).and_then(plain))
    {
        return Some(Code::Plain(code));
    }
    languages.single.iter().find(|(_, known)| *known == c).map(|(code, _)| Code::Escaped(*code))
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
