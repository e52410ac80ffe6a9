//! How refusals read, how long they are, and what is refused before it has come; HEAD; cursors.

use serde_json::json;

use super::input::{JSON, belongings, calls, site_with_one_of_each, with_ids};
use super::{Client, ask};
use crate::support::http;

#[test]
fn what_is_wrong_is_said_in_plain_words() {
    let (_fixture, ann) = site_with_one_of_each();
    for (path, body, detail) in [
        ("orders", json!({ "service": 1, "client_ref": 5 }), "client_ref is a text, not a number"),
        ("orders", json!({ "service": [] }), "service is an id, like 1, or a name, like \"Uber\""),
        (
            "orders",
            json!({ "service": 1, "max_price": "-1" }),
            "max_price: a price is not below zero",
        ),
        (
            "orders/1/report",
            json!({ "reason": "banned " }),
            "reason is one of used, banned; did you mean banned?",
        ),
        (
            "rentals",
            json!({ "country": "NL", "auto_renew": "no" }),
            "auto_renew is true or false, not a text",
        ),
        (
            "webhooks",
            json!({ "url": "https://8.8.8.8/", "types": ["*", 1] }),
            "types[1] is a text, not a number",
        ),
    ] {
        let answer = ann.post(&format!("/v2/{path}"), &body);
        assert_eq!(answer.error().2, detail, "{path} {body}");
    }
    for (query, detail) in [
        ("orders?state=OPEN", "state is one of open, completed, canceled, skipped, expired; did "),
        ("orders?limit=0", "limit is a number from 1 to 200"),
        ("orders/1?wait=61", "wait is a number of seconds, 0 to 60"),
        ("ledger?from=7d", "from is a time like 2026-06-22T12:57:03Z"),
        ("services?country=XX", "there is no such country, or no number of it; there are NL, GB, "),
        ("events?types=order.**", "there is no event order.**; did you mean order.*? "),
    ] {
        let answer = ann.get(&format!("/v2/{query}"));
        assert!(answer.error().2.starts_with(detail), "{query}: {}", answer.text);
    }
    let answer = ann.send("POST", "/v2/orders", JSON, "{\"service\":");
    assert!(answer.error().2.ends_with("this one ends before its last }"), "{}", answer.text);
}

/// How long the longest answer to bad input may be.
const LONGEST_REFUSAL: usize = 8000;

#[test]
fn an_answer_to_much_bad_input_is_short() {
    let (_fixture, ann) = site_with_one_of_each();
    let (long, members) = ("x".repeat(20_000), 0..3000);
    let members: Vec<String> = members.map(|n| format!("\"member{n}\":1")).collect();
    let parameters: Vec<String> = (0..2000).map(|n| format!("p{n}=%zz")).collect();
    let unknown: Vec<String> = (0..2000).map(|n| format!("p{n}=1")).collect();
    let answers = [
        ann.send("POST", "/v2/orders", JSON, &format!("{{{}}}", members.join(","))),
        ann.send("POST", "/v2/orders", JSON, &format!("{{\"{long}\":1}}")),
        ann.post("/v2/webhooks", &json!({ "url": "https://8.8.8.8/", "types": [long] })),
        ann.post("/v2/webhooks", &json!({ "url": long })),
        ann.post("/v2/orders", &json!({ "service": 1, "mobile_operator": long })),
        ann.post("/v2/orders", &json!({ "service": 1, "country": long })),
        ann.post("/v2/orders/1/report", &json!({ "reason": long })),
        ann.get(&format!("/v2/orders?{}", parameters.join("&"))),
        ann.get(&format!("/v2/orders?{}", unknown.join("&"))),
        ann.get(&format!("/v2/orders?state={long}")),
        ann.get(&format!("/v2/events?types={long}")),
        ann.get(&format!("/v2/orders/{long}")),
        ann.send("PUT", &format!("/v2/orders/{long}"), "", ""),
    ];
    for answer in answers {
        let start: String = answer.text.chars().take(300).collect();
        assert!(answer.status >= 400, "{start}");
        assert!(answer.text.len() < LONGEST_REFUSAL, "{}: {start}", answer.text.len());
        assert!(answer.body["errors"].as_array().unwrap().len() <= 20, "{start}");
    }
}

#[test]
fn a_cursor_is_for_its_list_and_account_and_parameters() {
    let (fixture, ann) = site_with_one_of_each();
    for _ in 0..2 {
        fixture.site.ok(&["account", "topup", "ann", "1"]);
    }
    let bob = Client::of(&fixture, "bob", "5");
    let next = |path: &str| {
        let page = ann.get(path).resource(200);
        page["next"].as_str().unwrap().to_owned()
    };
    let from = "from=2000-01-01T00:00:00Z";
    for (query, cursor) in
        [("", next("/v2/ledger?limit=1")), (from, next(&format!("/v2/ledger?limit=1&{from}")))]
    {
        let path = format!("/v2/ledger?{query}&cursor={cursor}");
        assert_eq!(ann.get(&path).status, 200, "{path}");
        let other = if query.is_empty() { from } else { "" };
        let elsewhere = [
            bob.get(&path),
            ann.get(&format!("/v2/ledger?{other}&cursor={cursor}")),
            ann.get(&format!("/v2/orders?cursor={cursor}")),
        ];
        for answer in elsewhere {
            assert_eq!(answer.error().1, "cursor", "{path}: {}", answer.text);
        }
    }
}

#[test]
fn head_does_nothing_and_says_nothing() {
    let (fixture, ann) = site_with_one_of_each();
    let before = belongings(&ann);
    for (method, path, call) in calls(&fixture.address) {
        let path = with_ids(&path, "1");
        let waits = call["parameters"].as_array().unwrap().iter().any(|it| it["name"] == "wait");
        let path = if waits { format!("{path}?wait=60") } else { path };
        let answer = ann.send("HEAD", &path, "", "");
        let has_get = ask(&fixture.address, "GET", &path, "", "").status != 405;
        assert_eq!(answer.status, if has_get { 200 } else { 405 }, "{method} {path}");
        assert_eq!(answer.text, "", "{path}");
        let status = ask(&fixture.address, "HEAD", &path, "", "").status;
        assert_eq!(status, if has_get { 401 } else { 405 }, "{path}: it needs the key, too");
    }
    assert_eq!(belongings(&ann), before);
}

#[test]
fn a_body_that_is_too_large_by_its_length_is_refused_before_it_is_sent() {
    let (fixture, ann) = site_with_one_of_each();
    let request = format!(
        "POST /v2/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{JSON}expect: \
         100-continue\r\nconnection: close\r\ncontent-length: 10000000\r\n\r\n",
        ann.key
    );
    // Nothing of the body is ever sent.
    let (head, body) = http(&fixture.address, &request);
    assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
    assert!(body.contains("\"body_too_large\""), "{body}");
}
