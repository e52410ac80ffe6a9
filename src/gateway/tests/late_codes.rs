//! A code that comes late is not the next customer's.

use super::*;
use crate::domain::availability::UnavailableReason;

const REST_S: i64 = 600;

async fn resting() -> (Fixture, AccountId, AccountId, ServiceId) {
    let number_rest = Duration::from_secs(REST_S.unsigned_abs());
    let fixture = Fixture::with(Settings { number_rest, ..default_settings() }).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 5_000).await, fixture.customer("bob", 5_000).await);
    let uber = fixture.service_charging("Uber", &["^Uber$"], None).await;
    (fixture, ann, bob, uber)
}

async fn resting_sims(fixture: &Fixture, service: &str, account: &str) -> (usize, usize) {
    let stock = fixture.gateway.stock();
    let why = stock.explain(service.into(), "nl", Some(account.into())).await.unwrap();
    let resting = |(reason, _): &&(UnavailableReason, usize)| {
        *reason == UnavailableReason::RestsBetweenCustomers
    };
    (why.available, why.unavailable.iter().find(resting).unwrap().1)
}

/// What others could order and rent.
async fn can_have(fixture: &Fixture, account: AccountId, service: ServiceId) -> (bool, bool) {
    let made = fixture.make(account, service).await;
    if let MakeOrder::Made { order, .. } = &made {
        fixture.gateway.orders().cancel(account, *order).await.unwrap();
    }
    let rented = fixture.gateway.rentals().rent(account, Some("nl"), "1m", false).await.unwrap();
    (matches!(made, MakeOrder::Made { .. }), matches!(rented, Rent::Made(_)))
}

#[tokio::test]
async fn a_number_that_was_given_up_or_expired_rests_for_all_others() {
    for ended_by in ["cancel", "skip", "expiry", "expiry that nobody has noticed"] {
        let (fixture, ann, bob, uber) = resting().await;
        let order = fixture.order(ann, uber).await;
        fixture.pass(300);
        match ended_by {
            "cancel" => drop(fixture.gateway.orders().cancel(ann, order).await.unwrap()),
            "skip" => drop(fixture.gateway.orders().skip(ann, order).await.unwrap()),
            _ => fixture.pass(300),
        }
        if ended_by == "expiry" {
            fixture.gateway.due_work().run_due_work().await.unwrap();
        }
        fixture.report(1);
        assert_eq!(can_have(&fixture, bob, uber).await, (false, false), "{ended_by}");
        assert_eq!(resting_sims(&fixture, "Uber", "bob").await, (0, 1), "{ended_by}");
        let offers = fixture.gateway.stock().offers(bob, "nl").await.unwrap().unwrap();
        assert_eq!(offers[0].2, 0, "{ended_by}");
        fixture.pass(REST_S - 1);
        fixture.report(1);
        assert_eq!(can_have(&fixture, bob, uber).await, (false, false), "{ended_by}");
        fixture.pass(1);
        assert_eq!(can_have(&fixture, bob, uber).await, (true, true), "{ended_by}");
        assert_eq!(fixture.faults().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_code_that_comes_late_is_nobodys_and_its_number_used() {
    let (fixture, ann, bob, uber) = resting().await;
    let order = fixture.order(ann, uber).await;
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    fixture.pass(5);
    let late = fixture.sms(1, "Uber", "code 1234").await;
    assert!(matches!(late, Ingested::Message(_, None)), "{late:?}");
    fixture.pass(REST_S);
    fixture.report(1);
    assert_eq!(can_have(&fixture, bob, uber).await, (false, true));
}

#[tokio::test]
async fn a_number_rests_for_its_service_alone_and_not_for_who_had_it() {
    let (fixture, ann, bob, uber) = resting().await;
    let lyft = fixture.service_charging("Lyft", &["^Lyft$"], None).await;
    let (any, other) = (fixture.service("Any", &[]).await, fixture.service("Other", &[]).await);
    let order = fixture.order(ann, uber).await;
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    assert_eq!(resting_sims(&fixture, "Uber", "ann").await, (1, 0), "her own code is welcome");
    for free in ["Lyft", "Any"] {
        assert_eq!(resting_sims(&fixture, free, "bob").await, (1, 0), "{free}");
    }
    let order = fixture.order(ann, any).await;
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    // Whatever no service claims would be the other's.
    assert_eq!(fixture.make(bob, other).await, MakeOrder::NoPhone);
    assert!(matches!(fixture.make(bob, lyft).await, MakeOrder::Made { .. }));
}

#[tokio::test]
async fn a_number_that_rests_is_not_reused_by_its_former_customer() {
    let settings = Settings {
        number_rest: Duration::from_secs(600),
        number_cooldown: Some(Duration::from_secs(60)),
        ..default_settings()
    };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service_charging("Uber", &["^Uber$"], None).await;
    let first = fixture.order(ann, uber).await;
    fixture.pass(2);
    fixture.sms(1, "Uber", "code 1234").await;
    fixture.pass(700);
    fixture.report(1);
    let second = fixture.order(bob, uber).await;
    fixture.gateway.orders().cancel(bob, second).await.unwrap();
    assert_eq!(fixture.gateway.orders().reuse(ann, first).await.unwrap(), Reuse::Offline);
    fixture.pass(600);
    fixture.report(1);
    let reused = fixture.gateway.orders().reuse(ann, first).await.unwrap();
    assert!(matches!(reused, Reuse::Made { .. }), "{reused:?}");
}
