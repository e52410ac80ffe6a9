//! What cannot be understood is refused, and the answer says where that is and what would be right:
//! each parameter and each member of every call, and what all calls refuse alike.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Client, ask, id, schema};
use crate::endpoints::Fixture;

pub(super) const JSON: &str = "content-type: application/json\r\n";
/// The requests of a test are more than a customer's, and none of them waits.
const UNLIMITED: &str = "[limits]\nkey_per_second = 0\naddress_per_second = 0\nedits_per_minute = \
                         0\nfailed_keys_per_minute = 0\n[webhooks]\nallow = \
                         [\"http://127.0.0.0/8\"]\n";

/// A parameter of a list, and values that are wrong for it.
type Parameter = (&'static str, &'static [&'static str]);

const LIMIT: Parameter = ("limit", &["0", "201", "-1", "x", "1.5", "%20", "+5"]);
const CURSOR: Parameter = ("cursor", &["x", "17", "zz00", "6f72646572733137"]);
const WAIT: Parameter = ("wait", &["61", "-1", "x", "1.5"]);
const NO_TIMES: &[&str] = &["yesterday", "7d", "2026-01-01", "1"];
/// Any text will do for it.
const ANY: &[&str] = &[];

/// The parameters of every call that has some.
const PARAMETERS: &[(&str, &[Parameter])] = &[
    ("/v2/countries", &[LIMIT, CURSOR]),
    ("/v2/services", &[LIMIT, CURSOR, ("country", &["XX", "Netherlands", "31"])]),
    ("/v2/orders", &[LIMIT, CURSOR, ("state", &["opened", "Open", "1"]), ("client_ref", ANY)]),
    ("/v2/orders/{id}", &[WAIT]),
    ("/v2/rentals", &[LIMIT, CURSOR]),
    ("/v2/rentals/{id}/messages", &[LIMIT, CURSOR, WAIT, ("since", NO_TIMES), ("q", ANY)]),
    ("/v2/ledger", &[LIMIT, CURSOR, ("from", NO_TIMES), ("to", NO_TIMES)]),
    ("/v2/events", &[("types", &["order.mesage", "x.*", "order.*,x"]), ("after", &["x", "1.5"])]),
    ("/v2/webhooks", &[LIMIT, CURSOR]),
    ("/v2/webhooks/{id}/deliveries", &[LIMIT, CURSOR]),
];

/// A call with a body.
struct WithBody {
    method: &'static str,
    path: &'static str,
    /// A body that is right.
    right: Value,
    /// For each member values that are wrong. `null` counts as none, and is among them where the
    /// member is needed.
    members: Vec<(&'static str, Value)>,
}

/// Each call with a body.
fn with_bodies() -> Vec<WithBody> {
    let (hook, package) = ("http://127.0.0.1:1/", json!([1, true, [], {}, "2w", ""]));
    let booleans = json!([1, "yes", "true", [], {}]);
    let types = json!([7, "order.*", {}, [], [7], ["order.ended"], ["*", "x"]]);
    let urls = json!([7, true, [], {}, "", "hook", "ftp://8.8.8.8/", "https://ann@8.8.8.8/"]);
    let needed = |values: &Value| {
        let mut values = values.as_array().unwrap().clone();
        values.push(Value::Null);
        Value::Array(values)
    };
    let countries = json!([31, true, [], {}, "XX", "Netherlands"]);
    let long = "x".repeat(101);
    let services = json!([true, 1.5, [], ["Uber"], {}, 99, -1, "Ubr", "Old", "", null]);
    let names = json!([7, true, [], {}, "", long, "a\nb"]);
    let rows = vec![
        (
            "POST",
            "/v2/orders",
            json!({ "service": "Uber" }),
            vec![
                ("service", services),
                ("country", countries.clone()),
                ("mobile_operator", json!([20404, true, [], {}, "Nobody"])),
                ("max_price", json!([0.5, 1, true, [], {}, "0,50", "0.001", "x", "", "-1"])),
                ("client_ref", names),
            ],
        ),
        (
            "POST",
            "/v2/orders/{id}/report",
            json!({ "reason": "used" }),
            vec![("reason", json!([1, true, [], {}, "", "broken", "Used", null]))],
        ),
        (
            "POST",
            "/v2/rentals",
            json!({ "country": "NL" }),
            vec![
                ("country", needed(&countries)),
                ("package", package.clone()),
                ("auto_renew", booleans.clone()),
            ],
        ),
        (
            "PATCH",
            "/v2/rentals/{id}",
            json!({}),
            vec![("auto_renew", booleans), ("renewal_package", package.clone())],
        ),
        ("POST", "/v2/rentals/{id}/extend", json!({}), vec![("package", package)]),
        (
            "POST",
            "/v2/webhooks",
            json!({ "url": hook }),
            vec![("url", needed(&urls)), ("types", types.clone())],
        ),
        (
            "PATCH",
            "/v2/webhooks/{id}",
            json!({}),
            vec![
                ("url", urls),
                ("types", types),
                ("state", json!([1, true, [], {}, "", "On", "paused"])),
            ],
        ),
        ("POST", "/v2/orders/{id}/cancel", json!({}), vec![]),
        ("POST", "/v2/orders/{id}/skip", json!({}), vec![]),
        ("POST", "/v2/orders/{id}/swap", json!({}), vec![]),
        ("POST", "/v2/orders/{id}/reuse", json!({}), vec![]),
        ("POST", "/v2/rentals/{id}/revive", json!({}), vec![]),
        ("POST", "/v2/webhooks/{id}/test", json!({}), vec![]),
        ("POST", "/v2/webhooks/{id}/rotate", json!({}), vec![]),
        ("POST", "/v2/webhooks/{id}/deliveries/{delivery}/redeliver", json!({}), vec![]),
    ];
    let row = |(method, path, right, members)| WithBody { method, path, right, members };
    rows.into_iter().map(row).collect()
}

/// A path with this in place of its ids.
pub(super) fn with_ids(path: &str, id: &str) -> String {
    path.replace("{id}", id).replace("{delivery}", id)
}

/// The calls of the document, with their methods in capitals.
pub(super) fn calls(address: &str) -> Vec<(String, String, &'static Value)> {
    let paths = schema::document(address)["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &'static Value)| {
        let calls = item.as_object().unwrap().iter();
        let path = path.clone();
        calls.map(move |(method, call)| (method.to_uppercase(), path.clone(), call))
    };
    paths.iter().flat_map(of_path).collect()
}

/// A site with an order, a rental and a webhook endpoint, all with the id 1, of a customer.
pub(super) fn site_with_one_of_each() -> (Fixture, Client) {
    let fixture = Fixture::open(3, UNLIMITED);
    for service in ["Uber", "Old"] {
        fixture.site.ok(&["service", "add", service, "--price", "0.50"]);
    }
    fixture.site.ok(&["service", "disable", "Old"]);
    let ann = Client::of(&fixture, "ann", "100");
    assert_eq!(id(&ann.order("Uber")), 1);
    ann.post("/v2/rentals", &json!({ "country": "NL" })).resource(201);
    ann.post("/v2/webhooks", &json!({ "url": "http://127.0.0.1:1/" })).resource(201);
    (fixture, ann)
}

/// All that the customer has, which bad input does not change.
pub(super) fn belongings(ann: &Client) -> Vec<Value> {
    let lists = ["/v2/me", "/v2/orders", "/v2/rentals", "/v2/webhooks", "/v2/ledger"];
    lists.map(|list| ann.get(list).resource(200)).to_vec()
}

#[test]
fn each_parameter_that_is_wrong_is_named_with_what_would_be_right() {
    let (fixture, ann) = site_with_one_of_each();
    for (method, path, call) in calls(&fixture.address) {
        let listed = call["parameters"].as_array().unwrap().iter();
        let listed = listed.filter(|parameter| parameter["in"] == "query");
        let listed: BTreeSet<&str> = listed.map(|it| it["name"].as_str().unwrap()).collect();
        let of_call = PARAMETERS.iter().find(|(known, _)| method == "GET" && *known == path);
        let of_call = of_call.map_or(&[][..], |(_, parameters)| parameters);
        let known: BTreeSet<&str> = of_call.iter().map(|(name, _)| *name).collect();
        assert_eq!(known, listed, "{method} {path}: each parameter has its wrong values here");
        let path = with_ids(&path, "1");
        for (name, wrong) in of_call {
            let twice = format!("{name}=a&{name}=b");
            let queries = wrong.iter().map(|value| format!("{name}={value}"));
            for query in queries.chain([twice]) {
                let answer = ann.get(&format!("{path}?{query}"));
                let (pointer, parameter, detail) = answer.error();
                assert_eq!((pointer, parameter.as_str()), (&Value::Null, Some(*name)), "{query}");
                assert!(!detail.is_empty());
            }
        }
        for name in &known {
            let answer = ann.get(&format!("{path}?{name}=%ff"));
            let (_, parameter, detail) = answer.error();
            assert_eq!(parameter.as_str(), Some(*name), "{path}");
            assert!(detail.contains("percent-encoded"), "{detail}");
        }
        let answer = ann.send(&method, &format!("{path}?wrong=1"), "", "");
        let (pointer, parameter, detail) = answer.error();
        assert_eq!((pointer, parameter), (&Value::Null, &json!("wrong")), "{method} {path}");
        let right = if known.is_empty() { "there is no parameter" } else { "there are" };
        assert!(detail.contains(right), "{method} {path}: {detail}");
    }
    for (path, hint) in [
        ("/v2/orders?limt=5", "did you mean limit?"),
        ("/v2/events?typ=order.*", "did you mean types?"),
        ("/v2/events?types=order.mesage", "did you mean order.message?"),
    ] {
        assert!(ann.get(path).error().2.contains(hint), "{path}");
    }
    for limit in ["1", "200", ""] {
        assert_eq!(ann.get(&format!("/v2/orders?limit={limit}")).status, 200, "{limit}");
    }
}

#[test]
fn each_member_that_is_wrong_is_named_with_what_would_be_right() {
    let (fixture, ann) = site_with_one_of_each();
    let before = belongings(&ann);
    let known: BTreeSet<(&str, &str)> =
        with_bodies().iter().map(|call| (call.method, call.path)).collect();
    let listed = calls(&fixture.address);
    let with_body = listed.iter().filter(|(_, _, call)| !call["requestBody"].is_null());
    let with_body: BTreeSet<(&str, &str)> =
        with_body.map(|(method, path, _)| (method.as_str(), path.as_str())).collect();
    assert_eq!(known, with_body, "each call with a body has its wrong values here");
    for WithBody { method, path, right, members } in with_bodies() {
        let listed = schema::members_of_body(&fixture.address, method, path);
        let known: BTreeSet<String> = members.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(known, listed, "{method} {path}: each member has its wrong values here");
        let path = with_ids(path, "1");
        let refused = |body: &Value, name: &str| {
            let answer = ann.send(method, &path, JSON, &body.to_string());
            let (pointer, parameter, detail) = answer.error();
            let place = format!("/{name}");
            assert_eq!((pointer, parameter), (&json!(place), &Value::Null), "{path} {body}");
            assert!(!detail.is_empty());
        };
        for (name, wrong) in &members {
            for value in wrong.as_array().unwrap() {
                let mut body = right.clone();
                body[*name] = value.clone();
                refused(&body, name);
                if value.is_null() {
                    body.as_object_mut().unwrap().remove(*name);
                    refused(&body, name);
                }
            }
        }
        let mut body = right.clone();
        body["wrong"] = json!(1);
        refused(&body, "wrong");
        for (name, _) in &members {
            let (first, rest) = name.split_at(1);
            let escaped = format!("\\u{:04x}{rest}", u32::from(first.as_bytes()[0]));
            for again in [*name, &escaped] {
                let text = format!("{{\"{name}\":null,\"{again}\":null}}");
                let answer = ann.send(method, &path, JSON, &text);
                let detail = format!("{name} is given more than once");
                let (pointer, _, said) = answer.error();
                assert_eq!((pointer, said), (&json!(format!("/{name}")), &*detail), "{path}");
            }
        }
    }
    let answer = ann.post("/v2/orders", &json!({ "contry": 1, "max": 2, "service": 1 }));
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 2, "{}", answer.text);
    assert!(answer.text.contains("did you mean country?"), "{}", answer.text);
    let answer = ann.post("/v2/orders", &json!({ "service": "Ubr" }));
    assert!(answer.error().2.contains("did you mean Uber?"), "{}", answer.text);
    for url in ["https://10.0.0.1/", "http://192.168.0.1/", "https://[::1]/"] {
        let answer = ann.post("/v2/webhooks", &json!({ "url": url }));
        assert_eq!(answer.problem(), (422, "unsafe_address"), "{url}");
    }
    assert_eq!(belongings(&ann), before, "nothing was done");
}

#[test]
fn what_every_call_refuses_it_refuses_alike() {
    let (fixture, ann) = site_with_one_of_each();
    let before = belongings(&ann);
    let bodies = with_bodies();
    for (method, path, call) in calls(&fixture.address) {
        let named = format!("{method} {path}");
        let right = bodies.iter().find(|call| (call.method, call.path) == (&*method, &*path));
        let right = right.map(|call| call.right.to_string());
        let send = |path: &str, headers: &str, body: &str| ann.send(&method, path, headers, body);
        let body = right.as_deref().unwrap_or_default();
        let json = if right.is_some() { JSON } else { "" };
        let there = with_ids(&path, "1");
        let without_key = ask(&fixture.address, &method, &there, json, body);
        assert_eq!(without_key.problem(), (401, "unauthorized"), "{named}");
        assert_eq!(without_key.header("www-authenticate"), Some("Bearer"), "{named}");
        let with_key = send(&format!("{there}?key={}", ann.key), json, body);
        assert_eq!(with_key.problem(), (422, "key_in_address"), "{named}");
        let wrong_method = ann.send("PUT", &there, "", "");
        assert_eq!(wrong_method.problem(), (405, "method_not_allowed"), "{named}");
        assert!(wrong_method.header("allow").unwrap().contains(&method), "{named}");
        for id in ["x", "0", "-1", "1.0", "99", "99999999999999999999", "%00"] {
            if there != path {
                let answer = send(&with_ids(&path, id), json, body);
                assert_eq!(answer.problem(), (404, "not_found"), "{named} {id}");
            }
        }
        if method == "POST" {
            for key in ["", "\u{e9}", &"x".repeat(256)] {
                let answer = send(&there, &format!("{json}idempotency-key: {key}\r\n"), body);
                let (pointer, parameter, detail) = answer.error();
                assert_eq!((pointer, parameter), (&Value::Null, &Value::Null), "{named}");
                assert!(detail.contains("Idempotency-Key"), "{named}: {detail}");
            }
        }
        assert_eq!(right.is_some(), !call["requestBody"].is_null(), "{named}");
        if right.is_some() {
            check_bodies(&named, |headers, body| send(&there, headers, body));
        }
    }
    let last = ann.send("GET", "/v2/events", "last-event-id: 1.5\r\n", "");
    assert!(last.error().2.contains("Last-Event-ID"), "{}", last.text);
    assert_eq!(belongings(&ann), before, "nothing was done");
}

/// A body is a JSON object of some size. `send` sends one with these header lines.
fn check_bodies(named: &str, send: impl Fn(&str, &str) -> Answer) {
    for body in ["{", "[]", "7", "\"x\"", "null", "{\"service\": 1} {}", "\u{fffd}"] {
        let answer = send(JSON, body);
        let (pointer, parameter, _) = answer.error();
        assert_eq!((pointer, parameter), (&json!(""), &Value::Null), "{named} {body}");
    }
    for kind in
        ["", "content-type: text/plain\r\n", "content-type: application/json; charset=x\r\n"]
    {
        let answer = send(kind, "{}");
        assert_eq!(answer.problem(), (415, "unsupported_media_type"), "{named} {kind}");
    }
    let large = |length: usize| format!("{{\"wrong\":\"{}\"}}", "x".repeat(length - 12));
    assert_eq!(send(JSON, &large(64 * 1024 + 1)).problem(), (413, "body_too_large"), "{named}");
    assert_eq!(send(JSON, &large(64 * 1024)).error().0, "/wrong", "{named}");
}
