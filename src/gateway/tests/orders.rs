//! Orders from their making to their end: with a code, without one, and by their limits.

use super::*;

#[tokio::test]
async fn an_order_gets_its_code_and_is_charged_once() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 120).await, fixture.service("Uber", &["^Uber$"]).await);
    let made = fixture.make(ann, uber).await;
    let MakeOrder::Made { order, number } = made else { panic!("{made:?}") };
    assert_eq!(number, "0612000001");
    assert_eq!(fixture.funds(ann).await, (120, 50));
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    fixture.pass(5);
    let Ingested::Message(_, given) = fixture.sms(1, "Uber", "Your code\r\nis 0183").await else {
        panic!()
    };
    assert_eq!(given, Some(order));
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("Your code is 0183".into())
    );
    assert_eq!(fixture.funds(ann).await, (70, 0));
    fixture.pass(5);
    fixture.sms(1, "Uber", "Again: 0184").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("Again: 0184".into()),
        "the newest"
    );
    assert_eq!(fixture.funds(ann).await, (70, 0), "charged once");
    let message = fixture.messages().await.remove(0);
    assert_eq!(
        (message.code.as_deref(), message.text.as_deref()),
        (Some("0183"), Some("Your code\r\nis 0183"))
    );
    assert_eq!(fixture.gateway.orders().cancel(ann, order).await.unwrap(), Cancel::Completed);
}

#[tokio::test]
async fn refusals_come_in_the_stated_order() {
    let fixture = Fixture::open().await;
    let (ann, uber) = (fixture.customer("ann", 0).await, fixture.service("Uber", &[]).await);
    let make =
        |service, country: &'static str| fixture.gateway.orders().make(ann, service, country);
    assert_eq!(make(None, "XX").await.unwrap(), MakeOrder::InvalidService);
    assert_eq!(make(Some(ServiceId(99)), "NL").await.unwrap(), MakeOrder::InvalidService);
    assert_eq!(make(Some(uber), "XX").await.unwrap(), MakeOrder::InvalidCountry);
    assert_eq!(make(Some(uber), "NL").await.unwrap(), MakeOrder::NoPhone, "before the balance");
    fixture.plug(1).await;
    assert_eq!(make(Some(uber), "NL").await.unwrap(), MakeOrder::NoBalance);
    assert_eq!(make(Some(uber), "UK").await.unwrap(), MakeOrder::NoPhone);
    fixture.gateway.accounts().top_up("ann".into(), Amount(60), "one".into()).await.unwrap();
    let order = fixture.order(ann, uber).await;
    assert_eq!(
        make(Some(uber), "NL").await.unwrap(),
        MakeOrder::AlreadyOpen(order),
        "before the stock"
    );
}

#[tokio::test]
async fn a_number_is_never_sold_twice_for_a_service_but_may_be_after_a_cancel() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let (uber, lyft) =
        (fixture.service("Uber", &["Uber"]).await, fixture.service("Lyft", &["Lyft"]).await);
    let first = fixture.order(ann, uber).await;
    assert_eq!(
        fixture.make(bob, uber).await,
        MakeOrder::NoPhone,
        "one open order per SIM and service"
    );
    assert_eq!(fixture.gateway.orders().cancel(ann, first).await.unwrap(), Cancel::Canceled);
    let second = fixture.order(bob, uber).await;
    fixture.sms(1, "Uber", "code 1234").await;
    assert!(matches!(fixture.state(second).await, OrderState::Completed { .. }));
    for account in [ann, bob] {
        assert_eq!(fixture.make(account, uber).await, MakeOrder::NoPhone, "used");
        let free = fixture.order(account, lyft).await;
        assert_eq!(fixture.gateway.orders().cancel(account, free).await.unwrap(), Cancel::Canceled);
    }
}

