//! What is free is rationed: an account that gives up nearly every order may make few more. And
//! what an account does in a day has limits, if the operator sets them.
//!
//! Giving an order up costs nothing, but each one takes a number away from others for a while and
//! grows the database.

use std::time::Duration;

use super::ledger::Posting;
use super::{Amount, Timestamp};

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
            // By a clock that was set back, it has not been made yet.
            let rest_of_age = created_at.min(now).plus(pauses.min_cancel_age);
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

    /// Whether the account may have another order while so many are open. One that gave up nearly
    /// all of its last orders has one at a time.
    pub fn may_open_another(&self, open: usize, limits: AccountLimits, pauses: Pauses) -> bool {
        let is_rationed = !pauses.after_giving_up.is_zero() && self.recent.are_excessive();
        let one_more = i64::try_from(open).unwrap_or(i64::MAX).saturating_add(1);
        open == 0 || (!is_rationed && limits.max_open.allows(one_more))
    }

    /// Until when the account is given no number, if that is later than `now`. A pause that is
    /// longer than any can be was made by a clock that was ahead.
    pub fn pause(&self, now: Timestamp, pauses: Pauses) -> Option<Timestamp> {
        let longest = now.plus(pauses.after_giving_up.max(pauses.min_cancel_age));
        Some(self.paused_until).filter(|until| now < *until && *until <= longest)
    }
}

/// How much there may be of something. Amounts of money are in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allowance {
    /// There is no limit.
    #[default]
    Unlimited,
    AtMost(i64),
}

impl Allowance {
    /// The number in the database that stands for no limit.
    const UNLIMITED: i64 = -1;

    /// As it stands in the database.
    pub fn from_stored(stored: i64) -> Allowance {
        match stored {
            Allowance::UNLIMITED => Allowance::Unlimited,
            most => Allowance::AtMost(most),
        }
    }

    /// As it is stored.
    pub fn stored(self) -> i64 {
        self.most().unwrap_or(Allowance::UNLIMITED)
    }

    /// The most that there may be, if there is a limit.
    pub fn most(self) -> Option<i64> {
        match self {
            Allowance::Unlimited => None,
            Allowance::AtMost(most) => Some(most),
        }
    }

    /// Whether there may be so much.
    pub fn allows(self, count: i64) -> bool {
        self.most().is_none_or(|most| count <= most)
    }
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountLimits {
    /// Open orders at a time.
    pub max_open: Allowance,
    /// Orders that are made in a day, whatever becomes of them.
    pub orders_per_day: Allowance,
    /// What is spent in a day.
    pub spend_per_day: Allowance,
}

/// The limits that an account has of its own. `None` stands for the operator's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnLimits {
    pub max_open: Option<Allowance>,
    pub orders_per_day: Option<Allowance>,
    pub spend_per_day: Option<Allowance>,
}

impl OwnLimits {
    /// The limits that hold.
    pub fn or(self, defaults: AccountLimits) -> AccountLimits {
        AccountLimits {
            max_open: self.max_open.unwrap_or(defaults.max_open),
            orders_per_day: self.orders_per_day.unwrap_or(defaults.orders_per_day),
            spend_per_day: self.spend_per_day.unwrap_or(defaults.spend_per_day),
        }
    }
}

/// A limit of a day that keeps an account from ordering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayLimit {
    Orders,
    Spending,
}

impl DayLimit {
    /// The name by which it is set and told.
    pub fn as_str(self) -> &'static str {
        match self {
            DayLimit::Orders => "orders_per_day",
            DayLimit::Spending => "spend_per_day",
        }
    }
}

/// What an account has done on a day.
///
/// Spent is what was held for orders and charged for rentals that day. What of that is given back,
/// because an order ends without a charge or is refunded, is taken off it; what was held or charged
/// on another day was spent on that day, and gives none back to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayUse {
    /// When the day began.
    pub began_at: Timestamp,
    pub spent: Amount,
    /// How many orders were made.
    pub orders: i64,
}

/// A clock that is set back by no more than this begins no former day again.
const SET_BACK: Duration = Duration::from_secs(2 * 24 * 3600);

impl DayUse {
    /// The day on which something counts that is done on the day which began at `today` by the
    /// clock. If a clock that was set back over midnight began the former day once more, what was
    /// done on the later one would be forgotten, and counted anew when the clock comes there again.
    pub fn day_of(self, today: Timestamp) -> Timestamp {
        let was_set_back = today < self.began_at && self.began_at.since(today) <= SET_BACK;
        if was_set_back { self.began_at } else { today }
    }

    /// What was done on the day that began at `today` by the clock, as far as this is known:
    /// nothing if this is another day's.
    pub fn on(self, today: Timestamp) -> DayUse {
        let began_at = self.day_of(today);
        if self.began_at == began_at {
            return self;
        }
        DayUse { began_at, spent: Amount::ZERO, orders: 0 }
    }

