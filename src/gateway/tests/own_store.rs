//! What lies in a modem's own store after a change of SIMs may have come for any of them.

use super::*;

/// SIM 1, which was put into the modem of SIM 9 two minutes ago, with an order that waits.
async fn exchanged() -> (Fixture, OrderId) {
    let fixture = Fixture::open().await;
    put_in(&fixture, 9, false).await;
    fixture.pass(3600);
    put_in(&fixture, 1, true).await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 500).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    fixture.pass(30);
    let order = fixture.order(ann, uber).await;
    fixture.pass(90);
    (fixture, order)
}

/// SIM `n` is read in the modem.
async fn put_in(fixture: &Fixture, n: u16, doubtful: bool) {
    let read = read_in(modem(1), n, &[]);
    assert_eq!(fixture.gateway.sims().record_identity(read).await.unwrap(), doubtful);
}

async fn arrive(fixture: &Fixture, n: u16, pdu: &[u8], live: bool, doubtful: bool) -> Ingested {
    let pdu = Pdu::Octets(pdu.to_vec());
    let arrival = Arrival { modem: modem(1), iccid: iccid(n), pdu, live, doubtful };
    fixture.gateway.inbox().ingest(arrival).await.unwrap()
}

/// A code of this age, from the modem's own store.
async fn find_code(fixture: &Fixture, age_s: i64) -> Ingested {
    let pdu = fixture.pdus("Uber", "code 1234", age_s, 1).remove(0);
    arrive(fixture, 1, &pdu, false, true).await
}

/// A live message that is nobody's, with a stamp that is so many seconds ahead.
async fn live(fixture: &Fixture, ahead_s: i64) {
    fixture.pass(1);
    let pdu = fixture.pdus("Friend", "hello", -ahead_s, 1).remove(0);
    arrive(fixture, 1, &pdu, true, false).await;
}

#[tokio::test]
async fn what_may_have_come_for_another_sim_is_kept_and_given_to_nobody() {
    // The SIM was read 120 seconds ago, and the order made 90 seconds ago.
    for (age, is_given, why) in [
        (4000, false, "it waited for either SIM, or came when the other was in"),
        (70, false, "clocks differ by some seconds"),
        (50, true, "the other SIM had left"),
        (-70, false, "it is not sent yet"),
    ] {
        let (fixture, order) = exchanged().await;
        live(&fixture, 0).await;
        let found = find_code(&fixture, age).await;
        let given = is_given.then_some(order);
        assert!(matches!(found, Ingested::Message(_, to) if to == given), "{why}: {found:?}");
        let shown = fixture.messages().await.pop().unwrap();
        assert_eq!(shown.detail.is_none(), is_given, "{why}: {:?}", shown.detail);
        assert_eq!(find_code(&fixture, age).await, Ingested::Duplicate);
    }
}

#[tokio::test]
async fn a_stamp_that_cannot_be_trusted_does_not_show_for_which_sim_a_message_came() {
    let nobodys = |found: Ingested| matches!(found, Ingested::Message(_, None));
    let (fixture, _) = exchanged().await;
    assert!(nobodys(find_code(&fixture, 40).await), "nothing shows the centre's clock");

    let (fixture, _) = exchanged().await;
    for ahead in [0, 0, 0, 7200, 7200] {
        live(&fixture, ahead).await;
    }
    assert!(nobodys(find_code(&fixture, 40).await), "the centre contradicts itself");

    let (fixture, order) = exchanged().await;
    for _ in 0..4 {
        live(&fixture, 3600).await;
    }
    assert!(nobodys(find_code(&fixture, 10).await), "the centre's clock is an hour ahead");
    let found = find_code(&fixture, 10 - 3600).await;
    assert!(matches!(found, Ingested::Message(_, to) if to == Some(order)), "{found:?}");
}

#[tokio::test]
async fn parts_that_may_have_come_for_another_sim_are_joined_with_each_other_only() {
    let (fixture, _) = exchanged().await;
    let text = "a code for either SIM ".repeat(9);
    let parts = fixture.pdus("Uber", &text, 300, 7);
    assert_eq!(parts.len(), 2);
    assert_eq!(arrive(&fixture, 1, &parts[0], false, true).await, Ingested::Part);
    assert_eq!(
        arrive(&fixture, 1, &fixture.pdus("Uber", &text, 0, 7)[1], true, false).await,
        Ingested::Part
    );
    let whole = arrive(&fixture, 1, &parts[1], false, true).await;
    assert!(matches!(whole, Ingested::Message(_, None)), "{whole:?}");
    let shown = fixture.messages().await.pop().unwrap();
    assert_eq!((shown.text.as_deref(), shown.complete), (Some(&*text), true));
}

#[tokio::test]
async fn what_was_stored_before_a_change_of_sims_is_known_after_it() {
    let fixture = Fixture::open().await;
    put_in(&fixture, 1, false).await;
    let pdu = |text: &str| fixture.pdus("Uber", text, 0, 1).remove(0);
    let (first, second) = (pdu("first"), pdu("second"));
    assert!(matches!(arrive(&fixture, 1, &first, false, false).await, Ingested::Message(..)));
    put_in(&fixture, 2, true).await;
    assert_eq!(arrive(&fixture, 2, &first, false, true).await, Ingested::Duplicate);
    assert!(matches!(arrive(&fixture, 2, &second, false, true).await, Ingested::Message(..)));
    put_in(&fixture, 1, true).await;
    assert_eq!(arrive(&fixture, 1, &first, false, true).await, Ingested::Duplicate);
    assert_eq!(arrive(&fixture, 1, &second, false, true).await, Ingested::Duplicate);
}
