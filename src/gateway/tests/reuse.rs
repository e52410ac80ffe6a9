//! Skip and reuse.

use super::*;

/// One plugged SIM, a rich customer, a service, and an order of theirs that has its SMS.
async fn completed(patterns: &[&str]) -> (Fixture, AccountId, ServiceId, OrderId) {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 500).await, fixture.service("Uber", patterns).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(2);
    fixture.sms(1, "Uber", "code 1111").await;
    (fixture, ann, uber, order)
}

#[tokio::test]
async fn a_skipped_number_is_never_that_accounts_for_that_service_again() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 100).await, fixture.customer("bob", 100).await);
    let (uber, lyft) =
        (fixture.service("Uber", &["^Uber$"]).await, fixture.service("Lyft", &["^Lyft$"]).await);
    let order = fixture.order(ann, uber).await;
    assert_eq!(
        fixture.gateway.orders().skip(bob, order).await.unwrap(),
        Cancel::Over,
        "somebody else's"
    );
    assert_eq!(fixture.gateway.orders().skip(ann, order).await.unwrap(), Cancel::Canceled);
    assert_eq!(
        (fixture.gateway.orders().skip(ann, order).await.unwrap(), fixture.funds(ann).await),
        (Cancel::Over, (100, 0))
    );
    assert!(matches!(fixture.state(order).await, OrderState::Skipped { .. }));
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Over);
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::NoPhone);
    let other = fixture.order(ann, lyft).await;
    fixture.gateway.orders().cancel(ann, other).await.unwrap();
    fixture.order(bob, uber).await;
}

#[tokio::test]
async fn a_completed_order_is_used_again_at_half_the_price_and_gets_its_own_sms() {
    for patterns in [&["^Uber$"][..], &[]] {
        let (fixture, ann, uber, old) = completed(patterns).await;
        assert_eq!(fixture.make(ann, uber).await, MakeOrder::NoPhone, "used");
        let Reuse::Made { order, number } = fixture.gateway.orders().reuse(ann, old).await.unwrap()
        else {
            panic!()
        };
        assert!(order != old && number == "0612000001");
        assert_eq!(fixture.funds(ann).await, (450, 25));
        assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
        fixture.pass(2);
        fixture.sms(1, "Uber", "code 2222").await;
        assert_eq!(
            fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
            Sms::Text("code 2222".into())
        );
        assert_eq!(
            fixture.gateway.orders().read_sms(ann, old).await.unwrap(),
            Sms::Text("code 1111".into())
        );
        assert_eq!(fixture.funds(ann).await, (425, 0));
        assert!(
            matches!(fixture.gateway.orders().reuse(ann, order).await.unwrap(), Reuse::Made { .. }),
            "and once more"
        );
    }
}

#[tokio::test]
async fn a_number_that_cannot_be_had_again_is_offline() {
    let (fixture, ann, uber, old) = completed(&["^Uber$"]).await;
    let bob = fixture.customer("bob", 500).await;
    let reuse = |account, order| fixture.gateway.orders().reuse(account, order);
    assert_eq!(reuse(bob, old).await.unwrap(), Reuse::Offline, "somebody else's");
    assert_eq!(reuse(ann, OrderId(99)).await.unwrap(), Reuse::Offline, "unknown");
    let Reuse::Made { order, .. } = reuse(ann, old).await.unwrap() else { panic!() };
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "on an open order for that service");
    assert_eq!(reuse(ann, order).await.unwrap(), Reuse::Offline, "not completed");
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    fixture.gateway.sims().set_rest(iccid(1), Duration::from_secs(60)).await.unwrap();
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "resting");
    fixture.gateway.sims().set_rest(iccid(1), Duration::ZERO).await.unwrap();
    fixture.gateway.sims().set_retired(iccid(1), true).await.unwrap();
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "retired");
    fixture.gateway.sims().set_retired(iccid(1), false).await.unwrap();
    fixture.gateway.sims().set_number(iccid(1), "+31612999999".into(), false).await.unwrap();
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "the SIM has another number");
    fixture.gateway.sims().set_number(iccid(1), "+31612000001".into(), false).await.unwrap();
    fixture.pass(300);
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "its modem has fallen silent");
    fixture.plug(1).await;
    let Reuse::Made { order, .. } = reuse(ann, old).await.unwrap() else { panic!() };
    fixture.gateway.orders().skip(ann, order).await.unwrap();
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "skipped");
    assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone, "used");
}

#[tokio::test]
async fn the_window_ends_some_hours_after_the_sms() {
    let (fixture, ann, _, old) = completed(&["^Uber$"]).await;
    fixture.pass(4 * 3600 - 1);
    fixture.plug(1).await;
    let Reuse::Made { order, .. } = fixture.gateway.orders().reuse(ann, old).await.unwrap() else {
        panic!()
    };
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    fixture.pass(1);
    assert_eq!(fixture.gateway.orders().reuse(ann, old).await.unwrap(), Reuse::Offline);
}

