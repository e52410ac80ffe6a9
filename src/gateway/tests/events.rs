//! What customers are told: an event for everything that happens, in its order, with its account.

use serde_json::{Value, json};

use super::*;
use crate::domain::block_list::BlockRule;
use crate::domain::event::{Event, EventKind};
use crate::domain::{EventId, MessageId};

mod follower;
mod keeping;
mod rentals;

pub(super) use follower::Follower;

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

impl Fixture {
    pub(super) async fn events(&self, account: AccountId) -> Vec<Event> {
        let (mut all, mut after) = (Vec::new(), EventId(0));
        loop {
            let page =
                self.gateway.events().after((account, KeyMode::Live), after, 1000).await.unwrap();
            let Some(last) = page.last() else { return all };
            after = last.id;
            all.extend(page);
        }
    }

    /// The words of an account's events, oldest first.
    pub(super) async fn told(&self, account: AccountId) -> Vec<&'static str> {
        self.events(account).await.iter().map(|event| event.kind.as_str()).collect()
    }

    /// What an account's events show.
    async fn shown(&self, account: AccountId) -> Vec<Value> {
        let events = self.events(account).await;
        events.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect()
    }
}

/// SIM 1, Ann with five dollars, and a service that takes texts of Uber.
async fn uber() -> (Fixture, AccountId, ServiceId) {
    uber_with(default_settings()).await
}

async fn uber_with(settings: Settings) -> (Fixture, AccountId, ServiceId) {
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 500).await;
    let uber = fixture.service_charging("Uber", &["^Uber$"], None).await;
    (fixture, ann, uber)
}

