//! Messages that are no text for a customer, and messages that are delivered more than once.

use sha2::{Digest, Sha256};

use super::*;
use crate::domain::message::MessageKind;
use crate::sms::{
    Body, Dcs, Header, Parameters, Pid, Status, StatusReport, Submit, UserData, tpdu,
};
use crate::store::NewPart;

/// A message with this protocol, coding, header and body.
fn special(fixture: &Fixture, pid: u8, dcs: u8, header: Option<Header>, body: Body) -> Vec<u8> {
    let pdu = fixture.pdus("+31612349999", "", 0, 1).remove(0);
    let mut deliver = Deliver::decode(&pdu).unwrap();
    (deliver.pid, deliver.dcs) = (Pid(pid), Dcs(dcs));
    deliver.user_data = UserData::new(header, body);
    deliver.encode()
}

fn written(text: &str) -> Body {
    Body::septets(text, None).unwrap()
}

fn data(octets: &[u8]) -> Body {
    Body::Octets(octets.to_vec())
}

fn to_port(port: u16) -> Option<Header> {
    let [high, low] = port.to_be_bytes();
    Some(Header::new().with(5, &[high, low, 0x23, 0xf0]))
}

fn status_report(fixture: &Fixture, status: u8) -> Vec<u8> {
    let at = DateTime::from_timestamp_micros(fixture.gateway.now().0).unwrap();
    let report = StatusReport {
        smsc: Some(Address::parse("+31653131313")),
        more_to_send: false,
        loop_prevention: false,
        of_command: false,
        number: 43,
        recipient: Address::parse("+31612345678"),
        scts: Scts::from_utc(at, 4),
        discharge: Scts::from_utc(at, 4),
        status: Status(status),
        parameters: Parameters::default(),
    };
    report.encode()
}

fn draft(text: &str) -> Vec<u8> {
    Submit::compose(&Address::parse("+31612345678"), text, 1).remove(0).encode()
}

pub(super) type Row = (&'static str, Vec<u8>, MessageKind, &'static str);

/// What networks, probes and former phones leave: name, PDU, kind and what the operator is told.
pub(super) fn no_texts(fixture: &Fixture) -> Vec<Row> {
    use MessageKind::{Data, Empty, MessageWaiting, Outgoing, Probe, SimData};
    let waits = |kind: u8, count: u8| Some(Header::new().with(1, &[kind, count]));
    let command = Some(Header::new().with(0x70, &[]));
    let made = |pid, dcs, header, body| special(fixture, pid, dcs, header, body);
    let nothing = || written("");
    let mms = b"\x01\x06\x03\xbe\xaf\x84\x8c\x82";
    vec![
        ("probe", made(0x40, 0, None, nothing()), Probe, "short message type 0"),
        ("probe with a text", made(0x40, 0, None, written("1234")), Probe, "short message type 0"),
        ("empty", made(0, 0, None, nothing()), Empty, "nothing in it"),
        ("blank", made(0, 0, None, written(" \r\n ")), Empty, "nothing in it"),
        ("empty, flash", made(0, 0xf0, None, nothing()), Empty, "nothing in it"),
        ("empty UCS-2", made(0, 8, None, data(&[])), Empty, "nothing in it"),
        ("voice mail", made(0, 0xc8, None, nothing()), MessageWaiting, "waits: voice mail"),
        ("fetched", made(0, 0xc0, None, nothing()), MessageWaiting, "no longer waits: voice mail"),
        ("counted", made(0, 0, waits(0x80, 3), nothing()), MessageWaiting, "waits: voice mail (3)"),
        ("none", made(0, 0, waits(2, 0), nothing()), MessageWaiting, "no longer waits: e-mail"),
        (
            "return call",
            made(0x5f, 0, None, nothing()),
            MessageWaiting,
            "waits: voice mail, or a call to return",
        ),
        ("MMS", made(0, 4, to_port(2948), data(mms)), Data, "MMS notification, port 2948"),
        ("ring tone", made(0, 0xf5, to_port(5505), data(b"\x02J")), Data, "ring tone, port 5505"),
        ("vCard", made(0, 4, to_port(9204), data(b"BEGIN:VCARD 1234")), Data, "vCard, port 9204"),
        (
            "text for an application",
            made(0, 0, to_port(16_000), written("code 1234")),
            Data,
            "data for an application, port 16000",
        ),
        ("data", made(0, 4, None, data(b"\x00\xfe\x10")), Data, "8-bit data, 3 octets"),
        ("compressed", made(0, 0x20, None, data(b"\x01\x02")), Data, "compressed text"),
        (
            "SIM data download",
            made(0x7f, 0xf6, None, data(b"\x02\x70\x00")),
            SimData,
            "data for the card or the modem",
        ),
        (
            "command packet",
            made(0, 0xf6, command, data(b"\x00\x10")),
            SimData,
            "data for the card or the modem",
        ),
        (
            "delivered",
            status_report(fixture, 0),
            MessageKind::StatusReport,
            "a message that was sent: delivered",
        ),
        (
            "given up",
            status_report(fixture, 0x60),
            MessageKind::StatusReport,
            "a message that was sent: not delivered, given up",
        ),
        ("draft", draft("code 1234"), Outgoing, "sent from this SIM, or a draft"),
        ("empty draft", draft(""), Outgoing, "sent from this SIM, or a draft"),
    ]
}

