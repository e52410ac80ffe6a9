//! A stock of so many SIMs that no request may search all of it while others wait.

use std::sync::Arc;

use super::*;
use crate::domain::availability::UnavailableReason;

/// More than are searched while others wait.
const SIMS: u16 = 300;

/// A fixture whose SIMs are all known, but only those with these numbers are on the air.
async fn with_on_air(on_air: &[u16]) -> Fixture {
    let fixture = Fixture::open().await;
    for n in 1..=SIMS {
        fixture.plug(n).await;
        if !on_air.contains(&n) {
            fixture.silence(n);
        }
    }
    fixture
}

#[tokio::test]
async fn the_last_number_of_a_large_stock_is_ordered_and_then_there_is_none() {
    let fixture = with_on_air(&[299, 300]).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let eve = fixture.customer("eve", 500).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let made = fixture.make(ann, uber).await;
    let MakeOrder::Made { order, number } = made else { panic!("{made:?}") };
    assert_eq!(number, "0612000299", "in the order in which they are given out");
    let made = fixture.make(bob, uber).await;
    assert!(matches!(&made, MakeOrder::Made { number, .. } if number == "0612000300"), "{made:?}");
    assert_eq!(fixture.make(eve, uber).await, MakeOrder::NoPhone);
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::AlreadyOpen(order));
    fixture.gateway.orders().skip(ann, order).await.unwrap();
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::NoPhone, "she does not want the one left");
    assert!(matches!(fixture.make(eve, uber).await, MakeOrder::Made { .. }));
    let unknown = fixture.make(eve, ServiceId(99)).await;
    assert_eq!(unknown, MakeOrder::InvalidService);
    // Services with patterns share a SIM, but one without orders is preferred.
    let lyft = fixture.service("Lyft", &["^Lyft$"]).await;
    assert!(matches!(fixture.make(ann, lyft).await, MakeOrder::Made { .. }));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn the_last_number_of_a_large_stock_is_rented_and_then_there_is_none() {
    let fixture = with_on_air(&[300]).await;
    let ann = fixture.customer("ann", 10_000).await;
    let rent = || fixture.gateway.rentals().rent(ann, Some("NL"), "1m", false);
    assert!(matches!(rent().await.unwrap(), Rent::Made(_)));
    assert_eq!(rent().await.unwrap(), Rent::NoStock);
    fixture.plug(299).await;
    assert!(matches!(rent().await.unwrap(), Rent::Made(_)));
    assert_eq!(rent().await.unwrap(), Rent::NoStock);
}

#[tokio::test]
async fn orders_that_are_made_at_once_get_different_numbers_of_a_large_stock() {
    let on_air: Vec<u16> = (281..=SIMS).collect();
    let fixture = Arc::new(with_on_air(&on_air).await);
    let plain = fixture.service("Plain", &[]).await;
    let mut orders = Vec::new();
    for n in 0..on_air.len() + 1 {
        let account = fixture.customer(&format!("customer {n}"), 500).await;
        let fixture = Arc::clone(&fixture);
        orders.push(tokio::spawn(async move { fixture.make(account, plain).await }));
    }
    let mut numbers = Vec::new();
    for order in orders {
        if let MakeOrder::Made { number, .. } = order.await.unwrap() {
            numbers.push(number);
        }
    }
    numbers.sort();
    let made = numbers.len();
    numbers.dedup();
    assert_eq!((made, numbers.len()), (on_air.len(), on_air.len()));
}

#[tokio::test]
async fn all_who_ask_before_the_stock_is_read_share_what_is_read() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 500).await, fixture.service("Uber", &[]).await);
    let stock = fixture.gateway.stock();
    let count = async || {
        let offers = stock.offers(ann, "NL").await.unwrap().unwrap();
        offers.iter().find(|(service, ..)| service.id == uber).map(|(.., count)| *count)
    };
    assert_eq!(count().await, Some(1));
    let readings = stock.hold_readings().await;
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let stock = Arc::clone(stock);
            tokio::spawn(async move { stock.snapshot("NL").await.unwrap() })
        })
        .collect();
    stock.wait_until_asked("NL", 51).await;
    drop(readings);
    let mut snapshots = Vec::new();
    for snapshot in asked {
        snapshots.push(snapshot.await.unwrap());
    }
    assert!(snapshots.iter().all(|snapshot| Arc::ptr_eq(snapshot, &snapshots[0])));
    // Who asks later learns what has changed since.
    fixture.order(ann, uber).await;
    assert_eq!(count().await, Some(0));
    let why = stock.explain("Uber".into(), "NL", None).await.unwrap();
    assert!(why.unavailable.contains(&(UnavailableReason::Busy, 1)), "{why:?}");
}

#[tokio::test]
async fn who_took_the_last_number_meanwhile_is_told_of_the_open_order() {
    let fixture = Arc::new(Fixture::open().await);
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let (plain, other) = (fixture.service("Plain", &[]).await, fixture.service("Other", &[]).await);
    // From here on an order for the service begins with a snapshot of the stock.
    let of_bob = fixture.order(bob, plain).await;
    assert_eq!(fixture.make(ann, plain).await, MakeOrder::NoPhone);
    assert_eq!(fixture.gateway.orders().cancel(bob, of_bob).await.unwrap(), Cancel::Canceled);
    let stock = fixture.gateway.stock();
    let readings = stock.hold_readings().await;
    let asking = Arc::clone(&fixture);
    let asked = tokio::spawn(async move { asking.make(ann, plain).await });
    stock.wait_until_asked("NL", 1).await;
    let order = fixture.order(ann, other).await;
    drop(readings);
    assert_eq!(asked.await.unwrap(), MakeOrder::AlreadyOpen(order));
}
