//! The test rental and its texts.

use std::time::Duration;

use super::{COUNTRY, KEPT_FOR, TestText, number, text};
use crate::domain::calendar::add_months;
use crate::domain::rental::NewRental;
use crate::domain::{AccountId, Amount, Rental, RentalId, SimId, Timestamp};

const MINUTE: Duration = Duration::from_secs(60);

/// A test rental: what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRental {
    pub id: RentalId,
    pub account: AccountId,
    pub package: String,
    pub renewal_package: String,
    pub auto_renew: bool,
    /// How many months all of its terms have together, and what the last one has cost.
    pub months: u32,
    pub price: Amount,
    pub started_at: Timestamp,
    /// How many of its texts its account was told of.
    pub told: i64,
}

impl TestRental {
    /// The rental in the form that real ones have. It is active for as long as it is kept.
    pub fn as_rental(&self) -> Rental {
        let last = Timestamp(i64::MAX);
        let new = NewRental {
            account: self.account,
            sim: SimId(0),
            number: number(self.id.0),
            country: COUNTRY.to_owned(),
            package: self.package.clone(),
            months: self.months,
            auto_renew: self.auto_renew,
            started_at: self.started_at,
            expires_at: add_months(self.started_at, self.months).unwrap_or(last),
        };
        let rental = Rental::begin(self.id, new);
        Rental { renewal_package: self.renewal_package.clone(), ..rental }
    }

    /// How many texts it was sent up to `now`: one a minute.
    pub fn text_count(&self, now: Timestamp) -> i64 {
        let end = now.min(self.forgotten_at());
        let minutes = end.since(self.started_at).as_secs() / MINUTE.as_secs();
        i64::try_from(minutes).unwrap_or_default()
    }

    /// Its text with this number; the first has 1.
    pub fn text(&self, number: i64) -> TestText {
        let id = self.id.0.saturating_mul(10_000).saturating_add(number);
        text(id, false, self.text_time(number))
    }

    fn text_time(&self, number: i64) -> Timestamp {
        let minutes = u32::try_from(number).unwrap_or_default();
        self.started_at.plus(MINUTE.saturating_mul(minutes))
    }

    /// When its next text comes that its account was not told of.
    pub fn next_at(&self) -> Timestamp {
        self.text_time(self.told.saturating_add(1))
    }

    /// When it is not kept any more.
    pub fn forgotten_at(&self) -> Timestamp {
        self.started_at.plus(KEPT_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::super::FIRST_RENTAL_ID;
    use super::*;

    const MADE: Timestamp = Timestamp(1_000_000_000);

    fn after(seconds: u64) -> Timestamp {
        MADE.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn the_rental_is_sent_a_text_a_minute_for_a_day() {
        let rental = TestRental {
            id: RentalId(FIRST_RENTAL_ID),
            account: AccountId(1),
            package: "1m".to_owned(),
            renewal_package: "1m".to_owned(),
            auto_renew: true,
            months: 1,
            price: Amount(1500),
            started_at: MADE,
            told: 0,
        };
        for (seconds, count) in [(0, 0), (59, 0), (60, 1), (150, 2), (2 * 24 * 3600, 1440)] {
            assert_eq!(rental.text_count(after(seconds)), count, "{seconds}");
        }
        assert_eq!((rental.text(2).received_at, rental.next_at()), (after(120), after(60)));
        let told = TestRental { told: 1439, ..rental.clone() };
        assert_eq!((told.next_at(), told.next_at()), (after(24 * 3600), rental.forgotten_at()));
        assert_eq!(rental.as_rental().number.to_string(), "+9992100000000");
    }
}
