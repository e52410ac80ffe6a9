//! A rental's life: active → ended. Its SIM is its own from its start to its end.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::calendar::add_months;
use super::price::{Charge, Price, Rates};
use super::{AccountId, RentalId, SimId, Timestamp};

/// How long a customer rents: `1m`, `3m`, `6m`, `1y`, or whatever else the operator sells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    name: String,
    months: u32,
}

/// The longest package.
const LONGEST_MONTHS: u32 = 120;

impl Package {
    /// How many calendar months it lasts.
    pub fn months(&self) -> u32 {
        self.months
    }

    /// Its name as the API spells it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Package {
    type Err = ();

    /// Reads digits and `m` or `y`, as the customers' API (`docs/customer-api.md`) writes packages.
    fn from_str(text: &str) -> Result<Package, ()> {
        let (digits, unit) = match (text.strip_suffix('m'), text.strip_suffix('y')) {
            (Some(digits), _) => (digits, 1),
            (None, Some(digits)) => (digits, 12),
            (None, None) => return Err(()),
        };
        if digits.is_empty()
            || digits.starts_with('0')
            || !digits.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(());
        }
        let months =
            digits.parse::<u32>().ok().and_then(|count| count.checked_mul(unit)).ok_or(())?;
        if months > LONGEST_MONTHS {
            Err(())
        } else {
            Ok(Package { name: text.to_owned(), months })
        }
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The package of a customer who names none.
pub const DEFAULT_PACKAGE: &str = "1m";

/// What is sold, and for how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packages {
    prices: BTreeMap<Package, Price>,
    rates: Rates,
}

impl Packages {
    /// Packages with their prices, and the rates that these are converted at.
    pub fn new(prices: BTreeMap<Package, Price>, rates: Rates) -> Packages {
        Packages { prices, rates }
    }

    /// The package that a name means, and what it costs now; `None` when it is not sold.
    pub fn find(&self, name: &str) -> Option<(Package, Charge)> {
        let package: Package = name.parse().ok()?;
        let charge = self.rates.charge(self.prices.get(&package)?)?;
        Some((package, charge))
    }
}

/// Where a rental is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RentalState {
    /// It runs.
    Active,
    /// It has ended.
    Ended {
        /// When: its end, however late that was noticed.
        at: Timestamp,
    },
}

impl RentalState {
    /// The word in the database and in `rental list`.
    pub fn as_str(self) -> &'static str {
        match self {
            RentalState::Active => "active",
            RentalState::Ended { .. } => "ended",
        }
    }

    /// When it ended.
    pub fn ended_at(self) -> Option<Timestamp> {
        match self {
            RentalState::Active => None,
            RentalState::Ended { at } => Some(at),
        }
    }

    /// The state that a row's columns stand for; `None` if no rental can be in such a state.
    pub fn from_row(word: &str, ended_at: Option<Timestamp>) -> Option<RentalState> {
        match (word, ended_at) {
            ("active", None) => Some(RentalState::Active),
            ("ended", Some(at)) => Some(RentalState::Ended { at }),
            _ => None,
        }
    }
}

/// A rental as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rental {
    /// The contract's id, as the customer knows it.
    pub id: RentalId,
    /// Whose it is.
    pub account: AccountId,
    /// The SIM.
    pub sim: SimId,
    /// That SIM's number when it was rented, E.164 with `+`.
    pub number: String,
    /// The country's code as the API spells it.
    pub country: String,
    /// The package that was bought first.
    pub package: String,
    /// The package that it is renewed with.
    pub renewal_package: String,
    /// Whether it is renewed at its end.
    pub auto_renew: bool,
    /// Terms paid for: the first, extensions, renewals.
    pub terms: u32,
    /// The months of all terms together.
    pub months: u32,
    /// Its start.
    pub started_at: Timestamp,
    /// Its end as paid for.
    pub expires_at: Timestamp,
    /// Where it is in its life.
    pub state: RentalState,
}

