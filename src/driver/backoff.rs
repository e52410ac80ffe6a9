//! How long to wait before a port is opened again: longer with each failure in a row.

use std::time::Duration;

/// The number of failures in a row after which a modem counts as quarantined.
const QUARANTINE: u32 = 6;

#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub fn new(first: Duration, longest: Duration) -> Backoff {
        Backoff { first, longest, failures: 0 }
    }

    /// Forgets past failures, because the port works: the next pause is the shortest again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and returns the pause until the next attempt.
    pub fn fail(&mut self) -> Duration {
        let pause = self.first.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    pub fn is_quarantined(&self) -> bool {
        self.failures >= QUARANTINE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_are_short_again_after_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        let seconds: Vec<u64> = (0..8).map(|_| backoff.fail().as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(backoff.is_quarantined());
        backoff.reset();
        assert!(!backoff.is_quarantined());
        assert_eq!(backoff.fail().as_secs(), 1);
    }
}
