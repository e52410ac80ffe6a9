//! What is withheld, what is blanked, what is noted.

use super::*;
use crate::domain::BlockList;
use crate::domain::block_list::BlockRule;

#[tokio::test]
async fn a_blocked_senders_message_completes_nothing_and_is_kept_for_the_operator() {
    let rule = BlockRule {
        name: "banks".into(),
        senders: vec!["^ING$".into()],
        texts: vec!["iban".into()],
    };
    let settings = Settings { block_list: BlockList::new(&[rule]).unwrap(), ..Settings::default() };
    let desk = Desk::with(settings).await;
    desk.plug(1).await;
    let (ann, any) = (desk.customer("ann", 500).await, desk.service("Any", &[]).await);
    let order = desk.order(ann, any).await;
    desk.pass(2);
    desk.sms(1, "ING", "code 1234").await;
    desk.sms(1, "Uber", "your IBAN").await;
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Waiting);
    let withheld: Vec<_> =
        desk.messages().await.into_iter().map(|message| message.withheld).collect();
    assert_eq!(withheld, [Some("banks".to_owned()), Some("banks".to_owned())]);
    let audit = desk.gateway.audit(0).await.unwrap();
    let noted: Vec<_> = audit
        .iter()
        .filter(|row| row.deed == "withheld, rule banks")
        .map(|row| &row.subject)
        .collect();
    assert_eq!(noted, ["message 1", "message 2"]);
    assert!(audit.iter().all(|row| !format!("{row:?}").contains("1234") && !format!("{row:?}").contains("IBAN")));
}

#[tokio::test]
async fn texts_and_pdus_go_when_they_were_kept_long_enough() {
    let settings = Settings {
        text_kept: Duration::from_secs(1000),
        raw_kept: Duration::from_secs(500),
        ..Settings::default()
    };
    let desk = Desk::with(settings).await;
    desk.plug(1).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", &["^Uber$"]).await);
    let order = desk.order(ann, uber).await;
    desk.pass(2);
    let pdu = desk.pdus("Uber", "code 1234", 0, 1).remove(0);
    desk.arrive(1, &pdu).await;
    desk.sms(1, "Nobody", "for nobody").await;
    // The order's lifetime ends 598 seconds from now; what is nobody's counts from its arrival.
    desk.pass(1000);
    desk.gateway.sweep().await.unwrap();
    let texts: Vec<_> = desk.messages().await.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, [Some("code 1234".to_owned()), None]);
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Text("code 1234".into()));
    desk.pass(597);
    desk.gateway.sweep().await.unwrap();
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Text("code 1234".into()));
    desk.pass(1);
    desk.gateway.sweep().await.unwrap();
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Over, "purged");
    let message = desk.messages().await.remove(0);
    assert_eq!((message.text, message.code, message.sender.as_deref()), (None, None, Some("Uber")));
    assert_eq!(desk.arrive(1, &pdu).await, Ingested::Duplicate, "it is still known");
    desk.pass(3600);
    assert_eq!(desk.gateway.sweep().await.unwrap(), None, "nothing is left to do");
    assert_eq!(desk.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_long_message_that_lost_its_pdus_is_not_mended_into_nonsense() {
    let settings = Settings { raw_kept: Duration::from_secs(500), ..Settings::default() };
    let desk = Desk::with(settings).await;
    let text = "0123456789".repeat(30);
    let pdus = desk.pdus("Uber", &text, 0, 9);
    desk.arrive(1, &pdus[0]).await;
    desk.pass(200);
    desk.gateway.sweep().await.unwrap();
    let shown = desk.messages().await.remove(0).text;
    desk.pass(500);
    desk.gateway.sweep().await.unwrap();
    assert_eq!(desk.arrive(1, &pdus[1]).await, Ingested::Part);
    assert_eq!(desk.messages().await.remove(0).text, shown);
}

#[tokio::test]
async fn an_order_tells_its_whole_history() {
    let desk = Desk::open().await;
    desk.plug(1).await;
    let (ann, uber) = (desk.customer("ann", 500).await, desk.service("Uber", &["^Uber$"]).await);
    desk.sms(1, "Before", "not in its time").await;
    desk.pass(5);
    let order = desk.order(ann, uber).await;
    desk.pass(5);
    desk.sms(1, "UBER", "a pattern to mend").await;
    desk.pass(5);
    desk.sms(1, "Uber", "code 1").await;
    desk.pass(600);
    desk.sms(1, "After", "not in its time").await;
    let history = desk.gateway.order_history(order).await.unwrap();
    let texts =
        |messages: &[Message]| messages.iter().filter_map(|m| m.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&history.messages), ["code 1"]);
    assert_eq!(texts(&history.unmatched), ["a pattern to mend"]);
    let kinds: Vec<_> = history.entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["hold", "capture"]);
    assert!(desk.gateway.order_history(OrderId(9)).await.is_err());
    assert!(
        desk.gateway.audit(1).await.unwrap()[0].subject == "order 1",
        "that the operator saw it is noted"
    );
}

