//! Time as the session sees it.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in time: since some moment that the caller chose, never going back. The session only
/// compares and adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// So long after the caller's origin.
    pub fn since_origin(elapsed: Duration) -> Moment {
        Moment(elapsed)
    }

    /// How long after the caller's origin.
    pub fn elapsed(self) -> Duration {
        self.0
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, length: Duration) -> Moment {
        Moment(self.0.saturating_add(length))
    }
}

impl Sub for Moment {
    type Output = Duration;

    /// Zero when `earlier` is later.
    fn sub(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