impl Rental {
    /// Whether it runs at `now`. Past its end it does not, even if the database does not say so
    /// yet.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.state == RentalState::Active && now < self.expires_at
    }

    /// When it ended, or ends as paid for.
    pub fn ends_at(&self) -> Timestamp {
        self.state.ended_at().unwrap_or(self.expires_at)
    }

    /// Whether it gets an SMS that the network accepted at `taken_at` and that reached us at
    /// `received_at` ([invariant 5](crate#what-always-holds)).
    ///
    /// `taken_at` comes from a time stamp in whole seconds, so a message of the second in which the
    /// rental started counts as the rental's.
    pub fn was_running(&self, taken_at: Timestamp, received_at: Timestamp) -> bool {
        const STAMP_RESOLUTION_US: i64 = 1_000_000;
        let end = self.ends_at();
        let started_by_then = taken_at.0.saturating_add(STAMP_RESOLUTION_US) > self.started_at.0;
        started_by_then && self.started_at <= received_at && taken_at < end && received_at < end
    }

    /// With one more term; `None` past the end of the calendar. Months are counted from the start:
    /// see [`add_months`].
    pub fn with_term(self, months: u32) -> Option<Rental> {
        let months = self.months.checked_add(months)?;
        let expires_at = add_months(self.started_at, months)?;
        Some(Rental { terms: self.terms.checked_add(1)?, months, expires_at, ..self })
    }

    /// The end of its life, at the end of what was paid for.
    pub fn end(self) -> Rental {
        Rental { state: RentalState::Ended { at: self.expires_at }, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc().into()
    }

    fn rental() -> Rental {
        Rental {
            id: RentalId(1),
            account: AccountId(1),
            sim: SimId(1),
            number: "+31612345678".into(),
            country: "NL".into(),
            package: "1m".into(),
            renewal_package: "1m".into(),
            auto_renew: true,
            terms: 1,
            months: 1,
            started_at: at("2026-01-31T12:00:00.5Z"),
            expires_at: at("2026-02-28T12:00:00.5Z"),
            state: RentalState::Active,
        }
    }

    #[test]
    fn packages_are_months_and_years() {
        for (name, months) in [("1m", 1), ("3m", 3), ("6m", 6), ("1y", 12), ("2y", 24)] {
            assert_eq!(name.parse::<Package>().unwrap().months(), months);
        }
        for name in [
            "",
            "m",
            "1",
            "0m",
            "01m",
            "1M",
            "1d",
            "-1m",
            "1.5m",
            "121m",
            "99999999999m",
            "400000000y",
        ] {
            assert!(name.parse::<Package>().is_err(), "{name}");
        }
    }

    #[test]
    fn month_after_month_from_the_31st_each_ends_on_its_months_last_day() {
        let mut rental = rental();
        for end in [
            "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30",
            "12-31",
        ] {
            rental = rental.with_term(1).unwrap();
            assert_eq!(rental.expires_at, at(&format!("2026-{end}T12:00:00.5Z")));
        }
        let year = rental.with_term(12).unwrap();
        assert_eq!(
            (year.expires_at, year.months, year.terms),
            (at("2027-12-31T12:00:00.5Z"), 23, 12)
        );
        assert_eq!(year.with_term(2).unwrap().expires_at, at("2028-02-29T12:00:00.5Z"));
    }

    #[test]
    fn a_second_month_ends_where_two_months_from_the_start_do() {
        let twice = rental().with_term(1).unwrap();
        assert_eq!(
            (twice.expires_at, twice.terms, twice.months),
            (at("2026-03-31T12:00:00.5Z"), 2, 2)
        );
        assert_eq!(rental().with_term(u32::MAX), None);
    }

    #[test]
    fn only_an_sms_of_its_term_is_its_own() {
        for (taken, received, own, why) in [
            ("2026-02-10T00:00:00Z", "2026-02-10T00:00:05Z", true, "in its term"),
            (
                "2026-01-31T12:00:00Z",
                "2026-01-31T12:00:02Z",
                true,
                "the stamp's second is that of the start",
            ),
            ("2026-01-31T11:59:59Z", "2026-01-31T12:00:02Z", false, "taken in before the start"),
            ("2026-02-10T00:00:00Z", "2026-01-31T11:00:00Z", false, "reached us before the start"),
            ("2026-02-28T12:00:01Z", "2026-02-28T12:00:02Z", false, "taken in after the end"),
            ("2026-02-28T11:00:00Z", "2026-02-28T12:00:02Z", false, "reached us after the end"),
        ] {
            assert_eq!(rental().was_running(at(taken), at(received)), own, "{why}");
            assert_eq!(
                rental().end().was_running(at(taken), at(received)),
                own,
                "{why}, when it has ended"
            );
        }
    }

    #[test]
    fn rows_and_states_agree() {
        for state in [RentalState::Active, RentalState::Ended { at: Timestamp(3) }] {
            assert_eq!(RentalState::from_row(state.as_str(), state.ended_at()), Some(state));
        }
        assert_eq!(RentalState::from_row("active", Some(Timestamp(3))), None);
        assert_eq!(RentalState::from_row("ended", None), None);
    }
}
