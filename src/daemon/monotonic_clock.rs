//! A wall clock that never goes back and follows no jump before it is believable, whatever is done
//! to the system's clock.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::clock_trust::ClockTrust;

/// When the system's clock is set back further than this, it had been wrong before, and the time
/// goes back with it.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// For how long the system's clock has to run steadily until it is believed.
const BELIEVED_AFTER: Duration = Duration::from_secs(300);
/// A clock that is further than this from where it should be was set. Corrections of the size that
/// clocks drift are followed at once.
const TOLERANCE_US: u64 = 60_000_000;
/// The most that a clock drifts, as a part of the time that passes: twice what the kernel corrects
/// at most. Without this bound a clock could be led anywhere by small steps.
const DRIFT: u32 = 1000;

/// The state of the clock: the time that it gave last, and when.
#[derive(Debug)]
pub(crate) struct MonotonicClock {
    last: Timestamp,
    /// When `last` was given, by a clock that nobody can set.
    given_at: Duration,
    /// What the wall clock showed at the start if it has run as it runs now, in microseconds.
    course: i64,
    belief: Belief,
}

/// Whether the system's clock is believed.
#[derive(Debug, Clone, Copy)]
enum Belief {
    /// It runs steadily since this time after the start, which is not long enough.
    Growing {
        since: Duration,
    },
    Settled,
    /// It was set to another course at this time after the start, and is not followed.
    Disputed {
        course: i64,
        since: Duration,
    },
}

impl MonotonicClock {
    pub(crate) fn new(wall: Timestamp) -> MonotonicClock {
        MonotonicClock {
            last: wall,
            given_at: Duration::ZERO,
            course: wall.0,
            belief: Belief::Growing { since: Duration::ZERO },
        }
    }

    /// The time, from the wall clock and the time since the start. After the wall clock was set
    /// back, the time passes at half speed until the two agree. Orders then live a little longer,
    /// and every message is still newer than the order that it belongs to.
    pub(crate) fn now(&mut self, wall: Timestamp, since_start: Duration) -> Timestamp {
        let passed = since_start.saturating_sub(self.given_at);
        let time = self.believed(wall, since_start, passed);
        let ahead = self.last.since(time);
        if ahead > LONGEST_WAIT {
            tracing::error!(
                event = "clock_set_back",
                seconds = ahead.as_secs(),
                "the clock was set back by more than a day"
            );
            self.last = time;
        } else {
            self.last = time.max(self.last.plus(passed / 2));
        }
        self.given_at = since_start;
        self.last
    }

    /// How far the time that was given last can be relied on.
    pub(crate) fn trust(&self) -> ClockTrust {
        match self.belief {
            Belief::Growing { .. } => ClockTrust::Unsettled { running: self.given_at },
            Belief::Settled => ClockTrust::Settled,
            Belief::Disputed { course, .. } => {
                ClockTrust::Disputed { jump_us: course.saturating_sub(self.course) }
            }
        }
    }

