//! Requests with an idempotency key are carried out once, whatever becomes of their answers.

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};

use super::events::Stream;
use super::{Answer, BUSY, Client, id};
use crate::endpoints::Fixture;

fn service(fixture: &Fixture) {
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
}

#[test]
fn a_request_that_is_sent_again_is_answered_the_same_and_does_nothing() {
    let mut fixture = Fixture::open(3, BUSY);
    service(&fixture);
    let (key, other) = (fixture.site.customer("ann", "50"), fixture.site.customer("bob", "50"));
    let (ann, bob) = (Client::new(&fixture, &key), Client::new(&fixture, &other));
    let new = json!({ "service": 1 });
    let first = ann.post_once("/v2/orders", "a", &new);
    assert_eq!(first.header("idempotent-replayed"), None);
    let again = ann.post_once("/v2/orders", "a", &new);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.text, first.text);
    let order = first.resource(201);
    let cancel = format!("/v2/orders/{}/cancel", id(&order));
    for (path, body) in [("/v2/orders", json!({ "service": "Uber" })), (&cancel, Value::Null)] {
        let answer = ann.post_once(path, "a", &body);
        assert_eq!(answer.problem(), (422, "idempotency_key_reused"), "{path}");
    }
    let bobs = bob.post_once("/v2/orders", "a", &new).resource(201);
    assert_ne!(bobs["id"], order["id"], "another account's keys are others");
    let canceled = ann.post_once(&cancel, "b", &Value::Null).resource(200);
    let again = ann.post_once(&cancel, "b", &Value::Null);
    assert_eq!(again.resource(200), canceled, "not that it is over already");
    let replayed = ann.post_once("/v2/orders", "a", &new).resource(201);
    assert_eq!(replayed["state"], "open", "as it was answered");
    fixture.meanwhile("SELECT 1");
    let ann = Client::new(&fixture, &key);
    let replayed = ann.post_once("/v2/orders", "a", &new);
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"), "after a kill, too");
    assert_eq!(ann.get("/v2/orders").ids(), [id(&order)]);
    // After a day it is another request.
    fixture.meanwhile("UPDATE kept_answer SET at = at - 86400000000");
    let ann = Client::new(&fixture, &key);
    let new_one = ann.post_once("/v2/orders", "a", &new);
    assert_eq!(new_one.header("idempotent-replayed"), None);
    assert_ne!(new_one.resource(201)["id"], order["id"]);
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn a_refusal_is_not_kept() {
    let fixture = Fixture::open(1, "");
    service(&fixture);
    let ann = Client::of(&fixture, "ann", "0.20");
    let new = json!({ "service": 1 });
    assert_eq!(ann.post_once("/v2/orders", "a", &new).problem(), (402, "no_balance"));
    assert_eq!(ann.post_once("/v2/orders", "a", &json!({})).status, 422);
    fixture.site.ok(&["account", "topup", "ann", "1"]);
    ann.post_once("/v2/orders", "a", &new).resource(201);
    assert_eq!(ann.post_once("/v2/orders", "a", &new).resource(201)["id"], 1);
}

#[test]
fn an_idempotency_key_has_a_form() {
    let fixture = Fixture::open(1, "");
    service(&fixture);
    let ann = Client::of(&fixture, "ann", "5");
    let send = |headers: &str| {
        let headers = format!("content-type: application/json\r\n{headers}");
        ann.send("POST", "/v2/orders", &headers, "{\"service\":1}")
    };
    let too_long = format!("idempotency-key: {}\r\n", "x".repeat(256));
    for headers in ["idempotency-key:\r\n", "idempotency-key: é\r\n", &too_long] {
        assert!(send(headers).error().2.contains("Idempotency-Key"), "{headers}");
    }
    let twice = send("idempotency-key: a\r\nidempotency-key: b\r\n");
    assert!(twice.error().2.contains("stands once"), "{}", twice.text);
    assert_eq!(ann.get("/v2/orders").ids(), [0; 0]);
    send(&format!("idempotency-key: {}\r\n", "x".repeat(255))).resource(201);
}

