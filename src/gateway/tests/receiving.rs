//! Messages as modems hand them over: their times, their parts, and the forms they are read in.

use super::*;

/// Four messages come as they are sent, by a clock of the network that is so many seconds behind
/// ours.
async fn receive_live_messages(fixture: &Fixture, seconds_behind: i64) {
    for n in 0..4 {
        fixture.pass(60);
        let mut pdus = fixture.pdus("Bank", &format!("message {n}"), seconds_behind, 1);
        let pdu = Pdu::Octets(pdus.remove(0));
        let arrival =
            Arrival { modem: modem(1), iccid: iccid(1), pdu, live: true, doubtful: false };
        fixture.gateway.inbox().ingest(arrival).await.unwrap();
    }
}

#[tokio::test]
async fn an_sms_from_before_the_order_is_nobodys() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(30);
    let late = fixture.pdus("Uber", "for somebody else: 9999", 3600, 1);
    let Ingested::Message(_, given) = fixture.arrive(1, &late[0]).await else { panic!() };
    assert_eq!(given, None);
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    fixture.sms(1, "Uber", "code 1234").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1234".into())
    );
}

#[tokio::test]
async fn a_network_whose_clock_is_an_hour_slow_is_understood_after_some_live_messages() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    receive_live_messages(&fixture, 3600).await;
    fixture.plug(1).await;
    let order = fixture.order(ann, uber).await;
    fixture.pass(5);
    let older = fixture.pdus("Uber", "from before the order", 3600 + 60, 1);
    fixture.arrive(1, &older[0]).await;
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    let pdus = fixture.pdus("Uber", "code 1234", 3600, 1);
    fixture.arrive(1, &pdus[0]).await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1234".into())
    );
}

#[tokio::test]
async fn what_a_wrong_clock_of_ours_has_learnt_is_forgotten_when_it_is_put_right() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    // Ours is an hour slow.
    receive_live_messages(&fixture, -3600).await;
    fixture.report(1);
    fixture.pass(3600);
    fixture.gateway.clock_was_set(Duration::from_secs(3600));
    fixture.pass(5);
    // The modem's last word is five seconds old, not an hour.
    let order = fixture.order(ann, uber).await;
    fixture.pass(5);
    fixture.sms(1, "Uber", "code 1234").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1234".into())
    );
}

#[tokio::test]
async fn the_same_tpdu_read_twice_is_one_message() {
    let fixture = Fixture::open().await;
    let pdu = fixture.pdus("Uber", "once", 0, 1).remove(0);
    assert!(matches!(fixture.arrive(1, &pdu).await, Ingested::Message(..)));
    assert_eq!(fixture.arrive(1, &pdu).await, Ingested::Duplicate);
    assert!(
        matches!(fixture.arrive(2, &pdu).await, Ingested::Message(..)),
        "another SIM's is another message"
    );
    fixture.pass(1);
    assert!(
        matches!(fixture.sms(1, "Uber", "once").await, Ingested::Message(..)),
        "another time stamp is another message"
    );
    assert_eq!(fixture.messages().await.len(), 3);
}

/// A message that a modem shows in text mode, which the network took in at this time.
fn text_mode(sender: &str, text: &str, at: Timestamp) -> Pdu {
    let at = DateTime::from_timestamp_micros(at.0).unwrap();
    Pdu::TextMode(TextMode {
        address: sender.to_owned(),
        time: at.format("%y/%m/%d,%H:%M:%S+00").to_string(),
        text: text.to_owned(),
        ..TextMode::default()
    })
}

#[tokio::test]
async fn a_message_in_text_mode_completes_an_order_and_is_one_however_it_is_read() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 100).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let order = fixture.order(ann, uber).await;
    let pdu = fixture.pdus("Uber", "code 1234", 0, 1).remove(0);
    let hex =
        |text: &str| text.encode_utf16().map(|unit| format!("{unit:04X}")).collect::<String>();
    let now = fixture.gateway.now();
    let arrive = |pdu| async {
        let arrival =
            Arrival { modem: modem(1), iccid: iccid(1), pdu, live: false, doubtful: false };
        fixture.gateway.inbox().ingest(arrival).await.unwrap()
    };
    let first = arrive(text_mode("Uber", "code 1234", now)).await;
    assert!(matches!(first, Ingested::Message(_, Some(found)) if found == order));
    for again in
        [text_mode("Uber", "code 1234", now), text_mode(&hex("Uber"), &hex("code 1234"), now)]
    {
        assert_eq!(arrive(again).await, Ingested::Duplicate);
    }
    assert_eq!(fixture.arrive(1, &pdu).await, Ingested::Duplicate, "its PDU");
    fixture.pass(5);
    let pdu = fixture.pdus("Uber", "code 5678", 0, 1).remove(0);
    assert!(matches!(fixture.arrive(1, &pdu).await, Ingested::Message(..)));
    let text = text_mode("Uber", "code 5678", fixture.gateway.now());
    assert_eq!(arrive(text).await, Ingested::Duplicate, "its PDU came first");
    let other = text_mode("Uber", "code 5678", now);
    assert!(matches!(arrive(other).await, Ingested::Message(..)), "another time");
    let flagged: Vec<(Option<String>, bool)> = fixture
        .messages()
        .await
        .into_iter()
        .map(|message| (message.text, message.detail.is_some()))
        .collect();
    let expected = [("code 1234", true), ("code 5678", false), ("code 5678", true)];
    assert_eq!(flagged, expected.map(|(text, flag)| (Some(text.to_owned()), flag)));
}

