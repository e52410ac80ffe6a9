//! What tenants are owed: rentals that are ended early, and days that cost nothing.

use super::*;
use crate::domain::ledger::{Posting, RefundCause};
use crate::domain::{Rental, RentalId};
use crate::store::attacks;

const DAY_S: i64 = 24 * 3600;
/// What a month costs, in cents.
const RENT: i64 = 1620;

async fn rent(fixture: &Fixture, account: AccountId, auto_renew: bool) -> Rental {
    let rented = fixture.gateway.rentals().rent(account, Some("nl"), "1m", auto_renew).await;
    match rented.unwrap() {
        Rent::Made(rental) => rental,
        other => panic!("{other:?}"),
    }
}

/// SIM 1, which Ann has rented for a month, on a site with SIM 2.
async fn rented() -> (Fixture, AccountId, Rental) {
    let fixture = Fixture::open().await;
    for n in [1, 2] {
        fixture.plug(n).await;
    }
    let ann = fixture.customer("ann", 5_000).await;
    let rental = rent(&fixture, ann, false).await;
    (fixture, ann, rental)
}

async fn end(fixture: &Fixture, refund: EndRefund) -> Result<i64, String> {
    let reason = "the SIM is lost".to_owned();
    let ended = fixture.gateway.rentals().end_for_operator(RentalId(1), refund, reason).await;
    ended.map(|(_, amount)| amount.0).map_err(|error| error.to_string())
}

async fn days(fixture: &Fixture, days: u32) -> Result<Rental, String> {
    let given = fixture.gateway.rentals().give_days(RentalId(1), days, "no signal".into()).await;
    given.map(|view| view.rental).map_err(|error| error.to_string())
}

async fn view(fixture: &Fixture, account: AccountId) -> (Rental, Vec<String>) {
    let view = fixture.gateway.rentals().view(account, RentalId(1)).await.unwrap().unwrap();
    (view.rental, view.messages.into_iter().filter_map(|message| message.text).collect())
}

fn length_of(rental: &Rental) -> i64 {
    rental.expires_at.0 - rental.started_at.0
}

