//! How a SIM's number is found out, and when the next attempt is due. The pauses between attempts
//! grow, because each attempt may cost money.

use std::str::FromStr;
use std::time::Duration;

use super::{Timestamp, UnknownWord};

/// A method to find out a SIM's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscoveryMethod {
    /// The mobile operator's answer to a USSD code.
    Ussd,
    /// A message from the SIM to another of our SIMs.
    Loopback,
}

impl DiscoveryMethod {
    /// Both methods, in the order in which they are tried.
    pub const ALL: [DiscoveryMethod; 2] = [DiscoveryMethod::Ussd, DiscoveryMethod::Loopback];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            DiscoveryMethod::Ussd => "ussd",
            DiscoveryMethod::Loopback => "loopback",
        }
    }
}

impl FromStr for DiscoveryMethod {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<DiscoveryMethod, UnknownWord> {
        let mut all = DiscoveryMethod::ALL.into_iter();
        all.find(|method| method.as_str() == word).ok_or(UnknownWord)
    }
}

/// The attempts to find out a SIM's number by one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryAttempt {
    pub method: DiscoveryMethod,
    /// When the last attempt was made.
    pub asked_at: Timestamp,
    /// How many attempts were made.
    pub tries: u32,
    /// When the daemon makes the next attempt by itself, at the earliest.
    pub next_at: Timestamp,
    /// Why the last attempt failed, if it did.
    pub failure: Option<String>,
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

impl DiscoveryAttempt {
    /// The record after a new attempt at `now`, given the record of the attempts before.
    pub fn begun(
        method: DiscoveryMethod,
        before: Option<&DiscoveryAttempt>,
        now: Timestamp,
    ) -> DiscoveryAttempt {
        let tries = before.map_or(0, |before| before.tries).saturating_add(1);
        let pause = DAY.saturating_mul(1 << (tries - 1).min(3)).min(LONGEST);
        DiscoveryAttempt { method, asked_at: now, tries, next_at: now.plus(pause), failure: None }
    }

    /// The earliest time at which an operator may ask for the next attempt.
    pub fn earliest(&self) -> Timestamp {
        self.asked_at.plus(DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_between_attempts_grow_to_a_week() {
        let mut ask: Option<DiscoveryAttempt> = None;
        let days: Vec<u64> = (0..6)
            .map(|_| {
                let next =
                    DiscoveryAttempt::begun(DiscoveryMethod::Ussd, ask.as_ref(), Timestamp(0));
                let days = next.next_at.since(Timestamp(0)).as_secs() / DAY.as_secs();
                ask = Some(next);
                days
            })
            .collect();
        assert_eq!(days, [1, 2, 4, 7, 7, 7]);
        assert_eq!(ask.map(|ask| ask.tries), Some(6));
    }
}
