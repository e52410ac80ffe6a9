//! Orders: made, shown, waited for, given up, and other numbers in their place.

use serde_json::{Value, json};

use super::{BUSY, Client, id};
use crate::endpoints::Fixture;
use crate::support::wait_for;

fn service(fixture: &Fixture, name: &str) {
    let sender = format!("^{name}$");
    fixture.site.ok(&["service", "add", name, "--price", "0.50", "--sender", &sender]);
}

fn path(order: &Value, verb: &str) -> String {
    format!("/v2/orders/{}{verb}", id(order))
}

#[test]
fn an_order_from_its_making_to_its_code() {
    let fixture = Fixture::open(1, "");
    service(&fixture, "Uber");
    let ann = Client::of(&fixture, "ann", "5");
    let new = json!({ "service": "uber", "country": "nl", "client_ref": "job 7" });
    let made = ann.post("/v2/orders", &new);
    assert_eq!(made.header("location"), Some("/v2/orders/1"));
    let order = made.resource(201);
    let number = order["number"].as_str().unwrap();
    assert_eq!(
        order,
        json!({
            "id": 1, "state": "open", "reason": null, "service": { "id": 1, "name": "Uber" },
            "country": "NL", "number": number, "national": format!("0{}", &number[3..]),
            "price": "0.50", "currency": "USD",
            "created_at": order["created_at"].clone(), "expires_at": order["expires_at"].clone(),
            "completed_at": null, "on_air": true, "code": null, "messages": [], "reuse": null,
            "replaces": null, "client_ref": "job 7",
        })
    );
    assert_eq!(order["created_at"].as_str().unwrap().len(), "2026-06-22T12:57:03.000000Z".len());
    assert_eq!(ann.get("/v2/orders/1").resource(200), order);

    let waiting = std::thread::spawn({
        let ann = Client::new(&fixture, &ann.key);
        move || ann.get("/v2/orders/1?wait=60").resource(200)
    });
    fixture.site.send("Uber", number, "Your code is 1234");
    let completed = waiting.join().unwrap();
    let (state, code) = (&completed["state"], &completed["code"]);
    assert_eq!((state, code), (&Value::from("completed"), &Value::from("1234")));
    let message = &completed["messages"][0];
    assert_eq!(
        completed["messages"],
        json!([{
            "id": 1, "sender": "Uber", "text": "Your code is 1234", "code": "1234",
            "received_at": message["received_at"].clone(), "complete": true,
        }])
    );
    assert_eq!(completed["reuse"]["price"], "0.25");
    assert_eq!(ann.get("/v2/orders/1?wait=60").resource(200), completed, "it waits for nothing");
    let seen = || {
        let audit = fixture.site.json(&["audit", "list"]);
        let rows = audit.as_array().unwrap().iter();
        rows.filter(|row| row["deed"] == "saw" && row["subject"] == "message 1").count()
    };
    wait_for("the view to be recorded", || seen() == 1);
    assert_eq!(
        fixture.ask(&format!("getsms?key={}&orderId=1", ann.key)),
        "SUCCESS_Your code is 1234"
    );
    assert_eq!(seen(), 1, "each message once");
}

#[test]
fn a_text_that_came_before_the_wait_is_answered_at_once() {
    let fixture = Fixture::open(1, "");
    let add = ["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"];
    fixture.site.ok(&[&add[..], &["--charge-on", "code"]].concat());
    let ann = Client::of(&fixture, "ann", "5");
    let order = ann.order("Uber");
    fixture.site.send("Uber", order["number"].as_str().unwrap(), "welcome");
    wait_for("the text", || !fixture.site.messages().is_empty());
    // This shows it to nobody.
    assert_eq!(ann.send("HEAD", "/v2/orders/1?wait=60", "", "").status, 200);
    let shown = ann.get("/v2/orders/1?wait=60").resource(200);
    assert_eq!((&shown["state"], &shown["code"]), (&Value::from("open"), &Value::Null));
    assert_eq!(shown["messages"][0]["text"], "welcome");
    let nothing_new = ann.get("/v2/orders/1?wait=1").resource(200);
    assert_eq!(nothing_new, shown);
    let canceled = ann.post("/v2/orders/1/cancel", &Value::Null).resource(200);
    assert_eq!((&canceled["state"], &canceled["reason"]), (&"canceled".into(), &"canceled".into()));
}

#[test]
fn a_wait_ends_when_the_order_or_its_key_does() {
    let fixture = Fixture::open(2, BUSY);
    service(&fixture, "Uber");
    let ann = Client::of(&fixture, "ann", "5");
    let (first, second) = (ann.order("Uber"), ann.order("Uber"));
    let waiting = |order: &Value| {
        let (ann, path) = (Client::new(&fixture, &ann.key), path(order, "?wait=60"));
        std::thread::spawn(move || ann.get(&path))
    };
    let waits = [waiting(&first), waiting(&second)];
    let polls = || fixture.site.page("/metrics").contains("simbridge_polls_waiting 2");
    wait_for("both to wait", polls);
    ann.post(&path(&first, "/skip"), &Value::Null).resource(200);
    let [first, second] = waits;
    let skipped = first.join().unwrap().resource(200);
    assert_eq!((&skipped["state"], &skipped["reason"]), (&"skipped".into(), &"skipped".into()));
    fixture.site.ok(&["key", "revoke", &ann.key[..8]]);
    assert_eq!(second.join().unwrap().problem(), (401, "unauthorized"));
}

