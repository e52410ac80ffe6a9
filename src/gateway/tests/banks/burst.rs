//! [Invariant 5](crate#what-always-holds): the messages that waited at the network while a SIM
//! was parked come in a burst, and only one that was sent after the order was made is its code.

use super::*;

#[tokio::test]
async fn a_message_from_before_the_order_is_not_its_code_and_one_from_during_the_switch_is() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    fixture.pass(3600);
    bank.report_to(&fixture);
    let early = fixture.pdus("Uber", "code 1111", 20, 1);
    let order = fixture.order(ann, uber).await;
    fixture.pass(15);
    let late = fixture.pdus("Uber", "code 2222", 5, 2);
    fixture.pass(15);
    fixture.switch_in(&mut bank, 1, 0).await;
    assert!(matches!(fixture.arrive(1, &early[0]).await, Ingested::Message(_, None)));
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    let ingested = fixture.arrive(1, &late[0]).await;
    assert!(matches!(ingested, Ingested::Message(_, Some(given)) if given == order));
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 2222".into())
    );
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_code_that_comes_before_the_sim_is_reported_ready_begins_its_order() {
    let fixture = Fixture::open().await;
    fixture.bank(1, 1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(30);
    fixture.sms(1, "Uber", "code 1").await;
    let row = fixture.whole_order(order).await;
    assert_eq!(
        (row.expires_at, row.awaits_sim),
        (fixture.gateway.now().plus(Duration::from_secs(600)), false)
    );
    fixture.pass(500);
    fixture.sms(1, "Uber", "code 2").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 2".into()),
        "it collects for its lifetime"
    );
    assert_eq!(fixture.funds(ann).await, (450, 0));
    assert_eq!(fixture.faults().await, [""; 0]);
}

/// The messages are delivered now, but were sent long ago: taken as a measure of the service
/// centre's clock, they would make it seem slow, and old messages seem new.
#[tokio::test]
async fn a_burst_says_nothing_of_the_networks_clock() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    let live = |pdu: Vec<u8>| {
        let arrival = Arrival {
            modem: modem(1),
            iccid: iccid(1),
            pdu: Pdu::Octets(pdu),
            live: true,
            doubtful: false,
        };
        fixture.gateway.inbox().ingest(arrival)
    };
    fixture.pass(7200);
    fixture.switch_in(&mut bank, 1, 0).await;
    for n in 0..9 {
        live(fixture.pdus("Nobody", &format!("waited {n}"), 3600, 1).remove(0)).await.unwrap();
    }
    let order = fixture.order(ann, uber).await;
    let old = live(fixture.pdus("Uber", "code 1111", 1800, 1).remove(0)).await.unwrap();
    assert!(matches!(old, Ingested::Message(_, None)), "{old:?}");
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
}
