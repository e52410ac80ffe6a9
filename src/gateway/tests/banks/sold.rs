//! Parked SIMs are sold when a radio can have them on the air in time.

use super::*;

#[tokio::test]
async fn a_parked_sim_is_sold_and_its_order_lives_from_when_it_is_on_the_air() {
    let desk = Desk::open().await;
    let mut bank = desk.bank(1, 2).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", &["^Uber$"]).await);
    let order = desk.order(ann, uber).await;
    let made = desk.gateway.now();
    let told = desk.need(1).await;
    let until = made.plus(Duration::from_secs(120));
    assert_eq!(
        told,
        Need {
            iccid: iccid(1),
            stays: true,
            collects: true,
            called: Some(Call::Order { until }),
            rented: false
        }
    );
    desk.gateway.bank_news().await;
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Waiting);
    let row = desk.whole_order(order).await;
    assert_eq!((row.expires_at, row.awaits_sim), (until, true));
    desk.pass(40);
    desk.switch_in(&mut bank, 1, 0).await;
    let row = desk.whole_order(order).await;
    assert_eq!(
        (row.expires_at, row.awaits_sim),
        (desk.gateway.now().plus(Duration::from_secs(600)), false)
    );
    assert_eq!(desk.need(1).await.called, None);
    desk.gateway.sim_is_ready();
    desk.gateway.sweep().await.unwrap();
    assert_eq!(desk.whole_order(order).await, row, "a lifetime begins once");
    desk.pass(599);
    assert_eq!(
        desk.gateway.sms(ann, order).await.unwrap(),
        Sms::Waiting,
        "past the time in which it was sold"
    );
    desk.report(1);
    desk.sms(1, "Uber", "code 1234").await;
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Text("code 1234".into()));
    assert_eq!(desk.funds(ann).await, (450, 0));
    assert_eq!(desk.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_sim_that_does_not_come_in_time_costs_nothing() {
    let mut desk = Desk::open().await;
    let mut bank = desk.bank(1, 1).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", &["^Uber$"]).await);
    let order = desk.order(ann, uber).await;
    desk.restart().await;
    bank.tell(&desk);
    assert!(desk.need(1).await.called.is_some(), "also after a restart");
    assert_eq!(desk.make(ann, uber).await, MakeOrder::AlreadyOpen(order));
    desk.pass(120);
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Over);
    desk.switch_in(&mut bank, 1, 0).await;
    assert!(matches!(desk.state(order).await, OrderState::Expired { .. }), "too late");
    assert_eq!(desk.funds(ann).await, (500, 0));
    assert_eq!(
        desk.need(1).await,
        Need { iccid: iccid(1), stays: false, collects: false, called: None, rented: false }
    );
    assert_eq!(desk.gateway.tally().silent(), []);
    assert_eq!(desk.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_lifetime_that_had_not_begun_when_the_daemon_died_begins_when_the_sim_is_read_again() {
    let mut desk = Desk::open().await;
    let mut bank = desk.bank(1, 1).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", &["^Uber$"]).await);
    let order = desk.order(ann, uber).await;
    desk.pass(30);
    desk.restart().await;
    desk.gateway.catch_up().await.unwrap();
    assert!(desk.whole_order(order).await.awaits_sim);
    desk.pass(30);
    desk.switch_in(&mut bank, 1, 0).await;
    let expected = desk.gateway.now().plus(Duration::from_secs(600));
    assert_eq!(desk.whole_order(order).await.expires_at, expected);
    desk.restart().await;
    desk.pass(599);
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Waiting);
}

#[tokio::test]
async fn a_sim_on_the_air_comes_first_and_what_cannot_be_in_time_is_not_sold() {
    let desk = Desk::open().await;
    let mut bank = desk.bank(1, 1).await;
    desk.plug(7).await;
    let (uber, now) = (desk.service("Uber", &["^Uber$"]).await, desk.gateway.now());
    let ann = desk.customer("ann", 500).await;
    let order = desk.order(ann, uber).await;
    assert!(!desk.whole_order(order).await.awaits_sim);
    desk.silence(7);
    let bob = desk.customer("bob", 500).await;
    type Spoil = (&'static str, fn(&mut Bank));
    let spoils: [Spoil; 7] = [
        ("busy", |bank| bank.report.radios[0].free_in = None),
        ("too slow", |bank| bank.report.radios[0].free_in = Some(Duration::from_secs(91))),
        ("not to be sold", |bank| bank.report.sell_within = Duration::ZERO),
        ("trouble", |bank| bank.slot(1).trouble = Some("it does not come".into())),
        ("out of reach", |bank| bank.slot(1).radios = 1..2),
        ("it is on a radio, not yet working", |bank| bank.on(1, 0)),
        ("another card", |bank| bank.slot(1).holds = Holds::Sim(iccid(99))),
    ];
    for (why, spoil) in spoils {
        let mut bad = Bank::new(1, 1, now);
        spoil(&mut bad);
        bad.tell(&desk);
        assert_eq!(desk.make(bob, uber).await, MakeOrder::NoPhone, "{why}");
        assert_eq!(desk.offered(bob).await, 0, "{why}");
    }
    bank.tell(&desk);
    desk.pass(299);
    assert_eq!(desk.offered(bob).await, 1);
    desk.pass(1);
    assert_eq!(
        (desk.make(bob, uber).await, desk.offered(bob).await),
        (MakeOrder::NoPhone, 0),
        "it has been silent"
    );
    bank.report.radios[0].free_in = Some(Duration::from_secs(90));
    bank.tell(&desk);
    assert!(desk.whole_order(desk.order(bob, uber).await).await.awaits_sim);
    desk.gateway.bank_gone(BANK);
    assert!(desk.gateway.banks().is_empty());
}

#[tokio::test]
async fn a_radio_that_is_spoken_for_is_not_sold_again_whatever_was_reported_before() {
    let desk = Desk::open().await;
    let mut bank = desk.bank(2, 6).await;
    let uber = desk.service("Uber", &[]).await;
    let stale = bank.report.clone();
    let mut orders = Vec::new();
    for name in ["ann", "bob", "cid"] {
        let account = desk.customer(name, 500).await;
        assert_eq!(desk.offered(account).await, 2 - orders.len());
        match desk.make(account, uber).await {
            MakeOrder::Made { order, .. } => orders.push((account, order)),
            other => assert_eq!((other, orders.len()), (MakeOrder::NoPhone, 2)),
        }
        desk.gateway.bank_reported(stale.clone());
    }
    let explained = desk.gateway.explain("Uber".into(), "NL", None).await.unwrap();
    let parked =
        explained.obstacles.iter().find(|(obstacle, _)| obstacle.word() == "parked").unwrap().1;
    assert_eq!((explained.sims, explained.available, parked), (6, 0, 4));
    let stock = desk.gateway.services().await.unwrap().remove(0);
    assert_eq!(desk.gateway.stock(&stock, vec!["NL".into()]).await.unwrap(), [("NL".into(), 0)]);
    // The bank knows of the orders now: what it says of its radios counts.
    for (place, (_, order)) in orders.iter().enumerate() {
        let slot = desk.whole_order(*order).await.number[8..].parse::<u32>().unwrap() - 1;
        bank.report.radios[place].next =
            Some(NextMove { slot, why: "order", at: desk.gateway.now() });
        bank.report.radios[place].free_in = None;
    }
    bank.tell(&desk);
    let dan = desk.customer("dan", 500).await;
    assert_eq!(desk.make(dan, uber).await, MakeOrder::NoPhone);
    // One is given up: its radio is free as soon as the bank says so.
    let (account, order) = orders[0];
    assert_eq!(desk.gateway.cancel(account, order).await.unwrap(), Cancel::Canceled);
    assert_eq!(desk.make(dan, uber).await, MakeOrder::NoPhone);
    bank.report.radios[0].free_in = Some(Duration::ZERO);
    bank.report.radios[0].next = None;
    bank.tell(&desk);
    desk.order(dan, uber).await;
    assert_eq!(desk.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_radio_whose_sim_is_held_takes_no_other() {
    let desk = Desk::open().await;
    let mut bank = desk.bank(1, 2).await;
    desk.switch_in(&mut bank, 1, 0).await;
    let (ann, bob) = (desk.customer("ann", 500).await, desk.customer("bob", 500).await);
    let uber = desk.service("Uber", &[]).await;
    let order = desk.order(ann, uber).await;
    assert!(!desk.whole_order(order).await.awaits_sim);
    assert_eq!(
        (desk.make(bob, uber).await, desk.offered(bob).await),
        (MakeOrder::NoPhone, 0),
        "an open order"
    );
    desk.sms(1, "x", "code 1234").await;
    bank.tell(&desk);
    assert_eq!(desk.offered(bob).await, 1, "it only collects: it makes room");
    assert!(
        desk.whole_order(desk.order(bob, uber).await).await.awaits_sim,
        "the parked one: the other was used"
    );
}

#[tokio::test]
async fn the_number_of_a_parked_sim_is_had_again_if_it_can_be_there_in_time() {
    let desk = Desk::open().await;
    let mut bank = desk.bank(1, 1).await;
    desk.switch_in(&mut bank, 1, 0).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", &["^Uber$"]).await);
    let first = desk.order(ann, uber).await;
    desk.sms(1, "Uber", "code 1").await;
    desk.pass(600);
    assert!(desk.switch_out(&mut bank, 1, 0).await);
    bank.report.radios[0].free_in = None;
    bank.tell(&desk);
    assert_eq!(desk.gateway.reuse(ann, first).await.unwrap(), Reuse::Offline);
    bank.report.radios[0].free_in = Some(Duration::ZERO);
    bank.tell(&desk);
    let Reuse::Made { order, .. } = desk.gateway.reuse(ann, first).await.unwrap() else { panic!() };
    assert!(desk.need(1).await.called.is_some());
    desk.pass(30);
    desk.switch_in(&mut bank, 1, 0).await;
    desk.sms(1, "Uber", "code 2").await;
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Text("code 2".into()));
    assert_eq!(desk.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_parked_sim_is_rented_while_its_bank_works_and_called_when_its_tenant_looks() {
    let desk = Desk::open().await;
    let mut bank = desk.bank(1, 1).await;
    bank.report.radios[0].free_in = None;
    bank.report.trouble = Some("it does not answer".into());
    bank.tell(&desk);
    let ann = desk.customer("ann", 5_000).await;
    let rent = || desk.gateway.rent(ann, Some("NL"), "1m", false);
    assert_eq!(rent().await.unwrap(), Rent::NoStock);
    bank.report.trouble = None;
    bank.tell(&desk);
    let Rent::Made(rental) = rent().await.unwrap() else { panic!() };
    desk.gateway.bank_news().await;
    assert_eq!(
        desk.need(1).await,
        Need { iccid: iccid(1), stays: false, collects: false, called: None, rented: true }
    );
    let look = || desk.gateway.view_rental(ann, rental.id);
    desk.pass(600);
    look().await.unwrap();
    assert_eq!(desk.need(1).await.called, None, "it was on the air ten minutes ago");
    desk.pass(1);
    look().await.unwrap();
    desk.gateway.bank_news().await;
    assert_eq!(desk.need(1).await.called, Some(Call::Tenant));
    bank.tell(&desk);
    assert_eq!(desk.need(1).await.called, Some(Call::Tenant), "until it has been on the air");
    desk.pass(20);
    desk.switch_in(&mut bank, 1, 0).await;
    assert_eq!(desk.need(1).await.called, None);
    assert!(desk.switch_out(&mut bank, 1, 0).await, "a rented SIM may leave");
    look().await.unwrap();
    assert_eq!(desk.need(1).await.called, None);
}
