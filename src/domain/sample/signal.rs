//! The signal of a modem in the last 24 hours. It is kept in memory only.

use std::collections::VecDeque;

use super::{SampleSpan, beginning};
use crate::domain::Timestamp;

/// How many minutes are kept.
const KEPT: usize = 24 * 60;

/// The signal strength in dBm at each minute; `None` where the modem did not tell one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignalTrace {
    /// The beginning of the last minute.
    last: Timestamp,
    minutes: VecDeque<Option<i16>>,
}

impl SignalTrace {
    /// Notes the signal at a time. Minutes that were left out had none.
    pub fn note(&mut self, at: Timestamp, dbm: Option<i16>) {
        let minute = SampleSpan::Minute.length();
        let at = beginning(at, minute);
        if self.minutes.is_empty() || at < self.last {
            // The clock was set back: what was noted before is of no known time.
            self.minutes.clear();
            self.last = at.minus(minute);
        }
        if at == self.last {
            self.minutes.pop_back();
            self.last = self.last.minus(minute);
        }
        let missing = usize::try_from(at.since(self.last).as_secs() / 60).unwrap_or(KEPT);
        for _ in 1..missing.min(KEPT) {
            self.minutes.push_back(None);
        }
        self.minutes.push_back(dbm);
        self.last = at;
        while self.minutes.len() > KEPT {
            self.minutes.pop_front();
        }
    }

    /// The minutes, each with its beginning, oldest first.
    pub fn minutes(&self) -> impl Iterator<Item = (Timestamp, Option<i16>)> {
        let count = u32::try_from(self.minutes.len()).unwrap_or(u32::MAX);
        let minute = SampleSpan::Minute.length();
        let ages = (0..count).rev();
        self.minutes.iter().zip(ages).map(move |(dbm, age)| (self.last.minus(minute * age), *dbm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp(minute * 60_000_000 + 17)
    }

    fn of(trace: &SignalTrace) -> Vec<(i64, Option<i16>)> {
        trace.minutes().map(|(at, dbm)| (at.0 / 60_000_000, dbm)).collect()
    }

    #[test]
    fn minutes_that_were_left_out_are_gaps_and_the_last_word_counts() {
        let mut trace = SignalTrace::default();
        assert_eq!(of(&trace), []);
        trace.note(at(5), Some(-70));
        trace.note(at(6), None);
        trace.note(at(8), Some(-80));
        trace.note(at(8), Some(-90));
        let expected = [(5, Some(-70)), (6, None), (7, None), (8, Some(-90))];
        assert_eq!(of(&trace), expected);
        trace.note(at(2), Some(-50));
        assert_eq!(of(&trace), [(2, Some(-50))], "the clock was set back");
    }

    #[test]
    fn a_day_is_kept() {
        let mut trace = SignalTrace::default();
        (0..2000).for_each(|minute| trace.note(at(minute), Some(-70)));
        let minutes = of(&trace);
        assert_eq!((minutes.len(), minutes[0].0), (1440, 560));
        trace.note(at(1_000_000), Some(-60));
        let minutes = of(&trace);
        assert_eq!((minutes.len(), minutes[1438].1, minutes[1439].1), (1440, None, Some(-60)));
    }
}
