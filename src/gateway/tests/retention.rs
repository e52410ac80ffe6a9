//! What is withheld, what is blanked, and what the audit records.

use super::*;
use crate::domain::block_list::BlockRule;
use crate::domain::{BlockList, RowLimit};

#[tokio::test]
async fn a_blocked_senders_message_completes_nothing_and_is_kept_for_the_operator() {
    let rule = BlockRule {
        name: "banks".into(),
        senders: vec!["^ING$".into()],
        texts: vec!["iban".into()],
    };
    let settings = Settings { block_list: BlockList::new(&[rule]).unwrap(), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, any) = (fixture.customer("ann", 500).await, fixture.service("Any", &[]).await);
    let order = fixture.order(ann, any).await;
    fixture.pass(2);
    fixture.sms(1, "ING", "code 1234").await;
    fixture.sms(1, "Uber", "your IBAN").await;
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    let withheld: Vec<_> =
        fixture.messages().await.into_iter().map(|message| message.withheld).collect();
    assert_eq!(withheld, [Some("banks".to_owned()), Some("banks".to_owned())]);
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let noted: Vec<_> = audit
        .iter()
        .filter(|row| row.action == "withheld, rule banks")
        .map(|row| &row.subject)
        .collect();
    assert_eq!(noted, ["message 1", "message 2"]);
    let holds_a_text = |row: String| row.contains("1234") || row.contains("IBAN");
    assert!(!audit.iter().any(|row| holds_a_text(format!("{row:?}"))));
}

#[tokio::test]
async fn texts_and_pdus_go_when_they_were_kept_long_enough() {
    let settings = Settings {
        text_kept: Duration::from_secs(1000),
        raw_kept: Duration::from_secs(500),
        ..default_settings()
    };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(2);
    let pdu = fixture.pdus("Uber", "code 1234", 0, 1).remove(0);
    fixture.arrive(1, &pdu).await;
    fixture.sms(1, "Nobody", "for nobody").await;
    // The order's lifetime ends 598 seconds from now; what is nobody's counts from its arrival.
    fixture.pass(1000);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let texts: Vec<_> = fixture.messages().await.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, [Some("code 1234".to_owned()), None]);
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1234".into())
    );
    fixture.pass(597);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1234".into())
    );
    fixture.pass(1);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Over, "purged");
    let message = fixture.messages().await.remove(0);
    assert_eq!((message.text, message.code, message.sender.as_deref()), (None, None, Some("Uber")));
    assert_eq!(fixture.arrive(1, &pdu).await, Ingested::Duplicate, "it is still known");
    fixture.pass(3600);
    assert_eq!(
        fixture.gateway.due_work().run_due_work().await.unwrap(),
        None,
        "nothing is left to do"
    );
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_long_message_that_lost_its_pdus_is_not_mended_into_nonsense() {
    let settings = Settings { raw_kept: Duration::from_secs(500), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    let text = "0123456789".repeat(30);
    let pdus = fixture.pdus("Uber", &text, 0, 9);
    fixture.arrive(1, &pdus[0]).await;
    fixture.pass(200);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let shown = fixture.messages().await.remove(0).text;
    fixture.pass(500);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(fixture.arrive(1, &pdus[1]).await, Ingested::Part);
    assert_eq!(fixture.messages().await.remove(0).text, shown);
}

#[tokio::test]
async fn an_order_tells_its_whole_history() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    fixture.sms(1, "Before", "not in its time").await;
    fixture.pass(5);
    let order = fixture.order(ann, uber).await;
    fixture.pass(5);
    fixture.sms(1, "UBER", "a pattern to mend").await;
    fixture.pass(5);
    fixture.sms(1, "Uber", "code 1").await;
    fixture.pass(600);
    fixture.sms(1, "After", "not in its time").await;
    let history = fixture.gateway.orders().history(order).await.unwrap();
    let texts =
        |messages: &[Message]| messages.iter().filter_map(|m| m.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&history.messages), ["code 1"]);
    assert_eq!(texts(&history.unmatched), ["a pattern to mend"]);
    let kinds: Vec<_> = history.entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["hold", "capture"]);
    assert!(fixture.gateway.orders().history(OrderId(9)).await.is_err());
    assert!(
        fixture.gateway.audit().rows(1.into()).await.unwrap()[0].subject == "order 1",
        "that the operator saw it is noted"
    );
}

