//! Rentals whose SIM is off the air.

use super::*;
use crate::domain::{Rental, RentalId};
use crate::store::attacks;

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;
/// What a month costs, in cents.
const RENT: i64 = 1620;

/// SIM 1, which Ann has rented for a month and goes on renting.
async fn rented(cents: i64) -> (Fixture, AccountId, Rental) {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", cents).await;
    let rented = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", true).await.unwrap();
    let Rent::Made(rental) = rented else { panic!("{rented:?}") };
    (fixture, ann, rental)
}

impl Fixture {
    /// Time passes, as somebody looks now and then.
    async fn pass_watched(&self, seconds: i64, works: bool) {
        let step = match seconds {
            DAY_S.. if works => DAY_S,
            _ => HOUR_S,
        };
        for _ in 0..seconds / step {
            self.pass(step);
            if works {
                self.report(1);
            }
            self.gateway.rentals().watch_outages().await.unwrap();
            self.gateway.due_work().run_due_work().await.unwrap();
        }
    }

    async fn rental(&self, account: AccountId) -> Rental {
        self.gateway.rentals().view(account, RentalId(1)).await.unwrap().unwrap().rental
    }

    async fn outages(&self) -> Vec<(String, i64)> {
        let history = self.gateway.rentals().history(RentalId(1)).await.unwrap();
        let outages = history.outages.into_iter().filter(|outage| outage.ended_at.is_some());
        outages.map(|outage| (outage.length(), outage.credit.0)).collect()
    }
}

/// What so many seconds of a rental's first month have cost.
fn cost(rental: &Rental, seconds: i64) -> i64 {
    RENT * seconds * SECOND_US / (rental.due_at.0 - rental.started_at.0)
}

#[tokio::test]
async fn an_outage_of_more_than_a_day_is_given_back_once_and_a_shorter_one_not() {
    let (mut fixture, ann, rental) = rented(5_000).await;
    fixture.pass_watched(HOUR_S, true).await;
    for (hours, given_back) in [(23, 0), (30, cost(&rental, 30 * HOUR_S))] {
        let before = fixture.funds(ann).await.0;
        fixture.silence(1);
        fixture.pass_watched(hours * HOUR_S, false).await;
        assert_eq!(fixture.funds(ann).await.0, before, "it lasts");
        for _ in 0..3 {
            fixture.report(1);
            fixture.gateway.rentals().watch_outages().await.unwrap();
        }
        assert_eq!(fixture.funds(ann).await.0 - before, given_back, "{hours} h");
    }
    assert_eq!(fixture.outages().await, [("1 d 6 h".to_owned(), cost(&rental, 30 * HOUR_S))]);
    assert_eq!(fixture.rental(ann).await, rental, "the dates stay");
    let audit = fixture.gateway.audit().list(RowLimit::ALL.into()).await.unwrap();
    let refund = audit.iter().find(|row| row.action == "refunded").unwrap();
    assert!(refund.subject.contains("off the air for 1 d 6 h since 2026-"), "{}", refund.subject);
    fixture.restart().await;
    fixture.report(1);
    fixture.gateway.rentals().watch_outages().await.unwrap();
    assert_eq!(fixture.outages().await.len(), 1);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
    fixture.carry_out(attacks::OUTAGE_CREDITED_TWICE).unwrap();
    let found = fixture.faults().await;
    assert!(found.len() == 1 && found[0].contains(" of rental 1: what was given"), "{found:?}");
}