#[tokio::test]
async fn what_is_no_text_completes_no_order_and_is_shown_for_what_it_is() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, any) = (fixture.customer("ann", 120).await, fixture.service("Any", &[]).await);
    let order = fixture.order(ann, any).await;
    for (name, pdu, kind, detail) in no_texts(&fixture) {
        fixture.pass(1);
        let ingested = fixture.arrive(1, &pdu).await;
        let Ingested::Other(id, found) = ingested else { panic!("{name}: {ingested:?}") };
        assert_eq!(found, kind, "{name}");
        assert_eq!(fixture.arrive(1, &pdu).await, Ingested::Duplicate, "{name}");
        let shown = fixture.messages().await.into_iter().find(|m| m.id == id).unwrap();
        assert_eq!((shown.kind, shown.detail.as_deref()), (kind, Some(detail)), "{name}");
        assert_eq!((shown.order, shown.code), (None, None), "{name}");
        assert!(shown.sender.is_some_and(|sender| !sender.is_empty()), "{name}");
        let sms = fixture.gateway.orders().read_sms(ann, order).await.unwrap();
        assert_eq!((sms, fixture.funds(ann).await), (Sms::Waiting, (120, 50)), "{name}");
    }
    let listed = MessageFilter::NewestListed(RowLimit::ALL);
    assert!(fixture.gateway.inbox().messages(listed).await.unwrap().is_empty());
    fixture.pass(1);
    fixture.sms(1, "Uber", "Your code is 0183").await;
    let sms = fixture.gateway.orders().read_sms(ann, order).await.unwrap();
    assert_eq!(sms, Sms::Text("Your code is 0183".into()));
    assert_eq!(fixture.funds(ann).await, (70, 0));
    let history = fixture.gateway.orders().history(order).await.unwrap();
    assert_eq!(history.messages.len(), 1);
    assert_eq!(history.unmatched.len(), no_texts(&fixture).len(), "they came meanwhile");
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_text_with_a_message_waiting_indication_is_an_orders_only_by_its_patterns() {
    let fixture = Fixture::open().await;
    let (any, mailbox) =
        (fixture.service("Any", &[]).await, fixture.service("Mailbox", &["^Mailbox$"]).await);
    let ann = fixture.customer("ann", 500).await;
    let counted = || Some(Header::new().with(1, &[0x80, 2]));
    for (n, pid, dcs, header) in
        [(1, 0, 0xc8, None), (2, 0, 0xd8, None), (3, 0, 0, counted()), (4, 0x5f, 0, None)]
    {
        fixture.plug(n).await;
        let order = fixture.order(ann, any).await;
        fixture.pass(1);
        let body = || written("You have 2 messages. Dial 1233");
        let pdu = special(&fixture, pid, dcs, header.clone(), body());
        let Ingested::Message(id, None) = fixture.arrive(n, &pdu).await else { panic!("{n}") };
        let shown = fixture.messages().await.into_iter().find(|m| m.id == id).unwrap();
        assert_eq!(shown.text.as_deref(), Some("You have 2 messages. Dial 1233"));
        assert!(shown.detail.is_some_and(|detail| detail.starts_with("waits: ")), "{n}");
        assert_eq!(
            fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
            Sms::Waiting,
            "{n}"
        );
        fixture.gateway.orders().cancel(ann, order).await.unwrap();
        let order = fixture.order(ann, mailbox).await;
        fixture.pass(1);
        let mut deliver = Deliver::decode(&special(&fixture, pid, dcs, header, body())).unwrap();
        deliver.originator = Address::parse("Mailbox");
        let ingested = fixture.arrive(n, &deliver.encode()).await;
        assert!(matches!(ingested, Ingested::Message(_, Some(given)) if given == order), "{n}");
    }
}

