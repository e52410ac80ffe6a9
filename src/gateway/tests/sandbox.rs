//! The sandbox of test keys: what is told when, for how long it is kept, and how much there may be.

use super::*;
use crate::domain::RentalId;
use crate::domain::event::EventKind;
use crate::domain::fair_use::DayLimit;
use crate::domain::sandbox::{
    FIRST_ORDER_ID, MOST_ORDERS_PER_DAY, MOST_RENTALS_PER_DAY, TestService,
};
use crate::gateway::orders::OrderDone;
use crate::gateway::resources::OrderResource;

impl Fixture {
    /// A new test key of an account, and who asks with it.
    async fn tester(&self, account: &str) -> Requester {
        let accounts = self.gateway.accounts();
        let key = accounts.add_key(account.into(), KeyMode::Test, KeyEdit::default());
        let digest = key.await.unwrap().key.digest();
        Requester::new(accounts.holder_of_key(digest).await.unwrap().unwrap(), None)
    }

    async fn try_out(&self, by: &Requester, service: TestService) -> OrderDone {
        let request = OrderRequest {
            service: Some(service.id()),
            country: "NL".to_owned(),
            ..OrderRequest::default()
        };
        let orders = self.gateway.orders_for(by.mode());
        orders.make_once(by.clone(), request, None).await.unwrap()
    }

    async fn tried(&self, by: &Requester, service: TestService) -> OrderResource {
        match self.try_out(by, service).await {
            Done::Now(order) => order,
            other => panic!("{other:?}"),
        }
    }

    /// What test keys of an account were told, with the times in seconds after the start.
    async fn told_tests(&self, account: AccountId) -> Vec<(EventKind, i64)> {
        let events = self.gateway.events();
        let events = events.after((account, KeyMode::Test), EventId(0), 9999).await.unwrap();
        let seconds = |at: Timestamp| (at.0 - START_US) / SECOND_US;
        events.into_iter().map(|event| (event.kind, seconds(event.at))).collect()
    }

    /// How many test orders are kept.
    async fn test_orders(&self, by: &Requester) -> usize {
        let page = OrderPage { limit: 9, ..OrderPage::default() };
        let orders = self.gateway.orders_for(by.mode());
        orders.page(by.clone(), page).await.unwrap().len()
    }

    async fn rental_ids(&self, by: &Requester) -> Vec<i64> {
        let rentals = self.gateway.rentals_for(by.mode());
        let page = rentals.page(by.account, None, 9).await.unwrap();
        page.into_iter().map(|rental| rental.id).collect()
    }
}

/// Only the events of orders.
fn of_orders(told: &[(EventKind, i64)]) -> Vec<(EventKind, i64)> {
    let is_of_order = |kind: EventKind| kind.as_str().starts_with("order.");
    told.iter().copied().filter(|(kind, _)| is_of_order(*kind)).collect()
}

#[tokio::test]
async fn what_happens_is_told_at_its_time_also_after_a_restart() {
    let mut fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 0).await;
    let by = fixture.tester("ann").await;
    let due = |fixture: &Fixture| Arc::clone(fixture.gateway.due_work());
    let limit = LimitEdit { max_open: Some("none".into()), ..LimitEdit::default() };
    fixture.gateway.accounts().limit("ann".into(), limit).await.unwrap();
    assert_eq!(fixture.tried(&by, TestService::Two).await.id, FIRST_ORDER_ID);
    fixture.tried(&by, TestService::Silent).await;
    fixture.pass(4);
    let next = due(&fixture).run_due_work().await.unwrap();
    assert_eq!(next, Some(Timestamp(START_US + 5 * SECOND_US)));
    fixture.pass(2);
    due(&fixture).run_due_work().await.unwrap();
    fixture.restart().await;
    fixture.pass(1000);
    due(&fixture).run_overdue_deadlines().await.unwrap();
    use EventKind::{OrderCompleted, OrderCreated, OrderExpired, OrderMessage};
    let expected = [
        (OrderCreated, 0),
        (OrderCreated, 0),
        (OrderMessage, 5),
        (OrderCompleted, 5),
        (OrderMessage, 10),
        (OrderExpired, 600),
    ];
    assert_eq!(of_orders(&fixture.told_tests(ann).await), expected);
    let live = fixture.gateway.events().after((ann, KeyMode::Live), EventId(0), 99).await.unwrap();
    assert_eq!(live, []);
    // A day after their lifetime they are gone.
    assert_eq!(fixture.test_orders(&by).await, 2);
    fixture.pass(24 * 3600);
    due(&fixture).run_due_work().await.unwrap();
    assert_eq!(fixture.test_orders(&by).await, 0);
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn the_rental_is_told_each_minute_for_a_day_and_then_forgotten() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 0).await;
    let by = fixture.tester("ann").await;
    let first = fixture.rental_ids(&by).await;
    assert_eq!(first, [2_100_000_000]);
    fixture.pass(150);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    use EventKind::{RentalMessage, RentalStarted};
    let told = fixture.told_tests(ann).await;
    assert_eq!(told, [(RentalStarted, 0), (RentalMessage, 60), (RentalMessage, 120)]);
    // Another one takes its place, and only that is told of.
    let request =
        || RentalRequest { country: "nl".to_owned(), package: "1m".to_owned(), auto_renew: false };
    let rentals = || fixture.gateway.rentals_for(KeyMode::Test);
    let begin = || async { rentals().rent_once(by.clone(), request(), None).await.unwrap() };
    assert!(matches!(begin().await, Done::Now(_)));
    assert_eq!(fixture.rental_ids(&by).await, [2_100_000_001]);
    assert_eq!(rentals().show(ann, RentalId(first[0])).await.unwrap(), None);
    fixture.pass(60);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let told = fixture.told_tests(ann).await;
    assert_eq!(told[3..], [(RentalStarted, 150), (RentalMessage, 210)]);
    for _ in 2..MOST_RENTALS_PER_DAY {
        assert!(matches!(begin().await, Done::Now(_)));
    }
    assert_eq!(begin().await, Done::Refused(RentalRefusal::NoStock));
    fixture.pass(24 * 3600);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(fixture.rental_ids(&by).await, [0; 0]);
    assert!(matches!(begin().await, Done::Now(_)));
}

