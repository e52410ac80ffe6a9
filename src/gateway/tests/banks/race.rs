//! Races with the bank: a SIM is released or sold, never both, and a radio is sold once. Many run
//! at the same time, again and again.

use super::super::races::together;
use super::*;

/// Races of each kind.
const RACES: u16 = 1_000;
/// Races at the same time.
const AT_ONCE: u16 = 50;

fn settings() -> Settings {
    Settings {
        number_cooldown: Some(Duration::ZERO),
        max_open_per_account: 1_000,
        ..default_settings()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_release_of_a_sim_against_an_order_for_it() {
    let fixture = Arc::new(Fixture::with(settings()).await);
    let mut customers = Vec::new();
    for n in 1..=AT_ONCE {
        fixture.plug(n).await;
        customers.push(fixture.customer(&format!("customer {n}"), 10_000_000).await);
    }
    let service = fixture.service("Uber", &[]).await;
    let (mut released, mut sold) = (0, 0);
    for round in 0..RACES / AT_ONCE {
        let orders = customers.iter().map(|account| {
            let (fixture, account) = (Arc::clone(&fixture), *account);
            async move {
                match fixture.make(account, service).await {
                    MakeOrder::Made { order, .. } => Some((account, order)),
                    _ => None,
                }
            }
        });
        let leaving = (1..=AT_ONCE).map(|n| {
            let fixture = Arc::clone(&fixture);
            async move { fixture.gateway.banks().release(&iccid(n)).await.unwrap().then_some(n) }
        });
        let leaving = tokio::spawn(together(leaving.collect::<Vec<_>>()));
        let orders: Vec<_> =
            together(orders.collect::<Vec<_>>()).await.into_iter().flatten().collect();
        let leaving: Vec<u16> = leaving.await.unwrap().into_iter().flatten().collect();
        let mut given: Vec<u16> = Vec::new();
        for (_, order) in &orders {
            given.push(fixture.whole_order(*order).await.number.as_str()[8..].parse().unwrap());
        }
        assert!(given.iter().all(|n| !leaving.contains(n)), "round {round}: {given:?} {leaving:?}");
        assert_eq!(given.len() + leaving.len(), usize::from(AT_ONCE), "each SIM has one winner");
        (released, sold) = (released + leaving.len(), sold + given.len());
        leaving.iter().for_each(|n| fixture.gateway.banks().reclaim(&iccid(*n)));
        for (account, order) in orders {
            assert_eq!(
                fixture.gateway.orders().cancel(account, order).await.unwrap(),
                Cancel::Canceled
            );
        }
    }
    assert!(released > 0 && sold > 0, "it was no race: {released} {sold}");
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_orders_than_free_radios() {
    const RADIOS: usize = 3;
    let pauses = crate::domain::fair_use::Pauses::NONE;
    let fixture = Arc::new(Fixture::with(Settings { pauses, ..settings() }).await);
    fixture.bank(u16::try_from(RADIOS).unwrap(), AT_ONCE).await;
    let account = fixture.customer("ann", 10_000_000).await;
    let service = fixture.service("Uber", &[]).await;
    for _ in 0..RACES / AT_ONCE {
        let orders = (0..AT_ONCE).map(|_| {
            let fixture = Arc::clone(&fixture);
            async move { fixture.make(account, service).await }
        });
        let made = together(orders.collect::<Vec<_>>()).await;
        let made: Vec<OrderId> = made
            .into_iter()
            .filter_map(|made| match made {
                MakeOrder::Made { order, .. } => Some(order),
                other => (other != MakeOrder::NoPhone).then(|| panic!("{other:?}")),
            })
            .collect();
        assert_eq!(made.len(), RADIOS, "each radio is sold once");
        for order in made {
            assert_eq!(
                fixture.gateway.orders().cancel(account, order).await.unwrap(),
                Cancel::Canceled
            );
        }
    }
    assert_eq!(fixture.faults().await, [""; 0]);
}
