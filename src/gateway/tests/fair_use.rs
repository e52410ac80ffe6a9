//! What is free is rationed.

use super::*;
use crate::domain::RentalId;
use crate::domain::price::{Price, Rates};
use crate::domain::rental::Packages;

const DAY_S: i64 = 24 * 3600;

/// Makes an order and cancels it; whether there was a number.
async fn make_and_cancel(fixture: &Fixture, account: AccountId, service: ServiceId) -> bool {
    let MakeOrder::Made { order, .. } = fixture.make(account, service).await else { return false };
    fixture.gateway.orders().cancel(account, order).await.unwrap() == Cancel::Canceled
}

#[tokio::test]
async fn a_loop_that_gives_up_every_order_stops_at_the_fifty_first_with_a_pause() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let mut made = 0;
    while make_and_cancel(&fixture, ann, uber).await {
        made += 1;
        assert!(made < 289);
    }
    assert_eq!(made, 51);
    let until = fixture.gateway.now().plus(Duration::from_secs(60));
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::Paused(until));
    let why = fixture.gateway.stock().explain("Uber".into(), "nl", Some("ann".into())).await;
    assert_eq!(why.unwrap().obstacles.unwrap().paused_until, Some(until));
    assert!(make_and_cancel(&fixture, bob, uber).await, "others are not paused");
    fixture.restart().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::Paused(until), "after a restart, too");
    fixture.pass(60);
    assert!(make_and_cancel(&fixture, ann, uber).await);
    assert!(!make_and_cancel(&fixture, ann, uber).await, "after each further one");
    // Who takes what was ordered is soon like all others.
    for n in 0..20 {
        fixture.pass(700);
        fixture.plug(10 + n).await;
        let made = fixture.make(ann, uber).await;
        let MakeOrder::Made { order, .. } = made else { panic!("{n}: {made:?}") };
        fixture.pass(1);
        fixture.sms(10 + n, "Uber", &format!("code {n}")).await;
        fixture.sms(1, "Uber", &format!("code {n}")).await;
        fixture.sms(2, "Uber", &format!("code {n}")).await;
        assert!(matches!(fixture.state(order).await, OrderState::Completed { .. }), "{n}");
        fixture.gateway.accounts().top_up("ann".into(), Amount(50), format!("{n}")).await.unwrap();
    }
    fixture.pass(700);
    fixture.plug(99).await;
    assert!(make_and_cancel(&fixture, ann, uber).await);
    assert!(make_and_cancel(&fixture, ann, uber).await, "no pause any more");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_account_that_gives_up_nearly_all_has_one_open_order() {
    let settings = Settings { max_open_per_account: 3, ..default_settings() };
    let fixture = Fixture::with(settings.clone()).await;
    for sim in 1..=3 {
        fixture.plug(sim).await;
    }
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    for _ in 0..50 {
        assert!(make_and_cancel(&fixture, ann, uber).await);
    }
    let open = fixture.order(ann, uber).await;
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::AlreadyOpen(open));
    let off =
        crate::domain::fair_use::Pauses { after_giving_up: Duration::ZERO, ..settings.pauses };
    fixture.gateway.apply_settings(Settings { pauses: off, ..settings });
    assert!(matches!(fixture.make(ann, uber).await, MakeOrder::Made { .. }), "switched off");
}

#[tokio::test]
async fn who_gives_an_order_up_too_early_waits_for_the_rest_of_its_age() {
    let pauses = crate::domain::fair_use::Pauses {
        min_cancel_age: Duration::from_secs(30),
        after_giving_up: Duration::ZERO,
    };
    let fixture = Fixture::with(Settings { pauses, ..default_settings() }).await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(10);
    assert_eq!(fixture.gateway.orders().cancel(ann, order).await.unwrap(), Cancel::Canceled);
    assert!(matches!(fixture.make(ann, uber).await, MakeOrder::Paused(_)));
    fixture.pass(20);
    assert!(matches!(fixture.make(ann, uber).await, MakeOrder::Made { .. }));
}

