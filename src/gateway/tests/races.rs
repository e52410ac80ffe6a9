//! Races: whatever comes first, there is one winner, and the books agree with it. Hundreds run at
//! once, over and over.

use tokio::task::JoinSet;

use super::*;
use crate::domain::Rental;

/// Races of each kind.
const RACES: u16 = 2_000;
/// Races at the same time.
const AT_ONCE: u16 = 100;

/// A gateway with this many SIMs and as many customers with ample credit.
async fn fixture(settings: Settings) -> (Arc<Fixture>, Vec<AccountId>) {
    let fixture = Fixture::with(settings).await;
    let mut customers = Vec::new();
    for n in 1..=AT_ONCE {
        fixture.plug(n).await;
        customers.push(fixture.customer(&format!("customer {n}"), 10_000_000).await);
    }
    (Arc::new(fixture), customers)
}

/// Runs the tasks of one round together.
pub(super) async fn together<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut set: JoinSet<T> = tasks.into_iter().collect();
    let mut outcomes = Vec::new();
    while let Some(outcome) = set.join_next().await {
        outcomes.push(outcome.unwrap());
    }
    outcomes
}

impl Fixture {
    /// Every modem reports that it works, and no number rests for a service because several orders
    /// in a row ended without a message, as the race may have it.
    async fn make_all_fit(&self, service: &str) {
        for n in 1..=AT_ONCE {
            let number = format!("+3161200{n:04}");
            self.gateway.health().clear(number, service.into()).await.unwrap();
            self.report(n);
        }
    }
}

