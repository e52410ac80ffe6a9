//! How long the last of many questions took to be answered.

use std::collections::VecDeque;
use std::time::Duration;

/// How many questions are looked back on.
const REMEMBERED: usize = 256;

/// How long the last questions took.
#[derive(Debug, Clone, Default)]
pub struct RecentLatencies(VecDeque<Duration>);

/// How long it takes to have a question answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Half of the questions take at most that long.
    pub median: Duration,
    /// Nine of ten questions take at most that long.
    pub ninth_decile: Duration,
}

impl RecentLatencies {
    /// Takes how long a question took.
    pub fn note(&mut self, took: Duration) {
        self.0.truncate(REMEMBERED - 1);
        self.0.push_front(took);
    }

    /// How long the last questions took; `None` if there were none.
    pub fn latency(&self) -> Option<Latency> {
        let mut sorted: Vec<Duration> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        // The least value that so many tenths of all do not exceed.
        let tenth = |tenths: usize| {
            sorted.get((sorted.len() * tenths).div_ceil(10).checked_sub(1)?).copied()
        };
        Some(Latency { median: tenth(5)?, ninth_decile: tenth(9)? })
    }
}

/// A duration in whole milliseconds, rounded up so that none is 0.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_ninth_decile_are_those_of_the_last_256() {
        let mut latencies = RecentLatencies::default();
        assert_eq!(latencies.latency(), None);
        let of = |median: u64, ninth_decile: u64| {
            let [median, ninth_decile] = [median, ninth_decile].map(Duration::from_millis);
            Some(Latency { median, ninth_decile })
        };
        latencies.note(Duration::from_millis(7));
        assert_eq!(latencies.latency(), of(7, 7));
        (8..=16).rev().for_each(|ms| latencies.note(Duration::from_millis(ms)));
        assert_eq!(latencies.latency(), of(11, 15), "of 7 to 16");
        (0..246).for_each(|_| latencies.note(Duration::from_millis(1)));
        assert_eq!(latencies.latency(), of(1, 1), "ten of 256 took longer");
        (0..27).for_each(|_| latencies.note(Duration::from_millis(40)));
        assert_eq!(latencies.latency(), of(1, 40), "27 of 256");
    }
}
