//! SIMs and their numbers. A SIM is identified by its ICCID.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Iccid, Imsi, Msisdn, SimId, Timestamp, UnknownWord};

/// Where a SIM's number is known from. The sources are ordered by how reliable they are: a later
/// one in this enum overrides an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberSource {
    /// The SIM's own-number phonebook.
    Phonebook,
    /// The modem's answer to `AT+CNUM`, which is read from the card (EF MSISDN).
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
    pub number: Msisdn,
    /// Where it is known from.
    pub source: NumberSource,
    /// When it was learnt.
    pub at: Timestamp,
}

/// What a SIM is sold for. Numbers rest for a month between orders and rentals; SIMs that are kept
/// apart do without that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    Orders,
    Rentals,
    Both,
}

impl Pool {
    /// All pools that a SIM can be in.
    pub const ALL: [Pool; 3] = [Pool::Orders, Pool::Rentals, Pool::Both];

    /// The word in the database, on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Pool::Orders => "orders",
            Pool::Rentals => "rentals",
            Pool::Both => "both",
        }
    }
}

impl FromStr for Pool {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Pool, UnknownWord> {
        Pool::ALL.into_iter().find(|known| known.as_str() == word).ok_or(UnknownWord)
    }
}

/// A SIM as it is stored in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sim {
    pub id: SimId,
    pub iccid: Iccid,
    /// The IMSI, once it was read.
    pub imsi: Option<Imsi>,
    /// The number, once it is known.
    pub number: Option<KnownNumber>,
    /// What it tells as its number if that cannot be one, as it tells it.
    pub told: Option<String>,
    /// The code of its country as answers spell it. The country follows from the number, or from
    /// the IMSI as long as the number is not known.
    pub country: Option<String>,
    /// Whether another SIM claims the same number, so that this one is held back. A retired SIM
    /// claims nothing, and what the operator has said of one SIM settles it.
    pub contested: bool,
    pub rented: bool,
    /// Until when it rests between two rentals.
    pub rests_until: Timestamp,
    /// When the operator retired it; `None` if it is not retired.
    pub retired_at: Option<Timestamp>,
    pub pool: Pool,
    /// Until when it is taken to be deaf; zero if it is not known to be.
    pub deaf_until: Timestamp,
}

impl Sim {
    /// Whether it was taken to be deaf, is tried again, and has received nothing yet. Until it
    /// does, it has one order at a time and no tenant.
    pub fn is_on_probation(&self, now: Timestamp) -> bool {
        self.deaf_until > Timestamp::default() && self.deaf_until <= now
    }

    /// Whether this SIM keeps another one from being sold that has the same number. A retired SIM
    /// claims nothing, and what the operator has said of one SIM settles it.
    pub fn contests(&self, other: &Sim) -> bool {
        let (Some(own), Some(others)) = (&self.number, &other.number) else { return false };
        let is_settled =
            others.source == NumberSource::Operator && own.source != NumberSource::Operator;
        let is_claimed = self.retired_at.is_none() && own.number == others.number;
        self.id != other.id && is_claimed && !is_settled
    }
}

/// Whether a number that was just read replaces the one that is known.
pub fn replaces(known: Option<&KnownNumber>, number: &Msisdn, source: NumberSource) -> bool {
    match known {
        None => true,
        Some(known) => source >= known.source && (known.number != *number || source > known.source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_replaced_by_one_of_at_least_the_same_strength() {
        use NumberSource::{Cnum, Loopback, Operator, Phonebook, Ussd};
        let same = &Msisdn::from_stored("+31612345678");
        let other = &Msisdn::from_stored("+31687654321");
        let known = |source| KnownNumber { number: same.clone(), source, at: Timestamp(0) };
        assert!(replaces(None, same, Phonebook));
        assert!(
            !replaces(Some(&known(Cnum)), same, Cnum),
            "the same number from the same source is nothing new"
        );
        assert!(replaces(Some(&known(Cnum)), other, Cnum), "ported");
        assert!(replaces(Some(&known(Cnum)), other, Operator));
        assert!(!replaces(Some(&known(Operator)), other, Cnum));
        assert!(
            !replaces(Some(&known(Ussd)), other, Cnum),
            "the network's answer overrides the card's"
        );
        assert!(replaces(Some(&known(Ussd)), other, Loopback));
        assert!(!replaces(Some(&known(Operator)), other, Loopback));
        for source in NumberSource::ALL {
            assert_eq!(source.as_str().parse(), Ok(source));
        }
    }
}
