//! A wall clock that never goes back, whatever is done to the system's clock.

use std::time::Duration;

use crate::domain::Timestamp;

/// When the system's clock is set back further than this, it had been wrong before, and the time
/// goes back with it.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The state of the clock: the time that it gave last, and when.
#[derive(Debug)]
pub(super) struct MonotonicClock {
    last: Timestamp,
    /// When `last` was given, by a clock that nobody can set.
    given_at: Duration,
}

impl MonotonicClock {
    pub(super) fn new(wall: Timestamp) -> MonotonicClock {
        MonotonicClock { last: wall, given_at: Duration::ZERO }
    }

    /// The time, from the wall clock and the time since the start. After the wall clock was set
    /// back, the time passes at half speed until the two agree. Orders then live a little longer,
    /// and every message is still newer than the order that it belongs to.
    pub(super) fn now(&mut self, wall: Timestamp, since_start: Duration) -> Timestamp {
        let passed = since_start.saturating_sub(self.given_at);
        let ahead = self.last.since(wall);
        if ahead > LONGEST_WAIT {
            tracing::error!(
                event = "clock_set_back",
                seconds = ahead.as_secs(),
                "the clock was set back by more than a day"
            );
            self.last = wall;
        } else {
            self.last = wall.max(self.last.plus(passed / 2));
        }
        self.given_at = since_start;
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn the_time_follows_the_wall_clock_forward_and_never_goes_back() {
        let mut clock = MonotonicClock::new(Timestamp(1000 * SECOND));
        let mut now = |wall: i64, since_start: u64| {
            clock.now(Timestamp(wall * SECOND), Duration::from_secs(since_start)).0 / SECOND
        };
        for (wall, since_start, expected, why) in [
            (1010, 10, 1010, "undisturbed"),
            (5000, 20, 5000, "set forward"),
            (1100, 30, 5005, "set back by more than an hour: half speed"),
            (2100, 1030, 5505, "still half speed"),
            (5508, 1040, 5510, "the two nearly agree"),
            (5600, 1140, 5600, "they agree"),
            (5600 - 90_000, 1150, 5600 - 90_000, "set back by more than a day"),
        ] {
            assert_eq!(now(wall, since_start), expected, "{why}");
        }
    }
}
