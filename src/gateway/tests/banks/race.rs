//! Races with the bank: a SIM is released or sold, never both, and a radio is sold once. Many run
//! at the same time, again and again.

use super::super::races::together;
use super::*;
use crate::gateway::modem_control::BoxFuture;

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

/// What one of the tasks that race has got.
enum Got {
    Order(AccountId, OrderId),
    Release(u16),
    Refusal(u16),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_release_of_a_sim_against_an_order_for_it() {
    let fixture = Arc::new(Fixture::with(settings()).await);
    let mut customers = Vec::new();
    for n in 1..=AT_ONCE {
        fixture.plug(n).await;
    }
    // Every other SIM is to be released, so that there is one for each order whoever comes first.
    let leaving = || (1..=AT_ONCE).filter(|n| n % 2 == 1);
    for n in leaving() {
        customers.push(fixture.customer(&format!("customer {n}"), 10_000_000).await);
    }
    let service = fixture.service("Uber", &[]).await;
    let (mut released, mut refused) = (0, 0);
    for round in 0..RACES / AT_ONCE {
        // One of each in turn, so that neither kind comes first as a whole.
        let mut tasks: Vec<BoxFuture<'static, Got>> = Vec::new();
        for (n, account) in leaving().zip(customers.clone()) {
            let (of_order, of_release) = (Arc::clone(&fixture), Arc::clone(&fixture));
            tasks.push(Box::pin(async move {
                match of_order.make(account, service).await {
                    MakeOrder::Made { order, .. } => Got::Order(account, order),
                    other => panic!("round {round}: {other:?}"),
                }
            }));
            tasks.push(Box::pin(async move {
                let released = of_release.gateway.banks().release(&iccid(n)).await.unwrap();
                if released { Got::Release(n) } else { Got::Refusal(n) }
            }));
        }
        let (mut orders, mut gone, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for got in together(tasks).await {
            match got {
                Got::Order(account, order) => orders.push((account, order)),
                Got::Release(n) => gone.push(n),
                Got::Refusal(n) => kept.push(n),
            }
        }
        let mut given: Vec<u16> = Vec::new();
        for (_, order) in &orders {
            given.push(fixture.whole_order(*order).await.number.as_str()[8..].parse().unwrap());
        }
        assert!(given.iter().all(|n| !gone.contains(n)), "round {round}: {given:?} {gone:?}");
        assert!(kept.iter().all(|n| given.contains(n)), "round {round}: {given:?} {kept:?}");
        (released, refused) = (released + gone.len(), refused + kept.len());
        gone.iter().for_each(|n| fixture.gateway.banks().reclaim(&iccid(*n)));
        for (account, order) in orders {
            assert_eq!(
                fixture.gateway.orders().cancel(account, order).await.unwrap(),
                Cancel::Canceled
            );
        }
    }
    assert!(released > 0 && refused > 0, "it was no race: {released} {refused}");
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
