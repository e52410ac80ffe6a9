//! The states of a rental, and how one ends.

use std::str::FromStr;
use std::time::Duration;

use crate::domain::{Timestamp, UnknownWord};

/// For how long after its start a tenant may cancel a rental that was sent nothing.
pub const CANCEL_WITHIN: Duration = Duration::from_secs(20 * 60);

/// How a rental has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RentalEnding {
    /// The last term that was paid for was over.
    TermOver,
    /// The operator has ended it before its time was over.
    ByOperator,
    /// Its tenant has ended it before its time was over, and was given nothing back.
    Finished,
    /// Its tenant has canceled it, and was given back what it had cost.
    Canceled,
}

impl RentalEnding {
    const ALL: [RentalEnding; 4] = [
        RentalEnding::TermOver,
        RentalEnding::ByOperator,
        RentalEnding::Finished,
        RentalEnding::Canceled,
    ];

    /// The word in the database and in `rental show`.
    pub fn as_str(self) -> &'static str {
        match self {
            RentalEnding::TermOver => "term-over",
            RentalEnding::ByOperator => "by-operator",
            RentalEnding::Finished => "finished",
            RentalEnding::Canceled => "canceled",
        }
    }
}

impl FromStr for RentalEnding {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<RentalEnding, UnknownWord> {
        RentalEnding::ALL.into_iter().find(|ending| ending.as_str() == word).ok_or(UnknownWord)
    }
}

/// The state of a rental.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RentalState {
    /// The number belongs to its customer.
    Active,
    /// It has ended.
    Ended {
        /// When: the end of the last term, even if that was noticed later, or an earlier time.
        at: Timestamp,
        how: RentalEnding,
    },
}

impl RentalState {
    /// All words of [`RentalState::as_str`].
    pub const WORDS: [&str; 2] = ["active", "ended"];

    /// The word in the database and in `rental list`.
    pub fn as_str(self) -> &'static str {
        match self {
            RentalState::Active => "active",
            RentalState::Ended { .. } => "ended",
        }
    }

    /// When it ended; `None` while it is active.
    pub fn ended_at(self) -> Option<Timestamp> {
        match self {
            RentalState::Active => None,
            RentalState::Ended { at, .. } => Some(at),
        }
    }

    /// How it ended; `None` while it is active.
    pub fn ending(self) -> Option<RentalEnding> {
        match self {
            RentalState::Active => None,
            RentalState::Ended { how, .. } => Some(how),
        }
    }

    /// The state that the columns of a row stand for; `None` if no rental can be in such a state.
    pub fn from_row(
        word: &str,
        ended_at: Option<Timestamp>,
        ending: Option<&str>,
    ) -> Option<RentalState> {
        match (word, ended_at, ending) {
            ("active", None, None) => Some(RentalState::Active),
            ("ended", Some(at), Some(how)) => {
                Some(RentalState::Ended { at, how: how.parse().ok()? })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_states_agree() {
        let ended = RentalEnding::ALL.map(|how| RentalState::Ended { at: Timestamp(3), how });
        for state in ended.into_iter().chain([RentalState::Active]) {
            let ending = state.ending().map(RentalEnding::as_str);
            assert_eq!(
                RentalState::from_row(state.as_str(), state.ended_at(), ending),
                Some(state)
            );
        }
        for (word, at, how) in [
            ("active", Some(Timestamp(3)), None),
            ("active", None, Some("finished")),
            ("ended", None, Some("finished")),
            ("ended", Some(Timestamp(3)), None),
            ("ended", Some(Timestamp(3)), Some("lost")),
        ] {
            assert_eq!(RentalState::from_row(word, at, how), None, "{word} {at:?} {how:?}");
        }
    }
}
