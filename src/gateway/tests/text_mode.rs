//! Messages that a modem shows in text mode.

use super::kinds::no_texts;
use super::*;
use crate::domain::message::MessageKind;
use crate::sms::{TextEntry, TextFields};

async fn arrive(fixture: &Fixture, message: TextMode) -> Ingested {
    let pdu = Pdu::TextMode(message);
    let arrival = Arrival { modem: modem(1), iccid: iccid(1), pdu, live: false, doubtful: false };
    fixture.gateway.inbox().ingest(arrival).await.unwrap()
}

#[tokio::test]
async fn what_is_no_text_is_known_in_text_mode_too_where_the_modem_shows_all_of_it() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, any) = (fixture.customer("ann", 120).await, fixture.service("Any", &[]).await);
    let order = fixture.order(ann, any).await;
    let rows = no_texts(&fixture).len();
    for row in 0..rows {
        fixture.pass(1);
        let (name, pdu, kind, detail) = no_texts(&fixture).remove(row);
        let shown = TextMode::showing(&pdu);
        let ingested = arrive(&fixture, shown.clone()).await;
        let Ingested::Other(id, found) = ingested else { panic!("{name}: {ingested:?}") };
        assert_eq!(found, kind, "{name}");
        assert_eq!(arrive(&fixture, shown).await, Ingested::Duplicate, "{name}");
        if kind != MessageKind::Outgoing {
            assert_eq!(fixture.arrive(1, &pdu).await, Ingested::Duplicate, "{name}: its PDU");
        }
        let shown = fixture.messages().await.into_iter().find(|m| m.id == id).unwrap();
        let detail = format!("{detail}; read in text mode");
        assert_eq!((shown.kind, shown.detail), (kind, Some(detail)), "{name}");
        assert!(shown.sender.is_some_and(|sender| !sender.is_empty()), "{name}");
        let sms = fixture.gateway.orders().read_sms(ann, order).await.unwrap();
        assert_eq!((sms, fixture.funds(ann).await), (Sms::Waiting, (120, 50)), "{name}");
    }
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn where_the_modem_shows_less_what_is_certain_is_known() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, any) = (fixture.customer("ann", 120).await, fixture.service("Any", &[]).await);
    let order = fixture.order(ann, any).await;
    let message = |text: &str| {
        let at = DateTime::from_timestamp_micros(fixture.gateway.now().0).unwrap();
        TextMode {
            address: "+31612345678".to_owned(),
            time: at.format("%y/%m/%d,%H:%M:%S+00").to_string(),
            text: text.to_owned(),
            ..TextMode::default()
        }
    };
    let draft = TextMode { entry: TextEntry::Outgoing, ..message("code 1234") };
    let with_hidden_header =
        TextFields { address_type: Some(145), first: 0x44, pid: 0, dcs: 0, centre: String::new() };
    let others = [
        (draft, MessageKind::Outgoing),
        (message(""), MessageKind::Empty),
        (message("060504158123F0024A3A40040081"), MessageKind::Data),
        (message("00FE109C810A"), MessageKind::Data),
    ];
    for (message, kind) in others {
        fixture.pass(1);
        let ingested = arrive(&fixture, message.clone()).await;
        assert!(matches!(ingested, Ingested::Other(_, found) if found == kind), "{message:?}");
    }
    // This may be a text, and is given only to an order whose patterns fit.
    let message_with_header =
        TextMode { fields: Some(with_hidden_header), ..message("the rest of a text") };
    let ingested = arrive(&fixture, message_with_header).await;
    assert!(matches!(ingested, Ingested::Message(_, None)), "{ingested:?}");
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    let ingested = arrive(&fixture, message("Your code is 1234")).await;
    assert!(matches!(ingested, Ingested::Message(_, Some(given)) if given == order));
}

#[tokio::test]
async fn the_parts_of_a_long_message_are_joined_however_each_is_read() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    for (reference, text) in
        [(1, "a long text ".repeat(30)), (2, "ein längerer Text ł ".repeat(20))]
    {
        let parts = fixture.pdus("Uber", &text, 0, reference);
        assert!(parts.len() > 2);
        for (place, part) in parts.iter().enumerate() {
            let is_last = place + 1 == parts.len();
            let ingested = match place % 2 {
                0 => arrive(&fixture, TextMode::showing(part)).await,
                _ => fixture.arrive(1, part).await,
            };
            assert_eq!(matches!(ingested, Ingested::Message(..)), is_last, "{ingested:?}");
        }
        for part in &parts {
            assert_eq!(arrive(&fixture, TextMode::showing(part)).await, Ingested::Duplicate);
            assert_eq!(fixture.arrive(1, part).await, Ingested::Duplicate);
        }
        let shown = fixture.messages().await.pop().unwrap();
        assert_eq!(shown.text.as_deref(), Some(text.as_str()));
        fixture.pass(1);
    }
}

#[tokio::test]
async fn a_text_with_u0000_is_one_message_however_it_is_read() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    for pdu_comes_first in [true, false] {
        fixture.pass(1);
        let pdus = fixture.pdus("Uber", "Your code\0 is 1234", 0, 1);
        let shown = TextMode::showing(&pdus[0]);
        if pdu_comes_first {
            assert!(matches!(fixture.arrive(1, &pdus[0]).await, Ingested::Message(..)));
        }
        let ingested = arrive(&fixture, shown.clone()).await;
        assert_eq!(matches!(ingested, Ingested::Message(..)), !pdu_comes_first, "{ingested:?}");
        assert_eq!(arrive(&fixture, shown).await, Ingested::Duplicate);
        assert_eq!(fixture.arrive(1, &pdus[0]).await, Ingested::Duplicate);
        let stored = fixture.messages().await.pop().unwrap();
        assert_eq!(stored.text.as_deref(), Some("Your code\u{FFFD} is 1234"));
    }
    assert_eq!(fixture.messages().await.len(), 2);
}

#[tokio::test]
async fn a_text_is_one_message_whether_all_of_it_was_shown_or_less() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    for text in ["code 1234", "код 4711"] {
        let pdu = fixture.pdus("Uber", text, 0, 1).remove(0);
        let all = TextMode::showing(&pdu);
        let less = TextMode { fields: None, ..all.clone() };
        for readings in [[less.clone(), all.clone()], [all, less]] {
            let [first, second] = readings;
            arrive(&fixture, first).await;
            assert_eq!(arrive(&fixture, second).await, Ingested::Duplicate, "{text}");
            assert_eq!(fixture.arrive(1, &pdu).await, Ingested::Duplicate, "{text}");
        }
        assert_eq!(fixture.messages().await.pop().unwrap().text.as_deref(), Some(text));
        fixture.pass(1);
    }
    assert_eq!(fixture.messages().await.len(), 2);
}
