//! Monotonic time, as the state machines count it.

use std::ops::{Add, Sub};
use std::time::Duration;

use super::Timestamp;

/// A point in time on a clock that never goes back: the time since an origin that the caller chose.
/// State machines only compare moments and add to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// The moment that is `elapsed` after the caller's origin.
    pub fn since_origin(elapsed: Duration) -> Moment {
        Moment(elapsed)
    }

    /// How long after the caller's origin this is.
    pub fn elapsed(self) -> Duration {
        self.0
    }
}

impl From<Timestamp> for Moment {
    /// A time of the wall clock, whose origin is 1970. Such a clock may be set back: whoever
    /// compares these moments must bear that.
    fn from(time: Timestamp) -> Moment {
        Moment(time.since(Timestamp(0)))
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

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    fn sub(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// One instant as two clocks show it: the monotonic clock, on which deadlines are counted, and the
/// wall clock, whose times are stored and shown. Times of one clock are converted to the other with
/// a fresh reading, so that a wall clock that is set does not move deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// What the monotonic clock shows.
    pub moment: Moment,
    /// What the wall clock shows.
    pub time: Timestamp,
}

impl ClockReading {
    /// The wall-clock time of another moment.
    pub fn time_of(self, moment: Moment) -> Timestamp {
        self.time.plus(moment - self.moment).minus(self.moment - moment)
    }

    /// The moment of another wall-clock time; the origin for a time before it.
    pub fn moment_of(self, time: Timestamp) -> Moment {
        let earlier = self.moment.elapsed().saturating_sub(self.time.since(time));
        Moment::since_origin(earlier) + time.since(self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_reading_converts_both_ways_and_stops_at_the_origin() {
        let moment = |seconds| Moment::since_origin(Duration::from_secs(seconds));
        let time = |seconds: i64| Timestamp(seconds * 1_000_000);
        let reading = ClockReading { moment: moment(100), time: time(5_000) };
        for (seconds, wall) in [(100, 5_000), (40, 4_940), (130, 5_030), (0, 4_900)] {
            assert_eq!(reading.time_of(moment(seconds)), time(wall));
            assert_eq!(reading.moment_of(time(wall)), moment(seconds));
        }
        assert_eq!(reading.moment_of(time(17)), moment(0));
    }
}
