//! The health of numbers and SIMs: what fails rests, and what hears is sold.

use super::*;
use crate::domain::availability::UnavailableReason;

const DAY_S: i64 = 24 * 3600;

/// How many SIMs are held back for a reason.
async fn held_back(fixture: &Fixture, service: &str, reason: UnavailableReason) -> usize {
    let why = fixture.gateway.stock().explain(service.into(), "nl", None).await.unwrap();
    why.unavailable.iter().find(|(known, _)| *known == reason).unwrap().1
}

/// The SIM of an order that gets nothing.
async fn silent_order(fixture: &Fixture, account: AccountId, service: ServiceId, sims: u16) -> u16 {
    let MakeOrder::Made { number, .. } = fixture.make(account, service).await else { panic!() };
    fixture.pass(600);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    (1..=sims).for_each(|n| fixture.report(n));
    number[number.len() - 4..].parse().unwrap()
}

#[tokio::test]
async fn after_three_failures_another_number_is_given_also_after_a_crash() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let mut accounts = Vec::new();
    for n in 0..5 {
        accounts.push(fixture.customer(&format!("customer {n}"), 5_000).await);
    }
    for (n, account) in accounts.iter().enumerate().take(3) {
        assert_eq!(silent_order(&fixture, *account, uber, 1).await, 1, "order {n}");
    }
    fixture.restart().await;
    fixture.report(1);
    assert_eq!(fixture.make(accounts[3], uber).await, MakeOrder::NoPhone);
    assert_eq!(held_back(&fixture, "Uber", UnavailableReason::Failing).await, 1);
    let offers = fixture.gateway.stock().offers(accounts[3], "nl").await.unwrap().unwrap();
    assert_eq!(offers[0].2, 0, "nor is it told of");
    fixture.plug(2).await;
    assert_eq!(silent_order(&fixture, accounts[3], uber, 2).await, 2, "the fourth order");

    // After its rest it is tried again, and rests for twice as long; a code clears it.
    let lyft = fixture.service("Lyft", &["^Lyft$"]).await;
    fixture.order(accounts[4], lyft).await;
    fixture.sms(1, "Lyft", "code 1234").await;
    fixture.sms(2, "Lyft", "code 1234").await;
    fixture.pass(DAY_S);
    fixture.silence(2);
    fixture.report(1);
    assert_eq!(silent_order(&fixture, accounts[0], uber, 1).await, 1);
    fixture.pass(DAY_S + 3600);
    fixture.report(1);
    assert_eq!(fixture.make(accounts[1], uber).await, MakeOrder::NoPhone, "two days");
    fixture.pass(DAY_S);
    fixture.report(1);
    let order = fixture.order(accounts[1], uber).await;
    fixture.sms(1, "Uber", "code 1234").await;
    assert!(matches!(fixture.state(order).await, OrderState::Completed { .. }));
    assert_eq!(held_back(&fixture, "Uber", UnavailableReason::Failing).await, 0);
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn one_account_puts_nothing_to_rest() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 5_000).await, fixture.customer("bob", 5_000).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    for _ in 0..40 {
        let order = fixture.order(ann, uber).await;
        fixture.pass(61);
        fixture.gateway.orders().cancel(ann, order).await.unwrap();
        fixture.report(1);
    }
    assert_eq!(held_back(&fixture, "Uber", UnavailableReason::Failing).await, 0);
    let order = fixture.order(bob, uber).await;
    fixture.gateway.orders().cancel(bob, order).await.unwrap();
    assert_eq!(held_back(&fixture, "Uber", UnavailableReason::Failing).await, 0, "given up early");
    // Another day, and another account: that is three.
    fixture.pass(DAY_S);
    fixture.report(1);
    for account in [ann, bob] {
        let order = fixture.order(account, uber).await;
        fixture.pass(61);
        fixture.gateway.orders().cancel(account, order).await.unwrap();
        fixture.report(1);
    }
    assert_eq!(held_back(&fixture, "Uber", UnavailableReason::Failing).await, 1);
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_number_that_has_not_failed_for_the_service_comes_before_one_that_has() {
    let fixture = Fixture::open().await;
    let (uber, lyft) =
        (fixture.service("Uber", &["^Uber$"]).await, fixture.service("Lyft", &["^Lyft$"]).await);
    let mut accounts = Vec::new();
    for n in 0..5 {
        accounts.push(fixture.customer(&format!("customer {n}"), 5_000).await);
    }
    fixture.plug(1).await;
    assert_eq!(silent_order(&fixture, accounts[0], uber, 1).await, 1);
    fixture.plug(2).await;
    fixture.pass(600);
    let given = async |account: AccountId, service| {
        (1..=2).for_each(|n| fixture.report(n));
        let MakeOrder::Made { order, number, .. } = fixture.make(account, service).await else {
            panic!()
        };
        // It is not judged, because it is given up early.
        fixture.gateway.orders().cancel(account, order).await.unwrap();
        fixture.pass(601);
        number[number.len() - 1..].to_owned()
    };
    // Two is given later than one each time, and is better for the service that failed on one.
    assert_eq!(given(accounts[1], uber).await, "2");
    assert_eq!(given(accounts[2], uber).await, "2");
    assert_eq!(given(accounts[3], lyft).await, "1");
    let second = fixture.gateway.sims().find(iccid(2)).await.unwrap().sim.iccid;
    fixture.gateway.sims().set_rest(second, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(given(accounts[4], uber).await, "1", "it is better than none");
}

#[tokio::test]
async fn a_deaf_sim_leaves_sale_within_three_orders_and_is_back_when_it_hears() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 50_000).await, fixture.customer("bob", 5_000).await);
    let (uber, lyft) =
        (fixture.service("Uber", &["^Uber$"]).await, fixture.service("Lyft", &["^Lyft$"]).await);
    for service in [uber, uber, lyft] {
        silent_order(&fixture, ann, service, 1).await;
    }
    fixture.restart().await;
    fixture.report(1);
    let state =
        async |fixture: &Fixture| fixture.gateway.sims().find(iccid(1)).await.unwrap().state();
    assert_eq!(state(&fixture).await, "deaf");
    assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone);
    let rented = fixture.gateway.rentals().rent(bob, Some("nl"), "1m", false).await.unwrap();
    assert_eq!(rented, Rent::NoStock);
    assert_eq!(held_back(&fixture, "Uber", UnavailableReason::Deaf).await, 1);
    assert_eq!(fixture.gateway.reports().site_stats().await.unwrap().deaf, [iccid(1)]);

    // Anything heals it; and again after it was silent again.
    fixture.sms(1, "Friend", "hello").await;
    assert_eq!(state(&fixture).await, "available");
    assert_eq!(fixture.gateway.reports().site_stats().await.unwrap().deaf.len(), 0);
    for service in [lyft, uber] {
        silent_order(&fixture, bob, service, 1).await;
    }
    assert_eq!(state(&fixture).await, "available", "two are too few");
    silent_order(&fixture, bob, uber, 1).await;
    assert_eq!(state(&fixture).await, "deaf");
    // Without a message it is tried again after a day.
    fixture.pass(DAY_S);
    fixture.report(1);
    assert_eq!(state(&fixture).await, "available");
    let bolt = fixture.service("Bolt", &["^Bolt$"]).await;
    silent_order(&fixture, bob, bolt, 1).await;
    assert_eq!(state(&fixture).await, "deaf");
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_sim_that_seemed_deaf_has_one_order_at_a_time_and_no_tenant_until_it_hears() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 50_000).await, fixture.customer("bob", 50_000).await);
    let (uber, lyft) =
        (fixture.service("Uber", &["^Uber$"]).await, fixture.service("Lyft", &["^Lyft$"]).await);
    for service in [uber, uber, lyft] {
        silent_order(&fixture, ann, service, 1).await;
    }
    fixture.pass(DAY_S);
    fixture.restart().await;
    fixture.report(1);
    let counts = async |fixture: &Fixture| {
        let offers = fixture.gateway.stock().offers(ann, "nl").await.unwrap().unwrap();
        offers.into_iter().map(|(_, _, count)| count).collect::<Vec<_>>()
    };
    let rent = async |fixture: &Fixture| {
        fixture.gateway.rentals().rent(ann, Some("nl"), "1m", false).await.unwrap()
    };
    assert_eq!(counts(&fixture).await, [1, 1]);
    assert_eq!(rent(&fixture).await, Rent::NoStock);
    let why = fixture.gateway.stock().explain(RENTALS.into(), "nl", None).await.unwrap();
    assert!(why.unavailable.contains(&(UnavailableReason::Deaf, 1)), "{why:?}");
    let tried = fixture.order(bob, uber).await;
    assert_eq!(fixture.make(ann, lyft).await, MakeOrder::NoPhone, "one at a time");
    assert_eq!(counts(&fixture).await, [0, 0]);
    assert_eq!(held_back(&fixture, "Lyft", UnavailableReason::Busy).await, 1);

    fixture.gateway.orders().cancel(bob, tried).await.unwrap();
    let second = fixture.order(ann, lyft).await;
    fixture.sms(1, "Friend", "hello").await;
    let third = fixture.order(bob, uber).await;
    for (account, order) in [(ann, second), (bob, third)] {
        fixture.gateway.orders().cancel(account, order).await.unwrap();
    }
    assert!(matches!(rent(&fixture).await, Rent::Made(_)));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn the_operator_sees_what_fails_and_can_rest_and_clear_it() {
    let fixture = Fixture::open().await;
    for n in [1, 2] {
        fixture.plug(n).await;
    }
    let ann = fixture.customer("ann", 50_000).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    assert_eq!(silent_order(&fixture, ann, uber, 2).await, 1);
    fixture.order(ann, uber).await;
    fixture.pass(40);
    fixture.sms(2, "Uber", "code 1234").await;
    let health = fixture.gateway.health();
    let pairs = health.pairs(ListRequest::default()).await.unwrap();
    let shown: Vec<_> = pairs
        .iter()
        .map(|pair| (pair.iccid.clone(), pair.ends.codes, pair.ends.failures, pair.health.failures))
        .collect();
    assert_eq!(shown, [(Some(iccid(1)), 0, 1, 1), (Some(iccid(2)), 1, 0, 0)]);
    let of_sim = ListRequest { iccid: Some(iccid(2).to_string()), ..ListRequest::default() };
    assert_eq!(health.pairs(of_sim).await.unwrap(), pairs[1..]);

    let rested = health.rest("0612000001".into(), "uber".into(), Duration::from_secs(60)).await;
    assert!(rested.unwrap().rests);
    assert_eq!(held_back(&fixture, "Uber", UnavailableReason::Failing).await, 1);
    fixture.pass(60);
    assert_eq!(held_back(&fixture, "Uber", UnavailableReason::Failing).await, 0);
    health.rest("0612000001".into(), "1".into(), Duration::from_secs(60)).await.unwrap();
    let cleared = health.clear("+31612000001".into(), "Uber".into()).await.unwrap();
    assert_eq!((cleared.rests, cleared.health.failures), (false, 0));
    for (number, service) in [("0612000009", "Uber"), ("0612000001", "Ubre"), ("12", "Uber")] {
        let refused = health.clear(number.into(), service.into()).await;
        assert!(refused.unwrap_err().refusal().is_some(), "{number} {service}");
    }
    assert!(health.clear_sim(iccid(1)).await.unwrap(), "an order on it was silent");
    assert!(!health.clear_sim(iccid(1)).await.unwrap());
    assert!(health.clear_sim(iccid(9)).await.unwrap_err().refusal().is_some());

    // A service's figures: too few orders say nothing of its success.
    let figures = health.services().await.unwrap()[&uber];
    assert_eq!((figures.success, figures.median_seconds), (None, Some(40)));
    for _ in 0..18 {
        silent_order(&fixture, ann, uber, 2).await;
        health.clear("0612000001".into(), "Uber".into()).await.unwrap();
    }
    let figures = health.services().await.unwrap()[&uber];
    assert_eq!((figures.success, figures.median_seconds), (Some(0.05), Some(40)));
    fixture.pass(8 * DAY_S);
    assert_eq!(health.services().await.unwrap().get(&uber), None);
    assert_eq!(health.pairs(ListRequest::default()).await.unwrap(), []);
    assert_eq!(fixture.faults().await, [""; 0]);
}