#[tokio::test]
async fn what_cannot_be_decoded_is_kept_and_shown() {
    let fixture = Fixture::open().await;
    let shown = Pdu::Text("+CMT gone wrong".into());
    for pdu in [Pdu::Octets(vec![0x07, 0x91]), Pdu::Octets(vec![]), shown] {
        let arrival =
            Arrival { modem: modem(1), iccid: iccid(1), pdu, live: false, doubtful: false };
        assert!(matches!(
            fixture.gateway.inbox().ingest(arrival).await.unwrap(),
            Ingested::Undecodable(_)
        ));
    }
    assert!(
        fixture
            .messages()
            .await
            .iter()
            .all(|message| message.text.is_none() && message.order.is_none())
    );
}

#[tokio::test]
async fn when_a_message_came_last_is_known_at_once_and_after_a_restart() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    assert_eq!(fixture.gateway.inbox().last_message_at(), None);
    fixture.sms(1, "Uber", "hello").await;
    fixture.pass(60);
    assert_eq!(fixture.gateway.inbox().last_message_at(), Some(Timestamp(START_US)));
    fixture.arrive(1, b"no PDU").await;
    fixture.restart().await;
    assert_eq!(
        fixture.gateway.inbox().last_message_at(),
        Some(Timestamp(START_US + 60 * SECOND_US))
    );
}

#[tokio::test]
async fn a_long_message_in_any_order_across_a_restart() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(5);
    let text = format!("{}code 778811", "long ".repeat(70));
    let pdus = fixture.pdus("Uber", &text, 0, 9);
    assert_eq!(pdus.len(), 3);
    assert_eq!(fixture.arrive(1, &pdus[2]).await, Ingested::Part);
    assert_eq!(fixture.arrive(1, &pdus[0]).await, Ingested::Part);
    assert_eq!(fixture.arrive(1, &pdus[0]).await, Ingested::Duplicate);
    fixture.restart().await;
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    let ingested = fixture.arrive(1, &pdus[1]).await;
    assert!(matches!(ingested, Ingested::Message(_, Some(given)) if given == order));
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Text(text));
}

#[tokio::test]
async fn a_long_message_whose_rest_is_late_is_shown_and_then_mended() {
    let fixture = Fixture::open().await;
    let text = "0123456789".repeat(40);
    let pdus = fixture.pdus("Uber", &text, 0, 9);
    assert_eq!(fixture.arrive(1, &pdus[0]).await, Ingested::Part);
    assert_eq!(fixture.arrive(1, &pdus[2]).await, Ingested::Part);
    let due = fixture.gateway.due_work().run_due_work().await.unwrap().unwrap();
    assert!(fixture.messages().await.is_empty());
    fixture.pass(due.since(fixture.gateway.now()).as_secs().try_into().unwrap());
    assert_eq!(
        fixture.gateway.due_work().run_due_work().await.unwrap().map(drop),
        Some(()),
        "only retention is left"
    );
    let shown = fixture.messages().await.remove(0);
    assert!(!shown.complete && shown.text.unwrap().contains('…'));
    fixture.pass(86_400);
    assert!(
        matches!(fixture.arrive(1, &pdus[1]).await, Ingested::Message(id, None) if id == shown.id)
    );
    let mended = fixture.messages().await.remove(0);
    assert!(mended.complete && mended.text.as_deref() == Some(text.as_str()));
}

#[tokio::test]
async fn a_reference_used_again_is_another_message() {
    let fixture = Fixture::open().await;
    let (old, new) = ("old ".repeat(50), "new ".repeat(50));
    let first = fixture.pdus("Uber", &old, 2 * 3600, 9);
    fixture.arrive(1, &first[0]).await;
    let second = fixture.pdus("Uber", &new, 0, 9);
    assert_eq!(fixture.arrive(1, &second[1]).await, Ingested::Part, "not the rest of the old one");
    fixture.arrive(1, &second[0]).await;
    fixture.arrive(1, &first[1]).await;
    let texts: Vec<_> =
        fixture.messages().await.into_iter().filter_map(|message| message.text).collect();
    assert_eq!(texts, [new, old]);
}