async fn sim_of(fixture: &Fixture, order: OrderId) -> u16 {
    let order = fixture
        .gateway
        .0
        .env
        .store
        .read(move |rows| rows.order(order))
        .await
        .unwrap_or_else(|e: StoreError| panic!("{e}"));
    order.unwrap().number.as_str()[8..].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_sms_against_a_cancel_and_a_skip() {
    let (fixture, customers) =
        fixture(Settings { number_cooldown: Some(Duration::ZERO), ..default_settings() }).await;
    let service = fixture.service("Uber", &["^Uber$"]).await;
    for round in 0..RACES / AT_ONCE {
        fixture.pass(1);
        let mut orders = Vec::new();
        for account in &customers {
            let order = fixture.order(*account, service).await;
            orders.push((*account, order, sim_of(&fixture, order).await));
        }
        let races = orders.into_iter().map(|(account, order, sim)| {
            let fixture = Arc::clone(&fixture);
            async move {
                let cancel = tokio::spawn({
                    let fixture = Arc::clone(&fixture);
                    async move { fixture.gateway.orders().cancel(account, order).await.unwrap() }
                });
                let sms = fixture.sms(sim, "Uber", &format!("code {round} {order}")).await;
                let given = matches!(sms, Ingested::Message(_, Some(to)) if to == order);
                let canceled = cancel.await.unwrap() == Cancel::Canceled;
                let state = fixture.state(order).await;
                assert_ne!(given, canceled, "{state:?}");
                assert_eq!(matches!(state, OrderState::Completed { .. }), given);
            }
        });
        together(races).await;
        fixture.pass(700);
        for n in 1..=AT_ONCE {
            fixture.report(n);
        }
    }
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_sms_against_expiry() {
    let (fixture, customers) =
        fixture(Settings { number_cooldown: Some(Duration::ZERO), ..default_settings() }).await;
    let service = fixture.service("Uber", &["^Uber$"]).await;
    for round in 0..RACES / AT_ONCE {
        let mut orders = Vec::new();
        for account in &customers {
            let order = fixture.order(*account, service).await;
            orders.push((order, sim_of(&fixture, order).await));
        }
        fixture.clock.fetch_add(600 * SECOND_US - 1, Ordering::SeqCst);
        let other = Arc::clone(&fixture);
        let sweep = tokio::spawn(async move {
            other.clock.fetch_add(1, Ordering::SeqCst);
            other.gateway.due_work().run_due_work().await.unwrap();
        });
        let arrivals = orders.into_iter().map(|(order, sim)| {
            let fixture = Arc::clone(&fixture);
            async move { (order, fixture.sms(sim, "Uber", &format!("code {round} {order}")).await) }
        });
        let arrived = together(arrivals).await;
        sweep.await.unwrap();
        for (order, sms) in arrived {
            let given = matches!(sms, Ingested::Message(_, Some(to)) if to == order);
            assert_eq!(matches!(fixture.state(order).await, OrderState::Completed { .. }), given);
        }
        fixture.pass(1);
        fixture.make_all_fit("Uber").await;
    }
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_orders_of_one_account_and_two_accounts_on_the_last_number() {
    let (fixture, customers) = fixture(default_settings()).await;
    let service = fixture.service("Uber", &[]).await;
    for _ in 0..RACES / AT_ONCE {
        // Each asks twice; there is one number for each.
        let twice = customers.iter().chain(&customers).map(|account| {
            let (fixture, account) = (Arc::clone(&fixture), *account);
            async move { (account, fixture.make(account, service).await) }
        });
        let mut made = Vec::new();
        for (account, outcome) in together(twice).await {
            match outcome {
                MakeOrder::Made { order, .. } => made.push((account, order)),
                other => assert!(matches!(other, MakeOrder::AlreadyOpen(_)), "{other:?}"),
            }
        }
        assert_eq!(made.len(), customers.len(), "one order each");
        for (account, order) in made.drain(1..) {
            fixture.gateway.orders().cancel(account, order).await.unwrap();
        }
        // The first keeps its own; of the others one too many asks.
        let one_short = fixture.customer(&format!("late {}", fixture.gateway.now().0), 100).await;
        let (first, last) = made[0];
        let others =
            customers.iter().copied().filter(|account| *account != first).chain([one_short]);
        let asked = together(others.map(|account| {
            let fixture = Arc::clone(&fixture);
            async move { (account, fixture.make(account, service).await) }
        }));
        let asked = asked.await;
        let refused = asked.iter().filter(|(_, outcome)| *outcome == MakeOrder::NoPhone).count();
        assert_eq!(refused, 1, "one found no number");
        for (account, outcome) in asked {
            if let MakeOrder::Made { order, .. } = outcome {
                fixture.gateway.orders().cancel(account, order).await.unwrap();
            }
        }
        fixture.gateway.orders().cancel(first, last).await.unwrap();
        fixture.pass(1);
    }
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reuse_against_somebody_elses_order() {
    let settings = Settings { number_cooldown: Some(Duration::ZERO), ..default_settings() };
    let (fixture, customers) = fixture(settings).await;
    let service = fixture.service("Uber", &["^Uber$"]).await;
    for round in 0..RACES / AT_ONCE {
        let half = customers.len() / 2;
        let mut old = Vec::new();
        // All numbers are taken: the first half's have their SMS, the others' stay open.
        for account in &customers {
            let order = fixture.order(*account, service).await;
            old.push((*account, order, sim_of(&fixture, order).await));
        }
        for (_, order, sim) in &old[..half] {
            fixture.sms(*sim, "Uber", &format!("code {round} {order}")).await;
        }
        fixture.pass(1);
        let mut rivals = Vec::new();
        for n in 0..half {
            rivals.push(fixture.customer(&format!("rival {round} {n}"), 100).await);
        }
        let reuses = old[..half].iter().map(|(account, order, _)| {
            let (fixture, account, order) = (Arc::clone(&fixture), *account, *order);
            tokio::spawn(async move {
                matches!(
                    fixture.gateway.orders().reuse(account, order).await.unwrap(),
                    Reuse::Made { .. }
                )
            })
        });
        let makes = rivals.into_iter().map(|account| {
            let fixture = Arc::clone(&fixture);
            tokio::spawn(async move {
                matches!(fixture.make(account, service).await, MakeOrder::Made { .. })
            })
        });
        let running: Vec<_> = reuses.zip(makes).flat_map(|(a, b)| [a, b]).collect();
        let mut won = 0;
        for race in running {
            won += usize::from(race.await.unwrap());
        }
        assert_eq!(won, half, "each number went to one of two");
        fixture.pass(700);
        fixture.gateway.due_work().run_due_work().await.unwrap();
        fixture.make_all_fit("Uber").await;
    }
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_extension_against_the_renewal() {
    let (fixture, customers) =
        fixture(Settings { rental_rest: Duration::ZERO, ..default_settings() }).await;
    for _ in 0..RACES / AT_ONCE {
        let mut rentals: Vec<(AccountId, Rental)> = Vec::new();
        for account in &customers {
            let rented =
                fixture.gateway.rentals().rent(*account, Some("NL"), "1m", true).await.unwrap();
            let Rent::Made(rental) = rented else { panic!("{rented:?}") };
            rentals.push((*account, rental));
        }
        fixture.clock.store(rentals[0].1.expires_at.0 - 1, Ordering::SeqCst);
        let other = Arc::clone(&fixture);
        let sweep = tokio::spawn(async move {
            other.clock.fetch_add(1, Ordering::SeqCst);
            other.gateway.due_work().run_due_work().await.unwrap();
        });
        let extensions = rentals.iter().map(|(account, rental)| {
            let (fixture, account, id) = (Arc::clone(&fixture), *account, rental.id);
            async move {
                (account, id, fixture.gateway.rentals().extend(account, id, "3m").await.unwrap())
            }
        });
        let extended = together(extensions).await;
        sweep.await.unwrap();
        for (account, id, outcome) in extended {
            assert!(matches!(outcome, Extend::Extended(_)), "{outcome:?}");
            let view = fixture.gateway.rentals().view(account, id).await.unwrap();
            let rental = view.unwrap().rental;
            // Extended in time it is not renewed yet; else both happened, once each.
            assert!([(2, 4), (3, 5)].contains(&(rental.terms, rental.months)), "{rental:?}");
            fixture.gateway.rentals().set_auto_renew(account, id, false).await.unwrap();
        }
        fixture.pass(200 * 24 * 3600);
        fixture.gateway.due_work().run_due_work().await.unwrap();
        for n in 1..=AT_ONCE {
            fixture.report(n);
        }
    }
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}
