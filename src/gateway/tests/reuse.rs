//! Skip and reuse.

use super::*;

/// One plugged SIM, a rich customer, a service, and an order of theirs that has its SMS.
async fn completed(patterns: &[&str]) -> (Desk, AccountId, ServiceId, OrderId) {
    let desk = Desk::open().await;
    desk.plug(1).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", patterns).await);
    let order = desk.order(ann, uber).await;
    desk.pass(2);
    desk.sms(1, "Uber", "code 1111").await;
    (desk, ann, uber, order)
}

#[tokio::test]
async fn a_skipped_number_is_never_that_accounts_for_that_service_again() {
    let desk = Desk::open().await;
    desk.plug(1).await;
    let (ann, bob) = (desk.customer("ann", 100).await, desk.customer("bob", 100).await);
    let (uber, lyft) =
        (desk.service("Uber", &["^Uber$"]).await, desk.service("Lyft", &["^Lyft$"]).await);
    let order = desk.order(ann, uber).await;
    assert_eq!(desk.gateway.skip(bob, order).await.unwrap(), Cancel::Over, "somebody else's");
    assert_eq!(desk.gateway.skip(ann, order).await.unwrap(), Cancel::Canceled);
    assert_eq!(
        (desk.gateway.skip(ann, order).await.unwrap(), desk.funds(ann).await),
        (Cancel::Over, (100, 0))
    );
    assert!(matches!(desk.state(order).await, OrderState::Skipped { .. }));
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Over);
    assert_eq!(desk.make(ann, uber).await, MakeOrder::NoPhone);
    let other = desk.order(ann, lyft).await;
    desk.gateway.cancel(ann, other).await.unwrap();
    desk.order(bob, uber).await;
}

#[tokio::test]
async fn a_completed_order_is_used_again_at_half_the_price_and_gets_its_own_sms() {
    for patterns in [&["^Uber$"][..], &[]] {
        let (desk, ann, uber, old) = completed(patterns).await;
        assert_eq!(desk.make(ann, uber).await, MakeOrder::NoPhone, "used");
        let Reuse::Made { order, number } = desk.gateway.reuse(ann, old).await.unwrap() else {
            panic!()
        };
        assert!(order != old && number == "0612000001");
        assert_eq!(desk.funds(ann).await, (450, 25));
        assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Waiting);
        desk.pass(2);
        desk.sms(1, "Uber", "code 2222").await;
        assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Text("code 2222".into()));
        assert_eq!(desk.gateway.sms(ann, old).await.unwrap(), Sms::Text("code 1111".into()));
        assert_eq!(desk.funds(ann).await, (425, 0));
        assert!(
            matches!(desk.gateway.reuse(ann, order).await.unwrap(), Reuse::Made { .. }),
            "and once more"
        );
    }
}

#[tokio::test]
async fn a_number_that_cannot_be_had_again_is_offline() {
    let (desk, ann, uber, old) = completed(&["^Uber$"]).await;
    let bob = desk.customer("bob", 500).await;
    let reuse = |account, order| desk.gateway.reuse(account, order);
    assert_eq!(reuse(bob, old).await.unwrap(), Reuse::Offline, "somebody else's");
    assert_eq!(reuse(ann, OrderId(99)).await.unwrap(), Reuse::Offline, "unknown");
    let Reuse::Made { order, .. } = reuse(ann, old).await.unwrap() else { panic!() };
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "on an open order for that service");
    assert_eq!(reuse(ann, order).await.unwrap(), Reuse::Offline, "not completed");
    desk.gateway.cancel(ann, order).await.unwrap();
    desk.gateway.rest_sim(iccid(1), Duration::from_secs(60)).await.unwrap();
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "resting");
    desk.gateway.rest_sim(iccid(1), Duration::ZERO).await.unwrap();
    desk.gateway.retire_sim(iccid(1), true).await.unwrap();
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "retired");
    desk.gateway.retire_sim(iccid(1), false).await.unwrap();
    desk.gateway.set_number(iccid(1), "+31612999999".into()).await.unwrap();
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "the SIM has another number");
    desk.gateway.set_number(iccid(1), "+31612000001".into()).await.unwrap();
    desk.pass(300);
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "its modem has fallen silent");
    desk.plug(1).await;
    let Reuse::Made { order, .. } = reuse(ann, old).await.unwrap() else { panic!() };
    desk.gateway.skip(ann, order).await.unwrap();
    assert_eq!(reuse(ann, old).await.unwrap(), Reuse::Offline, "skipped");
    assert_eq!(desk.make(bob, uber).await, MakeOrder::NoPhone, "used");
}

#[tokio::test]
async fn the_window_ends_some_hours_after_the_sms() {
    let (desk, ann, _, old) = completed(&["^Uber$"]).await;
    desk.pass(4 * 3600 - 1);
    desk.plug(1).await;
    let Reuse::Made { order, .. } = desk.gateway.reuse(ann, old).await.unwrap() else { panic!() };
    desk.gateway.cancel(ann, order).await.unwrap();
    desk.pass(1);
    assert_eq!(desk.gateway.reuse(ann, old).await.unwrap(), Reuse::Offline);
}