#[tokio::test]
async fn a_sim_without_an_order_comes_first_then_the_one_given_out_longest_ago() {
    let fixture = Fixture::open().await;
    for n in [1, 2, 3] {
        fixture.plug(n).await;
    }
    let mut numbers = Vec::new();
    let services = [fixture.service("a", &["a"]).await, fixture.service("b", &["b"]).await];
    for name in ["u", "v", "w", "x"] {
        let account = fixture.customer(name, 500).await;
        fixture.pass(1);
        let MakeOrder::Made { number, .. } =
            fixture.make(account, services[usize::from(name == "x")]).await
        else {
            panic!()
        };
        numbers.push(number);
    }
    assert_eq!(numbers, ["0612000001", "0612000002", "0612000003", "0612000001"]);
}

#[tokio::test]
async fn a_service_without_patterns_has_its_sim_to_itself() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (any, uber) =
        (fixture.service("any", &[]).await, fixture.service("Uber", &["^Uber$"]).await);
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let order = fixture.order(ann, any).await;
    assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone);
    fixture.sms(1, "Uber", "claimed by another service").await;
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    fixture.pass(1);
    fixture.sms(1, "Somebody", "hello").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("hello".into())
    );
}

#[tokio::test]
async fn an_order_past_its_lifetime_is_over_and_its_hold_goes_back() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 60).await, fixture.service("Uber", &[]).await);
    let order = fixture.order(ann, uber).await;
    let due = fixture.gateway.due_work().run_due_work().await.unwrap().unwrap();
    assert_eq!(due.since(fixture.gateway.now()), Duration::from_secs(600));
    fixture.pass(600);
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Over,
        "also before anybody has written it down"
    );
    assert_eq!(fixture.gateway.orders().cancel(ann, order).await.unwrap(), Cancel::Over);
    let pdu = fixture.pdus("Uber", "too late", 5, 1).remove(0);
    assert!(matches!(fixture.arrive(1, &pdu).await, Ingested::Message(_, None)));
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(matches!(fixture.state(order).await, OrderState::Expired { .. }));
    assert_eq!(fixture.funds(ann).await, (60, 0));
}

#[tokio::test]
async fn a_new_order_may_take_the_sim_of_one_that_nobody_has_written_off_yet() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 60).await, fixture.customer("bob", 60).await);
    let uber = fixture.service("Uber", &[]).await;
    fixture.order(ann, uber).await;
    fixture.pass(601);
    fixture.plug(1).await;
    fixture.order(bob, uber).await;
    assert_eq!((fixture.funds(ann).await, fixture.funds(bob).await), ((60, 0), (60, 50)));
}

#[tokio::test]
async fn a_long_poll_is_woken_by_the_sms_by_a_cancel_and_by_its_patience() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 500).await, fixture.service("Uber", &[]).await);
    let patience = Duration::from_secs(50);
    let order = fixture.order(ann, uber).await;
    let (said, _) = tokio::join!(
        fixture.gateway.orders().wait_for_sms(ann, order, patience),
        fixture.sms(1, "Uber", "code 1")
    );
    assert_eq!(said.unwrap(), Sms::Text("code 1".into()));
    fixture.plug(2).await;
    let order = fixture.order(ann, uber).await;
    let (said, _) = tokio::join!(
        fixture.gateway.orders().wait_for_sms(ann, order, patience),
        fixture.gateway.orders().cancel(ann, order)
    );
    assert_eq!(said.unwrap(), Sms::Over);
    let order = fixture.order(ann, uber).await;
    assert_eq!(
        fixture.gateway.orders().wait_for_sms(ann, order, Duration::ZERO).await.unwrap(),
        Sms::Waiting
    );
}

