//! Rentals that are moved to another SIM: who gets what.

use super::*;
use crate::domain::{Rental, RentalId};

const DAY_S: i64 = 24 * 3600;

async fn rent(fixture: &Fixture, account: AccountId) -> Rental {
    match fixture.gateway.rentals().rent(account, Some("nl"), "1m", false).await.unwrap() {
        Rent::Made(rental) => rental,
        other => panic!("{other:?}"),
    }
}

/// SIM 1, which Ann has rented, and SIM 2, on which nobody's message came before.
async fn rented() -> (Fixture, AccountId, Rental) {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 5_000).await;
    let rental = rent(&fixture, ann).await;
    fixture.plug(2).await;
    fixture.pass(5);
    fixture.sms(1, "Friend", "one").await;
    fixture.sms(2, "Friend", "before").await;
    fixture.pass(150);
    fixture.report(2);
    (fixture, ann, rental)
}

async fn move_to(fixture: &Fixture, n: u16) -> Result<Rental, String> {
    let moved = fixture.gateway.rentals().move_to(RentalId(1), iccid(n)).await;
    moved.map(|view| view.rental).map_err(|error| error.to_string())
}

async fn texts(fixture: &Fixture, account: AccountId, id: i64) -> Vec<String> {
    let view = fixture.gateway.rentals().view(account, RentalId(id)).await.unwrap().unwrap();
    view.messages.into_iter().filter_map(|message| message.text).collect()
}