/// Sends a request, and does not read the answer.
fn send_alone(client: &Client, fixture: &Fixture, path: &str, key: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&fixture.address).unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: \
         {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        client.key,
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Sends a request with its idempotency key again, until the first one is not under way any more.
fn repeat(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    loop {
        let answer = client.post_once(path, key, body);
        match answer.status {
            409 => assert_eq!(answer.code(), "request_in_progress"),
            _ => return answer,
        }
    }
}

#[test]
fn whoever_loses_the_answer_asks_again_and_has_one_order() {
    let fixture = Fixture::open(2, "[orders]\nnumber_rest = \"0s\"\n");
    service(&fixture);
    let ann = Client::of(&fixture, "ann", "1000");
    let body = json!({ "service": 1 });
    for turn in 0..30 {
        let (make, cancel) = (format!("make {turn}"), format!("cancel {turn}"));
        drop(send_alone(&ann, &fixture, "/v2/orders", &make, &body.to_string()));
        let order = repeat(&ann, "/v2/orders", &make, &body).resource(201);
        assert_eq!(id(&order), turn + 1, "one order each");
        let path = format!("/v2/orders/{}/cancel", id(&order));
        drop(send_alone(&ann, &fixture, &path, &cancel, ""));
        let canceled = repeat(&ann, &path, &cancel, &Value::Null).resource(200);
        assert_eq!(canceled["state"], "canceled");
    }
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

const CUTS: i64 = 1000;

#[test]
fn a_thousand_connections_that_are_cut_after_the_commit_have_made_one_order_each() {
    const LIMITS: &str = "[orders]\nnumber_rest = \"0s\"\n[limits]\nkey_per_second = \
                          0\naddress_per_second = 0\ngive_up_pause = \"0s\"\n";
    let fixture = Fixture::open(2, LIMITS);
    service(&fixture);
    let ann = Client::of(&fixture, "ann", "1000");
    let (mut events, _) = Stream::follow(&fixture.address, &ann.key, "", None);
    let body = json!({ "service": 1 });
    for turn in 1..=CUTS {
        let key = turn.to_string();
        let unread = send_alone(&ann, &fixture, "/v2/orders", &key, &body.to_string());
        // Its event is sent once the order is on disk.
        let (_, kind, order) = events.event();
        assert_eq!((kind.as_str(), id(&order)), ("order.created", turn));
        drop(unread);
        let answer = repeat(&ann, "/v2/orders", &key, &body);
        assert_eq!(answer.header("idempotent-replayed"), Some("true"), "{}", answer.text);
        assert_eq!(id(&answer.resource(201)), turn);
        ann.post(&format!("/v2/orders/{turn}/cancel"), &Value::Null).resource(200);
        assert_eq!(events.event().1, "order.canceled", "nothing else has happened");
    }
    let export = fixture.site.json(&["account", "export", "ann"]);
    let orders = export["orders"].as_array().unwrap().iter().map(id);
    assert_eq!(orders.collect::<Vec<_>>(), (1..=CUTS).collect::<Vec<_>>());
    let me = ann.get("/v2/me").resource(200);
    assert_eq!((&me["balance"], &me["held"]), (&"1000.00".into(), &"0.00".into()));
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn the_same_request_sent_many_times_at_once_makes_one_order() {
    let fixture = Fixture::open(4, BUSY);
    service(&fixture);
    let ann = Client::of(&fixture, "ann", "50");
    let senders = (0..16).map(|_| {
        let ann = Client::new(&fixture, &ann.key);
        std::thread::spawn(move || ann.post_once("/v2/orders", "a", &json!({ "service": 1 })))
    });
    let answers: Vec<_> = senders.collect::<Vec<_>>().into_iter().map(|it| it.join()).collect();
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let made = answers.iter().filter(|answer| answer.status == 201);
    assert!(made.clone().count() >= 1);
    for answer in &answers {
        match answer.status {
            201 => assert_eq!(answer.body["id"], 1),
            _ => assert_eq!(answer.problem(), (409, "request_in_progress")),
        }
    }
    let fresh = made.filter(|answer| answer.header("idempotent-replayed").is_none()).count();
    assert_eq!(fresh, 1);
    assert_eq!(ann.get("/v2/orders").ids(), [1]);
}
