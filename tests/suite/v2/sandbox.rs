//! Test keys: each service does what its name says, and nothing of a test stands beside what is
//! real, in either direction.

use std::time::Duration;

use serde_json::{Value, json};
use simbridge::domain::Timestamp;

use super::events::Stream;
use super::{Client, id};
use crate::endpoints::Fixture;
use crate::support::wait_for;
use crate::webhooks::{Received, Receiver};

/// Several orders may be open at a time, and endpoints be here.
const SETTINGS: &str = "[webhooks]\nallow = [\"http://127.0.0.0/8\"]\n[orders]\nnumber_rest = \
                        \"0s\"\nmax_open_per_account = 9\n";

/// A customer with a new test key of an account that there is.
fn tester(fixture: &Fixture, account: &str, terms: &[&str]) -> Client {
    let added = fixture.site.json(&[&["key", "add", account, "--test"], terms].concat());
    let key = added["key"].as_str().unwrap();
    assert!(key.starts_with("sk_test_") && key.len() == 72, "{key}");
    assert_eq!(added["prefix"], key[..16]);
    Client::new(fixture, key)
}

fn of(order: &Value, member: &str) -> String {
    order[member].as_str().unwrap_or_default().to_owned()
}

#[test]
fn each_service_does_what_its_name_says() {
    // A lifetime that a test can wait for.
    let fixture = Fixture::open(0, &format!("{SETTINGS}lifetime = \"20s\"\n"));
    Client::of(&fixture, "ann", "0");
    let test = tester(&fixture, "ann", &[]);
    let services = test.get("/v2/services?country=nl");
    let names: Vec<String> = services.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|service| of(service, "name"))
        .collect();
    let expected = "code silent two late long withheld no-stock no-balance sim-lost";
    assert_eq!(names, expected.split(' ').collect::<Vec<_>>());
    assert!(services.ids().iter().all(|id| *id >= 2_000_000_000), "{}", services.text);
    for (service, problem) in [("no-stock", (409, "no_stock")), ("no-balance", (402, "no_balance"))]
    {
        let refused = test.post("/v2/orders", &json!({ "service": service }));
        assert_eq!(refused.problem(), problem, "{service}");
    }
    // Each is waited for by a thread of its own.
    let waiting =
        ["code", "two", "long", "sim-lost", "silent", "late", "withheld"].map(|service| {
            let test = Client::new(&fixture, &test.key);
            let order = test.order(service);
            assert_eq!((&order["state"], &order["on_air"]), (&"open".into(), &true.into()));
            std::thread::spawn(move || {
                let path = format!("/v2/orders/{}", id(&order));
                let ended = test.get(&format!("{path}?wait=60")).resource(200);
                let all_came = || {
                    let messages = test.get(&path).body["messages"].as_array().unwrap().len();
                    messages == if service == "two" { 2 } else { messages }
                };
                wait_for("all messages", all_came);
                (service, ended, test.get(&path).resource(200))
            })
        });
    for thread in waiting {
        let (service, ended, order) = thread.join().unwrap();
        let messages = order["messages"].as_array().unwrap();
        let (state, reason, count) = match service {
            "code" | "long" => ("completed", Value::Null, 1),
            "two" => ("completed", Value::Null, 2),
            "sim-lost" => ("expired", "sim_lost".into(), 0),
            "withheld" => ("expired", "withheld".into(), 0),
            _ => ("expired", "silent".into(), 0),
        };
        assert_eq!((&ended["state"], &ended["reason"]), (&state.into(), &reason), "{ended}");
        assert_eq!(messages.len(), count, "{order}");
        let newest = messages.last().map(|message| message["code"].clone()).unwrap_or_default();
        assert_eq!(order["code"], newest, "{order}");
        assert_eq!(service == "long", of(&order["messages"][0], "text").len() > 160, "{order}");
        assert!(of(&order, "number").starts_with("+9992") && id(&order) >= 2_000_000_000);
        assert_eq!((of(&order, "country"), of(&order, "price")), ("NL".into(), "0.50".into()));
    }
    assert_eq!(test.get("/v2/orders?state=completed").ids().len(), 3);
    assert_eq!(test.get("/v2/orders?limit=2").ids().len(), 2);
}