#[tokio::test]
async fn only_what_the_daemon_has_seen_is_counted() {
    let (mut fixture, ann, rental) = rented(5_000).await;
    fixture.pass_watched(HOUR_S, true).await;
    fixture.silence(1);
    fixture.pass_watched(20 * HOUR_S, false).await;
    // It is killed, and nobody looks for ten days; then the SIM is still off the air.
    fixture.restart().await;
    fixture.pass(10 * DAY_S);
    fixture.restart().await;
    fixture.pass_watched(5 * HOUR_S, false).await;
    fixture.report(1);
    fixture.gateway.rentals().watch_outages().await.unwrap();
    let seen = 25 * HOUR_S;
    assert_eq!(fixture.outages().await, [("1 d 1 h".to_owned(), cost(&rental, seen))]);
    assert_eq!(fixture.funds(ann).await.0, 5_000 - RENT + cost(&rental, seen));
    // A clock that is set ahead makes nothing last longer.
    fixture.silence(1);
    fixture.pass_watched(HOUR_S, false).await;
    fixture.pass(2 * DAY_S);
    fixture.gateway.clock_was_set(Duration::from_secs(2 * 24 * 3600));
    fixture.pass_watched(HOUR_S, false).await;
    fixture.report(1);
    fixture.gateway.rentals().watch_outages().await.unwrap();
    assert_eq!(fixture.outages().await.len(), 1);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_rental_whose_sim_is_gone_runs_on_for_seven_days_and_ends_with_a_refund() {
    let (fixture, ann, rental) = rented(5_000).await;
    let month = (rental.due_at.0 - rental.started_at.0) / SECOND_US;
    fixture.pass_watched(month - 10 * DAY_S, true).await;
    fixture.silence(1);
    fixture.pass_watched(10 * DAY_S, false).await;
    for day in 1..=7 {
        let waits = fixture.rental(ann).await;
        let free = Duration::from_secs(24 * 3600) * day;
        assert_eq!((waits.terms, waits.days_off_air), (1, day));
        assert_eq!((waits.expires_at, waits.due_at), (rental.due_at.plus(free), waits.expires_at));
        assert_eq!(fixture.funds(ann).await, (5_000 - RENT, 0));
        fixture.pass_watched(DAY_S, false).await;
    }
    let ended = fixture.rental(ann).await;
    assert_eq!(ended.state.ended_at(), Some(ended.expires_at));
    assert_eq!(fixture.outages().await, [("17 d 0 h".to_owned(), cost(&rental, 10 * DAY_S))]);
    assert_eq!(fixture.funds(ann).await, (5_000 - RENT + cost(&rental, 10 * DAY_S), 0));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_rental_whose_sim_is_back_is_renewed_after_its_free_day() {
    let (fixture, ann, rental) = rented(5_000).await;
    let month = (rental.due_at.0 - rental.started_at.0) / SECOND_US;
    fixture.pass_watched(month - 2 * DAY_S, true).await;
    fixture.silence(1);
    fixture.pass_watched(2 * DAY_S + 2 * HOUR_S, false).await;
    assert_eq!(fixture.rental(ann).await.days_off_air, 1);
    fixture.report(1);
    fixture.pass_watched(HOUR_S, true).await;
    let credit = cost(&rental, 2 * DAY_S);
    assert_eq!(fixture.funds(ann).await.0, 5_000 - RENT + credit, "free time costs nothing");
    fixture.pass_watched(DAY_S, true).await;
    let renewed = fixture.rental(ann).await;
    assert_eq!((renewed.terms, renewed.days_off_air), (2, 0));
    let paid = rental.clone().with_term(1, rental.due_at).unwrap();
    assert_eq!(renewed.expires_at, paid.expires_at.plus(Duration::from_secs(24 * 3600)));
    assert_eq!(fixture.funds(ann).await.0, 5_000 - 2 * RENT + credit);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_suspended_accounts_rental_has_no_free_days() {
    for what in ["suspended", "not renewed", "retired", "none of them"] {
        let (fixture, ann, rental) = rented(5_000).await;
        let month = (rental.due_at.0 - rental.started_at.0) / SECOND_US;
        fixture.pass_watched(month - 2 * DAY_S, true).await;
        fixture.silence(1);
        fixture.pass_watched(DAY_S + HOUR_S, false).await;
        match what {
            "suspended" => {
                drop(fixture.gateway.accounts().set_suspended("ann".into(), true).await.unwrap())
            }
            "not renewed" => {
                let edited = fixture.gateway.rentals().set_auto_renew(ann, RentalId(1), false);
                edited.await.map(drop).unwrap();
            }
            "retired" => drop(fixture.gateway.sims().set_retired(iccid(1), true).await.unwrap()),
            _ => {}
        }
        fixture.pass_watched(DAY_S, false).await;
        let after = fixture.rental(ann).await;
        let runs = what == "none of them";
        assert_eq!(after.state.ended_at().is_none(), runs, "{what}");
        assert_eq!(after.days_off_air, u32::from(runs));
        let credit = if runs { 0 } else { cost(&rental, 2 * DAY_S) };
        assert_eq!(fixture.funds(ann).await.0, 5_000 - RENT + credit, "{what}");
        assert_eq!(fixture.faults().await, Vec::<String>::new());
    }
}

/// A year of outages of all lengths: what is given back is what they have cost, by another count.
#[tokio::test]
async fn a_year_of_outages_is_given_back_as_an_independent_count_has_it() {
    let (fixture, ann, _) = rented(100_000).await;
    let mut random = 7_u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        i64::try_from((random >> 33) % below).unwrap()
    };
    // The seconds off the air that were paid for, each with the price of a second of its month.
    let (mut expected, mut credits) = (0.0, 0);
    for _ in 0..16 {
        fixture.report(1);
        fixture.pass_watched((1 + next(9)) * DAY_S, true).await;
        let hours = [2, 20, 30, 75, 120][usize::try_from(next(5)).unwrap()];
        fixture.silence(1);
        let mut paid = 0.0;
        for _ in 0..hours {
            let before = fixture.rental(ann).await;
            fixture.pass_watched(HOUR_S, false).await;
            let month = before.months;
            let end =
                |months| crate::domain::calendar::add_months(before.started_at, months).unwrap().0;
            let length = (end(month) - end(month - 1)) / SECOND_US;
            let now = fixture.gateway.now();
            if now <= before.paid_until() {
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let share = HOUR_S as f64 / length as f64;
                paid += 1620.0 * share;
            }
        }
        fixture.report(1);
        fixture.gateway.rentals().watch_outages().await.unwrap();
        if hours >= 24 {
            (expected, credits) = (expected + paid, credits + 1);
        }
    }
    let given: i64 = fixture.outages().await.iter().map(|(_, credit)| credit).sum();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let difference = (given as f64 - expected).abs();
    // Of each, less than one cent for each month that it was in, and an hour across a month's end.
    assert!(difference < f64::from(credits) * 4.0, "{given} {expected}");
    assert!(given > 500, "{given}");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}
