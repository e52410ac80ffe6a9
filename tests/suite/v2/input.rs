//! What cannot be understood is refused, and the answer says where that is and what would be right.

use serde_json::{Value, json};

use super::{Client, id};
use crate::endpoints::Fixture;

#[test]
fn parameters_that_are_wrong_are_named_with_what_would_be_right() {
    let fixture = Fixture::open(1, "");
    let ann = Client::of(&fixture, "ann", "100");
    ann.post("/v2/rentals", &json!({ "country": "NL" })).resource(201);
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let lists = [
        "/v2/countries",
        "/v2/services",
        "/v2/orders",
        "/v2/rentals",
        "/v2/rentals/1/messages",
        "/v2/ledger",
    ];
    for list in lists {
        for (parameter, wrong) in [
            ("limit", &["0", "201", "-1", "x", "1.5", "%20"][..]),
            ("cursor", &["x", "17", "zz00", "6f72646572733137"]),
        ] {
            for value in wrong {
                let answer = ann.get(&format!("{list}?{parameter}={value}"));
                let (pointer, at, detail) = answer.error();
                assert_eq!((pointer, at.as_str()), (&Value::Null, Some(parameter)), "{list}");
                assert!(!detail.is_empty());
            }
        }
        for limit in ["1", "200", ""] {
            assert_eq!(ann.get(&format!("{list}?limit={limit}")).status, 200, "{list} {limit}");
        }
        let answer = ann.get(&format!("{list}?limt=5"));
        let (_, at, detail) = answer.error();
        assert_eq!(at, "limt");
        assert!(detail.contains("did you mean limit?"), "{detail}");
        let answer = ann.get(&format!("{list}?limit=5&limit=6"));
        assert!(answer.error().2.contains("more than once"), "{}", answer.text);
    }
    for (path, parameter, wrong) in [
        ("/v2/orders", "state", &["opened", "Open"][..]),
        ("/v2/orders/1", "wait", &["61", "-1", "x", "1.5"]),
        ("/v2/rentals/1/messages", "wait", &["61", "x"]),
        ("/v2/rentals/1/messages", "since", &["yesterday", "2026-01-01", "1"]),
        ("/v2/ledger", "from", &["x", "2026-01-01"]),
        ("/v2/ledger", "to", &["7d"]),
        ("/v2/services", "country", &["XX", "Netherlands"]),
    ] {
        for value in wrong {
            let answer = ann.get(&format!("{path}?{parameter}={value}"));
            assert_eq!(answer.error().1, parameter, "{path} {value}");
        }
    }
    for path in ["/v2/me?x=1", "/v2/rentals/1?wait=1"] {
        assert!(ann.get(path).error().2.contains("there is no parameter"), "{path}");
    }
    let answer = ann.send("POST", "/v2/orders?service=1", "", "");
    assert_eq!(answer.error().1, "service", "members of a body are no parameters");
}

