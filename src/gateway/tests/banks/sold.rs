//! Parked SIMs are sold when a radio can have them on the air in time.

use super::*;

#[tokio::test]
async fn a_parked_sim_is_sold_and_its_order_lives_from_when_it_is_on_the_air() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 2).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    let mut changes = fixture.gateway.banks().demand_changes();
    let order = fixture.order(ann, uber).await;
    let made = fixture.gateway.now();
    let demand = fixture.demand(1).await;
    let until = made.plus(Duration::from_secs(120));
    assert_eq!(
        demand,
        SlotDemand {
            iccid: iccid(1),
            held: true,
            collecting: true,
            trigger: Some(SwitchTrigger::Order { until }),
            rented: false
        }
    );
    changes.changed().await.unwrap();
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    let row = fixture.whole_order(order).await;
    assert_eq!((row.expires_at, row.awaits_sim), (until, true));
    fixture.pass(40);
    fixture.switch_in(&mut bank, 1, 0).await;
    let row = fixture.whole_order(order).await;
    assert_eq!(
        (row.expires_at, row.awaits_sim),
        (fixture.gateway.now().plus(Duration::from_secs(600)), false)
    );
    assert_eq!(fixture.demand(1).await.trigger, None);
    fixture.gateway.sim_became_ready();
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(fixture.whole_order(order).await, row, "a lifetime begins once");
    fixture.pass(599);
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Waiting,
        "past the time in which it was sold"
    );
    fixture.report(1);
    fixture.sms(1, "Uber", "code 1234").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1234".into())
    );
    assert_eq!(fixture.funds(ann).await, (450, 0));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_sim_that_does_not_come_in_time_costs_nothing() {
    let mut fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.restart().await;
    bank.report_to(&fixture);
    assert!(fixture.demand(1).await.trigger.is_some(), "also after a restart");
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::AlreadyOpen(order));
    fixture.pass(120);
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Over);
    fixture.switch_in(&mut bank, 1, 0).await;
    assert!(matches!(fixture.state(order).await, OrderState::Expired { .. }), "too late");
    assert_eq!(fixture.funds(ann).await, (500, 0));
    assert_eq!(
        fixture.demand(1).await,
        SlotDemand {
            iccid: iccid(1),
            held: false,
            collecting: false,
            trigger: None,
            rented: false
        }
    );
    let stats = fixture.gateway.reports().site_stats().await.unwrap();
    assert_eq!(stats.deaf.len(), 0);
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_lifetime_that_had_not_begun_when_the_daemon_died_begins_when_the_sim_is_on_the_air() {
    let mut fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(30);
    fixture.restart().await;
    fixture.gateway.due_work().run_overdue_deadlines().await.unwrap();
    assert!(fixture.whole_order(order).await.awaits_sim);
    fixture.pass(30);
    fixture.switch_in(&mut bank, 1, 0).await;
    let expected = fixture.gateway.now().plus(Duration::from_secs(600));
    assert_eq!(fixture.whole_order(order).await.expires_at, expected);
    fixture.restart().await;
    fixture.pass(599);
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
}

#[tokio::test]
async fn a_sim_on_the_air_comes_first_and_what_cannot_be_in_time_is_not_sold() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 1).await;
    fixture.plug(7).await;
    let (uber, now) = (fixture.service("Uber", &["^Uber$"]).await, fixture.gateway.now());
    let ann = fixture.customer("ann", 500).await;
    let order = fixture.order(ann, uber).await;
    assert!(!fixture.whole_order(order).await.awaits_sim);
    fixture.silence(7);
    let bob = fixture.customer("bob", 500).await;
    type Spoil = (&'static str, fn(&mut Bank));
    let spoils: [Spoil; 7] = [
        ("busy", |bank| bank.report.radios[0].free_in = None),
        ("too slow", |bank| bank.report.radios[0].free_in = Some(Duration::from_secs(91))),
        ("not to be sold", |bank| bank.report.sell_within = Duration::ZERO),
        ("trouble", |bank| bank.slot(1).trouble = Some("it does not come".into())),
        ("out of reach", |bank| bank.slot(1).radios = 1..2),
        ("it is on a radio, not ready yet", |bank| bank.put_on(1, 0)),
        ("another card", |bank| bank.slot(1).contents = sim(99)),
    ];
    for (why, spoil) in spoils {
        let mut bad = Bank::new(1, 1, now);
        spoil(&mut bad);
        bad.report_to(&fixture);
        assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone, "{why}");
        assert_eq!(fixture.offered(bob).await, 0, "{why}");
    }
    bank.report_to(&fixture);
    fixture.pass(299);
    assert_eq!(fixture.offered(bob).await, 1);
    fixture.pass(1);
    assert_eq!(
        (fixture.make(bob, uber).await, fixture.offered(bob).await),
        (MakeOrder::NoPhone, 0),
        "its report is too old"
    );
    bank.report.radios[0].free_in = Some(Duration::from_secs(90));
    bank.report_to(&fixture);
    assert!(fixture.whole_order(fixture.order(bob, uber).await).await.awaits_sim);
    fixture.gateway.banks().forget(BANK);
    assert!(fixture.gateway.banks().reports().is_empty());
}

