//! SIMs: a SIM is its ICCID.

use std::str::FromStr;

use super::{SimId, Timestamp, UnknownWord};

/// Where a SIM's number is known from; a later one is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NumberSource {
    /// The SIM's own-number phonebook.
    Phonebook,
    /// `AT+CNUM` (EF MSISDN).
    Cnum,
    /// The mobile operator's answer to a USSD code.
    Ussd,
    /// The originator of a message that the SIM sent to another of our SIMs.
    Loopback,
    /// The operator set it. Nothing that a SIM or the network says overrides it.
    Operator,
}

impl NumberSource {
    /// All sources, the weakest first.
    pub const ALL: [NumberSource; 5] = [
        NumberSource::Phonebook,
        NumberSource::Cnum,
        NumberSource::Ussd,
        NumberSource::Loopback,
        NumberSource::Operator,
    ];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            NumberSource::Phonebook => "phonebook",
            NumberSource::Cnum => "cnum",
            NumberSource::Ussd => "ussd",
            NumberSource::Loopback => "loopback",
            NumberSource::Operator => "operator",
        }
    }
}

impl FromStr for NumberSource {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<NumberSource, UnknownWord> {
        NumberSource::ALL.into_iter().find(|source| source.as_str() == word).ok_or(UnknownWord)
    }
}

/// A SIM's number, with where and when it was learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNumber {
    /// E.164 with `+`.
    pub number: String,
    /// Where it is known from.
    pub source: NumberSource,
    /// When it was learnt.
    pub at: Timestamp,
}

/// A SIM as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sim {
    /// Its row.
    pub id: SimId,
    /// Its ICCID, digits only.
    pub iccid: String,
    /// Its IMSI, once read.
    pub imsi: Option<String>,
    /// Its number, once known.
    pub number: Option<KnownNumber>,
    /// Its country by its number, or else by its IMSI: the code as answers spell it.
    pub country: Option<String>,
    /// Whether another SIM claims the same number: both are held back.
    pub contested: bool,
    /// Whether it is rented.
    pub rented: bool,
    /// Until when it rests between two rentals.
    pub rests_until: Timestamp,
    /// When the operator retired it, if so.
    pub retired_at: Option<Timestamp>,
}

/// Whether a number that was just read replaces the one that is known.
pub fn replaces(known: Option<&KnownNumber>, number: &str, source: NumberSource) -> bool {
    match known {
        None => true,
        Some(known) => source >= known.source && (known.number != number || source > known.source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_replaced_by_one_of_at_least_the_same_strength() {
        use NumberSource::{Cnum, Loopback, Operator, Phonebook, Ussd};
        let known =
            |source| KnownNumber { number: "+31612345678".into(), source, at: Timestamp(0) };
        let (same, other) = ("+31612345678", "+31687654321");
        assert!(replaces(None, same, Phonebook));
        assert!(!replaces(Some(&known(Cnum)), same, Cnum), "nothing new");
        assert!(replaces(Some(&known(Cnum)), other, Cnum), "ported");
        assert!(replaces(Some(&known(Cnum)), other, Operator));
        assert!(!replaces(Some(&known(Operator)), other, Cnum));
        assert!(
            !replaces(Some(&known(Ussd)), other, Cnum),
            "the network knows better than the card"
        );
        assert!(replaces(Some(&known(Ussd)), other, Loopback));
        assert!(!replaces(Some(&known(Operator)), other, Loopback));
        for source in NumberSource::ALL {
            assert_eq!(source.as_str().parse(), Ok(source));
        }
    }
}