#[tokio::test]
async fn an_open_order_comes_before_the_balance() {
    let (fixture, ann, _, old) = completed(&["^Uber$"]).await;
    fixture.plug(2).await;
    let dear = fixture.service("Dear", &["^Dear$"]).await;
    let open = fixture.order(ann, dear).await;
    assert_eq!(fixture.gateway.orders().reuse(ann, old).await.unwrap(), Reuse::AlreadyOpen(open));
    fixture.gateway.orders().cancel(ann, open).await.unwrap();
    fixture
        .gateway
        .accounts()
        .adjust_balance("ann".into(), Amount(-440), "test".into(), "r1".into())
        .await
        .unwrap();
    assert_eq!(fixture.gateway.orders().reuse(ann, old).await.unwrap(), Reuse::NoBalance);
}

#[tokio::test]
async fn after_the_cool_down_a_number_is_sold_again() {
    let settings =
        Settings { number_cooldown: Some(Duration::from_secs(7200)), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    fixture.order(ann, uber).await;
    fixture.sms(1, "Uber", "code 1").await;
    fixture.pass(7199);
    fixture.plug(1).await;
    assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone);
    fixture.pass(1);
    fixture.order(bob, uber).await;
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_service_may_have_a_window_and_a_reuse_price_of_its_own() {
    let (fixture, ann, uber, old) = completed(&["^Uber$"]).await;
    let own = |window, price_percent| NewService {
        charge_on: Some(ChargeOn::Sms),
        reuse: ReuseTerms { window, price_percent },
        senders: vec!["^Uber$".into()],
        ..NewService::new("Uber", Amount(50))
    };
    let minute = Some(Duration::from_secs(60));
    fixture
        .gateway
        .services()
        .import(vec![own(minute, Some(100))], ImportMode::Replace, false)
        .await
        .unwrap();
    let Reuse::Made { order, .. } = fixture.gateway.orders().reuse(ann, old).await.unwrap() else {
        panic!()
    };
    assert_eq!(fixture.funds(ann).await, (450, 50));
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    fixture.pass(60);
    assert_eq!(
        fixture.gateway.orders().reuse(ann, old).await.unwrap(),
        Reuse::Offline,
        "a minute is over"
    );
    fixture
        .gateway
        .services()
        .import(vec![own(None, None)], ImportMode::Replace, false)
        .await
        .unwrap();
    assert!(
        matches!(fixture.gateway.orders().reuse(ann, old).await.unwrap(), Reuse::Made { .. }),
        "four hours are not"
    );
    let dear = NewService { name: "Dear".into(), ..own(None, Some(1001)) };
    assert!(fixture.gateway.services().add(dear).await.is_err());
    fixture.gateway.services().set_enabled("Uber".into(), false).await.unwrap();
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::InvalidService);
    fixture.gateway.services().set_enabled(uber.to_string(), true).await.unwrap();
    assert!(matches!(fixture.make(ann, uber).await, MakeOrder::AlreadyOpen(_)));
}

#[tokio::test]
async fn a_number_that_was_anothers_in_the_meantime_is_not_had_again() {
    let settings =
        Settings { number_cooldown: Some(Duration::from_secs(1800)), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let old = fixture.order(ann, uber).await;
    fixture.sms(1, "Uber", "code 1").await;
    fixture.pass(1800);
    fixture.report(1);
    fixture.order(bob, uber).await;
    fixture.sms(1, "Uber", "code 2").await;
    fixture.pass(600);
    fixture.report(1);
    assert_eq!(
        fixture.gateway.orders().reuse(ann, old).await.unwrap(),
        Reuse::Offline,
        "bob's for half an hour"
    );
    fixture.pass(1200);
    fixture.report(1);
    assert!(matches!(fixture.gateway.orders().reuse(ann, old).await.unwrap(), Reuse::Made { .. }));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_cooldown_is_over_at_the_time_of_the_next_order_although_time_passes_while_it_is_made() {
    let settings =
        Settings { number_cooldown: Some(Duration::from_secs(10)), ..default_settings() };
    let mut fixture = Fixture::with(settings.clone()).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let service = fixture.service("Uber", &["^Uber$"]).await;
    fixture.plug(1).await;
    fixture.order(ann, service).await;
    fixture.sms(1, "Uber", "code 1234").await;
    let over = fixture.clock.load(Ordering::SeqCst) + 10 * SECOND_US;
    for before in (0..20).rev() {
        // Each look at the clock finds it a millisecond later; and that there was no number the
        // last time is not known.
        fixture.gateway.0.env.store.close().await;
        let running = Arc::clone(&fixture.clock);
        let clock: Clock = Arc::new(move || Timestamp(running.fetch_add(1_000, Ordering::SeqCst)));
        let store = Store::open(&fixture.dir.path().join("test.db")).unwrap();
        fixture.gateway = Gateway::open(store, settings.clone(), clock, entropy()).await.unwrap();
        fixture.report(1);
        fixture.clock.store(over - before * 1_000, Ordering::SeqCst);
        if let MakeOrder::Made { .. } = fixture.make(bob, service).await {
            break;
        }
    }
    fixture.sms(1, "Uber", "code 5678").await;
    assert_eq!(fixture.funds(bob).await, (450, 0), "it was made in the end");
    assert_eq!(fixture.faults().await, [""; 0]);
}
