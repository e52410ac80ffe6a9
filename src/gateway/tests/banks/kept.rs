//! What is stored of banks and of SIMs' locations, and the release of SIMs.

use super::*;
use crate::domain::RowLimit;
use crate::store::BankPosition;

fn found(slot: u32, contents: SlotContents) -> SlotRecord {
    SlotRecord { slot, contents, visited_at: Some(Timestamp(5)) }
}

#[tokio::test]
async fn a_sim_is_in_one_slot_at_most() {
    let mut fixture = Fixture::open().await;
    let gateway = &fixture.gateway;
    for record in [found(3, sim(1)), found(0, SlotContents::Empty), found(7, sim(2))] {
        gateway.banks().record_slot("a", record).await.unwrap();
    }
    gateway.banks().record_slot("b", found(0, sim(3))).await.unwrap();
    gateway.banks().record_slot("a", found(7, sim(1))).await.unwrap();
    gateway.banks().record_slot("a", found(0, sim(3))).await.unwrap();
    fixture.restart().await;
    let kept = fixture.gateway.banks().slots("a").await.unwrap();
    assert_eq!(kept, [found(0, sim(3)), found(3, SlotContents::Unknown), found(7, sim(1))]);
    assert_eq!(
        fixture.gateway.banks().slots("b").await.unwrap(),
        [found(0, SlotContents::Unknown)]
    );
    fixture
        .gateway
        .banks()
        .record_slot("a", SlotRecord { visited_at: None, ..found(7, sim(1)) })
        .await
        .unwrap();
    assert_eq!(fixture.gateway.banks().slots("a").await.unwrap()[2].visited_at, None);
}

#[tokio::test]
async fn switches_are_listed_oldest_first_and_kept_for_a_while() {
    let fixture = Fixture::open().await;
    let switch = |n: u16, outcome| {
        let now = fixture.gateway.now();
        let (left, found) = (Some(iccid(n)), Some(iccid(n + 1)));
        let (bank, port) = ("a".to_owned(), PortName::from_stored("/dev/x"));
        SwitchRecord {
            bank,
            port,
            slot: n.into(),
            left,
            began_at: now.minus(Duration::from_secs(9)),
            ended_at: now,
            found,
            outcome,
        }
    };
    let mut expected = Vec::new();
    for (n, outcome) in (1..).zip(SwitchOutcome::ALL) {
        expected.push(switch(n, outcome));
        fixture.gateway.banks().record_switch(switch(n, outcome)).await.unwrap();
    }
    let listed = async |bank: &str, request: ListRequest| {
        let switches = fixture.gateway.banks().switches(bank, request).await.unwrap();
        switches.into_iter().map(|(_, switch)| switch).collect::<Vec<_>>()
    };
    let all = || ListRequest::from(RowLimit::ALL);
    assert_eq!(listed("a", all()).await, expected);
    let second = ListRequest { after: Some(1), ..RowLimit::from(1).into() };
    assert_eq!(listed("a", second).await, expected[1..2]);
    fixture.plug(2).await;
    let of_sim = ListRequest { iccid: Some(iccid(2).to_string()), ..all() };
    assert_eq!(listed("a", of_sim).await, expected[..2], "it came, and it went");
    let newest = expected.split_off(expected.len() - 2);
    assert_eq!(listed("a", RowLimit::from(2).into()).await, newest);
    assert_eq!(listed("b", all()).await, []);
    fixture.pass(91 * 86_400);
    fixture.gateway.banks().record_switch(switch(9, SwitchOutcome::Done)).await.unwrap();
    assert_eq!(listed("a", all()).await, [switch(9, SwitchOutcome::Done)]);
}