#[test]
fn orders_are_given_up_swapped_and_used_again_as_real_ones_are() {
    let fixture = Fixture::open(0, SETTINGS);
    let bob = Client::of(&fixture, "bob", "0");
    Client::of(&fixture, "ann", "0");
    let test = tester(&fixture, "ann", &[]);
    for (body, member) in [
        (json!({ "service": "cod" }), "/service"),
        (json!({ "service": 1 }), "/service"),
        (json!({ "service": "code", "country": "GB" }), "/country"),
    ] {
        assert_eq!(test.post("/v2/orders", &body).error().0, member, "{body}");
    }
    let dear = test.post("/v2/orders", &json!({ "service": "code", "max_price": "0.49" }));
    assert_eq!(dear.problem(), (409, "price_too_high"));
    let reported = json!({ "reason": "used" });
    for (verb, body, state, reason) in [
        ("cancel", Value::Null, "canceled", "canceled"),
        ("skip", Value::Null, "skipped", "skipped"),
        ("report", reported, "skipped", "reported"),
    ] {
        let path = format!("/v2/orders/{}/{verb}", id(&test.order("silent")));
        let ended = test.post(&path, &body).resource(200);
        assert_eq!((of(&ended, "state"), of(&ended, "reason")), (state.into(), reason.into()));
        assert_eq!(test.post(&path, &body).problem(), (409, "order_over"), "{verb}");
    }
    let new = json!({ "service": "silent", "client_ref": "job 7" });
    let first = test.post("/v2/orders", &new).resource(201);
    let path = |order: &Value, verb: &str| format!("/v2/orders/{}{verb}", id(order));
    assert_eq!(test.post(&path(&first, "/reuse"), &Value::Null).problem(), (409, "order_open"));
    let second = test.post(&path(&first, "/swap"), &Value::Null).resource(201);
    assert_eq!((&second["replaces"], &second["client_ref"]), (&first["id"], &"job 7".into()));
    assert_ne!(second["number"], first["number"]);
    assert_eq!(test.get(&path(&first, "")).body["state"], "skipped");
    let code = test.order("code");
    let done = test.get(&path(&code, "?wait=60")).resource(200);
    assert_eq!(
        (of(&done, "state"), of(&done["reuse"], "price")),
        ("completed".into(), "0.25".into())
    );
    let completed = test.post(&path(&code, "/cancel"), &Value::Null);
    assert_eq!(completed.problem(), (409, "order_has_code"));
    let again = test.post(&path(&code, "/reuse"), &Value::Null).resource(201);
    assert_eq!((&again["number"], of(&again, "price")), (&code["number"], "0.25".into()));
    // Another account's test key sees none of it.
    let other = tester(&fixture, "bob", &[]);
    for client in [&bob, &other] {
        assert_eq!(client.get(&path(&again, "")).problem(), (404, "not_found"));
        assert_eq!(client.get("/v2/orders").ids(), [0; 0]);
    }
}