    /// After an entry that counts on the day that began at `day`. What is given back of another day
    /// changes nothing; what is spent on another day begins that day.
    pub fn after(self, entry: &Posting, day: Timestamp) -> DayUse {
        let is_new = matches!(entry, Posting::Hold { .. } | Posting::Term { .. });
        if self.began_at != day && !is_new {
            return self;
        }
        let (balance, held) = entry.effects();
        let spent = held.0.saturating_sub(balance.0);
        let before = self.on(day);
        DayUse {
            spent: Amount(before.spent.0.saturating_add(spent)),
            orders: before.orders + i64::from(matches!(entry, Posting::Hold { .. })),
            ..before
        }
    }

    /// The limit that another order at `price` would pass, if it would pass one.
    pub fn limit_before_order(self, price: Amount, limits: AccountLimits) -> Option<DayLimit> {
        if !limits.orders_per_day.allows(self.orders.saturating_add(1)) {
            return Some(DayLimit::Orders);
        }
        (!self.may_spend(price, limits.spend_per_day)).then_some(DayLimit::Spending)
    }

    /// Whether so much more may be spent, of `most` in a day. What costs nothing passes no limit.
    pub fn may_spend(self, price: Amount, most: Allowance) -> bool {
        price <= Amount::ZERO || most.allows(self.spent.0.saturating_add(price.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::OrderId;
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
        let set_back = new().after_end(true, at(100), at(10), pauses);
        assert_eq!(set_back.pause(at(10), pauses), Some(at(40)));
        assert_eq!(new().after_end(true, at(100), at(10), PAUSES).pause(at(10), PAUSES), None);
        let kept = new().after_end(false, at(100), at(110), pauses);
        assert_eq!(kept.pause(at(110), pauses), None);
    }

    #[test]
    fn a_day_has_its_limits_and_the_next_begins_with_nothing() {
        let limits = AccountLimits {
            max_open: Allowance::AtMost(1),
            orders_per_day: Allowance::AtMost(3),
            spend_per_day: Allowance::AtMost(100),
        };
        let day = |spent, orders| DayUse { began_at: at(0), spent: Amount(spent), orders };
        for (today, price, expected) in [
            (day(50, 2), 50, None),
            (day(50, 2), 51, Some(DayLimit::Spending)),
            (day(50, 3), 50, Some(DayLimit::Orders)),
            (day(120, 2), 0, None),
            (day(i64::MAX, 0), 1, Some(DayLimit::Spending)),
        ] {
            let price = Amount(price);
            assert_eq!(today.limit_before_order(price, limits), expected, "{today:?} {price:?}");
        }
        let next = day(100, 3).on(at(86_400));
        assert_eq!((next.spent, next.orders), (Amount::ZERO, 0));
        assert_eq!(day(100, 3).on(at(0)), day(100, 3));
    }

    #[test]
    fn what_is_given_back_is_taken_off_the_day_on_which_it_was_spent() {
        let (amount, order, note) = (Amount(50), OrderId(1), "late".to_owned());
        let hold = Posting::Hold { amount, order };
        let release = Posting::Release { amount, order };
        let refund = Posting::Refund { amount: Amount(20), order, note };
        let nothing = DayUse { began_at: at(0), spent: Amount::ZERO, orders: 0 };
        let one = nothing.after(&hold, at(0));
        assert_eq!((one.spent, one.orders), (Amount(50), 1));
        let given_up = one.after(&release, at(0));
        assert_eq!(
            (given_up.spent, given_up.orders),
            (Amount::ZERO, 1),
            "it was made all the same"
        );
        assert_eq!(one.after(&refund, at(0)).spent, Amount(30));
        let next = one.after(&hold, at(86_400));
        assert_eq!((next.began_at, next.spent, next.orders), (at(86_400), Amount(50), 1));
        assert_eq!(next.after(&release, at(0)), next, "that was yesterday's");
        assert_eq!(next.after(&refund, at(0)), next, "so was that");
    }

    #[test]
    fn an_accounts_own_limits_come_before_the_defaults() {
        let defaults = AccountLimits {
            max_open: Allowance::AtMost(1),
            orders_per_day: Allowance::AtMost(9),
            spend_per_day: Allowance::Unlimited,
        };
        assert_eq!(OwnLimits::default().or(defaults), defaults);
        let own = OwnLimits {
            max_open: Some(Allowance::Unlimited),
            spend_per_day: Some(Allowance::AtMost(5)),
            ..OwnLimits::default()
        };
        let held = own.or(defaults);
        assert_eq!(held.max_open, Allowance::Unlimited);
        assert_eq!(held.orders_per_day, Allowance::AtMost(9));
        assert_eq!(held.spend_per_day, Allowance::AtMost(5));
        for stored in [-1, 1, 7] {
            assert_eq!(Allowance::from_stored(stored).stored(), stored);
        }
    }
}
