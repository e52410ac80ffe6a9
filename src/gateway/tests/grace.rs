//! Grace: a tenant who is late keeps the number.

use super::*;
use crate::domain::{Rental, RentalId};

const DAY_S: i64 = 24 * 3600;

/// SIM 1, which Ann rented for a month, until now.
async fn ended(cents: i64) -> (Fixture, AccountId, Rental) {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", cents).await;
    let rented = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", false).await.unwrap();
    let Rent::Made(rental) = rented else { panic!("{rented:?}") };
    fixture.pass(5);
    fixture.sms(1, "Friend", "first").await;
    fixture.clock.store(rental.expires_at.0, Ordering::SeqCst);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    (fixture, ann, rental)
}

async fn texts(fixture: &Fixture, account: AccountId) -> Vec<String> {
    let view = fixture.gateway.rentals().view(account, RentalId(1)).await.unwrap().unwrap();
    view.messages.into_iter().filter_map(|message| message.text).collect()
}

async fn refusal(fixture: &Fixture, id: i64) -> String {
    fixture.gateway.inbox().revive(RentalId(id)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_rental_is_revived_from_its_old_end_with_what_came_since() {
    let (fixture, ann, rental) = ended(5_000).await;
    let viber = fixture.service("Viber", &["^Viber$"]).await;
    fixture.pass(DAY_S);
    fixture.sms(1, "Viber", "code 123456").await;
    assert_eq!(texts(&fixture, ann).await, ["first"], "shown only on revival");
    let rentals = fixture.gateway.rentals();
    assert_eq!(rentals.extend(ann, RentalId(1), "1m").await.unwrap(), Extend::Expired);
    fixture.pass(13 * DAY_S - 1);
    let revived = fixture.gateway.inbox().revive(RentalId(1)).await.unwrap();
    assert_eq!(
        revived.rental,
        rental.clone().with_term(1, rental.due_at).unwrap(),
        "as if it had never ended"
    );
    assert_eq!(fixture.funds(ann).await, (5_000 - 2 * 1620, 0));
    assert_eq!(texts(&fixture, ann).await, ["first", "code 123456"]);
    fixture.sms(1, "Friend", "third").await;
    assert_eq!(texts(&fixture, ann).await, ["first", "code 123456", "third"]);
    assert!(refusal(&fixture, 1).await.contains("has not ended"));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
    // What she was sent meanwhile is used like all that a tenant gets.
    let bob = fixture.customer("bob", 500).await;
    fixture.clock.store(revived.rental.expires_at.0, Ordering::SeqCst);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    fixture.pass(31 * DAY_S);
    fixture.report(1);
    assert_eq!(fixture.make(bob, viber).await, MakeOrder::NoPhone);
}

#[tokio::test]
async fn what_nobody_revives_is_blanked_at_the_end_of_its_grace() {
    let (fixture, _, _) = ended(5_000).await;
    fixture.pass(13 * DAY_S);
    fixture.sms(1, "Viber", "code 123456").await;
    let text = async || fixture.messages().await.remove(1).text;
    fixture.pass(DAY_S - 1);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(text().await.is_some());
    fixture.pass(1);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(text().await, None);
    assert!(refusal(&fixture, 1).await.contains("could be revived until"));
}

#[tokio::test]
async fn a_rental_is_not_revived_for_who_cannot_pay_nor_after_its_number_was_given_away() {
    let (fixture, _, _) = ended(1620).await;
    assert!(refusal(&fixture, 2).await.starts_with("no rental 2;"));
    assert!(refusal(&fixture, 1).await.starts_with("ann cannot pay 16.20 USD;"));
    fixture.gateway.accounts().top_up("ann".into(), Amount(2_000), "more".into()).await.unwrap();
    let sims = fixture.gateway.sims();
    sims.set_retired(iccid(1), true).await.unwrap();
    assert!(refusal(&fixture, 1).await.contains("is retired"));
    sims.set_retired(iccid(1), false).await.unwrap();
    sims.set_rest(iccid(1), Duration::ZERO).await.unwrap();
    let bob = fixture.customer("bob", 500).await;
    fixture.pass(60);
    fixture.report(1);
    let uber = fixture.service("Uber", &[]).await;
    let order = fixture.order(bob, uber).await;
    fixture.gateway.orders().cancel(bob, order).await.unwrap();
    assert!(refusal(&fixture, 1).await.contains("was given to somebody else since"));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_long_message_is_joined_in_the_grace_too() {
    let (fixture, ann, _) = ended(5_000).await;
    let text = "0123456789".repeat(20);
    let pdus = fixture.pdus("Friend", &text, 0, 9);
    assert_eq!(fixture.arrive(1, &pdus[0]).await, Ingested::Part);
    for seconds in [300, DAY_S] {
        fixture.pass(seconds);
        fixture.gateway.due_work().run_due_work().await.unwrap();
    }
    assert!(matches!(fixture.arrive(1, &pdus[1]).await, Ingested::Message(..)));
    fixture.gateway.inbox().revive(RentalId(1)).await.unwrap();
    assert_eq!(texts(&fixture, ann).await, ["first".to_owned(), text]);
}
