//! A rental and its states: active → ended. From its start to its end it has its SIM to itself.

mod package;
mod state;

use std::time::Duration;

use super::calendar::add_months;
use super::{AccountId, Msisdn, RentalId, SimId, Timestamp};
pub use package::{DEFAULT_PACKAGE, Package, Packages, hours_of};
pub use state::{CANCEL_WITHIN, RentalEnding, RentalState};

/// A rental: one SIM with all its messages, for as long as was paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rental {
    /// The id, which is the contract's id in the customers' API.
    pub id: RentalId,
    /// The account that rents the number and pays for it.
    pub account: AccountId,
    pub sim: SimId,
    /// The SIM's number when it was rented.
    pub number: Msisdn,
    /// The country's code as the API spells it.
    pub country: String,
    /// The package of the first term.
    pub package: String,
    /// The package that it is renewed with.
    pub renewal_package: String,
    /// Whether another term is charged at its end.
    pub auto_renew: bool,
    /// How many terms were paid for: the first, extensions and renewals.
    pub terms: u32,
    /// How many months all terms have together.
    pub months: u32,
    pub started_at: Timestamp,
    /// Since when it has its SIM, if it was moved to another than it had at its start.
    pub moved_at: Option<Timestamp>,
    /// The end of the last term that was paid for.
    pub expires_at: Timestamp,
    /// When it is to be renewed or ended. That is `expires_at`, or later where a term that was over
    /// already was renewed only now: one term is renewed at a time, so that a clock that is wrong
    /// costs no more than one.
    pub due_at: Timestamp,
    /// For how long it runs on for nothing, in all. This time follows what was paid for.
    pub free: Duration,
    /// How much of that lies before the last term that was charged.
    pub free_before: Duration,
    /// How many days in a row it has run on for nothing since its last term, because its SIM was
    /// off the air.
    pub days_off_air: u32,
    pub state: RentalState,
}

/// What a rental is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRental {
    pub account: AccountId,
    pub sim: SimId,
    pub number: Msisdn,
    /// The country's code as the API spells it.
    pub country: String,
    /// The package of the first term, with which it is renewed.
    pub package: String,
    /// How many months the first term has.
    pub months: u32,
    /// Whether another term is charged at its end.
    pub auto_renew: bool,
    pub started_at: Timestamp,
    /// The end of the first term.
    pub expires_at: Timestamp,
}

/// How long before its end a tenant is told that a rental ends soon, the longest first.
pub const NOTICES: [Duration; 2] =
    [Duration::from_secs(7 * 24 * 3600), Duration::from_secs(2 * 24 * 3600)];

/// When a tenant is told next, after `now`, that a rental which ends at `end` ends soon.
pub fn next_notice(end: Timestamp, now: Timestamp) -> Option<Timestamp> {
    NOTICES.into_iter().map(|before| end.minus(before)).find(|at| now < *at)
}

/// The least time from one renewal of a rental to the next. An operator has that long to notice
/// that this machine's clock is wrong.
pub const BETWEEN_RENEWALS: Duration = Duration::from_secs(24 * 3600);

impl Rental {
    /// A rental in its first term, without any free time.
    pub fn begin(id: RentalId, new: NewRental) -> Rental {
        let NewRental { account, sim, number, country, package, months, .. } = new;
        Rental {
            id,
            account,
            sim,
            number,
            country,
            renewal_package: package.clone(),
            package,
            auto_renew: new.auto_renew,
            terms: 1,
            months,
            started_at: new.started_at,
            moved_at: None,
            expires_at: new.expires_at,
            due_at: new.expires_at,
            free: Duration::ZERO,
            free_before: Duration::ZERO,
            days_off_air: 0,
            state: RentalState::Active,
        }
    }

