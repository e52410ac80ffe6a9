//! Rentals and their messages.

use serde_json::{Value, json};

use super::{Client, id};
use crate::endpoints::Fixture;
use crate::support::wait_for;

fn rent(client: &Client) -> Value {
    let rental = client.post("/v2/rentals", &json!({ "country": "NL" }));
    assert!(rental.header("location").unwrap().starts_with("/v2/rentals/"));
    rental.resource(201)
}

#[test]
fn a_rental_from_its_start_to_its_messages() {
    let fixture = Fixture::open(2, "");
    let (ann, bob) = (Client::of(&fixture, "ann", "100"), Client::of(&fixture, "bob", "10"));
    let rental = rent(&ann);
    let number = rental["number"].as_str().unwrap();
    let expected = [
        ("id", json!(1)),
        ("state", json!("active")),
        ("country", json!("NL")),
        ("national", json!(format!("0{}", &number[3..]))),
        ("package", json!("1m")),
        ("renewal_package", json!("1m")),
        ("auto_renew", json!(true)),
        ("price", json!("16.20")),
        ("currency", json!("USD")),
        ("grace_until", Value::Null),
        ("on_air", json!(true)),
        ("next_visit_at", Value::Null),
    ];
    for (member, value) in expected {
        assert_eq!(rental[member], value, "{member}: {rental}");
    }
    assert_eq!(ann.get("/v2/rentals").ids(), [1]);
    assert_eq!(bob.post("/v2/rentals", &json!({ "country": "NL" })).problem(), (402, "no_balance"));
    let stock = ann.post("/v2/rentals", &json!({ "country": "GB" }));
    assert_eq!(stock.problem(), (409, "no_stock"));

    let change = json!({ "auto_renew": false, "renewal_package": "3m" });
    let changed = ann.patch("/v2/rentals/1", &change).resource(200);
    let renewal = (&changed["auto_renew"], &changed["renewal_package"], &changed["package"]);
    assert_eq!(renewal, (&json!(false), &json!("3m"), &json!("1m")));
    let same = ann.patch("/v2/rentals/1", &json!({})).resource(200);
    assert_eq!(same["renewal_package"], "3m", "what is not said stays");
    let extended = ann.post("/v2/rentals/1/extend", &Value::Null).resource(200);
    assert_eq!(extended["price"], "32.40", "by the package that it is renewed with");
    let longer = ann.post("/v2/rentals/1/extend", &json!({ "package": "1m" })).resource(200);
    assert_eq!((&longer["price"], &longer["renewal_package"]), (&"16.20".into(), &"1m".into()));
    assert!(longer["expires_at"].as_str() > extended["expires_at"].as_str());
    let poor = ann.post("/v2/rentals/1/extend", &json!({ "package": "1y" }));
    assert_eq!(poor.problem(), (402, "no_balance"));
    assert_eq!(ann.post("/v2/rentals/1/revive", &Value::Null).problem(), (409, "rental_active"));
    for (verb, body) in [("/extend", json!({})), ("/revive", json!({}))] {
        let answer = bob.post(&format!("/v2/rentals/1{verb}"), &body);
        assert_eq!(answer.problem(), (404, "not_found"), "{verb}");
    }
    assert_eq!(bob.get("/v2/rentals/1").problem(), (404, "not_found"));
    assert_eq!(bob.get("/v2/rentals/1/messages").problem(), (404, "not_found"));
    assert_eq!(bob.patch("/v2/rentals/1", &json!({})).problem(), (404, "not_found"));
    assert_eq!(bob.get("/v2/rentals").ids(), [0; 0]);
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn messages_are_found_by_time_and_text_and_waited_for() {
    let fixture = Fixture::open(1, "");
    let ann = Client::of(&fixture, "ann", "100");
    let rental = rent(&ann);
    let number = rental["number"].as_str().unwrap();
    let waiting = std::thread::spawn({
        let ann = Client::new(&fixture, &ann.key);
        move || ann.get("/v2/rentals/1/messages?wait=60")
    });
    fixture.site.send("Uber", number, "Your code is 1111");
    assert_eq!(waiting.join().unwrap().ids().len(), 1);
    for text in ["Straße 2", "three", "four"] {
        fixture.site.send("Friend", number, text);
        wait_for(text, || fixture.site.messages().iter().any(|row| row["text"] == text));
    }
    let all = ann.get("/v2/rentals/1/messages").resource(200);
    let rows = all["data"].as_array().unwrap();
    let texts: Vec<_> = rows.iter().map(|row| row["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["four", "three", "Straße 2", "Your code is 1111"], "the newest first");
    assert_eq!((&rows[3]["code"], &rows[3]["sender"]), (&"1111".into(), &"Uber".into()));
    let ids: Vec<i64> = rows.iter().map(id).collect();
    let found = |query: &str| ann.get(&format!("/v2/rentals/1/messages?{query}")).ids();
    assert_eq!(found("q=STRASSE"), [ids[2]]);
    assert_eq!(found("q=uber"), [ids[3]]);
    assert_eq!(found("q=nothing"), [0; 0]);
    let since = rows[1]["received_at"].as_str().unwrap();
    assert_eq!(found(&format!("since={since}")), ids[..2], "inclusive");
    let first = ann.get("/v2/rentals/1/messages?limit=3");
    let next = first.body["next"].as_str().unwrap();
    assert_eq!([first.ids(), found(&format!("cursor={next}"))].concat(), ids);
    assert_eq!(found("q=nothing&wait=1"), [0; 0], "it waits no longer than it is told to");
    let seen = || {
        let audit = fixture.site.json(&["audit", "list"]);
        audit.as_array().unwrap().iter().filter(|row| row["deed"] == "saw").count()
    };
    wait_for("the views to be recorded", || seen() == 4);
}

#[test]
fn a_rental_that_has_ended_is_revived_by_its_tenant() {
    let mut fixture = Fixture::open(1, "");
    let key = fixture.site.customer("ann", "50");
    let rental = rent(&Client::new(&fixture, &key));
    let number = rental["number"].as_str().unwrap().to_owned();
    fixture.meanwhile(
        "UPDATE rental SET auto_renew = 0, started_at = started_at - 3000000000000, expires_at = \
         expires_at - 2700000000000, due_at = due_at - 2700000000000;
         UPDATE sim SET last_given_at = last_given_at - 3000000000000;",
    );
    let ann = Client::new(&fixture, &key);
    let ended = ann.get("/v2/rentals/1").resource(200);
    assert_eq!(ended["state"], "grace", "{ended}");
    assert!(ended["grace_until"].is_string());
    for (verb, body) in [("/extend", json!({})), ("/extend", json!({ "package": "3m" }))] {
        let answer = ann.post(&format!("/v2/rentals/1{verb}"), &body);
        assert_eq!(answer.problem(), (409, "rental_over"), "{verb}");
    }
    let answer = ann.patch("/v2/rentals/1", &json!({ "auto_renew": true }));
    assert_eq!(answer.problem(), (409, "rental_over"));
    fixture.site.send("Friend", &number, "in the grace");
    wait_for("the message", || !fixture.site.messages().is_empty());
    assert_eq!(ann.get("/v2/rentals/1/messages").ids(), [0; 0]);
    let revived = ann.post_once("/v2/rentals/1/revive", "once", &Value::Null);
    let revived = revived.resource(200);
    assert_eq!((&revived["state"], &revived["grace_until"]), (&"active".into(), &Value::Null));
    assert_eq!(ann.get("/v2/rentals/1/messages").body["data"][0]["text"], "in the grace");
    let again = ann.post_once("/v2/rentals/1/revive", "once", &Value::Null);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.resource(200), revived);
    assert_eq!(ann.get("/v2/me").body["balance"], "17.60", "two terms");
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn free_changes_of_a_rental_are_limited_here_too() {
    let fixture = Fixture::open(1, "[limits]\nedits_per_minute = 2\n");
    let ann = Client::of(&fixture, "ann", "100");
    rent(&ann);
    for auto_renew in [false, true] {
        ann.patch("/v2/rentals/1", &json!({ "auto_renew": auto_renew })).resource(200);
    }
    let answer = ann.patch("/v2/rentals/1", &json!({ "auto_renew": false }));
    assert_eq!(answer.problem(), (429, "rate_limited"));
    assert!(answer.header("retry-after").is_some());
}
