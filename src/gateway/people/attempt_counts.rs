//! How attempts to sign in went, for the metrics, and a log line when some were refused because
//! there were too many. Neither says who tried or from where: names are easily passwords that were
//! typed into the wrong field.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::SignInOutcome;
use crate::domain::Timestamp;
use crate::domain::login::Side;

/// How often a side's refused attempts are logged at most.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// How an attempt to sign in went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptResult {
    SignedIn,
    /// The name, the password or the code was wrong.
    Wrong,
    /// It was not looked at, because there were too many wrong ones before.
    Limited,
    /// It was not looked at, because too many signed in at that moment.
    Busy,
}

impl AttemptResult {
    const ALL: [AttemptResult; 4] = [
        AttemptResult::SignedIn,
        AttemptResult::Wrong,
        AttemptResult::Limited,
        AttemptResult::Busy,
    ];

    /// Its word in the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            AttemptResult::SignedIn => "signed_in",
            AttemptResult::Wrong => "wrong",
            AttemptResult::Limited => "limited",
            AttemptResult::Busy => "busy",
        }
    }

    /// The result that an answer tells; `None` while more is asked, for a link that is used, and
    /// for the right password of a login that is shut.
    fn of(outcome: &SignInOutcome) -> Option<AttemptResult> {
        match outcome {
            SignInOutcome::SignedIn { .. } => Some(AttemptResult::SignedIn),
            SignInOutcome::Wrong => Some(AttemptResult::Wrong),
            SignInOutcome::Wait { .. } => Some(AttemptResult::Limited),
            SignInOutcome::Busy => Some(AttemptResult::Busy),
            SignInOutcome::CodeNeeded { .. }
            | SignInOutcome::Shut { .. }
            | SignInOutcome::Expired
            | SignInOutcome::PasswordFault(_) => None,
        }
    }
}

/// The attempts since the start.
#[derive(Debug, Default)]
pub(super) struct AttemptCounts {
    console: SideCounts,
    portal: SideCounts,
}

#[derive(Debug, Default)]
struct SideCounts {
    signed_in: AtomicU64,
    wrong: AtomicU64,
    limited: AtomicU64,
    busy: AtomicU64,
    /// How many of those that were limited a log line has told.
    logged: AtomicU64,
    logged_at: AtomicI64,
}

impl SideCounts {
    fn count(&self, result: AttemptResult) -> &AtomicU64 {
        match result {
            AttemptResult::SignedIn => &self.signed_in,
            AttemptResult::Wrong => &self.wrong,
            AttemptResult::Limited => &self.limited,
            AttemptResult::Busy => &self.busy,
        }
    }

    /// How many limited attempts a log line is to tell now, if one is due.
    fn unlogged(&self, now: Timestamp) -> Option<u64> {
        let (limited, order) = (self.limited.load(Ordering::Relaxed), Ordering::Relaxed);
        let before = self.logged_at.load(order);
        let is_due = now.since(Timestamp(before)) >= LOGGED_EVERY;
        // Of several at the same time one logs.
        let is_ours = || self.logged_at.compare_exchange(before, now.0, order, order).is_ok();
        (is_due && is_ours()).then(|| limited.saturating_sub(self.logged.swap(limited, order)))
    }
}

impl AttemptCounts {
    fn of(&self, side: Side) -> &SideCounts {
        match side {
            Side::Console => &self.console,
            Side::Portal => &self.portal,
        }
    }

    /// Counts how an attempt went that was answered like this.
    pub(super) fn note_outcome(&self, side: Side, outcome: &SignInOutcome, now: Timestamp) {
        if let Some(result) = AttemptResult::of(outcome) {
            self.note(side, result, now);
        }
    }

    /// Counts how an attempt went.
    pub(super) fn note(&self, side: Side, result: AttemptResult, now: Timestamp) {
        let counts = self.of(side);
        counts.count(result).fetch_add(1, Ordering::Relaxed);
        if result == AttemptResult::Limited
            && let Some(refused) = counts.unlogged(now)
        {
            tracing::warn!(
                event = "sign_ins_limited",
                side = side.as_str(),
                refused,
                "attempts to sign in are refused, because there were too many wrong ones"
            );
        }
    }

    /// All counts.
    pub(super) fn all(&self) -> Vec<(Side, AttemptResult, u64)> {
        let sides = [Side::Console, Side::Portal].into_iter();
        let of_side = |side| {
            let counts = self.of(side);
            let count = |result| counts.count(result).load(Ordering::Relaxed);
            AttemptResult::ALL.map(|result| (side, result, count(result)))
        };
        sides.flat_map(of_side).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_attempts_are_logged_once_a_minute_with_how_many_there_were() {
        let counts = AttemptCounts::default();
        let at = |seconds: i64| Timestamp(1_000_000_000_000_000 + seconds * 1_000_000);
        let limited = |seconds| {
            counts.portal.limited.fetch_add(1, Ordering::Relaxed);
            counts.portal.unlogged(at(seconds))
        };
        assert_eq!([limited(0), limited(1), limited(59)], [Some(1), None, None]);
        assert_eq!([limited(60), limited(61)], [Some(3), None]);
        let all = counts.all();
        assert!(all.contains(&(Side::Portal, AttemptResult::Limited, 5)), "{all:?}");
        assert!(all.contains(&(Side::Console, AttemptResult::Limited, 0)));
    }
}
