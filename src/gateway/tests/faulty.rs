//! Rows that cannot be, customers that hang up, clocks that are set back: the others notice
//! nothing.

use super::*;
use crate::domain::{RentalId, RowLimit};

/// The daemon is stopped, damage is done to its database, and it is started again.
pub(super) async fn damage(fixture: &mut Fixture, sql: &str) {
    fixture.gateway.0.env.store.close().await;
    fixture.carry_out(sql).unwrap();
    fixture.restart().await;
}

#[tokio::test]
async fn a_faulty_row_is_set_aside_and_the_others_are_done() {
    let mut fixture = Fixture::open().await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let mut customers = Vec::new();
    for (name, sim) in [("ann", 1), ("bob", 2), ("cat", 3), ("dan", 4)] {
        fixture.plug(sim).await;
        customers.push(fixture.customer(name, 2_000).await);
    }
    let [ann, bob, cat, dan] = customers[..] else { panic!() };
    let orders = [fixture.order(ann, uber).await, fixture.order(bob, uber).await];
    for account in [cat, dan] {
        assert!(matches!(
            fixture.gateway.rentals().rent(account, Some("NL"), "1m", false).await.unwrap(),
            Rent::Made(_)
        ));
    }
    let long = |reference| fixture.pdus("Nobody", &"long ".repeat(50), 0, reference).remove(0);
    for pdu in [long(1), long(2)] {
        assert_eq!(fixture.arrive(1, &pdu).await, Ingested::Part);
    }
    damage(&mut fixture, crate::store::attacks::DAMAGED_ROWS).await;
    fixture.pass(70 * 24 * 3600);
    let next = fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(
        next.is_none_or(|next| next > fixture.gateway.now()),
        "what is set aside is not due for ever: {next:?}"
    );
    assert!(matches!(fixture.state(orders[1]).await, OrderState::Expired { .. }));
    assert_eq!(fixture.state(orders[0]).await, OrderState::Open, "left as it was");
    assert_eq!(fixture.messages().await.len(), 1, "the other long message is shown");
    let of_dan = fixture.gateway.rentals().view(dan, RentalId(2)).await.unwrap().unwrap();
    assert!(of_dan.rental.state.ended_at().is_some());
    // Nobody is given the SIMs that something faulty is about; the others are sold on.
    for sim in 1..=4 {
        fixture.report(sim);
    }
    let MakeOrder::Made { number, .. } = fixture.make(bob, uber).await else { panic!() };
    assert!(["0612000002", "0612000004"].contains(&number.as_str()), "{number}");
    fixture.gateway.due_work().run_overdue_deadlines().await.unwrap();
}

#[tokio::test]
async fn after_the_last_id_nothing_is_sold_and_nothing_fails() {
    let mut fixture = Fixture::open().await;
    damage(&mut fixture, crate::store::attacks::NEARLY_ALL_IDS_USED).await;
    let (ann, uber) = (fixture.customer("ann", 10_000).await, fixture.service("Uber", &[]).await);
    for sim in 1..=4 {
        fixture.plug(sim).await;
    }
    let last = OrderId(2_147_483_647);
    assert_eq!(fixture.order(ann, uber).await, last);
    let code = fixture.pdus("Uber", "1234", 0, 1).remove(0);
    assert!(matches!(fixture.arrive(1, &code).await, Ingested::Message(..)));
    assert!(matches!(fixture.state(last).await, OrderState::Completed { .. }));
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::NoPhone);
    let reused = fixture.gateway.orders().reuse(ann, last).await.unwrap();
    assert_eq!(reused, Reuse::Offline);
    let rent = async || fixture.gateway.rentals().rent(ann, Some("NL"), "1m", false).await.unwrap();
    assert!(matches!(rent().await, Rent::Made(rental) if rental.id == RentalId(2_147_483_647)));
    assert_eq!(rent().await, Rent::NoStock);
    let stats = fixture.gateway.reports().site_stats().await.unwrap();
    assert_eq!((stats.last_order_id, stats.last_rental_id), (last.0, last.0));
}

/// Starts an operation and drops it before it answers.
async fn hang_up<T>(operation: impl Future<Output = T>) {
    let mut operation = std::pin::pin!(operation);
    let first = std::future::poll_fn(|context| {
        std::task::Poll::Ready(operation.as_mut().poll(context).is_ready())
    });
    assert!(!first.await, "it was answered before anybody could hang up");
}

