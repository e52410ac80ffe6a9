//! Rentals that their tenants end themselves: finished without a refund, or canceled with one.

use super::*;
use crate::domain::rental::{RentalEnding, RentalState};
use crate::domain::{Rental, RentalId};

const MINUTE_S: i64 = 60;

async fn rented() -> (Fixture, AccountId, Rental) {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 5_000).await;
    let rented = fixture.gateway.rentals().rent(ann, Some("NL"), "1m", false).await.unwrap();
    let Rent::Made(rental) = rented else { panic!("{rented:?}") };
    (fixture, ann, rental)
}

async fn cancel(fixture: &Fixture, account: AccountId) -> Result<Rental, Unendable> {
    fixture.gateway.rentals().cancel(account.into(), RentalId(1)).await.unwrap()
}

async fn finish(fixture: &Fixture, account: AccountId) -> Result<Rental, Unendable> {
    fixture.gateway.rentals().finish(account.into(), RentalId(1)).await.unwrap()
}

/// Checks that a rental has ended so, at this moment.
fn assert_ended(fixture: &Fixture, ended: &Rental, how: RentalEnding) {
    assert_eq!(ended.state, RentalState::Ended { at: fixture.gateway.now(), how });
}

#[tokio::test]
async fn a_rental_that_was_sent_nothing_is_canceled_for_nothing() {
    let (fixture, ann, _) = rented().await;
    let bob = fixture.customer("bob", 5_000).await;
    assert_eq!(cancel(&fixture, bob).await, Err(Unendable::Unknown));
    fixture.pass(19 * MINUTE_S);
    let canceled = cancel(&fixture, ann).await.unwrap();
    assert_ended(&fixture, &canceled, RentalEnding::Canceled);
    assert_eq!(fixture.funds(ann).await, (5_000, 0));
    let over = Err(Unendable::Over(RentalEnding::Canceled));
    assert_eq!((cancel(&fixture, ann).await, finish(&fixture, ann).await), (over.clone(), over));
    let refused = fixture.gateway.inbox().revive(RentalId(1)).await.unwrap_err().to_string();
    assert!(refused.contains("was canceled by its tenant"), "{refused}");
    assert_eq!(fixture.funds(ann).await, (5_000, 0), "once");
    // It is let again at once, as nothing was sent there.
    fixture.report(1);
    let again = fixture.gateway.rentals().rent(bob, Some("NL"), "1m", false).await.unwrap();
    assert!(matches!(again, Rent::Made(_)), "{again:?}");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_number_of_a_canceled_rental_rests_as_after_an_order_that_was_given_up() {
    let number_rest = Duration::from_secs(600);
    let fixture = Fixture::with(Settings { number_rest, ..default_settings() }).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 5_000).await, fixture.customer("bob", 5_000).await);
    let rent = |by| fixture.gateway.rentals().rent(by, Some("NL"), "1m", false);
    assert!(matches!(rent(ann).await.unwrap(), Rent::Made(_)));
    cancel(&fixture, ann).await.unwrap();
    fixture.pass(599);
    fixture.report(1);
    assert_eq!(rent(bob).await.unwrap(), Rent::NoStock);
    assert_eq!(fixture.rentable().await, 0);
    fixture.pass(1);
    fixture.report(1);
    assert_eq!(fixture.rentable().await, 1);
    assert!(matches!(rent(bob).await.unwrap(), Rent::Made(_)));
    assert_eq!(fixture.rentable().await, 0);
}

#[tokio::test]
async fn a_rental_is_not_canceled_after_twenty_minutes_nor_after_a_message() {
    let (fixture, ann, _) = rented().await;
    fixture.pass(20 * MINUTE_S);
    assert_eq!(cancel(&fixture, ann).await, Err(Unendable::TooLate));
    let (fixture, ann, _) = rented().await;
    fixture.sms(1, "Friend", "hello").await;
    assert_eq!(cancel(&fixture, ann).await, Err(Unendable::TooLate));
    assert_eq!(fixture.funds(ann).await, (5_000 - 1620, 0));
}

#[tokio::test]
async fn an_extended_rental_is_canceled_with_all_of_its_price() {
    let (fixture, ann, _) = rented().await;
    let rentals = fixture.gateway.rentals();
    let next = rentals.next_term(ann, RentalId(1), "3m").await.unwrap().unwrap();
    assert_eq!((next.price, next.rental.id), (Amount(3240), RentalId(1)));
    assert!(matches!(rentals.extend(ann, RentalId(1), "3m").await.unwrap(), Extend::Extended(_)));
    let terms = rentals.charged_terms(ann, RentalId(1)).await.unwrap();
    let terms: Vec<_> = terms.iter().map(|term| (term.months, term.price.0)).collect();
    assert_eq!(terms, [(Some(1), 1620), (Some(3), 3240)]);
    cancel(&fixture, ann).await.unwrap();
    assert_eq!(fixture.funds(ann).await, (5_000, 0));
    let refused = rentals.next_term(ann, RentalId(1), "3m").await.unwrap();
    assert_eq!(refused, Err(RentalRefusal::Over));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_finished_rental_has_no_refund_and_no_grace() {
    let (fixture, ann, _) = rented().await;
    let rentals = fixture.gateway.rentals();
    assert_eq!(rentals.running(ann, 0, 9).await.unwrap().len(), 1);
    assert_eq!(rentals.running(ann, 1, 9).await.unwrap(), []);
    fixture.pass(5);
    fixture.sms(1, "Friend", "first").await;
    let finished = finish(&fixture, ann).await.unwrap();
    assert_ended(&fixture, &finished, RentalEnding::Finished);
    assert_eq!(fixture.funds(ann).await, (5_000 - 1620, 0));
    assert_eq!(finish(&fixture, ann).await, Err(Unendable::Over(RentalEnding::Finished)));
    assert_eq!(rentals.running(ann, 0, 9).await.unwrap(), []);
    // What comes later is nobody's, also if somebody wanted it revived.
    fixture.pass(5);
    fixture.sms(1, "Friend", "second").await;
    let refused = fixture.gateway.inbox().revive(RentalId(1)).await.unwrap_err().to_string();
    assert!(refused.contains("was ended by its tenant"), "{refused}");
    let page = rentals.numbered_page(ann.into(), RentalId(1), 0, 9).await.unwrap().unwrap();
    let texts: Vec<_> = page.messages.iter().filter_map(|message| message.text.clone()).collect();
    assert_eq!((texts, page.total), (vec!["first".to_owned()], 1));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn messages_are_found_by_their_place_the_newest_first() {
    let (fixture, ann, _) = rented().await;
    fixture.pass(5);
    for n in 1..=3 {
        fixture.sms(1, "Friend", &format!("text {n}")).await;
    }
    let rentals = fixture.gateway.rentals();
    let page = rentals.numbered_page(ann.into(), RentalId(1), 1, 1).await.unwrap().unwrap();
    let texts: Vec<_> = page.messages.iter().filter_map(|message| message.text.clone()).collect();
    assert_eq!((texts, page.total), (vec!["text 2".to_owned()], 3));
    let bob = fixture.customer("bob", 0).await;
    assert_eq!(rentals.numbered_page(bob.into(), RentalId(1), 0, 9).await.unwrap(), None);
}

impl Fixture {
    /// How many numbers of the Netherlands can be rented.
    async fn rentable(&self) -> usize {
        let rentable = self.gateway.stock().rentable().await.unwrap();
        rentable.get("NL").copied().unwrap_or(0)
    }
}
