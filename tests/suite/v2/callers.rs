//! Who may ask, and what every answer says.

use serde_json::{Value, json};

use super::{Client, ask};
use crate::endpoints::Fixture;

/// Every address, each with a method that it takes.
const ENDPOINTS: &[(&str, &str)] = &[
    ("GET", "/v2/me"),
    ("GET", "/v2/ledger"),
    ("GET", "/v2/countries"),
    ("GET", "/v2/services"),
    ("GET", "/v2/orders"),
    ("POST", "/v2/orders"),
    ("GET", "/v2/orders/1"),
    ("POST", "/v2/orders/1/cancel"),
    ("POST", "/v2/orders/1/skip"),
    ("POST", "/v2/orders/1/swap"),
    ("POST", "/v2/orders/1/reuse"),
    ("POST", "/v2/orders/1/report"),
    ("GET", "/v2/rentals"),
    ("POST", "/v2/rentals"),
    ("GET", "/v2/rentals/1"),
    ("PATCH", "/v2/rentals/1"),
    ("GET", "/v2/rentals/1/messages"),
    ("POST", "/v2/rentals/1/extend"),
    ("POST", "/v2/rentals/1/revive"),
];

#[test]
fn every_endpoint_wants_a_bearer_key_and_none_in_its_address() {
    let fixture = Fixture::open(0, "");
    let ann = Client::of(&fixture, "ann", "5");
    let bare =
        |method: &str, path: &str, headers: &str| ask(&fixture.address, method, path, headers, "");
    for (method, path) in ENDPOINTS {
        let answer = bare(method, path, "");
        assert_eq!(answer.problem(), (401, "unauthorized"), "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        for headers in ["authorization: Bearer wrong\r\n", "authorization: Basic YTpi\r\n"] {
            let answer = bare(method, path, headers);
            assert_eq!(answer.problem(), (401, "unauthorized"), "{method} {path}");
        }
        let keyed = format!("{path}?key={}", ann.key);
        assert_eq!(bare(method, &keyed, "").problem(), (422, "key_in_address"));
        let answer = ann.send(method, &format!("{path}?API_KEY=x"), "", "");
        assert_eq!(answer.problem(), (422, "key_in_address"), "{method} {path}");
        assert_ne!(ann.send(method, path, "", "").status, 401, "{method} {path}");
    }
}

#[test]
fn a_key_that_opens_nothing_says_as_much_as_it_may() {
    let fixture = Fixture::open(0, "");
    let ann = Client::of(&fixture, "ann", "5");
    fixture.site.ok(&["account", "suspend", "ann"]);
    assert_eq!(ann.get("/v2/me").problem(), (403, "account_suspended"));
    fixture.site.ok(&["account", "resume", "ann"]);
    assert_eq!(ann.get("/v2/me").status, 200);
    fixture.site.ok(&["key", "revoke", &ann.key[..8]]);
    assert_eq!(ann.get("/v2/me").problem(), (401, "unauthorized"));
    fixture.site.ok(&["account", "suspend", "ann"]);
    assert_eq!(ann.get("/v2/me").problem(), (401, "unauthorized"), "a revoked key tells nothing");
    fixture.site.ok(&["account", "resume", "ann"]);
    let key = |args: &[&str]| {
        let added = fixture.site.json(&[&["key", "add", "ann"], args].concat());
        Client::new(&fixture, added["key"].as_str().unwrap())
    };
    let elsewhere = key(&["--allow", "192.0.2.0/24"]);
    assert_eq!(elsewhere.get("/v2/me").problem(), (401, "unauthorized"));
    let reader = key(&["--scope", "read"]);
    for (method, path) in ENDPOINTS {
        let body = if path.ends_with("report") { "{\"reason\":\"used\"}" } else { "" };
        let kind = "content-type: application/json\r\n";
        let answer = reader.send(method, path, kind, body);
        match *method {
            "GET" => assert_ne!(answer.status, 403, "{path}"),
            _ => assert_eq!(answer.problem(), (403, "scope_missing"), "{method} {path}"),
        }
    }
    let tenant = key(&["--scope", "rentals"]);
    let order = tenant.post("/v2/orders", &json!({ "service": 1 }));
    assert_eq!(order.problem(), (403, "scope_missing"));
    assert!(order.body["detail"].as_str().unwrap().contains("orders"), "{}", order.text);
    assert_eq!(tenant.get("/v2/me").body["key"]["scopes"], json!(["read", "rentals"]));
}

