//! When a SIM's number is asked for again: rarely, and ever more rarely.

use std::str::FromStr;
use std::time::Duration;

use super::{Timestamp, UnknownWord};

/// How a number is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscoveryMethod {
    /// The USSD code by which the mobile operator tells it.
    Ussd,
    /// A message from the SIM to one whose number is known.
    Loopback,
}

impl DiscoveryMethod {
    /// Both methods.
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

/// That it was asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryAttempt {
    /// How.
    pub means: DiscoveryMethod,
    /// When, the last time.
    pub asked_at: Timestamp,
    /// How often.
    pub tries: u32,
    /// Not again by itself before.
    pub next_at: Timestamp,
    /// Why it came to nothing so far.
    pub failure: Option<String>,
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

impl DiscoveryAttempt {
    /// Asked now (once more): what came of it before, if it was asked before.
    pub fn begun(
        means: DiscoveryMethod,
        before: Option<&DiscoveryAttempt>,
        now: Timestamp,
    ) -> DiscoveryAttempt {
        let tries = before.map_or(0, |before| before.tries).saturating_add(1);
        let pause = DAY.saturating_mul(1 << (tries - 1).min(3)).min(LONGEST);
        DiscoveryAttempt { means, asked_at: now, tries, next_at: now.plus(pause), failure: None }
    }

    /// When it may be asked again at an operator's word: each time costs money.
    pub fn earliest(&self) -> Timestamp {
        self.asked_at.plus(DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_then_two_then_four_then_a_week() {
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
