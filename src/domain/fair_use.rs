//! What is free is rationed: an account that gives up nearly every order may make few more.
//!
//! Giving an order up costs nothing, but each one takes a number away from others for a while and
//! grows the database.

use std::time::Duration;

use super::Timestamp;

/// How many of an account's last orders are judged.
const REMEMBERED: usize = 100;
/// How many there must be before they are judged.
const ENOUGH: usize = 50;
/// An account that gave up more than this share of them, in percent, is rationed.
const SHARE_PERCENT: usize = 80;

/// How an account's last orders ended, the newest last: a character for each, so that it can be
/// read in the database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecentEnds(String);

impl RecentEnds {
    const GIVEN_UP: char = 'u';
    const KEPT: char = 'k';

    /// As they stand in the database.
    pub fn from_stored(text: String) -> RecentEnds {
        RecentEnds(text)
    }

    /// As they are stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Adds the end of another order: whether its customer gave it up.
    pub fn push(&mut self, given_up: bool) {
        self.0.push(if given_up { RecentEnds::GIVEN_UP } else { RecentEnds::KEPT });
        let surplus = self.0.chars().count().saturating_sub(REMEMBERED);
        self.0 = self.0.chars().skip(surplus).collect();
    }

    /// Whether nearly all were given up.
    pub fn are_excessive(&self) -> bool {
        let (count, given_up) =
            (self.0.len(), self.0.chars().filter(|end| *end == RecentEnds::GIVEN_UP).count());
        count >= ENOUGH && given_up * 100 > count * SHARE_PERCENT
    }
}

/// What an account has made of what is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FairUse {
    pub recent: RecentEnds,
    /// Until when it is given no number.
    pub paused_until: Timestamp,
}

/// The limits that the operator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// How old an order has to be so that giving it up delays the next one by nothing.
    pub min_cancel_age: Duration,
    /// How long an account that gave up nearly all of its last orders waits after each further one.
    /// Zero: it is not rationed.
    pub after_giving_up: Duration,
}

impl Pauses {
    /// Nobody waits.
    pub const NONE: Pauses =
        Pauses { min_cancel_age: Duration::ZERO, after_giving_up: Duration::ZERO };
}

impl FairUse {
    /// After an order of the account, made at `created_at`, ended at `now`.
    pub fn after_end(
        mut self,
        given_up: bool,
        created_at: Timestamp,
        now: Timestamp,
        pauses: Pauses,
    ) -> FairUse {
        if given_up {
            let rest_of_age = created_at.plus(pauses.min_cancel_age);
            let pause =
                if self.recent.are_excessive() { pauses.after_giving_up } else { Duration::ZERO };
            let until = now.plus(pause).max(rest_of_age);
            if until > now {
                self.paused_until = self.paused_until.max(until);
            }
        }
        self.recent.push(given_up);
        self
    }

    /// Until when the account is given no number, if that is later than `now`. A pause that is
    /// longer than any can be was made by a clock that was ahead.
    pub fn pause(&self, now: Timestamp, pauses: Pauses) -> Option<Timestamp> {
        let longest = now.plus(pauses.after_giving_up.max(pauses.min_cancel_age));
        Some(self.paused_until).filter(|until| now < *until && *until <= longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSES: Pauses =
        Pauses { min_cancel_age: Duration::ZERO, after_giving_up: Duration::from_secs(60) };

    fn new() -> FairUse {
        FairUse { recent: RecentEnds::default(), paused_until: Timestamp(0) }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn the_fifty_first_order_that_is_given_up_in_a_row_is_followed_by_a_pause() {
        let mut account = new();
        for n in 0..50 {
            assert!(!account.recent.are_excessive(), "{n}");
            account = account.after_end(true, at(n), at(n), PAUSES);
            assert_eq!(account.pause(at(n), PAUSES), None, "{n}");
        }
        assert!(account.recent.are_excessive());
        account = account.after_end(true, at(60), at(60), PAUSES);
        assert_eq!(account.pause(at(60), PAUSES), Some(at(120)));
        assert_eq!(account.pause(at(120), PAUSES), None);
        assert_eq!(account.pause(at(-9_000), PAUSES), None, "the clock was set back");
        let off = Pauses { after_giving_up: Duration::ZERO, ..PAUSES };
        assert_eq!(account.after_end(true, at(60), at(200), off).pause(at(200), off), None);
    }

    #[test]
    fn four_in_five_are_not_too_many_and_old_ones_are_forgotten() {
        let mut account = new();
        for n in 0..500 {
            account = account.after_end(n % 5 != 0, at(n), at(n), PAUSES);
            assert!(!account.recent.are_excessive(), "{n}");
        }
        for n in 500..700 {
            account = account.after_end(true, at(n), at(n), PAUSES);
        }
        assert!(account.recent.are_excessive());
        assert_eq!(account.recent.as_str().len(), 100);
        for n in 700..720 {
            account = account.after_end(false, at(n), at(n), PAUSES);
        }
        assert!(!account.recent.are_excessive());
    }

    #[test]
    fn who_gives_up_too_early_waits_for_the_rest() {
        let pauses = Pauses { min_cancel_age: Duration::from_secs(30), ..PAUSES };
        let early = new().after_end(true, at(100), at(110), pauses);
        assert_eq!(early.pause(at(110), pauses), Some(at(130)));
        let late = new().after_end(true, at(100), at(130), pauses);
        assert_eq!(late.pause(at(130), pauses), None);
        let kept = new().after_end(false, at(100), at(110), pauses);
        assert_eq!(kept.pause(at(110), pauses), None);
    }
}
