//! How long sessions last.

use std::time::Duration;

use super::Side;
use crate::domain::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// For how long after somebody has proved who it is nothing more is asked before money is moved,
/// keys are made or people let in.
pub const PROOF_LASTS: Duration = Duration::from_secs(15 * 60);
/// How often it is written at most when a session was used last.
pub const SEEN_SAVED_EVERY: Duration = Duration::from_secs(600);

/// For how long a session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// After this long without a request it ends.
    pub rest: Duration,
    /// After this long it ends in any case.
    pub age: Duration,
}

impl Lifetime {
    /// The lifetime of the sessions of a side.
    pub fn of(side: Side) -> Lifetime {
        match side {
            Side::Console => Lifetime { rest: 12 * HOUR, age: 7 * DAY },
            Side::Portal => Lifetime { rest: 14 * DAY, age: 60 * DAY },
        }
    }

    /// When a session ends that began and was used last at these times.
    pub fn ends_at(self, began_at: Timestamp, seen_at: Timestamp) -> Timestamp {
        began_at.plus(self.age).min(seen_at.plus(self.rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_after_its_rest_or_its_age() {
        let hours = |count: u32| Timestamp(0).plus(HOUR * count);
        for (side, seen, end) in [
            (Side::Console, 0, 12),
            (Side::Console, 100, 112),
            (Side::Console, 160, 7 * 24),
            (Side::Portal, 0, 14 * 24),
            (Side::Portal, 59 * 24, 60 * 24),
        ] {
            assert_eq!(Lifetime::of(side).ends_at(hours(0), hours(seen)), hours(end), "{side:?}");
        }
    }
}