#[tokio::test]
async fn an_account_makes_so_many_test_orders_in_a_day_whatever_it_may_do_otherwise() {
    let fixture = Fixture::open().await;
    let (ann, by) = (fixture.customer("ann", 0).await, fixture.tester("ann").await);
    let limits = LimitEdit {
        max_open: Some("none".into()),
        orders_per_day: Some("none".into()),
        ..LimitEdit::default()
    };
    fixture.gateway.accounts().limit("ann".into(), limits).await.unwrap();
    for _ in 0..MOST_ORDERS_PER_DAY {
        fixture.tried(&by, TestService::Silent).await;
    }
    let refused = fixture.try_out(&by, TestService::Silent).await;
    assert_eq!(refused, Done::Refused(OrderRefusal::Limited(DayLimit::Orders)));
    assert_eq!(fixture.funds(ann).await, (0, 0));
    fixture.customer("bob", 0).await;
    let other = fixture.tester("bob").await;
    fixture.tried(&other, TestService::Silent).await;
    fixture.pass(24 * 3600);
    fixture.tried(&by, TestService::Silent).await;
}

#[tokio::test]
async fn a_test_of_a_clock_that_was_ahead_is_forgotten_and_one_of_an_erased_account_too() {
    let fixture = Fixture::open().await;
    fixture.customer("ann", 0).await;
    let by = fixture.tester("ann").await;
    fixture.pass(365 * 24 * 3600);
    fixture.tried(&by, TestService::Code).await;
    fixture.pass(-365 * 24 * 3600);
    fixture.gateway.due_work().begin_future_ones().await.unwrap();
    assert_eq!(fixture.test_orders(&by).await, 0);
    fixture.tried(&by, TestService::Code).await;
    fixture.gateway.accounts().erase("ann".into(), false).await.unwrap();
    assert_eq!(fixture.test_orders(&by).await, 0);
    assert_eq!(fixture.rental_ids(&by).await, [0; 0]);
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn an_endpoint_lists_and_sends_again_what_is_of_its_own_side_alone() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 900).await, fixture.service("Uber", &[]).await);
    let by = fixture.tester("ann").await;
    let webhooks = fixture.gateway.webhooks();
    let of_tests = AskedBy::Customer(by.clone());
    let new = NewEndpoint { url: "https://192.0.2.7/hook".to_owned(), types: None };
    let tests = webhooks.add(of_tests.clone(), ann, new).await.unwrap().unwrap().id;
    let live = fixture.endpoint(ann).await;
    fixture.order(ann, uber).await;
    fixture.tried(&by, TestService::Silent).await;
    let events = async |mode| {
        let events = fixture.gateway.events().after((ann, mode), EventId(0), 99).await.unwrap();
        events.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    let listed = async |by: AskedBy, endpoint| {
        let found = webhooks.deliveries(by, endpoint, None, 99).await.unwrap().unwrap();
        found.into_iter().rev().map(|delivery| delivery.event).collect::<Vec<_>>()
    };
    let real = events(KeyMode::Live).await;
    let tested = events(KeyMode::Test).await;
    assert_eq!(listed(AskedBy::Customer(ann.into()), live).await, real);
    let of_rental_too = listed(of_tests.clone(), tests).await;
    assert_eq!(of_rental_too, tested[tested.len() - of_rental_too.len()..]);
    assert!(!of_rental_too.is_empty() && !real.is_empty());
    let foreign = webhooks.redeliver(of_tests, tests, real[0]).await.unwrap();
    assert_eq!(foreign, Err(EndpointRefusal::NoDelivery(real[0])));
}