#[tokio::test]
async fn an_order_is_told_from_its_beginning_on_as_it_is_then() {
    let (fixture, ann, uber) = uber().await;
    let mut newest = fixture.gateway.events().subscribe();
    let order = fixture.order(ann, uber).await;
    assert_eq!(*newest.borrow_and_update(), EventId(1), "a commit tells who follows");
    fixture.pass(5);
    fixture.sms(1, "Uber", "Welcome!").await;
    fixture.pass(5);
    fixture.sms(1, "Uber", "Your code is 0183").await;
    fixture.pass(5);
    fixture.sms(1, "Uber", "Again: 0184").await;
    assert_eq!(*newest.borrow_and_update(), EventId(5));
    let events = fixture.events(ann).await;
    let kinds: Vec<_> = events.iter().map(|event| (event.id.0, event.kind.as_str())).collect();
    let expected = [
        (1, "order.created"),
        (2, "order.message"),
        (3, "order.message"),
        (4, "order.completed"),
        (5, "order.message"),
    ];
    assert_eq!(kinds, expected);
    let shown = fixture.shown(ann).await;
    let states: Vec<_> = shown.iter().map(|data| data["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["open", "open", "completed", "completed", "completed"]);
    let at = |seconds: i64| Timestamp(START_US + seconds * SECOND_US).to_string();
    let message = |id: i64, text: &str, code: Option<&str>| {
        json!({
            "id": id, "sender": "Uber", "text": text, "code": code,
            "received_at": at(5 * id), "complete": true
        })
    };
    let (welcome, code) =
        (message(1, "Welcome!", None), message(2, "Your code is 0183", Some("0183")));
    let completed = json!({
        "id": order.0, "state": "completed", "reason": null,
        "service": {"id": uber.0, "name": "Uber"}, "country": "NL",
        "number": "+31612000001", "national": "0612000001", "price": "0.50", "currency": "USD",
        "created_at": at(0), "expires_at": at(600), "completed_at": at(10), "on_air": true,
        "code": "0183", "messages": [welcome, code.clone()],
        "reuse": {"until": at(10 + 4 * HOUR_S), "price": "0.25"},
        "replaces": null, "client_ref": null, "message": code
    });
    assert_eq!(serde_json::to_string(&shown[3]).unwrap(), completed.to_string());
    let body: Value = serde_json::from_str(&events[3].body()).unwrap();
    assert_eq!(body, json!({"type": "order.completed", "timestamp": at(10), "data": completed}));
    assert_eq!((&shown[4]["code"], &shown[4]["message"]["code"]), (&json!("0184"), &json!("0184")));
    assert_eq!(shown[4]["completed_at"], at(10));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn each_end_of_an_order_is_told_once() {
    let rule = BlockRule { name: "banks".into(), senders: vec!["^ING$".into()], texts: Vec::new() };
    let block_list = BlockList::new(&[rule]).unwrap();
    let (fixture, ann, uber) = uber_with(Settings { block_list, ..default_settings() }).await;
    let orders = fixture.gateway.orders();
    let order = fixture.order(ann, uber).await;
    orders.cancel(ann, order).await.unwrap();
    orders.cancel(ann, order).await.unwrap();
    let order = fixture.order(ann, uber).await;
    orders.cancel_for_operator(order).await.unwrap();
    // Nothing comes, then only what is withheld, then only a text without a code.
    for sender in ["Nobody", "ING", "Uber"] {
        fixture.order(ann, uber).await;
        fixture.pass(5);
        fixture.sms(1, sender, "hello").await;
        fixture.pass(600);
        fixture.report(1);
        fixture.gateway.due_work().run_due_work().await.unwrap();
    }
    fixture.plug(2).await;
    let order = fixture.order(ann, uber).await;
    orders.skip(ann, order).await.unwrap();
    orders.undo_skips("ann".into(), "0612000002".into(), None).await.unwrap();
    fixture.order(ann, uber).await;
    fixture.silence(2);
    fixture.pass(60);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let shown = fixture.shown(ann).await;
    let ends = fixture.events(ann).await.into_iter().zip(&shown);
    let ends = ends.filter(|(event, _)| event.kind != EventKind::OrderCreated);
    let ends: Vec<_> = ends
        .map(|(event, data)| {
            let (id, state) = (data["id"].as_i64().unwrap(), data["state"].as_str().unwrap());
            (id, event.kind.as_str(), state, data["reason"].as_str().unwrap_or("null"))
        })
        .collect();
    assert_eq!(
        ends,
        [
            (1, "order.canceled", "canceled", "canceled"),
            (2, "order.canceled", "canceled", "canceled"),
            (3, "order.expired", "expired", "silent"),
            (4, "order.expired", "expired", "withheld"),
            (5, "order.message", "open", "null"),
            (5, "order.completed", "completed", "null"),
            (6, "order.skipped", "skipped", "skipped"),
            (6, "order.canceled", "canceled", "canceled"),
            (7, "order.sim_lost", "expired", "sim_lost"),
        ]
    );
    assert_eq!(shown.iter().filter(|data| data["message"].is_object()).count(), 1);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_withheld_is_told_to_nobody_and_a_rest_that_comes_is() {
    let rule = BlockRule { name: "banks".into(), senders: Vec::new(), texts: vec!["iban".into()] };
    let block_list = BlockList::new(&[rule]).unwrap();
    let (fixture, ann, uber) = uber_with(Settings { block_list, ..default_settings() }).await;
    fixture.order(ann, uber).await;
    fixture.pass(5);
    fixture.sms(1, "Uber", "your iban").await;
    assert_eq!(fixture.told(ann).await, ["order.created"]);
    let long = |end: &str| format!("{}{end}", "long ".repeat(40));
    for (reference, end) in [(7, "code 0183"), (8, "iban")] {
        let pdus = fixture.pdus("Uber", &long(end), 0, reference);
        fixture.arrive(1, &pdus[0]).await;
        fixture.pass(180);
        fixture.gateway.due_work().run_due_work().await.unwrap();
        fixture.arrive(1, &pdus[1]).await;
        if end != "iban" {
            let told = fixture.told(ann).await;
            let expected = ["order.created", "order.message", "message.mended", "order.completed"];
            assert_eq!(told, expected, "the rest has the code");
            let shown = fixture.shown(ann).await;
            let complete: Vec<_> = shown.iter().map(|data| &data["message"]["complete"]).collect();
            let (yes, no) = (json!(true), json!(false));
            assert_eq!(complete, [&Value::Null, &no, &yes, &yes]);
            assert_eq!(shown[3]["code"], "0183");
        }
    }
    let rest = fixture.events(ann).await.into_iter().map(|event| event.data);
    let rest: String = rest.collect();
    assert!(!rest.contains("iban"), "{rest}");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_message_that_is_delivered_by_hand_is_told() {
    let (fixture, ann, uber) = uber().await;
    let order = fixture.order(ann, uber).await;
    fixture.pass(5);
    fixture.sms(1, "Uber BV", "Your code is 0183").await;
    let senders = PatternEdit { add: vec!["^Uber BV$".into()], ..PatternEdit::default() };
    let edit = ServiceEdit { senders, ..ServiceEdit::default() };
    fixture.gateway.services().edit("Uber".into(), edit).await.unwrap();
    fixture.gateway.inbox().deliver(MessageId(1), order).await.unwrap();
    let told = fixture.told(ann).await;
    assert_eq!(told, ["order.created", "order.message", "order.completed"]);
    assert_eq!(fixture.shown(ann).await[2]["message"]["code"], "0183");
}

#[tokio::test]
async fn a_balance_is_low_when_it_falls_below_the_threshold() {
    let settings = Settings { balance_low: Some(Amount(460)), ..default_settings() };
    let (fixture, ann, uber) = uber_with(settings).await;
    let low = async || {
        let events = fixture.events(ann).await;
        events.iter().filter(|event| event.kind == EventKind::BalanceLow).count()
    };
    let order = fixture.order(ann, uber).await;
    assert_eq!(low().await, 1, "what is held cannot be spent");
    let data = fixture.shown(ann).await.remove(1);
    assert_eq!(
        data,
        json!({"balance": "5.00", "available": "4.50", "currency": "USD", "threshold": "4.60"})
    );
    fixture.pass(5);
    fixture.sms(1, "Uber", "code 0183").await;
    assert_eq!(low().await, 1, "it was low before");
    fixture.gateway.orders().refund(order, None, "a test".into()).await.unwrap();
    let accounts = fixture.gateway.accounts();
    accounts.adjust_balance("ann".into(), Amount(-40), "x".into(), "a".into()).await.unwrap();
    assert_eq!(low().await, 1, "4.60 is not less than 4.60");
    accounts.adjust_balance("ann".into(), Amount(-1), "x".into(), "b".into()).await.unwrap();
    assert_eq!(low().await, 2);
}

#[tokio::test]
async fn an_order_with_many_messages_shows_the_newest_and_its_code() {
    let (fixture, ann, uber) = uber().await;
    fixture.order(ann, uber).await;
    fixture.pass(5);
    fixture.sms(1, "Uber", "Your code is 0183").await;
    for n in 0..60 {
        fixture.pass(1);
        fixture.sms(1, "Uber", &format!("Welcome {n}")).await;
    }
    let last = fixture.shown(ann).await.pop().unwrap();
    let messages = last["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &last["code"]), (50, &json!("0183")));
    assert_eq!(messages[0]["text"], "Welcome 10", "oldest first");
    assert_eq!(messages[49], last["message"]);
}