#[test]
fn nothing_of_a_test_is_seen_beside_what_is_real_nor_the_other_way() {
    let fixture = Fixture::open(8, SETTINGS);
    let live = Client::of(&fixture, "ann", "100");
    for service in ["Uber", "silent"] {
        fixture.site.ok(&["service", "add", service, "--price", "0.50"]);
    }
    let test = tester(&fixture, "ann", &[]);
    let (real, tried) = (live.order("Uber"), test.order("silent"));
    let rental = live.post("/v2/rentals", &json!({ "country": "NL" })).resource(201);
    let rented = test.get("/v2/rentals").body["data"][0].clone();
    let hook = json!({ "url": "http://127.0.0.1:1/" });
    let hooks = [&live, &test].map(|it| it.post("/v2/webhooks", &hook).resource(201));
    for (client, own, [order, rental, hook]) in [
        (&test, [&tried, &rented, &hooks[1]], [&real, &rental, &hooks[0]]),
        (&live, [&real, &rental, &hooks[0]], [&tried, &rented, &hooks[1]]),
    ] {
        for (list, own) in ["orders", "rentals", "webhooks"].iter().zip(own) {
            assert_eq!(client.get(&format!("/v2/{list}")).ids(), [id(own)], "{list}");
        }
        let (order, rental, hook) = (id(order), id(rental), id(hook));
        let others = [
            ("GET", format!("/v2/orders/{order}")),
            ("GET", format!("/v2/orders/{order}?wait=1")),
            ("POST", format!("/v2/orders/{order}/cancel")),
            ("POST", format!("/v2/orders/{order}/skip")),
            ("POST", format!("/v2/orders/{order}/swap")),
            ("POST", format!("/v2/orders/{order}/reuse")),
            ("GET", format!("/v2/rentals/{rental}")),
            ("GET", format!("/v2/rentals/{rental}/messages")),
            ("PATCH", format!("/v2/rentals/{rental}")),
            ("POST", format!("/v2/rentals/{rental}/extend")),
            ("POST", format!("/v2/rentals/{rental}/revive")),
            ("GET", format!("/v2/webhooks/{hook}")),
            ("PATCH", format!("/v2/webhooks/{hook}")),
            ("DELETE", format!("/v2/webhooks/{hook}")),
            ("POST", format!("/v2/webhooks/{hook}/test")),
            ("POST", format!("/v2/webhooks/{hook}/rotate")),
            ("GET", format!("/v2/webhooks/{hook}/deliveries")),
            ("POST", format!("/v2/webhooks/{hook}/deliveries/1/redeliver")),
        ];
        for (method, path) in others {
            let answer = client.send(method, &path, "", "");
            assert_eq!(answer.problem(), (404, "not_found"), "{method} {path}");
        }
    }
    // There is a service of this name in both, and each has its own.
    let order = |client: &Client| id(&client.order("silent"));
    assert!(order(&test) >= 2_000_000_000 && order(&live) < 2_000_000_000);
    assert_eq!(test.post("/v2/orders", &json!({ "service": "Uber" })).error().0, "/service");
    assert_eq!(test.get("/v2/countries").body["data"].as_array().unwrap().len(), 1);
    assert_eq!(test.get("/v2/ledger").ids(), [0; 0]);
    let me = test.get("/v2/me").resource(200);
    assert_eq!(
        (of(&me, "balance"), of(&me, "held"), of(&me, "available")),
        ("100.00".into(), "1.00".into(), "99.00".into())
    );
    assert_eq!((&me["account"], &me["key"]["prefix"]), (&"ann".into(), &test.key[..16].into()));
    assert_eq!(me["used"], json!({ "open": 2, "orders_today": 2, "spent_today": "0.00" }));
    assert_eq!(
        me["limits"],
        json!({ "max_open": 9, "orders_per_day": 1000, "spend_per_day": null })
    );
    assert_eq!(live.get("/v2/me").body["used"]["orders_today"], 2);
    in_no_book(&fixture);
}

/// What the operator sees is what was done with live keys: two orders and a rental.
fn in_no_book(fixture: &Fixture) {
    let site = &fixture.site;
    let count = |args: &[&str]| site.json(args).as_array().unwrap().len();
    assert_eq!((count(&["order", "list"]), count(&["rental", "list"])), (2, 1));
    assert_eq!(count(&["account", "ledger", "ann"]), 4, "a payment, two holds and a term");
    assert_eq!(site.json(&["status"])["orders"]["open"], 2);
    assert_eq!(site.json(&["verify"])["ok"], true);
    let metrics = site.page("/metrics");
    let of_tests = ["no-stock", "sim-lost", "+999"].iter().any(|word| metrics.contains(word));
    assert!(!of_tests, "{metrics}");
    let audit = site.json(&["audit", "list", "--limit", "0"]).to_string();
    assert!(audit.contains("key sk_test_") && !audit.contains("20000000"), "{audit}");
    let keys = site.json(&["key", "list"]);
    let of_tests: Vec<bool> =
        keys.as_array().unwrap().iter().map(|key| key["test"].as_bool().unwrap()).collect();
    assert_eq!(of_tests, [false, true]);
    let endpoints = site.json(&["webhook", "list"]);
    assert_eq!((&endpoints[0]["test"], &endpoints[1]["test"]), (&false.into(), &true.into()));
}