#[test]
fn members_that_are_wrong_are_named_with_what_would_be_right() {
    let fixture = Fixture::open(2, "");
    let ann = Client::of(&fixture, "ann", "100");
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    fixture.site.ok(&["service", "add", "Old", "--price", "0.50"]);
    fixture.site.ok(&["service", "disable", "Old"]);
    ann.post("/v2/rentals", &json!({ "country": "NL" })).resource(201);
    let order = ann.order("Uber");
    let report = format!("/v2/orders/{}/report", id(&order));
    let table: &[(&str, &str, Value)] = &[
        ("/v2/orders", "/service", json!({})),
        ("/v2/orders", "/service", json!({ "service": null })),
        ("/v2/orders", "/service", json!({ "service": 99 })),
        ("/v2/orders", "/service", json!({ "service": "Ubr" })),
        ("/v2/orders", "/service", json!({ "service": "Old" })),
        ("/v2/orders", "/service", json!({ "service": true })),
        ("/v2/orders", "/service", json!({ "service": 1.5 })),
        ("/v2/orders", "/service", json!({ "service": ["Uber"] })),
        ("/v2/orders", "/country", json!({ "service": 1, "country": "XX" })),
        ("/v2/orders", "/country", json!({ "service": 1, "country": 31 })),
        ("/v2/orders", "/mobile_operator", json!({ "service": 1, "mobile_operator": "Nobody" })),
        ("/v2/orders", "/mobile_operator", json!({ "service": 1, "mobile_operator": 20404 })),
        ("/v2/orders", "/max_price", json!({ "service": 1, "max_price": "0,50" })),
        ("/v2/orders", "/max_price", json!({ "service": 1, "max_price": 0.5 })),
        ("/v2/orders", "/max_price", json!({ "service": 1, "max_price": "0.001" })),
        ("/v2/orders", "/client_ref", json!({ "service": 1, "client_ref": "" })),
        ("/v2/orders", "/client_ref", json!({ "service": 1, "client_ref": "x".repeat(101) })),
        ("/v2/orders", "/client_ref", json!({ "service": 1, "client_ref": "a\nb" })),
        ("/v2/orders", "/client_ref", json!({ "service": 1, "client_ref": 7 })),
        ("/v2/orders", "/servise", json!({ "servise": 1 })),
        (&report, "/reason", json!({})),
        (&report, "/reason", json!({ "reason": "broken" })),
        (&report, "/reason", json!({ "reason": 1 })),
        ("/v2/orders/1/cancel", "/reason", json!({ "reason": "used" })),
        ("/v2/orders/1/skip", "/x", json!({ "x": 1 })),
        ("/v2/orders/1/swap", "/x", json!({ "x": 1 })),
        ("/v2/orders/1/reuse", "/x", json!({ "x": 1 })),
        ("/v2/rentals", "/country", json!({})),
        ("/v2/rentals", "/country", json!({ "country": "XX" })),
        ("/v2/rentals", "/package", json!({ "country": "NL", "package": "2w" })),
        ("/v2/rentals", "/package", json!({ "country": "NL", "package": 1 })),
        ("/v2/rentals", "/auto_renew", json!({ "country": "NL", "auto_renew": "yes" })),
        ("/v2/rentals/1/extend", "/package", json!({ "package": "2w" })),
        ("/v2/rentals/1/extend", "/months", json!({ "months": 1 })),
        ("/v2/rentals/1/revive", "/package", json!({ "package": "1m" })),
    ];
    for (path, pointer, body) in table {
        let answer = ann.post(path, body);
        let (at, parameter, detail) = answer.error();
        assert_eq!((at.as_str(), parameter), (Some(*pointer), &Value::Null), "{path} {body}");
        assert!(!detail.is_empty());
    }
    for (pointer, body) in [
        ("/auto_renew", json!({ "auto_renew": 1 })),
        ("/renewal_package", json!({ "renewal_package": "2w" })),
        ("/renewal", json!({ "renewal": true })),
    ] {
        let answer = ann.patch("/v2/rentals/1", &body);
        assert_eq!(answer.error().0, pointer, "{body}");
    }
    let answer = ann.post("/v2/orders", &json!({ "service": "Ubr" }));
    assert!(answer.error().2.contains("did you mean Uber?"), "{}", answer.text);
    let answer = ann.post("/v2/orders", &json!({ "contry": 1, "max": 2, "service": 1 }));
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 2, "{}", answer.text);
    assert!(answer.text.contains("did you mean country?"), "{}", answer.text);
    assert_eq!(ann.get("/v2/orders").ids(), [id(&order)], "none of them has made an order");
}

#[test]
fn a_body_is_a_json_object_of_some_size() {
    let fixture = Fixture::open(0, "");
    let ann = Client::of(&fixture, "ann", "5");
    let json = "content-type: application/json\r\n";
    for body in ["{", "[]", "7", "\"x\"", "null", "{\"service\": 1} {}"] {
        let answer = ann.send("POST", "/v2/orders", json, body);
        assert_eq!(answer.error().0, "", "{body}");
    }
    for kind in
        ["", "content-type: text/plain\r\n", "content-type: application/json; charset=x\r\n"]
    {
        let answer = ann.send("POST", "/v2/orders", kind, "{\"service\": 1}");
        assert_eq!(answer.problem(), (415, "unsupported_media_type"), "{kind}");
    }
    let large = format!("{{\"service\": \"{}\"}}", "x".repeat(65 * 1024));
    let answer = ann.send("POST", "/v2/orders", json, &large);
    assert_eq!(answer.problem(), (413, "body_too_large"));
    let fits = format!("{{\"service\": \"{}\"}}", "x".repeat(64 * 1024 - 15));
    assert_eq!(ann.send("POST", "/v2/orders", json, &fits).error().0, "/service");
}