#[tokio::test]
async fn an_open_order_comes_before_the_balance() {
    let (desk, ann, _, old) = completed(&["^Uber$"]).await;
    desk.plug(2).await;
    let dear = desk.service("Dear", &["^Dear$"]).await;
    let open = desk.order(ann, dear).await;
    assert_eq!(desk.gateway.reuse(ann, old).await.unwrap(), Reuse::AlreadyOpen(open));
    desk.gateway.cancel(ann, open).await.unwrap();
    desk.gateway.adjust("ann".into(), Amount(-440), "test".into(), "r1".into()).await.unwrap();
    assert_eq!(desk.gateway.reuse(ann, old).await.unwrap(), Reuse::NoBalance);
}

#[tokio::test]
async fn after_the_cool_down_a_number_is_sold_again() {
    let settings =
        Settings { number_cooldown: Some(Duration::from_secs(7200)), ..Settings::default() };
    let desk = Desk::with(settings).await;
    desk.plug(1).await;
    let (ann, bob) = (desk.customer("ann", 500).await, desk.customer("bob", 500).await);
    let uber = desk.service("Uber", &["^Uber$"]).await;
    desk.order(ann, uber).await;
    desk.sms(1, "Uber", "code 1").await;
    desk.pass(7199);
    desk.plug(1).await;
    assert_eq!(desk.make(bob, uber).await, MakeOrder::NoPhone);
    desk.pass(1);
    desk.order(bob, uber).await;
    assert_eq!(desk.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_service_may_have_a_window_and_a_reuse_price_of_its_own() {
    let (desk, ann, uber, old) = completed(&["^Uber$"]).await;
    let own = |window, price_percent| NewService {
        name: "Uber".into(),
        price: Amount(50),
        country_prices: BTreeMap::new(),
        priority: 0,
        reuse: ReuseTerms { window, price_percent },
        senders: vec!["^Uber$".into()],
        texts: vec![],
    };
    let minute = Some(Duration::from_secs(60));
    desk.gateway.import_services(vec![own(minute, Some(100))]).await.unwrap();
    let Reuse::Made { order, .. } = desk.gateway.reuse(ann, old).await.unwrap() else { panic!() };
    assert_eq!(desk.funds(ann).await, (450, 50));
    desk.gateway.cancel(ann, order).await.unwrap();
    desk.pass(60);
    assert_eq!(desk.gateway.reuse(ann, old).await.unwrap(), Reuse::Offline, "a minute is over");
    desk.gateway.import_services(vec![own(None, None)]).await.unwrap();
    assert!(
        matches!(desk.gateway.reuse(ann, old).await.unwrap(), Reuse::Made { .. }),
        "four hours are not"
    );
    let dear = NewService { name: "Dear".into(), ..own(None, Some(1001)) };
    assert!(desk.gateway.add_service(dear).await.is_err());
    desk.gateway.enable_service("Uber".into(), false).await.unwrap();
    assert_eq!(desk.make(ann, uber).await, MakeOrder::InvalidService);
    desk.gateway.enable_service(uber.to_string(), true).await.unwrap();
    assert!(matches!(desk.make(ann, uber).await, MakeOrder::AlreadyOpen(_)));
}

#[tokio::test]
async fn a_number_that_was_anothers_in_the_meantime_is_not_had_again() {
    let settings =
        Settings { number_cooldown: Some(Duration::from_secs(1800)), ..Settings::default() };
    let desk = Desk::with(settings).await;
    desk.plug(1).await;
    let (ann, bob) = (desk.customer("ann", 500).await, desk.customer("bob", 500).await);
    let uber = desk.service("Uber", &["^Uber$"]).await;
    let old = desk.order(ann, uber).await;
    desk.sms(1, "Uber", "code 1").await;
    desk.pass(1800);
    desk.report(1);
    desk.order(bob, uber).await;
    desk.sms(1, "Uber", "code 2").await;
    desk.pass(600);
    desk.report(1);
    assert_eq!(
        desk.gateway.reuse(ann, old).await.unwrap(),
        Reuse::Offline,
        "bob's for half an hour"
    );
    desk.pass(1200);
    desk.report(1);
    assert!(matches!(desk.gateway.reuse(ann, old).await.unwrap(), Reuse::Made { .. }));
    assert_eq!(desk.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_cooldown_is_over_at_the_moment_that_the_next_order_bears_although_time_passes_while_it_is_made()
 {
    let settings =
        Settings { number_cooldown: Some(Duration::from_secs(10)), ..Settings::default() };
    let mut desk = Desk::with(settings.clone()).await;
    let (ann, bob) = (desk.customer("ann", 500).await, desk.customer("bob", 500).await);
    let service = desk.service("Uber", &["^Uber$"]).await;
    desk.plug(1).await;
    desk.order(ann, service).await;
    desk.sms(1, "Uber", "code 1234").await;
    let over = desk.clock.load(Ordering::SeqCst) + 10 * SECOND_US;
    for before in (0..20).rev() {
        // Each look at the clock finds it a millisecond later; and that there was no number the
        // last time is not known.
        desk.gateway.store.close().await;
        let running = Arc::clone(&desk.clock);
        let clock: Clock = Arc::new(move || Timestamp(running.fetch_add(1_000, Ordering::SeqCst)));
        let store = Store::open(&desk.dir.path().join("test.db")).unwrap();
        desk.gateway = Gateway::open(store, settings.clone(), clock, entropy()).await.unwrap();
        desk.report(1);
        desk.clock.store(over - before * 1_000, Ordering::SeqCst);
        if let MakeOrder::Made { .. } = desk.make(bob, service).await {
            break;
        }
    }
    desk.sms(1, "Uber", "code 5678").await;
    assert_eq!(desk.funds(bob).await, (450, 0), "it was made in the end");
    assert_eq!(desk.faults().await, [""; 0]);
}