#[tokio::test]
async fn a_radio_that_an_order_waits_for_is_not_sold_again_whatever_the_last_report_says() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(2, 6).await;
    let uber = fixture.service("Uber", &[]).await;
    let stale = bank.report.clone();
    let mut orders = Vec::new();
    for name in ["ann", "bob", "cid"] {
        let account = fixture.customer(name, 500).await;
        assert_eq!(fixture.offered(account).await, 2 - orders.len());
        match fixture.make(account, uber).await {
            MakeOrder::Made { order, .. } => orders.push((account, order)),
            other => assert_eq!((other, orders.len()), (MakeOrder::NoPhone, 2)),
        }
        fixture.gateway.banks().take_report(stale.clone());
    }
    let explained = fixture.gateway.stock().explain("Uber".into(), "NL", None).await.unwrap();
    let parked =
        explained.unavailable.iter().find(|(reason, _)| reason.as_str() == "parked").unwrap().1;
    assert_eq!((explained.sims, explained.available, parked), (6, 0, 4));
    let stock = fixture.gateway.services().list().await.unwrap().remove(0);
    assert_eq!(
        fixture.gateway.stock().count(&stock, vec!["NL".into()]).await.unwrap(),
        [("NL".into(), 0)]
    );
    // The bank knows of the orders now: what it reports of its radios counts.
    for (place, (_, order)) in orders.iter().enumerate() {
        let slot =
            fixture.whole_order(*order).await.number.as_str()[8..].parse::<u32>().unwrap() - 1;
        bank.report.radios[place].next = Some(PlannedSwitch {
            slot,
            reason: SwitchReason::Order,
            not_before: fixture.gateway.now(),
        });
        bank.report.radios[place].free_in = None;
    }
    bank.report_to(&fixture);
    let dan = fixture.customer("dan", 500).await;
    assert_eq!(fixture.make(dan, uber).await, MakeOrder::NoPhone);
    // One is canceled: its radio is free as soon as the bank reports so.
    let (account, order) = orders[0];
    assert_eq!(fixture.gateway.orders().cancel(account, order).await.unwrap(), Cancel::Canceled);
    assert_eq!(fixture.make(dan, uber).await, MakeOrder::NoPhone);
    bank.report.radios[0].free_in = Some(Duration::ZERO);
    bank.report.radios[0].next = None;
    bank.report_to(&fixture);
    fixture.order(dan, uber).await;
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_radio_whose_sim_is_held_takes_no_other() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 2).await;
    fixture.switch_in(&mut bank, 1, 0).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &[]).await;
    let order = fixture.order(ann, uber).await;
    assert!(!fixture.whole_order(order).await.awaits_sim);
    assert_eq!(
        (fixture.make(bob, uber).await, fixture.offered(bob).await),
        (MakeOrder::NoPhone, 0),
        "an open order"
    );
    fixture.sms(1, "x", "code 1234").await;
    bank.report_to(&fixture);
    assert_eq!(fixture.offered(bob).await, 1, "its order is only collecting: it makes room");
    assert!(
        fixture.whole_order(fixture.order(bob, uber).await).await.awaits_sim,
        "the parked one: the other was used"
    );
}

