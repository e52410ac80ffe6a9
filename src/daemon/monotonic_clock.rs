//! A time that never goes back, whatever is done to the system's clock.

use std::time::Duration;

use crate::domain::Timestamp;

/// A clock that was set further ahead than this by a mistake is not waited for: the time goes back
/// with it.
const FURTHEST: Duration = Duration::from_secs(24 * 3600);

/// What was told last, and when that was.
#[derive(Debug)]
pub(super) struct Steady {
    told: Timestamp,
    at: Duration,
}

impl Steady {
    pub(super) fn new(wall: Timestamp) -> Steady {
        Steady { told: wall, at: Duration::ZERO }
    }

    /// The wall clock's time. After that one was set back the time goes on at half its speed until
    /// both are the same: orders then live a little longer, and every message is still newer
    /// than the order that it belongs to.
    pub(super) fn now(&mut self, wall: Timestamp, at: Duration) -> Timestamp {
        let passed = at.saturating_sub(self.at);
        let ahead = self.told.since(wall);
        if ahead > FURTHEST {
            tracing::error!(
                event = "clock_set_back",
                seconds = ahead.as_secs(),
                "the clock was set back by more than a day"
            );
            self.told = wall;
        } else {
            self.told = wall.max(self.told.plus(passed / 2));
        }
        self.at = at;
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn it_follows_forward_and_never_goes_back() {
        let mut steady = Steady::new(Timestamp(1000 * SECOND));
        let mut tell = |wall: i64, at: u64| {
            steady.now(Timestamp(wall * SECOND), Duration::from_secs(at)).0 / SECOND
        };
        for (wall, at, told, why) in [
            (1010, 10, 1010, "as the clock goes"),
            (5000, 20, 5000, "set forward"),
            (1100, 30, 5005, "set back by more than an hour: half as fast"),
            (2100, 1030, 5505, "it is waited for"),
            (5508, 1040, 5510, "it is nearly there"),
            (5600, 1140, 5600, "it is there"),
            (5600 - 90_000, 1150, 5600 - 90_000, "set back by more than a day"),
        ] {
            assert_eq!(tell(wall, at), told, "{why}");
        }
    }
}