#[tokio::test]
async fn who_hangs_up_finds_what_was_done_and_the_money_adds_up() {
    let fixture = Fixture::open().await;
    for sim in [1, 2] {
        fixture.plug(sim).await;
    }
    let (ann, uber) =
        (fixture.customer("ann", 10_000).await, fixture.service("Uber", &["^Uber$"]).await);
    hang_up(fixture.gateway.orders().make(ann, Some(uber), "NL")).await;
    let MakeOrder::AlreadyOpen(order) = fixture.make(ann, uber).await else {
        panic!("the order is not there")
    };
    assert_eq!(fixture.funds(ann).await, (10_000, 50));
    fixture.pass(2);
    fixture.sms(1, "Uber", "code 1").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1".into())
    );
    hang_up(fixture.gateway.orders().reuse(ann, order)).await;
    let MakeOrder::AlreadyOpen(again) = fixture.make(ann, uber).await else {
        panic!("the reuse is not there")
    };
    assert_eq!(fixture.funds(ann).await, (9_950, 25));
    hang_up(fixture.gateway.orders().cancel(ann, again)).await;
    assert_eq!(fixture.gateway.orders().cancel(ann, again).await.unwrap(), Cancel::Over);
    hang_up(fixture.gateway.rentals().rent(ann, Some("NL"), "1m", true)).await;
    let rental = RentalId(1);
    let edited = fixture.gateway.rentals().set_auto_renew(ann, rental, false).await.unwrap();
    let Edit::Edited(rented) = edited else { panic!("the rental is not there") };
    hang_up(fixture.gateway.rentals().extend(ann, rental, "3m")).await;
    let Edit::Edited(extended) =
        fixture.gateway.rentals().set_auto_renew(ann, rental, true).await.unwrap()
    else {
        panic!()
    };
    assert_eq!((rented.months, extended.months, extended.terms), (1, 4, 2));
    assert_eq!(fixture.funds(ann).await, (9_950 - 1620 - 3240, 0));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_clock_that_is_set_back_gives_a_tenants_sms_to_no_order() {
    let settings = Settings { reuse_window: Duration::ZERO, ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 5_000).await, fixture.customer("bob", 5_000).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let order = fixture.order(bob, uber).await;
    fixture.pass(2);
    fixture.sms(1, "Uber", "code 1").await;
    fixture.pass(600);
    fixture.report(1);
    assert!(matches!(
        fixture.gateway.rentals().rent(ann, Some("NL"), "1m", true).await.unwrap(),
        Rent::Made(_)
    ));
    // By this clock bob's order collects again, and the tenant is yet to come.
    fixture.pass(-300);
    let given = fixture.sms(1, "Uber", "the tenant's").await;
    assert!(matches!(given, Ingested::Message(_, None)), "{given:?}");
    assert_eq!(
        fixture.gateway.orders().read_sms(bob, order).await.unwrap(),
        Sms::Text("code 1".into())
    );
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn after_an_outage_two_rentals_share_the_money_as_without_one() {
    const DAY_S: i64 = 24 * 3600;
    let mut ends = Vec::new();
    for outage in [false, true] {
        let mut fixture = Fixture::open().await;
        // Enough for both, and for three renewals more.
        let ann = fixture.customer("ann", 5 * 1620).await;
        for sim in [1, 2] {
            fixture.plug(sim).await;
            assert!(matches!(
                fixture.gateway.rentals().rent(ann, Some("NL"), "1m", true).await.unwrap(),
                Rent::Made(_)
            ));
            fixture.pass(DAY_S);
        }
        if outage {
            fixture.gateway.0.env.store.close().await;
            fixture.pass(200 * DAY_S);
            fixture.restart().await;
            // One term a day.
            for _ in 0..5 {
                fixture.gateway.due_work().run_overdue_deadlines().await.unwrap();
                fixture.pass(DAY_S);
            }
        } else {
            for _ in 0..200 {
                fixture.pass(DAY_S);
                fixture.gateway.due_work().run_due_work().await.unwrap();
            }
        }
        assert_eq!(fixture.funds(ann).await, (0, 0));
        let rentals = fixture.gateway.rentals().list(RowLimit::ALL.into()).await.unwrap();
        ends.push(
            rentals
                .iter()
                .map(|view| (view.rental.terms, view.rental.expires_at))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0].iter().map(|(terms, _)| *terms).collect::<Vec<_>>(), [3, 2]);
}
