//! What a part of a rental's time is worth: how much of what was charged for its terms falls on it.

use super::calendar::add_months;
use super::{Amount, Rental, Timestamp};

/// A term that was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaidTerm {
    /// How many months it has; `None` where that was not kept when it was charged.
    pub months: Option<u32>,
    pub charged: Amount,
}

/// The time of a rental that was paid for, up to its last term's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidTime {
    until: Timestamp,
    /// How many microseconds each term has, and what was charged for it, from the first on.
    terms: Vec<(i64, Amount)>,
}

impl PaidTime {
    /// The terms of a rental in the order in which they were charged. Those whose months were not
    /// kept are the oldest; they count as one.
    pub fn new(rental: &Rental, charged: &[PaidTerm]) -> PaidTime {
        let known: u32 = charged.iter().filter_map(|term| term.months).sum();
        let unknown = rental.months.saturating_sub(known);
        let of_unknown = charged.iter().filter(|term| term.months.is_none());
        let of_unknown = Amount(of_unknown.map(|term| term.charged.0).sum());
        let oldest = (unknown > 0).then_some((unknown, of_unknown));
        let others = charged.iter().filter_map(|term| Some((term.months?, term.charged)));
        let (mut months, mut from, mut terms) = (0_u32, rental.started_at, Vec::new());
        for (length, amount) in oldest.into_iter().chain(others) {
            months = months.saturating_add(length);
            let end = add_months(rental.started_at, months).unwrap_or(from);
            terms.push((end.0.saturating_sub(from.0), amount));
            from = end;
        }
        PaidTime { until: rental.paid_until(), terms }
    }

    /// What the paid time after `at` has cost.
    pub fn worth_after(&self, at: Timestamp) -> Amount {
        self.worth_between(at, Timestamp(i64::MAX))
    }

    /// What the paid time from one time to another has cost. Parts of the least coin are left out.
    pub fn worth_between(&self, from: Timestamp, to: Timestamp) -> Amount {
        let (mut end, mut worth) = (self.until.0, 0_i64);
        for (length, charged) in self.terms.iter().rev().filter(|(length, _)| *length > 0) {
            let begin = end.saturating_sub(*length);
            let part = end.min(to.0).saturating_sub(begin.max(from.0)).max(0);
            let of_term = i128::from(charged.0) * i128::from(part) / i128::from(*length);
            worth = worth.saturating_add(i64::try_from(of_term).unwrap_or(0));
            end = begin;
        }
        Amount(worth)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::rental::{self, tests::at};

    const DAY: Duration = Duration::from_secs(86_400);

    /// April, of 30 days.
    fn rental() -> Rental {
        let (started_at, expires_at) = (at("2026-04-01T00:00:00Z"), at("2026-05-01T00:00:00Z"));
        Rental { started_at, expires_at, due_at: expires_at, ..rental::tests::rental() }
    }

    fn term(months: u32, cents: i64) -> PaidTerm {
        PaidTerm { months: Some(months), charged: Amount(cents) }
    }

    #[test]
    fn each_day_is_worth_its_share_of_its_own_term() {
        let april = PaidTime::new(&rental(), &[term(1, 3000)]);
        for (day, worth) in [("04-01", 3000), ("04-02", 2900), ("04-30", 100), ("05-01", 0)] {
            let day = at(&format!("2026-{day}T00:00:00Z"));
            assert_eq!(april.worth_after(day), Amount(worth), "{day}");
        }
        assert_eq!(april.worth_after(at("2026-01-01T00:00:00Z")), Amount(3000), "no more");
        assert_eq!(april.worth_after(at("2027-01-01T00:00:00Z")), Amount(0), "no less");
        assert_eq!(april.worth_after(at("2026-04-30T23:59:59Z")), Amount(0), "less than a cent");
        let days = |from: &str, to: &str| {
            let day = |day: &str| at(&format!("2026-{day}T00:00:00Z"));
            april.worth_between(day(from), day(to))
        };
        assert_eq!(days("04-10", "04-12"), Amount(200));
        assert_eq!(days("03-20", "04-02"), Amount(100));
        assert_eq!((days("04-30", "05-09"), days("05-02", "05-09")), (Amount(100), Amount(0)));
        assert_eq!(days("04-12", "04-10"), Amount(0));
        // Three months more, of 92 days, for 46.00.
        let longer = rental().with_term(3, rental().started_at).unwrap();
        let paid = PaidTime::new(&longer, &[term(1, 3000), term(3, 4600)]);
        assert_eq!(paid.worth_after(at("2026-04-16T00:00:00Z")), Amount(1500 + 4600));
        assert_eq!(paid.worth_after(at("2026-05-02T00:00:00Z")), Amount(4550));
    }

    #[test]
    fn free_time_is_worth_nothing_wherever_it_lies() {
        let longer = rental().with_free(3 * DAY);
        let paid = |rental: &Rental, terms: &[PaidTerm]| PaidTime::new(rental, terms);
        let first = term(1, 3000);
        let now = at("2026-04-30T00:00:00Z");
        assert_eq!(paid(&longer, &[first]).worth_after(now), Amount(100));
        let renewed = longer.clone().renew(1, longer.due_at).unwrap();
        let both = paid(&renewed, &[first, term(1, 3100)]);
        let began = longer.due_at;
        assert_eq!(both.worth_after(began), Amount(3100));
        assert_eq!(both.worth_after(began.plus(DAY)), Amount(3000));
    }

    #[test]
    fn terms_whose_months_were_not_kept_count_as_one() {
        let longer = rental().with_term(1, rental().due_at).unwrap();
        let old = PaidTerm { months: None, charged: Amount(3050) };
        let paid = PaidTime::new(&longer, &[old, old]);
        assert_eq!(paid.worth_after(at("2026-05-31T00:00:00Z")), Amount(100), "61 days for 61.00");
        let newer = longer.clone().with_term(1, longer.due_at).unwrap();
        let paid = PaidTime::new(&newer, &[old, old, term(1, 3000)]);
        assert_eq!(paid.worth_after(at("2026-06-30T00:00:00Z")), Amount(100));
        assert_eq!(paid.worth_after(at("2026-05-31T00:00:00Z")), Amount(3100));
    }
}
