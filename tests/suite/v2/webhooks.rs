//! `/v2/webhooks` on the real program. What is sent to receivers is tested in `webhooks.rs`.

use serde_json::{Value, json};

use super::{Client, id};
use crate::endpoints::Fixture;

const ALLOWED: &str = "[webhooks]\nallow = [\"http://127.0.0.0/8\"]\n";

#[test]
fn an_endpoint_is_made_changed_and_deleted_and_its_secret_shown_once() {
    let fixture = Fixture::open(0, ALLOWED);
    let (ann, bob) = (Client::of(&fixture, "ann", "1"), Client::of(&fixture, "bob", "1"));
    let new = json!({ "url": "http://127.0.0.1:1/hook", "types": ["order.*"] });
    let made = ann.post_once("/v2/webhooks", "once", &new);
    let path = made.header("location").unwrap().to_owned();
    let made = made.resource(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"), "{made}");
    assert_eq!(
        (&made["url"], &made["types"], &made["state"], &made["off_reason"]),
        (&new["url"], &new["types"], &"on".into(), &Value::Null)
    );
    let again = ann.post_once("/v2/webhooks", "once", &new);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let again = again.resource(201);
    assert_eq!((id(&again), &again["secret"]), (id(&made), &Value::Null), "not shown again");
    assert_eq!(ann.get(&path).resource(200)["secret"], Value::Null);
    assert_eq!(ann.get("/v2/webhooks").ids(), [id(&made)]);
    let off = ann.patch(&path, &json!({ "state": "off", "types": ["*"] })).resource(200);
    assert_eq!(
        (&off["state"], &off["off_reason"], &off["types"]),
        (&"off".into(), &"customer".into(), &json!(["*"]))
    );
    for verb in ["test", "deliveries/1/redeliver"] {
        let refused = ann.post(&format!("{path}/{verb}"), &Value::Null);
        assert_eq!(refused.problem(), (409, "endpoint_off"), "{verb}");
        let detail = "the endpoint is off (customer); switch it on first";
        assert_eq!(
            (&refused.body["detail"], &refused.body["errors"]),
            (&detail.into(), &json!([]))
        );
    }
    ann.patch(&path, &json!({ "state": "on" })).resource(200);
    let test = ann.post(&format!("{path}/test"), &Value::Null);
    assert_eq!(test.status, 202, "{}", test.text);
    let rotated = ann.post(&format!("{path}/rotate"), &Value::Null).resource(200);
    assert!(rotated["secret"].as_str().is_some_and(|new| new != secret), "{rotated}");
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/deliveries")),
        ("POST", format!("{path}/test")),
        ("POST", format!("{path}/rotate")),
        ("POST", format!("{path}/deliveries/1/redeliver")),
    ] {
        let others = bob.send(method, &path, "", "");
        assert_eq!(others.problem(), (404, "not_found"), "{method} {path}");
    }
    assert_eq!(bob.get("/v2/webhooks").ids(), [0; 0]);
    assert_eq!(ann.send("DELETE", &path, "", "").status, 204);
    assert_eq!(ann.get(&path).problem(), (404, "not_found"));
}

#[test]
fn what_is_wrong_with_an_endpoint_is_said() {
    let fixture = Fixture::open(0, ALLOWED);
    let ann = Client::of(&fixture, "ann", "1");
    let right = "http://127.0.0.1:1/";
    for (body, member) in [
        (json!({}), "/url"),
        (json!({ "url": 7 }), "/url"),
        (json!({ "url": "hook" }), "/url"),
        (json!({ "url": "https://user@example.com" }), "/url"),
        (json!({ "url": right, "types": ["order.ended"] }), "/types"),
        (json!({ "url": right, "types": "order.*" }), "/types"),
        (json!({ "url": right, "type": ["order.*"] }), "/type"),
    ] {
        let answer = ann.post("/v2/webhooks", &body);
        assert_eq!(answer.error().0, member, "{body}: {}", answer.text);
    }
    for url in ["http://10.0.0.1/", "https://192.168.0.1/", "https://[::1]/"] {
        let answer = ann.post("/v2/webhooks", &json!({ "url": url }));
        assert_eq!(answer.problem(), (422, "unsafe_address"), "{url}");
    }
    for _ in 0..10 {
        ann.post("/v2/webhooks", &json!({ "url": right })).resource(201);
    }
    let eleventh = ann.post("/v2/webhooks", &json!({ "url": right }));
    assert_eq!(eleventh.problem(), (409, "too_many_endpoints"));
    let none = ann.post("/v2/webhooks/1/deliveries/99/redeliver", &Value::Null);
    assert_eq!(none.problem(), (404, "not_found"));
    let key = fixture.site.json(&["key", "add", "ann", "--scope", "orders"]);
    let limited = Client::new(&fixture, key["key"].as_str().unwrap());
    let refused = limited.post("/v2/webhooks", &json!({ "url": right }));
    assert_eq!(refused.problem(), (403, "scope_missing"));
}
