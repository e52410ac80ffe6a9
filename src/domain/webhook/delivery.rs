//! The delivery of one event to one endpoint: its states, its attempts, and when it is tried again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::OffReason;
use crate::domain::event::EventKind;
use crate::domain::{EventId, Timestamp};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How long after a failed attempt the next one is made, without jitter. After the last of them the
/// delivery is given up.
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    MINUTE.saturating_mul(2),
    MINUTE.saturating_mul(10),
    HOUR,
    HOUR.saturating_mul(3),
    HOUR.saturating_mul(6),
    HOUR.saturating_mul(12),
    HOUR.saturating_mul(24),
];
/// The longest time until a next attempt, with all of its jitter.
pub const LONGEST_PAUSE: Duration = HOUR.saturating_mul(29);
/// A pause is longer by at most one part of this many, so that what failed at one time is not tried
/// again at one time.
const JITTER_SHARE: u32 = 5;
/// An endpoint that has failed for this long without a success is switched off.
const FAILING_FOR: Duration = HOUR.saturating_mul(5 * 24);
/// From then on an endpoint that fails is something that the operator is told of: its customer may
/// not have noticed.
pub const FAILING_LONG: Duration = HOUR.saturating_mul(6);
/// How many attempts of a delivery are remembered: the last ones.
const ATTEMPTS_KEPT: usize = 20;

/// A number that decides how long a pause is beyond its least length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter(pub u32);

impl Jitter {
    /// A pause with its jitter, 0 to 20 %.
    fn prolong(self, pause: Duration) -> Duration {
        let part = pause.as_micros() * u128::from(self.0) / u128::from(u32::MAX);
        pause + Duration::from_micros(u64::try_from(part).unwrap_or(u64::MAX)) / JITTER_SHARE
    }
}

/// Whether an event is delivered to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is tried at this time. `None`: it was not tried yet, and is as soon as it can be; or it
    /// is as soon as an earlier event of its order or rental waits no more.
    Waiting { next_at: Option<Timestamp> },
    /// The receiver has taken it.
    Taken,
    /// It is not tried any more, unless somebody asks for it.
    GivenUp,
}

impl DeliveryState {
    /// The word in the database, in the API and in commands.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting { .. } => "waiting",
            DeliveryState::Taken => "taken",
            DeliveryState::GivenUp => "given_up",
        }
    }

    /// The state that a word stands for.
    pub fn from_row(word: &str, next_at: Option<Timestamp>) -> Option<DeliveryState> {
        match word {
            "waiting" => Some(DeliveryState::Waiting { next_at }),
            "taken" => Some(DeliveryState::Taken),
            "given_up" => Some(DeliveryState::GivenUp),
            _ => None,
        }
    }

    /// When it is tried next.
    pub fn next_at(self) -> Option<Timestamp> {
        match self {
            DeliveryState::Waiting { next_at } => next_at,
            DeliveryState::Taken | DeliveryState::GivenUp => None,
        }
    }
}

/// One attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began, in microseconds since 1970.
    pub at_us: i64,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub answer: Option<String>,
}

impl Attempt {
    /// Whether the receiver has taken the event.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the receiver says that there will never be anything at its address again (RFC 9110,
    /// section 15.5.11).
    fn is_gone(&self) -> bool {
        self.status == Some(410)
    }
}

/// A delivery with what has been tried. Of one endpoint each is known by its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub event: EventId,
    pub kind: EventKind,
    pub state: DeliveryState,
    pub progress: Progress,
}

impl Delivery {
    /// Of an event that has not been tried to an end yet.
    pub fn untried(event: EventId, kind: EventKind) -> Delivery {
        let state = DeliveryState::Waiting { next_at: None };
        Delivery { event, kind, state, progress: Progress::default() }
    }
}

/// How far the delivery of an event has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// How often it has been tried by the schedule.
    pub tries: u32,
    /// Whether it was asked for once more: then there is one attempt, which holds nothing back.
    pub is_repeated: bool,
    /// The last attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

/// What an attempt means for the delivery and its endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub progress: Progress,
    pub state: DeliveryState,
    /// Since when the endpoint has failed without a success.
    pub failing_since: Option<Timestamp>,
    /// Why the endpoint has to be switched off.
    pub off: Option<OffReason>,
}

/// What is certain of the time when an attempt is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedAt {
    pub now: Timestamp,
    /// Until when time has passed for certain: a clock that was set forward switches nothing off.
    pub certain: Timestamp,
}