#[tokio::test]
async fn nobody_sees_anothers_order() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 0).await);
    let uber = fixture.service("Uber", &[]).await;
    let order = fixture.order(ann, uber).await;
    assert_eq!(fixture.gateway.orders().read_sms(bob, order).await.unwrap(), Sms::Over);
    assert_eq!(fixture.gateway.orders().cancel(bob, order).await.unwrap(), Cancel::Over);
    fixture.sms(1, "Uber", "secret").await;
    assert_eq!(fixture.gateway.orders().read_sms(bob, order).await.unwrap(), Sms::Over);
}

#[tokio::test]
async fn an_sms_and_a_cancel_that_race_have_one_winner() {
    for round in 0..50 {
        let fixture = Fixture::open().await;
        fixture.plug(1).await;
        let (ann, uber) = (fixture.customer("ann", 50).await, fixture.service("Uber", &[]).await);
        let order = fixture.order(ann, uber).await;
        let (sms, cancel) = match round % 2 {
            0 => tokio::join!(
                fixture.sms(1, "Uber", "code"),
                fixture.gateway.orders().cancel(ann, order)
            ),
            _ => {
                let (cancel, sms) = tokio::join!(
                    fixture.gateway.orders().cancel(ann, order),
                    fixture.sms(1, "Uber", "code")
                );
                (sms, cancel)
            }
        };
        let given = matches!(sms, Ingested::Message(_, Some(_)));
        let expected =
            if given { (Cancel::Completed, (0, 0)) } else { (Cancel::Canceled, (50, 0)) };
        assert_eq!((cancel.unwrap(), fixture.funds(ann).await), expected);
    }
}

#[tokio::test]
async fn a_top_up_sent_again_is_applied_once() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 100).await;
    fixture
        .gateway
        .accounts()
        .top_up("ann".into(), Amount(100), "first of ann".into())
        .await
        .unwrap();
    assert_eq!(fixture.funds(ann).await, (100, 0));
    let refused =
        fixture.gateway.accounts().top_up("ann".into(), Amount(0), "x".into()).await.unwrap_err();
    assert_eq!(refused.to_string(), "a top-up is more than 0.00");
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    assert_eq!(audit.iter().filter(|row| row.action == "topped up").count(), 1);
}

#[tokio::test]
async fn the_database_itself_refuses_what_must_never_be() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 5000).await, fixture.service("Uber", &[]).await);
    fixture.order(ann, uber).await;
    fixture.plug(2).await;
    assert!(matches!(
        fixture.gateway.rentals().rent(ann, Some("NL"), "1m", true).await.unwrap(),
        Rent::Made(_)
    ));
    fixture.gateway.0.env.store.close().await;
    for (sql, why) in [
        (crate::store::attacks::SECOND_OPEN_ORDER, "a second open order of a SIM and service"),
        (crate::store::attacks::LEDGER_CHANGED, "a changed ledger entry"),
        (crate::store::attacks::LEDGER_SHORTENED, "a deleted ledger entry"),
        (crate::store::attacks::SAME_CAUSE, "an entry with a cause that was applied"),
        (crate::store::attacks::NEGATIVE_HOLD, "a negative hold"),
        (crate::store::attacks::ORDER_ON_RENTED_SIM, "an open order on a rented SIM"),
        (crate::store::attacks::ORDER_MOVED_TO_RENTED_SIM, "an open order moved to a rented SIM"),
        (crate::store::attacks::RENTAL_ON_BUSY_SIM, "a rental of a SIM with an open order"),
        (crate::store::attacks::SECOND_TENANT, "a second tenant of a SIM"),
        (crate::store::attacks::TWO_OWNERS, "a message of an order and a rental"),
        (crate::store::attacks::CUSTOMER_OF_A_PROBE, "a probe that is a customer's"),
        (crate::store::attacks::AUDIT_CHANGED, "a changed row of the audit"),
        (crate::store::attacks::AUDIT_SHORTENED, "a deleted row of the audit"),
    ] {
        let carried_out = fixture.carry_out(sql);
        assert!(matches!(carried_out, Err(StoreError::Refused(_))), "{why}: {carried_out:?}");
    }
}