#[test]
fn orders_are_listed_by_key_and_by_what_they_are() {
    let fixture = Fixture::open(12, BUSY);
    service(&fixture, "Uber");
    let (ann, bob) = (Client::of(&fixture, "ann", "50"), Client::of(&fixture, "bob", "50"));
    let orders: Vec<i64> = (0..4).map(|_| id(&ann.order("Uber"))).collect();
    let others = id(&bob.order("Uber"));
    let newest_first: Vec<i64> = orders.iter().rev().copied().collect();
    assert_eq!(ann.get("/v2/orders").ids(), newest_first);
    assert_eq!(bob.get("/v2/orders").ids(), [others]);
    let first = ann.get("/v2/orders?limit=2");
    let canceled = orders[0];
    ann.post(&format!("/v2/orders/{canceled}/cancel"), &Value::Null).resource(200);
    let added = ann.post("/v2/orders", &json!({ "service": 1, "client_ref": "seven" }));
    let added = id(&added.resource(201));
    let next = first.body["next"].as_str().unwrap().to_owned();
    let second = ann.get(&format!("/v2/orders?limit=2&cursor={next}"));
    assert_eq!([first.ids(), second.ids()].concat(), newest_first, "what is new shifts nothing");
    assert_eq!(second.body["next"], Value::Null);
    assert_eq!(ann.get("/v2/orders?state=canceled").ids(), [canceled]);
    assert_eq!(ann.get("/v2/orders?state=open&limit=1").ids(), [added]);
    assert_eq!(ann.get("/v2/orders?client_ref=seven").ids(), [added]);
    assert_eq!(bob.get("/v2/orders?client_ref=seven").ids(), [0; 0]);
    let of_rentals = ann.get(&format!("/v2/rentals?cursor={next}"));
    assert_eq!(of_rentals.error().1, "cursor", "it is a cursor of another list");
}

#[test]
fn another_accounts_order_is_not_there() {
    let fixture = Fixture::open(1, "");
    service(&fixture, "Uber");
    let (ann, bob) = (Client::of(&fixture, "ann", "5"), Client::of(&fixture, "bob", "5"));
    let order = ann.order("Uber");
    for verb in ["", "?wait=5"] {
        assert_eq!(bob.get(&path(&order, verb)).problem(), (404, "not_found"), "{verb}");
    }
    for verb in ["/cancel", "/skip", "/swap", "/reuse"] {
        let answer = bob.post(&path(&order, verb), &Value::Null);
        assert_eq!(answer.problem(), (404, "not_found"), "{verb}");
    }
    let answer = bob.post(&path(&order, "/report"), &json!({ "reason": "used" }));
    assert_eq!(answer.problem(), (404, "not_found"));
    assert_eq!(ann.get(&path(&order, "")).body["state"], "open");
}

#[test]
fn why_no_order_is_made_is_told_by_its_code() {
    let fixture = Fixture::open(1, "");
    service(&fixture, "Uber");
    let ann = Client::of(&fixture, "ann", "0.60");
    let make = |body: Value| ann.post("/v2/orders", &body);
    let answer = make(json!({ "service": 1, "max_price": "0.49" }));
    assert_eq!(answer.problem(), (409, "price_too_high"));
    assert!(answer.body["detail"].as_str().unwrap().contains("0.50 USD"), "{}", answer.text);
    assert_eq!(make(json!({ "service": 1, "country": "GB" })).problem(), (409, "no_stock"));
    let order = make(json!({ "service": 1, "max_price": "0.5" })).resource(201);
    let answer = make(json!({ "service": 1 }));
    assert_eq!(answer.problem(), (409, "too_many_open_orders"));
    assert_eq!(answer.body["order"], order["id"]);
    fixture.site.ok(&["account", "limit", "ann", "--max-open", "5"]);
    assert_eq!(make(json!({ "service": 1 })).problem(), (409, "no_stock"));
    let again = |order: &Value, verb| ann.post(&path(order, verb), &Value::Null);
    again(&order, "/cancel").resource(200);
    for verb in ["/cancel", "/skip", "/swap"] {
        assert_eq!(again(&order, verb).problem(), (409, "order_over"), "{verb}");
    }
    assert_eq!(again(&order, "/reuse").problem(), (409, "number_gone"));
    let report = ann.post(&path(&order, "/report"), &json!({ "reason": "banned" }));
    assert_eq!(report.problem(), (409, "order_over"));
    let order = make(json!({ "service": 1 })).resource(201);
    assert_eq!(again(&order, "/reuse").problem(), (409, "order_open"));
    fixture.site.send("Uber", order["number"].as_str().unwrap(), "code 1234");
    ann.get(&path(&order, "?wait=60")).resource(200);
    for verb in ["/cancel", "/skip", "/swap"] {
        assert_eq!(again(&order, verb).problem(), (409, "order_has_code"), "{verb}");
    }
    assert_eq!(again(&order, "/reuse").problem(), (402, "no_balance"));
    fixture.site.ok(&["account", "topup", "ann", "1"]);
    let reused = again(&order, "/reuse");
    assert_eq!(reused.header("location"), Some("/v2/orders/3"));
    let reused = reused.resource(201);
    assert_eq!((&reused["price"], &reused["number"]), (&"0.25".into(), &order["number"]));
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn limits_are_told_with_their_names_and_when_they_end() {
    let fixture = Fixture::open(6, BUSY);
    service(&fixture, "Uber");
    let ann = Client::of(&fixture, "ann", "50");
    fixture.site.ok(&["account", "limit", "ann", "--spend-per-day", "1.00"]);
    for _ in 0..2 {
        ann.order("Uber");
    }
    let answer = ann.post("/v2/orders", &json!({ "service": 1 }));
    assert_eq!(answer.problem(), (429, "spend_limit"));
    assert_eq!(answer.body["limit"], "spend_per_day");
    let retry: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=24 * 3600).contains(&retry), "{retry}");
    let limit = ["account", "limit", "ann", "--spend-per-day", "none", "--orders-per-day", "2"];
    fixture.site.ok(&limit);
    let answer = ann.post("/v2/orders", &json!({ "service": 1 }));
    assert_eq!(answer.problem(), (429, "rate_limited"));
    assert_eq!(answer.body["limit"], "orders_per_day");
}