#[tokio::test]
async fn orders_without_a_charge_go_with_their_entries_and_the_books_stay_right() {
    let settings = Settings {
        given_up_kept: Some(Duration::from_secs(1000)),
        text_kept: Duration::from_secs(500),
        ..default_settings()
    };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 5_000).await;
    let uber = fixture.service_charging("Uber", &["^Uber$"], None).await;
    let lyft = fixture.service_charging("Lyft", &["^Lyft$"], None).await;
    let kept_text = fixture.order(ann, uber).await;
    fixture.pass(1);
    fixture.sms(1, "Uber", "no code").await;
    fixture.gateway.orders().cancel(ann, kept_text).await.unwrap();
    let skipped = fixture.order(ann, lyft).await;
    fixture.gateway.orders().skip(ann, skipped).await.unwrap();
    for _ in 0..10 {
        assert!(make_and_cancel(&fixture, ann, uber).await);
    }
    let expired = fixture.order(ann, uber).await;
    fixture.pass(600);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    fixture.report(1);
    let charged = fixture.order(ann, uber).await;
    fixture.pass(1);
    fixture.sms(1, "Uber", "code 1234").await;
    let listed = async || fixture.gateway.orders().list(RowLimit::ALL.into()).await.unwrap().len();
    assert_eq!(listed().await, 14);
    fixture.pass(1_100);
    let next = fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(next.is_none_or(|next| next > fixture.gateway.now()), "{next:?}");
    let left = fixture.gateway.orders().list(RowLimit::ALL.into()).await.unwrap();
    let left: Vec<OrderId> = left.into_iter().map(|view| view.order.id).collect();
    assert_eq!(left, [kept_text, skipped, charged], "{expired} is gone");
    assert_eq!(fixture.funds(ann).await, (4_950, 0));
    assert_eq!(fixture.make(ann, lyft).await, MakeOrder::NoPhone, "skipped for good");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn old_rows_of_the_audit_go_the_oldest_first() {
    let settings = Settings { audit_kept: Some(Duration::from_secs(1000)), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.customer("ann", 0).await;
    fixture.pass(1_200);
    fixture.customer("bob", 0).await;
    fixture.customer("cid", 0).await;
    let next = fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(next.is_none_or(|next| next > fixture.gateway.now()), "{next:?}");
    let rows = async || fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let subjects: Vec<String> = rows().await.into_iter().map(|row| row.subject).collect();
    assert_eq!(subjects, ["account 2 bob", "account 3 cid"]);
    fixture.pass(5_000);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(rows().await.len(), 1, "the newest stays, so that no id is given twice");
}

#[tokio::test]
async fn a_suspended_accounts_rental_and_one_on_a_retired_sim_end_with_their_term() {
    for what in ["suspended", "retired", "neither"] {
        let fixture = Fixture::open().await;
        fixture.plug(1).await;
        let ann = fixture.customer("ann", 10_000).await;
        let rented = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", true).await.unwrap();
        let Rent::Made(rental) = rented else { panic!("{rented:?}") };
        match what {
            "suspended" => fixture
                .gateway
                .accounts()
                .set_suspended("ann".into(), true)
                .await
                .map(drop)
                .unwrap(),
            "retired" => {
                fixture.gateway.sims().set_retired(iccid(1), true).await.map(drop).unwrap()
            }
            _ => {}
        }
        fixture.pass(32 * DAY_S);
        fixture.gateway.due_work().run_due_work().await.unwrap();
        let terms = if what == "neither" { 2 } else { 1 };
        assert_eq!(fixture.funds(ann).await, (10_000 - terms * 1620, 0), "{what}");
        let rental = fixture.gateway.rentals().view(ann, rental.id).await.unwrap().unwrap().rental;
        assert_eq!(rental.state.ended_at().is_none(), what == "neither", "{what}");
    }
}

#[tokio::test]
async fn what_costs_nothing_is_rented_once() {
    let free: Price = "0.00 USD".parse().unwrap();
    let packages = [("1m".parse().unwrap(), free)].into();
    let packages = Packages::new(packages, Rates::new(Currency::USD, BTreeMap::new()));
    let fixture = Fixture::with(Settings { packages, ..default_settings() }).await;
    for sim in 1..=3 {
        fixture.plug(sim).await;
    }
    let (ann, bob) = (fixture.customer("ann", 0).await, fixture.customer("bob", 0).await);
    let rent = |account| fixture.gateway.rentals().rent(account, Some("nl"), "1m", false);
    let Rent::Made(first) = rent(ann).await.unwrap() else { panic!() };
    assert_eq!(first.id, RentalId(1));
    assert_eq!(rent(ann).await.unwrap(), Rent::NoStock);
    assert!(matches!(rent(bob).await.unwrap(), Rent::Made(_)));
    fixture.pass(32 * DAY_S);
    fixture.plug(3).await;
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(matches!(rent(ann).await.unwrap(), Rent::Made(_)));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_clock_that_is_set_back_over_midnight_begins_no_day_again() {
    let fixture = Fixture::open().await;
    for n in 1..=3 {
        fixture.plug(n).await;
    }
    let (ann, uber) = (fixture.customer("ann", 9_000).await, fixture.service("Uber", &[]).await);
    let lyft = fixture.service("Lyft", &[]).await;
    fixture.order(ann, uber).await;
    let day = 86_400;
    for step in [day, -3_600, 7_200, -day, 2 * day] {
        fixture.pass(step);
        (1..=3).for_each(|n| fixture.report(n));
        let made = fixture.make(ann, lyft).await;
        let MakeOrder::Made { order, .. } = made else { panic!("{step}: {made:?}") };
        fixture.gateway.orders().cancel(ann, order).await.unwrap();
        assert_eq!(fixture.faults().await, [""; 0], "{step}");
    }
}
