//! I5: what waited at the network while a SIM was parked comes in a burst, and only what was sent
//! after the order was made is its code.

use super::*;

#[tokio::test]
async fn what_was_sent_before_the_order_is_not_its_code_and_what_was_sent_while_the_sim_came_is() {
    let desk = Desk::open().await;
    let mut bank = desk.bank(1, 1).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", &["^Uber$"]).await);
    desk.pass(3600);
    bank.tell(&desk);
    let early = desk.pdus("Uber", "code 1111", 20, 1);
    let order = desk.order(ann, uber).await;
    desk.pass(15);
    let late = desk.pdus("Uber", "code 2222", 5, 2);
    desk.pass(15);
    desk.switch_in(&mut bank, 1, 0).await;
    assert!(matches!(desk.arrive(1, &early[0]).await, Ingested::Message(_, None)));
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Waiting);
    assert!(
        matches!(desk.arrive(1, &late[0]).await, Ingested::Message(_, Some(given)) if given == order)
    );
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Text("code 2222".into()));
    assert_eq!(desk.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_code_that_comes_before_the_sim_is_said_to_work_begins_its_order() {
    let desk = Desk::open().await;
    desk.bank(1, 1).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", &["^Uber$"]).await);
    let order = desk.order(ann, uber).await;
    desk.pass(30);
    desk.sms(1, "Uber", "code 1").await;
    let row = desk.whole_order(order).await;
    assert_eq!(
        (row.expires_at, row.awaits_sim),
        (desk.gateway.now().plus(Duration::from_secs(600)), false)
    );
    desk.pass(500);
    desk.sms(1, "Uber", "code 2").await;
    assert_eq!(
        desk.gateway.sms(ann, order).await.unwrap(),
        Sms::Text("code 2".into()),
        "it collects for its lifetime"
    );
    assert_eq!(desk.funds(ann).await, (450, 0));
    assert_eq!(desk.faults().await, [""; 0]);
}

/// Delivered at once by the network, but sent long before: taken for the service centre's clock
/// they would make it seem slow, and what is old seem new.
#[tokio::test]
async fn a_burst_tells_nothing_of_the_networks_clock() {
    let desk = Desk::open().await;
    let mut bank = desk.bank(1, 1).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", &["^Uber$"]).await);
    let live = |pdu: Vec<u8>| {
        let arrival = Arrival { imei: imei(1), iccid: iccid(1), pdu: Pdu::Octets(pdu), live: true };
        desk.gateway.ingest(arrival)
    };
    desk.pass(7200);
    desk.switch_in(&mut bank, 1, 0).await;
    for n in 0..9 {
        live(desk.pdus("Nobody", &format!("waited {n}"), 3600, 1).remove(0)).await.unwrap();
    }
    let order = desk.order(ann, uber).await;
    let old = live(desk.pdus("Uber", "code 1111", 1800, 1).remove(0)).await.unwrap();
    assert!(matches!(old, Ingested::Message(_, None)), "{old:?}");
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Waiting);
}