    /// The wall clock's time or, while that is not believed, the time that it would show if it had
    /// not been set.
    fn believed(&mut self, wall: Timestamp, since_start: Duration, passed: Duration) -> Timestamp {
        let course = wall.minus(since_start).0;
        let is_near = |other: i64| course.abs_diff(other) <= TOLERANCE_US;
        let is_long = |since| since_start.saturating_sub(since) >= BELIEVED_AFTER;
        if is_near(self.course) {
            let drift = micros(passed / DRIFT);
            self.course += (course - self.course).clamp(-drift, drift);
            if !matches!(self.belief, Belief::Growing { since } if !is_long(since)) {
                self.belief = Belief::Settled;
            }
            return wall;
        }
        let follow = match self.belief {
            // Machines without a clock of their own set it in the first minutes.
            Belief::Growing { .. } => Some(Belief::Growing { since: since_start }),
            Belief::Disputed { course: other, since } if is_near(other) => {
                is_long(since).then_some(Belief::Settled)
            }
            Belief::Settled | Belief::Disputed { .. } => {
                tracing::error!(
                    event = "clock_doubted",
                    seconds = course.saturating_sub(self.course) / 1_000_000,
                    "the clock was set; it is not followed before it has run steadily for some \
                     minutes"
                );
                self.belief = Belief::Disputed { course, since: since_start };
                None
            }
        };
        let Some(belief) = follow else { return Timestamp(self.course).plus(since_start) };
        (self.course, self.belief) = (course, belief);
        wall
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const YEAR_S: i64 = 365 * 86_400;

    /// Plays readings of the wall clock and the seconds since the start, each with the time that is
    /// expected.
    fn play(readings: &[(i64, u64, i64, &str)]) -> MonotonicClock {
        let mut clock = MonotonicClock::new(Timestamp(1000 * SECOND));
        for (wall, since_start, expected, why) in readings {
            let now = clock.now(Timestamp(wall * SECOND), Duration::from_secs(*since_start));
            assert_eq!(now.0 / SECOND, *expected, "{why}");
        }
        clock
    }

    #[test]
    fn in_the_first_minutes_the_time_follows_the_wall_clock_forward_and_never_goes_back() {
        let clock = play(&[
            (1010, 10, 1010, "undisturbed"),
            (5000, 20, 5000, "set forward"),
            (1100, 30, 5005, "set back by more than an hour: half speed"),
            (1390, 320, 5150, "still half speed"),
            (5153, 330, 5155, "the two nearly agree"),
            (5253, 430, 5253, "they agree"),
            (5253 - 90_000, 440, 5253 - 90_000, "set back by more than a day"),
        ]);
        let trust = ClockTrust::Unsettled { running: Duration::from_secs(440) };
        assert_eq!(clock.trust(), trust, "it was set a moment ago");
    }

    #[test]
    fn a_jump_of_a_clock_that_was_believed_is_not_followed_for_some_minutes() {
        for jump in [60 * YEAR_S, YEAR_S, 7200, -7200, -2 * 86_400, -20 * YEAR_S] {
            let clock = play(&[
                (1301, 301, 1301, "it has run steadily for five minutes"),
                (1302 + jump, 302, 1302, "the jump"),
                (1304 + jump, 304, 1304, "it is still there"),
                (1305, 305, 1305, "put right after three seconds"),
                (1306 + jump, 306, 1306, "another jump"),
            ]);
            assert_eq!(clock.trust(), ClockTrust::Disputed { jump_us: jump * SECOND });
            let mut clock = clock;
            let mut at = |since_start: u64, wall: i64| {
                let now = clock.now(Timestamp(wall * SECOND), Duration::from_secs(since_start));
                (now.0 / SECOND, clock.trust())
            };
            assert_eq!(at(605, 1605 + jump).0, 1605, "not yet five minutes");
            let expected = if jump == -7200 { 1605 } else { 1606 + jump };
            assert_eq!(at(606, 1606 + jump), (expected, ClockTrust::Settled), "it is believed");
        }
    }

    #[test]
    fn jumps_that_go_on_are_never_followed_and_small_steps_lead_nowhere() {
        let mut clock = MonotonicClock::new(Timestamp(0));
        let mut at = |since_start: i64, wall: i64| {
            let passed = Duration::from_secs(since_start.unsigned_abs());
            clock.now(Timestamp(wall * SECOND), passed).0 / SECOND
        };
        assert_eq!(at(400, 400), 400);
        assert_eq!(at(401, 430), 430, "a step of half a minute is followed");
        for n in 1..1000 {
            let now = at(401 + n, 430 + n * 3000);
            assert!((401 + n..=432 + n).contains(&now), "{now} after {n} s");
        }
        let (mut clock, mut wall) = (MonotonicClock::new(Timestamp(0)), 0);
        for second in 1..100_000 {
            wall += if second % 100 == 0 && second > 400 { 51 } else { 1 };
            let now = clock.now(Timestamp(wall * SECOND), Duration::from_secs(second));
            let passed = i64::try_from(second).unwrap();
            assert!(now.0 / SECOND <= passed + 60 + passed / 500, "{second} s");
        }
    }
}
