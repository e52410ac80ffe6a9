//! What a message says, and what was wrong with the octets that said it.

use std::fmt;

/// The readable text of one message, or of one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// As it came, line ends and control characters included. Empty when the message says nothing
    /// that can be read.
    pub text: String,
    /// What was wrong with it; empty for a clean message.
    pub flaws: Flaws,
}

impl Text {
    /// Whether the text may be less, or other, than what was sent.
    #[must_use]
    pub fn lossy(&self) -> bool {
        !self.flaws.is_empty()
    }
}

/// One way in which a message departs from the standard, or in which its text is not all that was
/// sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Flaw {
    /// A code or an escape that its alphabet gives no character: shown as 23.038 says.
    UnknownCharacter,
    /// Half a surrogate pair, shown as U+FFFD.
    BrokenSurrogate,
    /// A UCS-2 text with an odd octet, which is left out.
    OddOctet,
    /// A reserved data coding scheme, read as the GSM 7-bit default alphabet (23.038 4).
    ReservedCoding,
    /// A national language that 23.038 does not know, read in the default alphabet.
    UnknownLanguage,
    /// The user data length does not fit the octets that are there.
    WrongLength,
    /// A user data header that cannot be read, and was ignored (23.040 9.2.3.24).
    BrokenHeader,
    /// Compressed text (3GPP TS 23.042), kept as octets.
    Compressed,
    /// 8-bit data, kept as octets; where they happen to be plain text without an application port,
    /// that is the text.
    Data,
}

impl Flaw {
    /// All flaws, in the order of declaration.
    pub const ALL: [Flaw; 9] = [
        Flaw::UnknownCharacter,
        Flaw::BrokenSurrogate,
        Flaw::OddOctet,
        Flaw::ReservedCoding,
        Flaw::UnknownLanguage,
        Flaw::WrongLength,
        Flaw::BrokenHeader,
        Flaw::Compressed,
        Flaw::Data,
    ];

    /// A short name that stays the same over versions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Flaw::UnknownCharacter => "unknown-character",
            Flaw::BrokenSurrogate => "broken-surrogate",
            Flaw::OddOctet => "odd-octet",
            Flaw::ReservedCoding => "reserved-coding",
            Flaw::UnknownLanguage => "unknown-language",
            Flaw::WrongLength => "wrong-length",
            Flaw::BrokenHeader => "broken-header",
            Flaw::Compressed => "compressed",
            Flaw::Data => "data",
        }
    }
}

/// A set of [`Flaw`]s.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Flaws(u16);

impl Flaws {
    /// The empty set, of a message without flaws.
    pub const NONE: Flaws = Flaws(0);

    /// Adds a flaw to the set.
    pub fn add(&mut self, flaw: Flaw) {
        self.0 |= 1 << flaw as u8;
    }

    /// Adds all of `others`.
    pub fn add_all(&mut self, others: Flaws) {
        self.0 |= others.0;
    }

    /// Tells whether the set contains a flaw.
    #[must_use]
    pub fn has(self, flaw: Flaw) -> bool {
        self.0 & (1 << flaw as u8) != 0
    }

    /// Tells whether the set is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The flaws of the set, in the order of [`Flaw::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Flaw> {
        Flaw::ALL.into_iter().filter(move |flaw| self.has(*flaw))
    }
}

impl FromIterator<Flaw> for Flaws {
    fn from_iter<I: IntoIterator<Item = Flaw>>(flaws: I) -> Flaws {
        let mut set = Flaws::NONE;
        flaws.into_iter().for_each(|flaw| set.add(flaw));
        set
    }
}

/// The names with commas between them; nothing for a clean message.
impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, flaw) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}", flaw.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flaws({self})")
    }
}