#[test]
fn events_and_webhooks_of_tests_come_as_real_ones_do_and_to_tests_alone() {
    let fixture = Fixture::open(1, SETTINGS);
    let live = Client::of(&fixture, "ann", "100");
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let test = tester(&fixture, "ann", &[]);
    let receivers = [(&live, Receiver::taking()), (&test, Receiver::taking())];
    for (client, receiver) in &receivers {
        client.post("/v2/webhooks", &json!({ "url": receiver.url() })).resource(201);
    }
    let follow = |client: &Client| Stream::follow(&fixture.address, &client.key, "", None);
    let ((mut of_live, begin), (mut of_test, _)) = (follow(&live), follow(&test));
    let tried = id(&test.order("two"));
    let real = id(&live.order("Uber"));
    live.post(&format!("/v2/orders/{real}/cancel"), &Value::Null).resource(200);
    let lost = id(&test.order("sim-lost"));
    let told = |stream: &mut Stream, count: usize| -> Vec<(String, i64)> {
        (0..count).map(|_| stream.event()).map(|(_, kind, data)| (kind, id(&data))).collect()
    };
    let of_tests = told(&mut of_test, 6);
    let of_order = |order: i64| -> Vec<&str> {
        let own = of_tests.iter().filter(|(_, id)| *id == order);
        own.map(|(kind, _)| kind.as_str()).collect()
    };
    assert_eq!(
        of_order(tried),
        ["order.created", "order.message", "order.completed", "order.message"]
    );
    assert_eq!(of_order(lost), ["order.created", "order.sim_lost"]);
    let of_business =
        ["order.created", "order.canceled"].map(|kind| (kind.to_owned(), real)).to_vec();
    assert_eq!(told(&mut of_live, 2), of_business);
    // Who comes back is told the same again, and nothing of the other.
    let after = format!("?after={begin}");
    for (client, events) in [(&test, &of_tests), (&live, &of_business)] {
        let (mut again, _) = Stream::follow(&fixture.address, &client.key, &after, None);
        assert_eq!(told(&mut again, events.len()), *events);
    }
    for ((client, receiver), events) in receivers.iter().zip([&of_business, &of_tests]) {
        wait_for("the events", || receiver.received().len() >= events.len());
        let mut sent: Vec<(String, i64)> =
            receiver.received().iter().map(|it| (it.kind(), it.order().unwrap())).collect();
        let mut events = events.clone();
        sent.sort();
        events.sort();
        assert_eq!(sent, events);
        let hook = client.get("/v2/webhooks").ids()[0];
        client.post(&format!("/v2/webhooks/{hook}/test"), &Value::Null).resource(202);
        wait_for("the test", || receiver.kinds().contains(&"webhook.test".to_owned()));
    }
    let message = receivers[1].1.received().into_iter().find(|it| it.kind() == "order.message");
    let message = message.as_ref().map(Received::json).unwrap();
    assert_eq!(message["data"]["message"]["code"], message["data"]["code"], "{message}");
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn requests_of_tests_are_carried_out_once_and_are_others_than_real_ones() {
    let mut fixture = Fixture::open(1, SETTINGS);
    let live = Client::of(&fixture, "ann", "100");
    fixture.site.ok(&["service", "add", "silent", "--price", "0.50"]);
    let test = tester(&fixture, "ann", &[]);
    let new = json!({ "service": "silent" });
    let tried = test.post_once("/v2/orders", "a", &new).resource(201);
    let real = live.post_once("/v2/orders", "a", &new);
    assert_eq!(real.header("idempotent-replayed"), None);
    assert_ne!(real.resource(201)["id"], tried["id"]);
    let again = test.post_once("/v2/orders", "a", &new);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.resource(201), tried);
    let other = test.post_once("/v2/orders", "a", &json!({ "service": "code" }));
    assert_eq!(other.problem(), (422, "idempotency_key_reused"));
    // It is all there when the daemon was killed.
    let rental = test.get("/v2/rentals").ids();
    fixture.meanwhile("SELECT 1");
    let test = Client::new(&fixture, &test.key);
    assert_eq!(test.get("/v2/rentals").ids(), rental);
    let cancel = format!("/v2/orders/{}/cancel", id(&tried));
    assert_eq!(test.post_once(&cancel, "b", &Value::Null).resource(200)["state"], "canceled");
    assert_eq!(test.post_once("/v2/orders", "a", &new).resource(201), tried);
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn an_account_has_as_many_test_orders_as_real_ones_and_each_counts_for_itself() {
    let fixture = Fixture::open(1, "");
    let live = Client::of(&fixture, "ann", "100");
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let test = tester(&fixture, "ann", &[]);
    let open = test.order("silent");
    let new = json!({ "service": "silent" });
    let refused = test.post("/v2/orders", &new);
    assert_eq!(refused.problem(), (409, "too_many_open_orders"));
    assert_eq!(refused.body["order"], open["id"]);
    live.order("Uber");
    let swapped = test.post(&format!("/v2/orders/{}/swap", id(&open)), &Value::Null).resource(201);
    fixture.site.ok(&["account", "limit", "ann", "--orders-per-day", "3"]);
    let cancel = |order: &Value| {
        let path = format!("/v2/orders/{}/cancel", id(order));
        test.post(&path, &Value::Null).resource(200)
    };
    cancel(&swapped);
    cancel(&test.order("silent"));
    let refused = test.post("/v2/orders", &new);
    assert_eq!(refused.problem(), (429, "rate_limited"));
    assert_eq!(refused.body["limit"], "orders_per_day");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(live.get("/v2/me").body["used"]["orders_today"], 1);
}

#[test]
fn what_a_test_key_may_do_is_said_as_of_any_key() {
    let fixture = Fixture::open(0, SETTINGS);
    Client::of(&fixture, "ann", "0");
    let site = &fixture.site;
    let reader = tester(&fixture, "ann", &["--scope", "read", "--expires", "30d"]);
    let me = reader.get("/v2/me").resource(200);
    assert_eq!(me["key"]["scopes"], json!(["read"]));
    assert!(me["key"]["expires_at"].is_string(), "{me}");
    for (path, body) in [
        ("/v2/orders", json!({ "service": "code" })),
        ("/v2/rentals", json!({ "country": "NL" })),
        ("/v2/webhooks", json!({ "url": "https://example.com" })),
    ] {
        assert_eq!(reader.post(path, &body).problem(), (403, "scope_missing"), "{path}");
    }
    let refused = site.run(&["key", "add", "ann", "--test", "--spend-per-day", "5.00"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("nothing is spent with a test key"), "{said}");
    let refused = site.run(&["key", "set", &reader.key[..16], "--spend-per-day", "5.00"]);
    assert!(!refused.status.success());
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let refused = site.run(&["explain", "Uber", "NL", "--key", &reader.key[..16]]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("is a test key"), "{said}");
}

#[test]
fn a_revoked_test_key_opens_nothing_and_the_first_version_refuses_all_of_them() {
    let fixture = Fixture::open(1, SETTINGS);
    let live = Client::of(&fixture, "ann", "100");
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let test = tester(&fixture, "ann", &[]);
    let (order, tried) = (id(&live.order("Uber")), id(&test.order("silent")));
    for path in [
        "makeorder?serviceId=1".to_owned(),
        format!("getsms?orderId={order}"),
        format!("getsms?orderId={order}&wait=60"),
        format!("getsms?orderId={tried}"),
        format!("cancelorder?orderId={order}"),
        format!("skipnumber?orderId={order}"),
        format!("reuse?orderId={order}"),
        "getbalance?".to_owned(),
        "services?".to_owned(),
        "rental/new?country=NL".to_owned(),
        "rental/extend?contract_id=1".to_owned(),
        "rental/edit?contract_id=1&auto_renew=true".to_owned(),
        "rental/view?contract_id=1".to_owned(),
    ] {
        let path = format!("{path}&key={}", test.key);
        assert_eq!(fixture.ask(&path), "UNAUTHORIZED", "{path}");
    }
    assert_eq!(fixture.ask(&format!("getsms?orderId={order}&key={}", live.key)), "WAITING");
    assert_eq!(fixture.ask(&format!("getsms?orderId={tried}&key={}", live.key)), "ORDER_EXPIRED");
    let keys = fixture.site.json(&["key", "list"]);
    assert_eq!(keys[1]["refused_for"], "scope");
    let (mut stream, _) = Stream::follow(&fixture.address, &test.key, "", None);
    let waiting = std::thread::spawn({
        let test = Client::new(&fixture, &test.key);
        move || test.get(&format!("/v2/orders/{tried}?wait=60"))
    });
    fixture.site.ok(&["key", "revoke", &test.key[..16]]);
    stream.drain();
    assert_eq!(waiting.join().unwrap().problem(), (401, "unauthorized"));
    assert_eq!(test.get("/v2/me").problem(), (401, "unauthorized"));
    assert_eq!(test.post("/v2/orders", &json!({ "service": "code" })).status, 401);
    assert_eq!(live.get("/v2/me").status, 200);
}

#[test]
fn the_rental_is_there_from_the_first_key_on_and_is_sent_a_text_a_minute() {
    let mut fixture = Fixture::open(0, "");
    Client::of(&fixture, "ann", "0");
    let test = tester(&fixture, "ann", &[]);
    tester(&fixture, "ann", &[]);
    let rental = test.get("/v2/rentals").body["data"][0].clone();
    assert_eq!((of(&rental, "state"), &rental["on_air"]), ("active".into(), &true.into()));
    assert!(id(&rental) >= 2_000_000_000 && of(&rental, "number").starts_with("+9992"), "{rental}");
    let path = format!("/v2/rentals/{}", id(&rental));
    assert_eq!(test.get(&format!("{path}/messages")).ids(), [0; 0]);
    let change = json!({ "auto_renew": false, "renewal_package": "3m" });
    let changed = test.patch(&path, &change).resource(200);
    assert_eq!((&changed["auto_renew"], of(&changed, "package")), (&false.into(), "1m".into()));
    assert_eq!(
        test.patch(&path, &json!({ "renewal_package": "2w" })).error().0,
        "/renewal_package"
    );
    let longer = test.post(&format!("{path}/extend"), &Value::Null).resource(200);
    assert!(of(&longer, "expires_at") > of(&changed, "expires_at"), "{longer}");
    assert_eq!(of(&longer, "price"), "32.40");
    let revived = test.post(&format!("{path}/revive"), &Value::Null);
    assert_eq!(revived.problem(), (409, "rental_active"));
    // Three minutes and most of the fourth have passed.
    fixture.meanwhile("UPDATE test_rental SET started_at = started_at - 237000000, next_at = 0");
    let test = Client::new(&fixture, &test.key);
    let messages = test.get(&format!("{path}/messages?limit=2"));
    let next = of(&messages.body, "next");
    let rest = test.get(&format!("{path}/messages?limit=2&cursor={next}"));
    let all = [messages.ids(), rest.ids()].concat();
    assert!(all.len() >= 3 && all.is_sorted_by(|a, b| a > b), "{all:?}");
    let newest = messages.body["data"][0].clone();
    let found = test.get(&format!("{path}/messages?q={}", of(&newest, "code")));
    assert_eq!(found.ids(), [id(&newest)]);
    let received_at: Timestamp = of(&newest, "received_at").parse().unwrap();
    let since = received_at.plus(Duration::from_micros(1));
    let later = test.get(&format!("{path}/messages?wait=60&since={since}")).ids();
    assert!(later.len() == 1 && later[0] > id(&newest), "{later:?}");
    let (mut stream, _) = Stream::follow(&fixture.address, &test.key, "?types=rental.*", Some(0));
    assert_eq!(
        stream.kinds(5)[1..],
        ["rental.renewed", "rental.message", "rental.message", "rental.message"]
    );
    let new = test.post("/v2/rentals", &json!({ "country": "nl", "package": "6m" })).resource(201);
    assert_eq!((test.get("/v2/rentals").ids(), of(&new, "package")), (vec![id(&new)], "6m".into()));
    assert_eq!(test.get(&path).problem(), (404, "not_found"));
    for (body, member) in [
        (json!({ "country": "GB" }), "/country"),
        (json!({ "country": "NL", "package": "2w" }), "/package"),
    ] {
        assert_eq!(test.post("/v2/rentals", &body).error().0, member, "{body}");
    }
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}