/// Who saw which messages, by the audit, once it has as many rows of it as that.
async fn seen(desk: &Desk, rows: usize) -> Vec<(String, String)> {
    loop {
        let audit =
            desk.gateway.audit(0).await.unwrap().into_iter().filter(|row| row.deed == "saw");
        let seen: Vec<_> = audit.map(|row| (row.actor, row.subject)).collect();
        if seen.len() >= rows {
            return seen;
        }
    }
}

#[tokio::test]
async fn that_a_customer_saw_a_message_is_noted_once() {
    let desk = Desk::open().await;
    desk.plug(1).await;
    desk.plug(2).await;
    let (ann, uber) = (desk.customer("ann", 5_000).await, desk.service("Uber", &["^Uber$"]).await);
    let order = desk.order(ann, uber).await;
    desk.gateway.sms(ann, order).await.unwrap();
    desk.pass(2);
    desk.sms(1, "Uber", "code 1").await;
    desk.gateway.sms(ann, order).await.unwrap();
    let first = [("account 1".to_owned(), "message 1".to_owned())];
    assert_eq!(seen(&desk, 1).await, first);
    desk.pass(2);
    desk.sms(1, "Uber", "code 2").await;
    let Rent::Made(rental) = desk.gateway.rent(ann, Some("NL"), "1m", true).await.unwrap() else {
        panic!()
    };
    desk.pass(2);
    desk.sms(2, "Friend", "hello").await;
    for _ in 0..3 {
        desk.gateway.view_rental(ann, rental.id).await.unwrap();
        desk.gateway.sms(ann, order).await.unwrap();
        seen(&desk, 3).await;
    }
    let mut all: Vec<_> = seen(&desk, 3).await.into_iter().map(|(_, message)| message).collect();
    all.sort();
    assert_eq!(all, ["message 1", "message 2", "message 3"]);
}

#[tokio::test]
async fn what_the_rest_of_a_long_message_shows_to_be_withheld_is_not_shown_any_more() {
    let rule = BlockRule { name: "banks".into(), senders: vec![], texts: vec!["iban".into()] };
    let settings = Settings { block_list: BlockList::new(&[rule]).unwrap(), ..Settings::default() };
    let desk = Desk::with(settings).await;
    desk.plug(1).await;
    let (ann, any) = (desk.customer("ann", 500).await, desk.service("Any", &[]).await);
    let order = desk.order(ann, any).await;
    desk.pass(2);
    let pdus = desk.pdus("Uber", &format!("{} your IBAN", "long ".repeat(40)), 0, 1);
    desk.arrive(1, &pdus[0]).await;
    desk.pass(200);
    desk.gateway.sweep().await.unwrap();
    assert!(matches!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Text(_)));
    desk.arrive(1, &pdus[1]).await;
    assert_eq!(desk.gateway.sms(ann, order).await.unwrap(), Sms::Over);
    let message = desk.messages().await.remove(0);
    assert_eq!(
        (message.order, message.withheld.as_deref(), message.complete),
        (Some(order), Some("banks"), true)
    );
    assert_eq!(desk.faults().await, Vec::<String>::new());
}
