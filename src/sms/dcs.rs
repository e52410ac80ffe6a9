//! TP-Data-Coding-Scheme (23.040 9.2.3.10, 23.038 4).

/// The data coding scheme, as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dcs(pub u8);

/// How the user data is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// The GSM 7-bit default alphabet, with its extension or with national tables.
    Gsm7,
    /// Octets without a meaning of their own.
    Data,
    /// UCS-2, read as UTF-16, big-endian.
    Ucs2,
}

/// The message class: where a handset puts the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Class 0, "flash": shown at once, not stored.
    Flash,
    /// Class 1: the mobile equipment's store.
    Equipment,
    /// Class 2: the SIM's store.
    Sim,
    /// Class 3: terminal equipment.
    Terminal,
}

/// Whether something waits, in a message waiting indication group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// The text may be thrown away once the indicator is set ("discard message").
    pub discard: bool,
    /// Something waits; otherwise the indicator is to be cleared.
    pub active: bool,
    /// The kind of message that waits.
    pub indication: Indication,
}

/// The kind of message that waits for the subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Indication {
    /// Voice mail waits.
    Voicemail,
    /// A fax waits.
    Fax,
    /// Electronic mail waits.
    Email,
    /// A message of another kind waits.
    Other,
}

impl Indication {
    /// Bits 1 and 0, which mean the same in a coding scheme and in a header.
    pub(super) fn from_bits(octet: u8) -> Indication {
        match octet & 0x03 {
            0 => Indication::Voicemail,
            1 => Indication::Fax,
            2 => Indication::Email,
            _ => Indication::Other,
        }
    }
}

impl Dcs {
    /// The GSM 7-bit default alphabet without a class.
    pub const GSM7: Dcs = Dcs(0x00);
    /// 8-bit data without a class.
    pub const DATA: Dcs = Dcs(0x04);
    /// UCS-2 without a class.
    pub const UCS2: Dcs = Dcs(0x08);

    /// Bits 7 to 4, which name the coding group.
    fn group(self) -> u8 {
        self.0 >> 4
    }

    /// Which alphabet. Reserved values mean the GSM 7-bit default alphabet (23.038 4).
    #[must_use]
    pub fn alphabet(self) -> Alphabet {
        match (self.group(), self.0 >> 2 & 0x03) {
            (0x0..=0x7, 0b01) | (0xf, 0b01 | 0b11) => Alphabet::Data,
            (0x0..=0x7, 0b10) | (0xe, _) => Alphabet::Ucs2,
            _ => Alphabet::Gsm7,
        }
    }

    /// Whether the value is one that 23.038 reserves.
    #[must_use]
    pub fn is_reserved(self) -> bool {
        match self.group() {
            0x0..=0x7 => self.0 >> 2 & 0x03 == 0b11,
            0x8..=0xb => true,
            0xc..=0xe => self.0 & 0x04 != 0,
            _ => self.0 & 0x08 != 0,
        }
    }

    /// Whether the text is compressed (23.042).
    #[must_use]
    pub fn is_compressed(self) -> bool {
        self.group() < 0x8 && self.0 & 0x20 != 0
    }

    /// Whether the message is one of the "marked for automatic deletion" group.
    #[must_use]
    pub fn is_deleted_after_reading(self) -> bool {
        matches!(self.group(), 0x4..=0x7)
    }

    /// The class, where the value has one.
    #[must_use]
    pub fn class(self) -> Option<Class> {
        let has_class = matches!(self.group(), 0x1 | 0x3 | 0x5 | 0x7 | 0xf);
        has_class.then_some(match self.0 & 0x03 {
            0 => Class::Flash,
            1 => Class::Equipment,
            2 => Class::Sim,
            _ => Class::Terminal,
        })
    }

    /// The message waiting indication, where the value is one.
    #[must_use]
    pub fn waiting(self) -> Option<Waiting> {
        let indication = Indication::from_bits(self.0);
        let discard = self.group() == 0xc;
        matches!(self.group(), 0xc..=0xe).then_some(Waiting {
            discard,
            active: self.0 & 0x08 != 0,
            indication,
        })
    }

    /// Whether the user data length counts septets: uncompressed text in the 7-bit alphabet.
    #[must_use]
    pub(super) fn counts_septets(self) -> bool {
        self.alphabet() == Alphabet::Gsm7 && !self.is_compressed()
    }
}