#[tokio::test]
async fn a_sims_time_in_a_modem_is_one_row_with_its_position_and_its_end() {
    let fixture = Fixture::open().await;
    let read = |n: u16, place: u16| {
        let modem = modem(place);
        let identity =
            Identified { modem, others: Vec::new(), iccid: iccid(n), imsi: None, number: None };
        fixture.gateway.sims().record_identity(identity)
    };
    let at = |seconds: i64| Timestamp(START_US + seconds * SECOND_US);
    read(1, 1).await.unwrap();
    fixture.pass(10);
    read(1, 1).await.unwrap();
    let periods = fixture.gateway.sims().locations(&iccid(1), 9).await.unwrap();
    assert_eq!(periods.len(), 1);
    assert_eq!((periods[0].since, periods[0].seen_at, periods[0].ended_at), (at(0), at(10), None));
    assert_eq!((periods[0].modem.clone(), periods[0].position.clone()), (modem(1).id, None));
    // The bank has read the SIM on its radio.
    fixture.gateway.banks().record_slot(BANK, found(4, sim(1))).await.unwrap();
    let position = Some(BankPosition { bank: BANK.into(), slot: Some(4) });
    assert_eq!(fixture.gateway.sims().locations(&iccid(1), 9).await.unwrap()[0].position, position);
    // Another SIM is read on the radio, a while after the first one left.
    fixture.pass(40);
    read(2, 1).await.unwrap();
    let switch = SwitchRecord {
        bank: BANK.into(),
        port: PortName::from_stored("radio1"),
        slot: 5,
        left: Some(iccid(1)),
        began_at: at(20),
        ended_at: at(50),
        found: Some(iccid(2)),
        outcome: SwitchOutcome::Done,
    };
    fixture.gateway.banks().record_switch(switch.clone()).await.unwrap();
    assert_eq!(
        fixture.gateway.sims().locations(&iccid(1), 9).await.unwrap()[0].ended_at,
        Some(at(20)),
        "when it left"
    );
    // The bank lied: the SIM that was to leave is still there.
    let lied = SwitchRecord {
        left: Some(iccid(2)),
        began_at: at(50),
        outcome: SwitchOutcome::Lied,
        ..switch
    };
    fixture.gateway.banks().record_switch(lied).await.unwrap();
    assert_eq!(fixture.gateway.sims().locations(&iccid(2), 9).await.unwrap()[0].ended_at, None);
    // It turns up elsewhere.
    fixture.pass(10);
    read(1, 8).await.unwrap();
    read(2, 9).await.unwrap();
    let periods = fixture.gateway.sims().locations(&iccid(1), 9).await.unwrap();
    assert_eq!(
        periods.iter().map(|period| (period.modem.clone(), period.ended_at)).collect::<Vec<_>>(),
        [(modem(8).id, None), (modem(1).id, Some(at(20)))]
    );
    assert_eq!(fixture.gateway.sims().locations(&iccid(1), 1).await.unwrap().len(), 1);
    assert_eq!(
        fixture.gateway.sims().locations(&iccid(2), 9).await.unwrap()[1].ended_at,
        Some(at(60))
    );
    // It is kept for long, but not for ever.
    fixture.pass(367 * 86_400);
    read(1, 7).await.unwrap();
    fixture.pass(1);
    read(1, 8).await.unwrap();
    let periods = fixture.gateway.sims().locations(&iccid(1), 9).await.unwrap();
    assert!(periods.iter().all(|period| period.ended_at != Some(at(20))), "{periods:?}");
}

#[tokio::test]
async fn a_sim_is_in_the_bank_whose_radio_read_it() {
    let fixture = Fixture::open().await;
    let mut bank = Bank::new(1, 1, fixture.gateway.now());
    bank.report.radios[0].port = PortName::from_stored("port1");
    bank.report_to(&fixture);
    fixture.gateway.banks().record_slot(BANK, found(0, sim(1))).await.unwrap();
    fixture.report(1);
    fixture.plug(1).await;
    let periods = fixture.gateway.sims().locations(&iccid(1), 9).await.unwrap();
    assert_eq!(periods[0].position, Some(BankPosition { bank: BANK.into(), slot: Some(0) }));
    fixture.plug(2).await;
    assert_eq!(
        fixture.gateway.sims().locations(&iccid(2), 9).await.unwrap()[0].position,
        None,
        "a modem of its own"
    );
}

#[tokio::test]
async fn a_released_sim_is_given_to_nobody_until_it_is_reclaimed() {
    let fixture =
        Fixture::with(Settings { number_cooldown: Some(Duration::ZERO), ..default_settings() })
            .await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 5_000).await, fixture.service("Uber", &["^Uber$"]).await);
    let order = fixture.order(ann, uber).await;
    assert!(!fixture.gateway.banks().release(&iccid(1)).await.unwrap(), "an order is open");
    fixture.sms(1, "Uber", "code 1").await;
    assert!(
        fixture.demand(1).await.collecting,
        "it makes room only for a SIM that somebody waits for"
    );
    assert!(fixture.gateway.banks().release(&iccid(1)).await.unwrap());
    fixture.gateway.banks().reclaim(&iccid(1));
    fixture.pass(600);
    fixture.report(1);
    let long = fixture.pdus("x", &"y".repeat(200), 0, 3);
    fixture.arrive(1, &long[0]).await;
    assert!(
        !fixture.gateway.banks().release(&iccid(1)).await.unwrap(),
        "the rest of a long message is awaited"
    );
    assert!(fixture.demand(1).await.held);
    fixture.arrive(1, &long[1]).await;
    assert!(fixture.gateway.banks().release(&iccid(1)).await.unwrap());
    fixture.report(1);
    fixture.gateway.sim_became_ready();
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(
        fixture.make(ann, uber).await,
        MakeOrder::NoPhone,
        "its old session reports once more that it is ready"
    );
    assert_eq!(fixture.gateway.orders().reuse(ann, order).await.unwrap(), Reuse::Offline);
    assert_eq!(
        fixture.gateway.rentals().rent(ann, Some("NL"), "1m", false).await.unwrap(),
        Rent::NoStock
    );
    assert_eq!(fixture.offered(ann).await, 0);
    fixture.gateway.banks().reclaim(&iccid(1));
    assert_eq!(fixture.offered(ann).await, 1);
    fixture.order(ann, uber).await;
    assert!(fixture.gateway.banks().release(&iccid(99)).await.unwrap(), "nobody knows it");
    assert_eq!(
        fixture.gateway.banks().demand_for(vec![iccid(99), iccid(1)]).await.unwrap().len(),
        1
    );
}