    /// Whether it is active at `now`. After its end it is not, even if its state in the database
    /// has not been changed yet.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.state == RentalState::Active && now < self.due_at
    }

    /// When it ended, or when it would end if it were not renewed.
    pub fn ends_at(&self) -> Timestamp {
        self.state.ended_at().unwrap_or(self.due_at)
    }

    /// Since when it has its SIM.
    pub fn has_sim_since(&self) -> Timestamp {
        self.moved_at.unwrap_or(self.started_at)
    }

    /// The end that its tenant is told: the end of what was paid for and of what was free, or
    /// earlier, if the operator has ended it.
    pub fn shown_end(&self) -> Timestamp {
        self.state.ended_at().map_or(self.expires_at, |at| at.min(self.expires_at))
    }

    /// The end of the last term that was paid for, before the free time that follows it.
    pub fn paid_until(&self) -> Timestamp {
        self.expires_at.minus(self.free.saturating_sub(self.free_before))
    }

    /// Whether it gets an SMS that the network accepted at `taken_at` and that reached us at
    /// `received_at` ([invariant 5](crate#what-always-holds)).
    ///
    /// `taken_at` comes from a time stamp in whole seconds, so a message of the second in which the
    /// rental started, or was moved to its SIM, counts as the rental's.
    pub fn was_running(&self, taken_at: Timestamp, received_at: Timestamp) -> bool {
        const STAMP_RESOLUTION_US: i64 = 1_000_000;
        let end = self.ends_at();
        let since = self.has_sim_since();
        let started_by_then = taken_at.0.saturating_add(STAMP_RESOLUTION_US) > since.0;
        started_by_then && since <= received_at && taken_at < end && received_at < end
    }

    /// Adds a term at `now`; `None` when that would end after the end of the calendar. Months are
    /// counted from the start of the rental: see [`add_months`]. Free time that has not passed
    /// comes after it.
    pub fn with_term(self, months: u32, now: Timestamp) -> Option<Rental> {
        let months = self.months.checked_add(months)?;
        let expires_at = add_months(self.started_at, months)?.plus(self.free);
        let due_at = self.due_at.max(expires_at);
        let used = now.since(self.paid_until());
        let free_before = self.free_before.saturating_add(used).min(self.free);
        let terms = self.terms.checked_add(1)?;
        Some(Rental { terms, months, expires_at, due_at, free_before, days_off_air: 0, ..self })
    }

    /// Lets it run on for nothing for so much longer.
    pub fn with_free(self, time: Duration) -> Rental {
        let (free, expires_at) = (self.free.saturating_add(time), self.expires_at.plus(time));
        Rental { free, expires_at, due_at: self.due_at.max(expires_at), ..self }
    }

    /// Lets it run on for nothing for another day at `now`, when it was due and its SIM was off the
    /// air.
    pub fn with_day_off_air(self, now: Timestamp) -> Rental {
        let days_off_air = self.days_off_air.saturating_add(1);
        let longer = self.with_free(BETWEEN_RENEWALS);
        let due_at = longer.expires_at.max(now.plus(BETWEEN_RENEWALS));
        Rental { due_at, days_off_air, ..longer }
    }

    /// Renews it at `now`, when it was due. If another term would be due already, that one waits.
    pub fn renew(self, months: u32, now: Timestamp) -> Option<Rental> {
        let renewed = self.with_term(months, now)?;
        Some(Rental { due_at: renewed.expires_at.max(now.plus(BETWEEN_RENEWALS)), ..renewed })
    }

    /// Gives a rental that has ended another term, which begins when the last one ended.
    pub fn revive(self, months: u32) -> Option<Rental> {
        let due_at = self.state.ended_at()?;
        Rental { state: RentalState::Active, due_at, ..self }.with_term(months, due_at)
    }

    /// Ends the rental when it was due.
    pub fn end(self) -> Rental {
        let (at, how) = (self.due_at, RentalEnding::TermOver);
        Rental { state: RentalState::Ended { at, how }, ..self }
    }

    /// Ends the rental at `now`, before its time is over.
    pub fn end_early(self, now: Timestamp, how: RentalEnding) -> Rental {
        let at = now.max(self.started_at).min(self.due_at);
        Rental { state: RentalState::Ended { at, how }, ..self }
    }

    /// Whether it was ended before its time was over, and for good.
    pub fn was_ended_early(&self) -> bool {
        self.state.ending().is_some_and(|how| how != RentalEnding::TermOver)
    }

    /// Whether it is so young at `now` that its tenant may cancel it, if it was sent nothing.
    pub fn is_cancelable(&self, now: Timestamp) -> bool {
        self.is_active(now) && now < self.started_at.plus(CANCEL_WITHIN)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn at(text: &str) -> Timestamp {
        chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc().into()
    }

    pub fn rental() -> Rental {
        Rental {
            id: RentalId(1),
            account: AccountId(1),
            sim: SimId(1),
            number: Msisdn::from_stored("+31612345678"),
            country: "NL".into(),
            package: "1m".into(),
            renewal_package: "1m".into(),
            auto_renew: true,
            terms: 1,
            months: 1,
            started_at: at("2026-01-31T12:00:00.5Z"),
            moved_at: None,
            expires_at: at("2026-02-28T12:00:00.5Z"),
            due_at: at("2026-02-28T12:00:00.5Z"),
            free: Duration::ZERO,
            free_before: Duration::ZERO,
            days_off_air: 0,
            state: RentalState::Active,
        }
    }

    #[test]
    fn a_tenant_is_told_seven_and_two_days_before_the_end() {
        let end = at("2026-02-28T12:00:00Z");
        for (now, expected) in [
            ("2026-01-31T12:00:00Z", Some("2026-02-21T12:00:00Z")),
            ("2026-02-21T12:00:00Z", Some("2026-02-26T12:00:00Z")),
            ("2026-02-26T12:00:00Z", None),
            ("2026-03-01T12:00:00Z", None),
        ] {
            assert_eq!(next_notice(end, at(now)), expected.map(at), "{now}");
        }
    }

    #[test]
    fn month_after_month_from_the_31st_each_ends_on_its_months_last_day() {
        let mut rental = rental();
        for end in [
            "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30",
            "12-31",
        ] {
            rental = rental.clone().with_term(1, rental.due_at).unwrap();
            assert_eq!(rental.expires_at, at(&format!("2026-{end}T12:00:00.5Z")));
        }
        let year = rental.clone().with_term(12, rental.due_at).unwrap();
        assert_eq!(
            (year.expires_at, year.months, year.terms),
            (at("2027-12-31T12:00:00.5Z"), 23, 12)
        );
        assert_eq!(
            year.clone().with_term(2, year.due_at).unwrap().expires_at,
            at("2028-02-29T12:00:00.5Z")
        );
    }

    #[test]
    fn a_second_month_ends_where_two_months_from_the_start_do() {
        let twice = rental().with_term(1, rental().due_at).unwrap();
        assert_eq!(
            (twice.expires_at, twice.terms, twice.months),
            (at("2026-03-31T12:00:00.5Z"), 2, 2)
        );
        assert_eq!(rental().with_term(u32::MAX, rental().due_at), None);
    }

    #[test]
    fn one_term_is_renewed_at_a_time_however_late_it_is() {
        let in_time = rental().renew(1, rental().due_at).unwrap();
        assert_eq!((in_time.due_at, in_time.terms), (in_time.expires_at, 2));
        let late = at("2026-07-01T00:00:00Z");
        let behind = rental().renew(1, late).unwrap();
        assert_eq!(behind.expires_at, at("2026-03-31T12:00:00.5Z"), "a month that is over, too");
        assert_eq!(behind.due_at, at("2026-07-02T00:00:00Z"));
        assert!(behind.is_active(late));
        assert_eq!(behind.clone().end().state.ended_at(), Some(behind.due_at));
        let extended = behind.clone().with_term(1, behind.due_at).unwrap();
        assert_eq!(extended.due_at, at("2026-07-02T00:00:00Z"), "it is behind even so");
    }

    #[test]
    fn free_time_follows_what_was_paid_for() {
        let (day, end) = (Duration::from_secs(86_400), rental().expires_at);
        let longer = rental().with_free(3 * day);
        assert_eq!((longer.expires_at, longer.paid_until()), (end.plus(3 * day), end));
        assert_eq!(longer.due_at, longer.expires_at);
        // A term that is bought before the free time has begun comes before it; one that is bought
        // in it, after what of it has passed.
        let paid = at("2026-03-31T12:00:00.5Z");
        let early = longer.clone().with_term(1, end).unwrap();
        assert_eq!((early.expires_at, early.paid_until()), (paid.plus(3 * day), paid));
        let later = longer.clone().with_term(1, end.plus(day)).unwrap();
        assert_eq!((later.expires_at, later.paid_until()), (early.expires_at, paid.plus(day)));
        let renewed = longer.clone().renew(1, longer.due_at).unwrap();
        assert_eq!(renewed.expires_at, early.expires_at);
        assert_eq!(renewed.paid_until(), renewed.expires_at, "all of it has passed");
    }

    #[test]
    fn a_rental_is_ended_early_and_says_so() {
        let noon = at("2026-02-10T12:00:00Z");
        let ended = rental().end_early(noon, RentalEnding::ByOperator);
        assert_eq!((ended.state.ended_at(), ended.shown_end()), (Some(noon), noon));
        assert!(ended.was_ended_early() && !rental().end().was_ended_early());
        assert_eq!(rental().end().shown_end(), rental().expires_at);
        assert!(!ended.was_running(noon, noon));
        let before = rental().end_early(at("2026-01-01T00:00:00Z"), RentalEnding::Finished);
        assert_eq!(before.state.ended_at(), Some(rental().started_at), "the clock was set back");
    }

    #[test]
    fn a_rental_can_be_canceled_for_twenty_minutes() {
        let minutes = |n: u64| rental().started_at.plus(Duration::from_secs(60 * n));
        assert!(rental().is_cancelable(minutes(19)) && !rental().is_cancelable(minutes(20)));
        let canceled = rental().end_early(minutes(1), RentalEnding::Canceled);
        assert!(!canceled.is_cancelable(minutes(2)));
    }

    #[test]
    fn a_rental_is_revived_from_its_old_end() {
        assert_eq!(rental().revive(1), None, "it has not ended");
        let revived = rental().end().revive(1).unwrap();
        assert_eq!(
            revived,
            rental().with_term(1, rental().due_at).unwrap(),
            "as if it had never ended"
        );
        assert_eq!(revived.due_at, at("2026-03-31T12:00:00.5Z"));
    }

    #[test]
    fn a_rental_gets_only_the_messages_of_its_term() {
        for (taken, received, own, why) in [
            ("2026-02-10T00:00:00Z", "2026-02-10T00:00:05Z", true, "during its term"),
            (
                "2026-01-31T12:00:00Z",
                "2026-01-31T12:00:02Z",
                true,
                "the time stamp's second is that of the start",
            ),
            ("2026-01-31T11:59:59Z", "2026-01-31T12:00:02Z", false, "accepted before the start"),
            ("2026-02-10T00:00:00Z", "2026-01-31T11:00:00Z", false, "reached us before the start"),
            ("2026-02-28T12:00:01Z", "2026-02-28T12:00:02Z", false, "accepted after the end"),
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
}