#[tokio::test]
async fn a_rental_that_is_ended_gives_back_what_the_rest_of_its_time_has_cost() {
    let (fixture, ann, rental) = rented().await;
    fixture.pass(10 * DAY_S);
    fixture.report(1);
    fixture.sms(1, "Friend", "hello").await;
    let rest = RENT * (length_of(&rental) - 10 * DAY_S * SECOND_US) / length_of(&rental);
    assert_eq!(end(&fixture, EndRefund::ProRata).await, Ok(rest));
    assert_eq!(fixture.funds(ann).await, (5_000 - RENT + rest, 0));
    let (ended, texts) = view(&fixture, ann).await;
    assert_eq!(ended.state.ended_at(), Some(fixture.gateway.now()));
    assert_eq!((ended.shown_end(), texts), (fixture.gateway.now(), vec!["hello".to_owned()]));

    // What comes now is nobody's, the SIM rests, and the same once more is refused.
    fixture.sms(1, "Friend", "anybody there?").await;
    assert_eq!(view(&fixture, ann).await.1.len(), 1);
    fixture.pass(1);
    fixture.report(1);
    fixture.report(2);
    assert_eq!(rent(&fixture, ann, false).await.number.as_str(), "+31612000002");
    assert!(end(&fixture, EndRefund::ProRata).await.unwrap_err().contains("rental 1 ended at"));
    assert!(days(&fixture, 1).await.unwrap_err().contains("rental 1 ended at"));
    let revived = fixture.gateway.inbox().revive(RentalId(1)).await.unwrap_err().to_string();
    assert!(revived.contains("was ended by the operator"), "{revived}");
    let ledger = fixture.gateway.accounts().ledger("ann".into(), RowLimit::ALL.into()).await;
    let refund = ledger.unwrap().into_iter().map(|row| row.entry);
    let refund = refund.into_iter().find(|entry| entry.kind.as_str() == "refund").unwrap();
    assert_eq!(
        (refund.rental, refund.note.as_deref(), refund.balance),
        (Some(RentalId(1)), Some("the SIM is lost"), Amount(rest))
    );
    let audit = fixture.gateway.audit().list(RowLimit::ALL.into()).await.unwrap();
    let of_end = audit.iter().find(|row| row.action == "ended").unwrap();
    let given_back = Currency::USD.text_with_code(Amount(rest));
    let given_back = format!("rental 1, {given_back} given back: the SIM is lost");
    assert_eq!(of_end.subject, given_back);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn no_more_is_given_back_than_a_rental_has_cost() {
    for (refund, expected) in [
        (EndRefund::Nothing, Ok(0)),
        (EndRefund::Of(Amount(1)), Ok(1)),
        (EndRefund::Of(Amount(RENT)), Ok(RENT)),
        (EndRefund::Of(Amount(RENT + 1)), Err("rental 1 has cost 16.20; a refund is that or less")),
        (EndRefund::Of(Amount(0)), Err("and more than 0.00")),
        (EndRefund::Of(Amount(-5)), Err("and more than 0.00")),
    ] {
        let (fixture, ann, _) = rented().await;
        match (end(&fixture, refund).await, expected) {
            (Ok(given), Ok(expected)) => {
                assert_eq!(given, expected);
                assert_eq!(fixture.funds(ann).await, (5_000 - RENT + given, 0));
            }
            (Err(said), Err(words)) => {
                assert!(said.contains(words), "{said}");
                assert_eq!(view(&fixture, ann).await.0.state.as_str(), "active");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(fixture.faults().await, Vec::<String>::new());
    }
    let (fixture, ..) = rented().await;
    let rentals = fixture.gateway.rentals();
    let blank = rentals.end_for_operator(RentalId(1), EndRefund::Nothing, " ".into()).await;
    assert!(blank.unwrap_err().to_string().contains("has a reason"));
    let none = rentals.give_days(RentalId(7), 1, "x".into()).await.unwrap_err().to_string();
    assert!(none.starts_with("no rental 7;"), "{none}");
    let (amount, cause) = (Amount(1_621), RefundCause::Ended { term: 1 });
    let posting =
        Posting::RentalRefund { amount, rental: RentalId(1), cause, note: "x".to_owned() };
    let posted = fixture.post(AccountId(1), posting).await.unwrap_err().to_string();
    assert_eq!(posted, "account 1: would be given back more than it was charged");
    // What a damaged database may have is found.
    fixture.carry_out(attacks::RENTAL_REFUND_OF_TOO_MUCH).unwrap();
    let found = fixture.faults().await;
    assert!(found.len() == 1 && found[0].starts_with("rental 1: more was given"), "{found:?}");
}

#[tokio::test]
async fn free_days_follow_what_was_paid_for_and_are_worth_nothing() {
    let (fixture, ann, rental) = rented().await;
    for wrong in [0, 367, u32::MAX] {
        assert!(days(&fixture, wrong).await.unwrap_err().contains("from 1 to 366 days"));
    }
    let longer = days(&fixture, 3).await.unwrap();
    let three = Duration::from_secs(3 * 24 * 3600);
    assert_eq!(longer.expires_at, rental.expires_at.plus(three));
    assert_eq!(longer, view(&fixture, ann).await.0, "its tenant is shown the later end");
    fixture.clock.store(rental.expires_at.0, Ordering::SeqCst);
    fixture.report(1);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    fixture.sms(1, "Friend", "on a free day").await;
    assert_eq!(view(&fixture, ann).await.1, ["on a free day"]);
    assert_eq!(end(&fixture, EndRefund::ProRata).await, Ok(0));
    assert_eq!(fixture.funds(ann).await, (5_000 - RENT, 0));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn free_days_are_not_charged_for_and_the_next_term_follows_them() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 2 * RENT).await;
    let rental = rent(&fixture, ann, true).await;
    days(&fixture, 2).await.unwrap();
    fixture.clock.store(rental.expires_at.0 + DAY_S * SECOND_US, Ordering::SeqCst);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(fixture.funds(ann).await, (RENT, 0), "the second day runs");
    fixture.pass(DAY_S);
    fixture.report(1);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let renewed = view(&fixture, ann).await.0;
    assert_eq!((fixture.funds(ann).await, renewed.terms), ((0, 0), 2));
    let two_days = Duration::from_secs(2 * 24 * 3600);
    let paid = rental.clone().with_term(1, rental.due_at).unwrap();
    assert_eq!(renewed.expires_at, paid.expires_at.plus(two_days));
    // All of the term that has just begun is left.
    assert_eq!(end(&fixture, EndRefund::ProRata).await, Ok(RENT));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}