#[tokio::test]
async fn a_tenant_sees_texts_and_nothing_else() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 5000).await;
    let Rent::Made(rental) =
        fixture.gateway.rentals().rent(ann, Some("NL"), "1m", true).await.unwrap()
    else {
        panic!()
    };
    for (_, pdu, _, _) in no_texts(&fixture) {
        fixture.pass(1);
        fixture.arrive(1, &pdu).await;
    }
    fixture.sms(1, "Friend", "hello").await;
    let stored = special(&fixture, 0, 0xd8, None, written("Voice mail from +31612345678"));
    fixture.arrive(1, &stored).await;
    let seen = fixture.gateway.rentals().view(ann, rental.id).await.unwrap().unwrap();
    let texts: Vec<_> = seen.messages.into_iter().map(|message| message.text.unwrap()).collect();
    assert_eq!(texts, ["hello", "Voice mail from +31612345678"]);
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn texts_in_8_bit_data_complete_an_order() {
    let fixture = Fixture::open().await;
    let (ann, any) = (fixture.customer("ann", 500).await, fixture.service("Any", &[]).await);
    let texts: [(u16, u8, &[u8], &str); 3] = [
        (1, 0x04, b"Your code is 8841", "Your code is 8841"),
        (2, 0xf5, "Größe: 7719".as_bytes(), "Größe: 7719"),
        (3, 0x04, b"code d'acc\xe8s: 6620", "code d'accès: 6620"),
    ];
    for (n, dcs, octets, text) in texts {
        fixture.plug(n).await;
        let order = fixture.order(ann, any).await;
        fixture.pass(1);
        let pdu = special(&fixture, 0, dcs, None, data(octets));
        fixture.arrive(n, &pdu).await;
        let sms = fixture.gateway.orders().read_sms(ann, order).await.unwrap();
        assert_eq!(sms, Sms::Text(text.into()));
    }
}

#[tokio::test]
async fn a_long_push_is_one_message_for_nobody_also_while_its_rest_is_awaited() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, any) = (fixture.customer("ann", 500).await, fixture.service("Any", &[]).await);
    let order = fixture.order(ann, any).await;
    fixture.pass(1);
    let part = |sequence: u8, octets: &[u8]| {
        let header = to_port(2948).unwrap().with(0, &[9, 2, sequence]);
        special(&fixture, 0, 4, Some(header), data(octets))
    };
    let (first, second) =
        (part(1, b"\x01\x06\x03\xbe\xaf\x84\x8c\x82"), part(2, b"http://mms/4711\0"));
    assert_eq!(fixture.arrive(1, &second).await, Ingested::Part);
    let due = fixture.gateway.due_work().run_due_work().await.unwrap().unwrap();
    fixture.pass(due.since(fixture.gateway.now()).as_secs().try_into().unwrap());
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let shown = fixture.messages().await.remove(0);
    assert_eq!((shown.kind, shown.complete), (MessageKind::Data, false));
    assert_eq!(shown.detail.as_deref(), Some("WAP push, port 2948"));
    let ingested = fixture.arrive(1, &first).await;
    assert_eq!(ingested, Ingested::Other(shown.id, MessageKind::Data));
    let mended = fixture.messages().await.remove(0);
    assert!(mended.complete);
    assert_eq!(mended.detail.as_deref(), Some("MMS notification, port 2948"));
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
}

#[tokio::test]
async fn the_last_part_alone_is_shown_as_incomplete_blocks_nothing_and_is_mended() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let text = format!("{}the end", "Dear customer, ".repeat(25));
    let pdus = fixture.pdus("Operator", &text, 0, 13);
    assert_eq!(fixture.arrive(1, &pdus[2]).await, Ingested::Part);
    assert!(matches!(fixture.sms(1, "Uber", "code 1234").await, Ingested::Message(..)));
    fixture.pass(180);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let shown = fixture.messages().await.remove(1);
    assert!(!shown.complete && shown.kind == MessageKind::Text);
    let said = shown.text.unwrap();
    assert!(said.starts_with('…') && said.ends_with("the end"), "{said}");
    fixture.arrive(1, &pdus[0]).await;
    fixture.arrive(1, &pdus[1]).await;
    let messages = fixture.messages().await;
    assert_eq!(messages.len(), 2);
    assert_eq!((messages[1].complete, messages[1].text.as_deref()), (true, Some(text.as_str())));
}