#[test]
fn what_is_not_there_and_what_is_not_taken_is_a_problem() {
    let fixture = Fixture::open(0, "");
    let ann = Client::of(&fixture, "ann", "5");
    for path in ["/v2", "/v2/", "/v2/nothing", "/v2/orders/", "/v2/orders/1/nothing", "/v2/%ff"] {
        assert_eq!(ann.get(path).problem(), (404, "not_found"), "{path}");
    }
    for path in ["/v2/orders/1", "/v2/orders/x", "/v2/orders/-1", "/v2/orders/%ff", "/v2/rentals/1"]
    {
        assert_eq!(ann.get(path).problem(), (404, "not_found"), "{path}");
    }
    for (method, path, allow) in [
        ("DELETE", "/v2/me", "GET,HEAD"),
        ("PUT", "/v2/orders", "GET,HEAD,POST"),
        ("GET", "/v2/orders/1/cancel", "POST"),
        ("OPTIONS", "/v2/rentals/1", "GET,HEAD,PATCH"),
    ] {
        let answer = ann.send(method, path, "", "");
        assert_eq!(answer.problem(), (405, "method_not_allowed"), "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
    assert!(fixture.ask("getbalance").starts_with("NO_KEY"), "the first version is as it was");
}

#[test]
fn a_request_has_the_id_that_its_client_gave_it_or_one_of_ours() {
    let fixture = Fixture::open(0, "");
    let ann = Client::of(&fixture, "ann", "5");
    let with = |id: &str| {
        let answer = ann.send("GET", "/v2/nothing", &format!("x-request-id: {id}\r\n"), "");
        assert_eq!(answer.code(), "not_found");
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(with("5b1d1f2e-8f0a-4c55"), "5b1d1f2e-8f0a-4c55");
    for id in ["two words", "<script>", &"x".repeat(61)] {
        assert_ne!(with(id), id);
    }
}

#[test]
fn an_account_sees_what_it_has_and_what_it_may() {
    let fixture = Fixture::open(1, "[limits]\nkey_per_second = 100\nspend_per_day = \"3.00\"\n");
    let ann = Client::of(&fixture, "ann", "5");
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    ann.order("Uber");
    let answer = ann.get("/v2/me");
    let limit = answer.header("ratelimit-limit").unwrap().to_owned();
    let left: u64 = answer.header("ratelimit-remaining").unwrap().parse().unwrap();
    assert!(limit == "100" && left <= 100, "{limit} {left}");
    assert!(answer.header("ratelimit-reset").unwrap().parse::<u64>().unwrap() <= 1);
    let me = answer.resource(200);
    assert_eq!(
        me,
        json!({
            "account": "ann", "currency": "USD", "balance": "5.00", "held": "0.50",
            "available": "4.50",
            "key": {
                "prefix": &ann.key[..8], "scopes": me["key"]["scopes"].clone(), "expires_at": null
            },
            "limits": { "max_open": 1, "orders_per_day": null, "spend_per_day": "3.00" },
            "used": { "open": 1, "orders_today": 1, "spent_today": "0.50" },
        })
    );
    for scope in ["read", "orders", "rentals"] {
        assert!(me["key"]["scopes"].as_array().unwrap().contains(&Value::from(scope)), "{me}");
    }
}

#[test]
fn who_asks_too_much_is_told_when_to_ask_again() {
    let fixture = Fixture::open(0, "[limits]\nkey_per_second = 3\nfailed_keys_per_minute = 2\n");
    let ann = Client::of(&fixture, "ann", "5");
    let refused = (0..60).map(|_| ann.get("/v2/me")).find(|answer| answer.status != 200).unwrap();
    assert_eq!(refused.problem(), (429, "rate_limited"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    let wrong = Client::new(&fixture, "wrong");
    let codes = [(); 3].map(|()| wrong.get("/v2/me").code().to_owned());
    assert_eq!(codes, ["unauthorized", "unauthorized", "rate_limited"]);
}

#[test]
fn what_can_be_ordered_is_listed_with_its_price_and_stock() {
    let fixture = Fixture::open(2, "");
    let ann = Client::of(&fixture, "ann", "5");
    for (name, args) in
        [("Uber", &["--country", "UK=0.70"][..]), ("Lyft", &["--country", "NL=off"])]
    {
        let add = ["service", "add", name, "--price", "0.50"];
        fixture.site.ok(&[&add[..], args].concat());
    }
    let countries = ann.get("/v2/countries").resource(200);
    let found: Vec<_> = countries["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (row["code"].as_str().unwrap(), row["name"].as_str().unwrap(), row["available"].clone())
        })
        .collect();
    let none = Value::from(0);
    assert_eq!(
        found,
        [
            ("GB", "United Kingdom", none.clone()),
            ("NL", "Netherlands", Value::from(2)),
            ("US", "United States", none)
        ]
    );
    assert_eq!(countries["next"], Value::Null);
    let services = ann.get("/v2/services").resource(200);
    assert_eq!(
        services["data"],
        json!([{
            "id": 1, "name": "Uber", "country": "NL", "price": "0.50", "currency": "USD",
            "available": 2, "success": null, "median_seconds": null,
        }]),
        "what is off in a country is not sold there"
    );
    let british = ann.get("/v2/services?country=gb&limit=1");
    assert_eq!(british.ids(), [2], "the newest first");
    let next = british.body["next"].as_str().unwrap();
    let rest = ann.get(&format!("/v2/services?country=GB&cursor={next}")).resource(200);
    assert_eq!(rest["data"][0]["price"], "0.70");
    assert_eq!((&rest["data"][1], &rest["next"]), (&Value::Null, &Value::Null));
    let unknown = ann.get("/v2/services?country=XX");
    assert_eq!(unknown.error().1, "country");
    let page = ann.get("/v2/countries?limit=2").resource(200);
    let next = page["next"].as_str().unwrap();
    let last = ann.get(&format!("/v2/countries?cursor={next}")).resource(200);
    assert_eq!(last["data"][0]["code"], "US");
}