#[test]
fn who_gives_up_too_early_waits_for_the_next_number() {
    let fixture = Fixture::open(2, "[limits]\nmin_cancel_age = \"1h\"\n");
    service(&fixture, "Uber");
    let ann = Client::of(&fixture, "ann", "50");
    let order = ann.order("Uber");
    let swap = ann.post(&path(&order, "/swap"), &Value::Null);
    assert_eq!(swap.problem(), (429, "paused"), "that would be another number at once");
    assert_eq!(ann.get(&path(&order, "")).body["state"], "open", "it stays as it is");
    ann.post(&path(&order, "/cancel"), &Value::Null).resource(200);
    let answer = ann.post("/v2/orders", &json!({ "service": 1 }));
    assert_eq!(answer.problem(), (429, "paused"));
    let retry: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&retry), "{retry}");
}

#[test]
fn a_number_that_does_not_serve_is_swapped_for_another() {
    let fixture = Fixture::open(2, "");
    service(&fixture, "Uber");
    let ann = Client::of(&fixture, "ann", "0.50");
    let new = json!({ "service": 1, "client_ref": "job 7" });
    let first = ann.post("/v2/orders", &new).resource(201);
    let swapped = ann.post(&path(&first, "/swap"), &Value::Null);
    assert_eq!(swapped.header("location"), Some("/v2/orders/2"));
    let second = swapped.resource(201);
    assert_eq!((&second["replaces"], &second["client_ref"]), (&first["id"], &"job 7".into()));
    assert_ne!(second["number"], first["number"]);
    let old = ann.get(&path(&first, "")).resource(200);
    assert_eq!((&old["state"], &old["reason"]), (&"skipped".into(), &"skipped".into()));
    let none = ann.post(&path(&second, "/swap"), &Value::Null);
    assert_eq!(none.problem(), (409, "no_stock"), "the first number is skipped");
    assert_eq!(ann.get(&path(&second, "")).body["state"], "open", "nothing has happened");
    assert_eq!(ann.get("/v2/me").body["held"], "0.50");
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn a_number_that_cannot_be_used_is_reported() {
    let fixture = Fixture::open(1, BUSY);
    service(&fixture, "Uber");
    let ann = Client::of(&fixture, "ann", "5");
    let order = ann.order("Uber");
    let reported = ann.post(&path(&order, "/report"), &json!({ "reason": "used" })).resource(200);
    assert_eq!((&reported["state"], &reported["reason"]), (&"skipped".into(), &"reported".into()));
    assert_eq!(ann.get("/v2/me").body["held"], "0.00");
    assert_eq!(fixture.site.json(&["order", "list"])[0]["outcome"], "reported");
    let again = ann.post("/v2/orders", &json!({ "service": 1 }));
    assert_eq!(again.problem(), (409, "no_stock"), "it is given to her no more");
}

#[test]
fn a_mobile_operators_number_can_be_wanted() {
    let fixture = Fixture::open(2, BUSY);
    service(&fixture, "Uber");
    let ann = Client::of(&fixture, "ann", "5");
    let sims = fixture.site.admin("/sims");
    let imsi = sims[0]["imsi"].as_str().unwrap();
    let code = format!("{}-{}", &imsi[..3], &imsi[3..5]);
    let wanted = |operator: &str| {
        ann.post("/v2/orders", &json!({ "service": 1, "mobile_operator": operator }))
    };
    assert_eq!(wanted("262-02").problem(), (409, "no_stock"));
    wanted(&code).resource(201);
}