#[tokio::test]
async fn a_tenant_keeps_what_came_and_gets_what_comes_to_the_new_number() {
    let (mut fixture, ann, rental) = rented().await;
    let moved = move_to(&fixture, 2).await.unwrap();
    assert_eq!(moved.number.as_str(), "+31612000002");
    assert_eq!((moved.id, moved.expires_at), (rental.id, rental.expires_at));
    fixture.pass(5);
    // The network took it in before the move, for whoever the number had then.
    let late = fixture.pdus("Friend", "late", 60, 7);
    fixture.arrive(2, &late[0]).await;
    fixture.sms(2, "Friend", "two").await;
    fixture.sms(1, "Friend", "to the old number").await;
    assert_eq!(texts(&fixture, ann, 1).await, ["one", "two"]);
    fixture.restart().await;
    for n in [1, 2] {
        fixture.report(n);
    }
    fixture.sms(2, "Friend", "three").await;
    assert_eq!(texts(&fixture, ann, 1).await, ["one", "two", "three"]);
    let history = fixture.gateway.rentals().history(RentalId(1)).await.unwrap();
    let before = &history.moves[0];
    assert_eq!((before.iccid.clone(), before.from), (iccid(1), rental.started_at));

    // The next tenant of the old number sees nothing of it, nor of what Ann gets.
    let bob = fixture.customer("bob", 5_000).await;
    let none = fixture.gateway.rentals().rent(bob, Some("nl"), "1m", false).await.unwrap();
    assert_eq!(none, Rent::NoStock, "it rests");
    fixture.pass(31 * DAY_S);
    fixture.report(1);
    let next = rent(&fixture, bob).await;
    assert_eq!(next.number, rental.number);
    fixture.pass(5);
    let late = fixture.pdus("Friend", "for ann", 31 * DAY_S, 8);
    fixture.arrive(1, &late[0]).await;
    fixture.sms(1, "Friend", "for bob").await;
    assert_eq!(texts(&fixture, bob, 2).await, ["for bob"]);
    assert_eq!(texts(&fixture, ann, 1).await.len(), 3);

    let at = |time: Timestamp| {
        let book = fixture.gateway.number_book();
        async move {
            book.show("+31612000001", Some((time, Timestamp(time.0 + 1)))).await.unwrap().holdings
        }
    };
    let then = at(rental.started_at.plus(Duration::from_secs(1))).await;
    assert_eq!((then[0].account.as_str(), &then[0].iccid), ("ann", &Some(iccid(1))));
    assert_eq!(at(moved.moved_at.unwrap().plus(Duration::from_secs(1))).await, []);
    assert_eq!(at(fixture.gateway.now()).await[0].account, "bob");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_rental_is_moved_only_to_what_could_be_rented_out() {
    let (fixture, ann, _) = rented().await;
    assert!(move_to(&fixture, 1).await.unwrap_err().contains("has SIM"));
    assert!(move_to(&fixture, 9).await.unwrap_err().starts_with("no SIM 8931"));
    let none = fixture.gateway.rentals().move_to(RentalId(9), iccid(2)).await;
    assert!(none.unwrap_err().to_string().starts_with("no rental 9;"));
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    fixture.report(2);
    let bob = fixture.customer("bob", 5_000).await;
    let order = fixture.order(bob, uber).await;
    assert!(move_to(&fixture, 2).await.unwrap_err().contains("cannot be rented out: busy"));
    fixture.gateway.orders().cancel(bob, order).await.unwrap();
    fixture.silence(2);
    assert!(move_to(&fixture, 2).await.unwrap_err().contains("cannot be rented out: offline"));
    fixture.report(2);
    let sims = fixture.gateway.sims();
    sims.set_number(iccid(2), "+447700900123".into(), false).await.unwrap();
    assert!(move_to(&fixture, 2).await.unwrap_err().contains("is of another country"));
    sims.set_number(iccid(2), "+31612000002".into(), false).await.unwrap();
    // An order whose time is over is in nobody's way.
    fixture.order(ann, uber).await;
    fixture.pass(600);
    fixture.report(2);
    move_to(&fixture, 2).await.unwrap();
    assert!(move_to(&fixture, 1).await.unwrap_err().contains("cannot be rented out: resting"));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_new_card_with_the_same_number_takes_over() {
    let (fixture, ann, rental) = rented().await;
    fixture.gateway.sims().set_retired(iccid(1), true).await.unwrap();
    let number = rental.number.as_str().to_owned();
    fixture.gateway.sims().set_number(iccid(2), number, false).await.unwrap();
    fixture.report(2);
    assert_eq!(move_to(&fixture, 2).await.unwrap().number, rental.number);
    fixture.pass(5);
    fixture.sms(2, "Friend", "two").await;
    assert_eq!(texts(&fixture, ann, 1).await, ["one", "two"]);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_came_before_a_move_used_the_old_number() {
    let (fixture, ann, _) = rented().await;
    let bob = fixture.customer("bob", 5_000).await;
    fixture.sms(1, "Viber", "code 123456").await;
    move_to(&fixture, 2).await.unwrap();
    // Its service is known only later, when what is stored is looked through.
    let viber = fixture.service("Viber", &["^Viber$"]).await;
    while fixture.gateway.attribution().attribute_stored().await.unwrap() {}
    fixture.pass(31 * DAY_S);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    fixture.pass(31 * DAY_S);
    for n in [1, 2] {
        fixture.report(n);
    }
    let MakeOrder::Made { number, .. } = fixture.make(bob, viber).await else { panic!() };
    assert_eq!(number, "0612000002", "the old number is used for it, the new one not");
    assert_ne!(fixture.make(ann, viber).await, MakeOrder::NoPhone, "Ann used it herself");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_rental_that_began_earlier_gets_what_comes_after_a_later_one_on_its_sim_has_ended() {
    let fixture = Fixture::with(Settings { rental_rest: Duration::ZERO, ..default_settings() });
    let fixture = fixture.await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 10_000).await;
    let rental = rent(&fixture, ann).await;
    fixture.plug(2).await;
    let bob = fixture.customer("bob", 5_000).await;
    fixture.pass(5);
    rent(&fixture, bob).await;
    fixture.pass(5);
    fixture.sms(2, "Friend", "for bob").await;
    let rentals = fixture.gateway.rentals();
    let (nothing, reason) = (EndRefund::Nothing, "a test".to_owned());
    rentals.end_for_operator(RentalId(2), nothing, reason).await.unwrap();
    fixture.pass(5);
    move_to(&fixture, 2).await.unwrap();
    fixture.pass(5);
    fixture.sms(2, "Friend", "for ann").await;
    assert_eq!(texts(&fixture, ann, 1).await, ["for ann"]);
    assert_eq!(texts(&fixture, bob, 2).await, ["for bob"]);
    // The clock is set back behind the move: it holds from now on.
    fixture.pass(-8);
    fixture.gateway.due_work().begin_future_ones().await.unwrap();
    fixture.sms(2, "Friend", "again").await;
    assert_eq!(texts(&fixture, ann, 1).await, ["for ann", "again"]);
    assert_eq!(rental.sim, crate::domain::SimId(1));
}