#[tokio::test]
async fn concatenation_elements_that_cannot_be_right_are_ignored() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let part = |element: &[u8], text: &str| {
        special(&fixture, 0, 0, Some(Header::new().with(0, element)), written(text))
    };
    let odd = [
        (part(&[9, 0, 1], "total 0"), "total 0"),
        (part(&[9, 2, 0], "number 0"), "number 0"),
        (part(&[9, 2, 3], "3 of 2"), "3 of 2"),
        (part(&[9, 0, 0], "nothing"), "nothing"),
        (part(&[9, 1, 1], "1 of 1"), "1 of 1"),
    ];
    for (pdu, text) in odd {
        assert!(matches!(fixture.arrive(1, &pdu).await, Ingested::Message(..)), "{text}");
        let shown = fixture.messages().await.pop().unwrap();
        assert_eq!((shown.text.as_deref(), shown.complete), (Some(text), true));
    }
    assert_eq!(fixture.arrive(1, &part(&[0, 2, 2], "0 joins")).await, Ingested::Part);
    fixture.arrive(1, &part(&[0, 2, 1], "reference ")).await;
    let shown = fixture.messages().await.pop().unwrap();
    assert_eq!(shown.text.as_deref(), Some("reference 0 joins"));
}

/// The PDU as it is delivered again: with other bits of the delivery, and through another centre.
fn delivered_again(pdu: &[u8]) -> Vec<u8> {
    let mut again = [0x03, 0x91, 0x13, 0xf6].to_vec();
    again.extend(tpdu(pdu).unwrap());
    again[4] ^= 0xac;
    again
}

#[tokio::test]
async fn a_message_that_is_delivered_again_is_the_same_whatever_the_delivery() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(1);
    let pdu = fixture.pdus("Uber", "code 1234", 0, 1).remove(0);
    assert!(matches!(fixture.arrive(1, &pdu).await, Ingested::Message(_, Some(_))));
    assert_eq!(fixture.arrive(1, &delivered_again(&pdu)).await, Ingested::Duplicate);
    let padded = [pdu.as_slice(), &[0xff; 20]].concat();
    assert_eq!(fixture.arrive(1, &padded).await, Ingested::Duplicate, "read from the card");
    assert_eq!(fixture.funds(ann).await, (450, 0));
    assert_eq!(fixture.gateway.orders().history(order).await.unwrap().messages.len(), 1);

    let text = "long ".repeat(60);
    let parts = fixture.pdus("Uber", &text, 0, 9);
    assert_eq!(fixture.arrive(1, &parts[0]).await, Ingested::Part);
    assert_eq!(fixture.arrive(1, &delivered_again(&parts[0])).await, Ingested::Duplicate);
    assert!(matches!(fixture.arrive(1, &delivered_again(&parts[1])).await, Ingested::Message(..)));
    assert_eq!(fixture.arrive(1, &parts[1]).await, Ingested::Duplicate);
    assert_eq!(fixture.messages().await.len(), 2);
    let report = status_report(&fixture, 0);
    assert!(matches!(fixture.arrive(1, &report).await, Ingested::Other(..)));
    let mut again = report.clone();
    let first = usize::from(again[0]) + 1;
    again[first] ^= 0x0c;
    assert_eq!(fixture.arrive(1, &again).await, Ingested::Duplicate);
}

/// Stores a part as versions up to schema 8 did: known by all octets of `identity`.
async fn store_as_before(fixture: &Fixture, pdu: &[u8], identity: &[u8]) {
    let (pdu, digest) = (pdu.to_vec(), Sha256::digest(identity).into());
    let stamp = Deliver::decode(&pdu).ok().and_then(|deliver| deliver.scts.to_utc());
    let (at, stamp) = (fixture.gateway.now(), stamp.map(Timestamp::from));
    let write = move |tx: &crate::store::WriteTx<'_>| {
        let sim = tx.ensure_sim(&iccid(1), at)?.id;
        tx.add_part(&NewPart {
            sim,
            digest: &digest,
            pdu: &pdu,
            modem: &modem(1).id,
            smsc: None,
            stamp,
            received_at: at,
            live: false,
            error: None,
            message: None,
        })
    };
    fixture.gateway.0.env.store.write(write).await.unwrap();
    // As the upgrade of the schema does.
    fixture.carry_out(&crate::store::attacks::former_digest(stamp.map_or(0, |at| at.0))).unwrap();
}

#[tokio::test]
async fn what_was_stored_by_its_former_digest_is_known_again() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let single = [fixture.pdus("Uber", "code 1234", 0, 1).remove(0), vec![0xff; 9]].concat();
    let part = fixture.pdus("Uber", &"long ".repeat(60), 0, 9).remove(0);
    for pdu in [&single, &part] {
        store_as_before(&fixture, pdu, tpdu(pdu).unwrap()).await;
        assert_eq!(fixture.arrive(1, pdu).await, Ingested::Duplicate);
    }
    // What was no delivered message could not be decoded, and was known by all of its octets.
    for pdu in [&status_report(&fixture, 0), &draft("hello"), &vec![0x07, 0x91]] {
        store_as_before(&fixture, pdu, pdu).await;
        assert_eq!(fixture.arrive(1, pdu).await, Ingested::Duplicate);
    }
    assert!(fixture.messages().await.is_empty());
}