/// Judges an attempt.
pub fn judge(
    mut progress: Progress,
    failing_since: Option<Timestamp>,
    attempt: Attempt,
    at: JudgedAt,
    jitter: Jitter,
) -> Verdict {
    let (is_taken, is_gone) = (attempt.is_taken(), attempt.is_gone());
    progress.attempts.push(attempt);
    let surplus = progress.attempts.len().saturating_sub(ATTEMPTS_KEPT);
    progress.attempts.drain(..surplus);
    let was_repeated = std::mem::take(&mut progress.is_repeated);
    if is_taken {
        return Verdict { progress, state: DeliveryState::Taken, failing_since: None, off: None };
    }
    let pause = usize::try_from(progress.tries).ok().and_then(|tries| PAUSES.get(tries));
    let pause = pause.filter(|_| !was_repeated && !is_gone);
    if !was_repeated {
        progress.tries += 1;
    }
    let state = pause.map_or(DeliveryState::GivenUp, |pause| DeliveryState::Waiting {
        next_at: Some(at.now.plus(jitter.prolong(*pause))),
    });
    // A first failure that lies in the future was noted by a clock that was ahead.
    let since = failing_since.filter(|since| *since <= at.now).unwrap_or(at.now);
    let is_failing = at.certain.since(since) >= FAILING_FOR;
    let off = match (is_gone, is_failing) {
        (true, _) => Some(OffReason::Gone),
        (false, true) => Some(OffReason::Failing),
        (false, false) => None,
    };
    Verdict { progress, state, failing_since: Some(since), off }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = HOUR.saturating_mul(24);

    fn attempt(status: Option<u16>) -> Attempt {
        Attempt { at_us: 1, ms: 2, status, error: None, answer: None }
    }

    fn at(now: Timestamp) -> JudgedAt {
        JudgedAt { now, certain: now }
    }

    #[test]
    fn a_delivery_that_fails_is_tried_ten_times_and_then_given_up() {
        for (jitter, percent) in [(Jitter(0), 100), (Jitter(u32::MAX), 120)] {
            let (mut progress, mut pauses) = (Progress::default(), Vec::new());
            let now = Timestamp(0);
            loop {
                let verdict = judge(progress, None, attempt(Some(500)), at(now), jitter);
                progress = verdict.progress;
                match verdict.state {
                    DeliveryState::Waiting { next_at: Some(next) } => pauses.push(next.since(now)),
                    DeliveryState::GivenUp => break,
                    other => panic!("{other:?}"),
                }
            }
            let expected = [5, 30, 120, 600, 3600, 10_800, 21_600, 43_200, 86_400];
            assert_eq!(pauses, expected.map(|s| Duration::from_millis(s * 10 * percent)));
            assert_eq!((progress.tries, progress.attempts.len()), (10, 10));
            assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE));
        }
    }

    #[test]
    fn only_2xx_is_taken_and_410_switches_off() {
        for (status, is_taken, off) in [
            (Some(200), true, None),
            (Some(204), true, None),
            (Some(299), true, None),
            (Some(301), false, None),
            (Some(308), false, None),
            (Some(101), false, None),
            (Some(404), false, None),
            (Some(410), false, Some(OffReason::Gone)),
            (Some(500), false, None),
            (None, false, None),
        ] {
            let verdict =
                judge(Progress::default(), None, attempt(status), at(Timestamp(0)), Jitter(0));
            assert_eq!((verdict.state == DeliveryState::Taken, verdict.off), (is_taken, off));
            assert_eq!(verdict.failing_since.is_some(), !is_taken, "{status:?}");
        }
    }

    #[test]
    fn five_days_of_failure_switch_off_and_a_success_begins_anew() {
        let judged = |since, at: JudgedAt, status| {
            judge(Progress::default(), since, attempt(Some(status)), at, Jitter(0))
        };
        let (first, last) = (Timestamp(7), Timestamp(7).plus(DAY * 5));
        assert_eq!(judged(None, at(first), 500).failing_since, Some(first));
        let before = last.minus(Duration::from_micros(1));
        assert_eq!(judged(Some(first), at(before), 500).off, None);
        assert_eq!(judged(Some(first), at(last), 500).off, Some(OffReason::Failing));
        assert_eq!(judged(Some(first), at(last), 200).failing_since, None);
        let doubted = JudgedAt { now: last, certain: first };
        assert_eq!(judged(Some(first), doubted, 500).off, None, "the clock was set forward");
        assert_eq!(judged(Some(last), at(first), 500).failing_since, Some(first), "and back");
    }

    #[test]
    fn what_is_asked_for_once_more_is_tried_once_and_the_last_attempts_are_kept() {
        let mut progress = Progress { tries: 10, ..Progress::default() };
        for _ in 0..30 {
            progress.is_repeated = true;
            let verdict = judge(progress, None, attempt(None), at(Timestamp(0)), Jitter(0));
            assert_eq!(verdict.state, DeliveryState::GivenUp);
            progress = verdict.progress;
        }
        assert_eq!((progress.tries, progress.attempts.len()), (10, ATTEMPTS_KEPT));
        progress.is_repeated = true;
        let verdict = judge(progress, None, attempt(Some(200)), at(Timestamp(0)), Jitter(0));
        assert_eq!((verdict.state, verdict.progress.is_repeated), (DeliveryState::Taken, false));
    }
}
