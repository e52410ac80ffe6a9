//! How far this machine's clock can be relied on for what cannot be undone: a term that is charged,
//! a number that is lost, a text that is purged.

use std::time::Duration;

use super::Timestamp;

/// How far the time can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockTrust {
    /// The clock has run steadily for some minutes.
    Settled,
    /// The clock has not run steadily for long enough since the start; it is followed, but nothing
    /// that cannot be undone is done by it.
    Unsettled {
        /// The time since the start, by a clock that nobody can set.
        running: Duration,
    },
    /// The clock was set after it had run steadily, and is not followed yet.
    Disputed {
        /// By how many microseconds it was set forward, or back if negative.
        jump_us: i64,
    },
}

/// An outage that is longer than this may be a wrong clock instead: orders, too, then wait with
/// their end until the clock has settled. The end of an order gives its hold back and can cost no
/// more than one code, so that a shorter outage need not delay it.
pub const LONGEST_PLAUSIBLE_OUTAGE: Duration = Duration::from_secs(24 * 3600);

impl ClockTrust {
    /// The time until which something that cannot be undone may be done for being due, when the
    /// clock shows `now`.
    ///
    /// As long as the clock is not settled, that is no more than the time that is known to have
    /// passed: since the newest of `written` (times of rows that were in the database at the start)
    /// that is not in the future.
    pub fn certain_time(self, now: Timestamp, written: &[Timestamp]) -> Timestamp {
        let ClockTrust::Unsettled { running } = self else { return now };
        let newest = written.iter().copied().filter(|at| *at <= now).max();
        newest.map_or(now, |at| at.plus(running).min(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_has_not_settled_is_held_to_the_time_that_has_passed() {
        let (now, second) = (Timestamp(1_000_000_000), 1_000_000);
        let unsettled = ClockTrust::Unsettled { running: Duration::from_secs(7) };
        let before = |seconds: i64| Timestamp(now.0 - seconds * second);
        for (trust, written, expected, why) in [
            (ClockTrust::Settled, &[before(900)][..], now, "settled"),
            (ClockTrust::Disputed { jump_us: 5 }, &[before(900)], now, "it is not followed anyway"),
            (unsettled, &[before(900), before(100)], before(93), "since the newest row"),
            (unsettled, &[before(900), before(-100)], before(893), "a row of the future is none"),
            (unsettled, &[before(3)], now, "never later than the clock"),
            (unsettled, &[before(-3)], now, "the clock was set back: nothing is due early"),
            (unsettled, &[], now, "a new database"),
        ] {
            assert_eq!(trust.certain_time(now, written), expected, "{why}");
        }
    }
}