/// Who saw which messages, by the audit, once it has as many rows of it as that.
async fn seen(fixture: &Fixture, rows: usize) -> Vec<(String, String)> {
    loop {
        let audit = fixture
            .gateway
            .audit()
            .rows(RowLimit::ALL)
            .await
            .unwrap()
            .into_iter()
            .filter(|row| row.action == "saw");
        let seen: Vec<_> = audit.map(|row| (row.actor.to_string(), row.subject)).collect();
        if seen.len() >= rows {
            return seen;
        }
    }
}

#[tokio::test]
async fn that_a_customer_saw_a_message_is_noted_once() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    let (ann, uber) =
        (fixture.customer("ann", 5_000).await, fixture.service("Uber", &["^Uber$"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.gateway.orders().read_sms(ann, order).await.unwrap();
    fixture.pass(2);
    fixture.sms(1, "Uber", "code 1").await;
    fixture.gateway.orders().read_sms(ann, order).await.unwrap();
    let first = [("account 1".to_owned(), "message 1".to_owned())];
    assert_eq!(seen(&fixture, 1).await, first);
    fixture.pass(2);
    fixture.sms(1, "Uber", "code 2").await;
    let Rent::Made(rental) =
        fixture.gateway.rentals().rent(ann, Some("NL"), "1m", true).await.unwrap()
    else {
        panic!()
    };
    fixture.pass(2);
    fixture.sms(2, "Friend", "hello").await;
    for _ in 0..3 {
        fixture.gateway.rentals().view(ann, rental.id).await.unwrap();
        fixture.gateway.orders().read_sms(ann, order).await.unwrap();
        seen(&fixture, 3).await;
    }
    let mut all: Vec<_> = seen(&fixture, 3).await.into_iter().map(|(_, message)| message).collect();
    all.sort();
    assert_eq!(all, ["message 1", "message 2", "message 3"]);
}

#[tokio::test]
async fn what_the_rest_of_a_long_message_shows_to_be_withheld_is_not_shown_any_more() {
    let rule = BlockRule { name: "banks".into(), senders: vec![], texts: vec!["iban".into()] };
    let settings = Settings { block_list: BlockList::new(&[rule]).unwrap(), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, any) = (fixture.customer("ann", 500).await, fixture.service("Any", &[]).await);
    let order = fixture.order(ann, any).await;
    fixture.pass(2);
    let pdus = fixture.pdus("Uber", &format!("{} your IBAN", "long ".repeat(40)), 0, 1);
    fixture.arrive(1, &pdus[0]).await;
    fixture.pass(200);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(matches!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Text(_)));
    fixture.arrive(1, &pdus[1]).await;
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Over);
    let message = fixture.messages().await.remove(0);
    assert_eq!(
        (message.order, message.withheld.as_deref(), message.complete),
        (Some(order), Some("banks"), true)
    );
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn who_waits_is_told_that_something_was_withheld_and_by_which_rule() {
    let rule = |name: &str, sender: &str| BlockRule {
        name: name.into(),
        senders: vec![sender.into()],
        texts: vec![],
    };
    let rules = [rule("banks", "^ING$"), rule("brokers", "^Kraken$")];
    let settings = Settings { block_list: BlockList::new(&rules).unwrap(), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    let ann = fixture.customer("ann", 5_000).await;
    let (uber, lyft) =
        (fixture.service("Uber", &["^Uber$"]).await, fixture.service("Lyft", &["^Lyft$"]).await);
    let orders = [fixture.order(ann, uber).await];
    let rented = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", false).await.unwrap();
    let Rent::Made(rental) = rented else { panic!("{rented:?}") };
    fixture.pass(2);
    for sender in ["Kraken", "ING", "ING"] {
        fixture.sms(1, sender, &format!("1234 {}", fixture.gateway.now())).await;
        fixture.pass(1);
    }
    fixture.sms(2, "ING", "5678").await;
    let told = fixture.gateway.orders().history(orders[0]).await.unwrap();
    assert_eq!(told.withheld, ["banks", "brokers"], "each once");
    assert_eq!(told.messages, [], "and nothing of the messages");
    let told = fixture.gateway.rentals().history(rental.id).await.unwrap();
    assert_eq!((told.withheld, told.messages), (vec!["banks".to_owned()], vec![]));
    fixture.pass(700);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(matches!(fixture.state(orders[0]).await, OrderState::Expired { .. }));
    assert_eq!(fixture.funds(ann).await, (5_000 - 1_620, 0), "the hold went back");
    fixture.report(1);
    let later = fixture.order(ann, lyft).await;
    let told = fixture.gateway.orders().history(later).await.unwrap();
    assert_eq!(told.withheld, Vec::<String>::new(), "it was before");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}