#[tokio::test]
async fn a_parked_sims_number_is_reused_if_it_can_be_on_the_air_in_time() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 1).await;
    fixture.switch_in(&mut bank, 1, 0).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    let first = fixture.order(ann, uber).await;
    fixture.sms(1, "Uber", "code 1").await;
    fixture.pass(600);
    assert!(fixture.switch_out(&mut bank, 1, 0).await);
    bank.report.radios[0].free_in = None;
    bank.report_to(&fixture);
    assert_eq!(fixture.gateway.orders().reuse(ann, first).await.unwrap(), Reuse::Offline);
    bank.report.radios[0].free_in = Some(Duration::ZERO);
    bank.report_to(&fixture);
    let Reuse::Made { order, .. } = fixture.gateway.orders().reuse(ann, first).await.unwrap()
    else {
        panic!()
    };
    assert!(fixture.demand(1).await.trigger.is_some());
    fixture.pass(30);
    fixture.switch_in(&mut bank, 1, 0).await;
    fixture.sms(1, "Uber", "code 2").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 2".into())
    );
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_parked_sim_is_rented_while_its_bank_works_and_switched_in_when_its_tenant_looks() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 1).await;
    bank.report.radios[0].free_in = None;
    bank.report.trouble = Some("it does not answer".into());
    bank.report_to(&fixture);
    let ann = fixture.customer("ann", 5_000).await;
    let rent = || fixture.gateway.rentals().rent(ann, Some("NL"), "1m", false);
    assert_eq!(rent().await.unwrap(), Rent::NoStock);
    bank.report.trouble = None;
    bank.report_to(&fixture);
    let mut changes = fixture.gateway.banks().demand_changes();
    let Rent::Made(rental) = rent().await.unwrap() else { panic!() };
    changes.changed().await.unwrap();
    assert_eq!(
        fixture.demand(1).await,
        SlotDemand { iccid: iccid(1), held: false, collecting: false, trigger: None, rented: true }
    );
    let look = || fixture.gateway.rentals().view(ann, rental.id);
    fixture.pass(600);
    look().await.unwrap();
    assert_eq!(fixture.demand(1).await.trigger, None, "it was on the air ten minutes ago");
    fixture.pass(1);
    look().await.unwrap();
    changes.changed().await.unwrap();
    assert_eq!(fixture.demand(1).await.trigger, Some(SwitchTrigger::Tenant));
    bank.report_to(&fixture);
    assert_eq!(
        fixture.demand(1).await.trigger,
        Some(SwitchTrigger::Tenant),
        "until it has been on the air"
    );
    fixture.pass(20);
    fixture.switch_in(&mut bank, 1, 0).await;
    assert_eq!(fixture.demand(1).await.trigger, None);
    assert!(fixture.switch_out(&mut bank, 1, 0).await, "a rented SIM may leave");
    look().await.unwrap();
    assert_eq!(fixture.demand(1).await.trigger, None);
}

#[tokio::test]
async fn a_rented_sim_of_a_bank_is_off_the_air_when_its_visit_is_overdue() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 2).await;
    let ann = fixture.customer("ann", 10_000).await;
    let rented = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", true).await.unwrap();
    assert!(matches!(rented, Rent::Made(_)));
    let state = async || fixture.gateway.sims().find(iccid(1)).await.unwrap().state();
    let told = || fixture.gateway.sims().off_air(&[iccid(1)]);
    fixture.pass(100);
    bank.report_to(&fixture);
    assert_eq!((state().await, told()), ("rented", vec![]), "it is parked, as planned");
    let due = fixture.gateway.now();
    bank.slot(1).late_since = Some(due);
    fixture.pass(59);
    bank.report_to(&fixture);
    assert_eq!((state().await, told()), ("rented_off_air", vec![]));
    fixture.pass(1);
    bank.report_to(&fixture);
    assert_eq!(told(), [(iccid(1), due)]);
    // The bank says nothing any more.
    bank.slot(1).late_since = None;
    bank.report_to(&fixture);
    let last_report = fixture.gateway.now();
    fixture.pass(300);
    assert_eq!(told(), [(iccid(1), last_report)]);
}

#[tokio::test]
async fn an_order_for_which_the_only_radio_is_needed_leaves_nothing_of_another_country_either() {
    let fixture = Fixture::open().await;
    let _bank = fixture.bank(1, 2).await;
    fixture.gateway.sims().set_number(iccid(2), "+32470000002".into(), false).await.unwrap();
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    let stock = fixture.gateway.stock();
    let counts = async || {
        let list = stock.price_list(Some(ann), PriceFilter::default()).await.unwrap();
        let sold = list.into_iter().map(|sold| (sold.country, sold.offers[0].count));
        sold.collect::<Vec<_>>()
    };
    let of = |be: usize, nl: usize| [("BE".to_owned(), be), ("NL".to_owned(), nl)];
    assert_eq!(counts().await, of(1, 1));
    fixture.order(ann, uber).await;
    assert_eq!(counts().await, of(0, 0));
}
