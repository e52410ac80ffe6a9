//! The customers' API over real HTTP, byte for byte: the answers of `docs/customer-api.md`.

use crate::support::{Site, http, wait_for};

const HOST: &str = "host: x\r\nconnection: close\r\n";

struct Fixture {
    site: Site,
    address: String,
    key: String,
    _daemon: crate::support::Daemon,
}

impl Fixture {
    fn open() -> Fixture {
        let site = Site::with_modems(2);
        let daemon = site.serve_ready();
        site.ok(&[
            "service",
            "add",
            "Uber",
            "--price",
            "0.50",
            "--sender",
            "^Uber$",
            "--country",
            "UK=0.80",
        ]);
        let key = site.customer("ann", "1.20");
        let address = site.json(&["status"])["listen"].as_str().unwrap().to_owned();
        Fixture { site, address, key, _daemon: daemon }
    }

    /// The body of the answer to a GET, after checking its status and content type.
    fn get(&self, path: &str) -> String {
        let (head, body) = http(&self.address, &format!("GET /api/{path} HTTP/1.1\r\n{HOST}\r\n"));
        assert_plain(&head, &body);
        body
    }

    fn with_key(&self, path: &str) -> String {
        let joint = if path.contains('?') { '&' } else { '?' };
        self.get(&format!("{path}{joint}key={}", self.key))
    }
}

fn assert_plain(head: &str, body: &str) {
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("content-type: text/plain; charset=utf-8\r\n"),
        "{head}"
    );
    assert!(
        head.to_ascii_lowercase().contains(&format!("content-length: {}\r\n", body.len())),
        "{head}"
    );
}

/// The id and the number of `ORDER_ID_{id}_NUMBER_{number}`.
fn made(answer: &str) -> (String, String) {
    let parts = answer.strip_prefix("ORDER_ID_").and_then(|rest| rest.split_once("_NUMBER_"));
    let (id, number) = parts.unwrap_or_else(|| panic!("no order: {answer}"));
    (id.to_owned(), number.to_owned())
}

#[test]
fn keys_and_parameters() {
    let fixture = Fixture::open();
    for endpoint in ["makeorder", "getsms", "cancelorder", "getbalance", "services"] {
        assert_eq!(fixture.get(endpoint), "NO_KEY_PROVIDED");
        assert_eq!(fixture.get(&format!("{endpoint}?key=")), "NO_KEY_PROVIDED");
        assert_eq!(fixture.get(&format!("{endpoint}?key=0123456789abcdef")), "UNAUTHORIZED");
    }
    for (path, answer) in [
        ("makeorder", "INVALID_SERVICE"),
        ("makeorder?serviceId=", "INVALID_SERVICE"),
        ("makeorder?serviceId=x", "INVALID_SERVICE"),
        ("makeorder?serviceId=99", "INVALID_SERVICE"),
        ("makeorder?serviceId=1&country=FR", "INVALID_COUNTRY"),
        ("getsms", "INVALID_ORDER"),
        ("getsms?orderId=x", "INVALID_ORDER"),
        ("getsms?orderId=-1", "INVALID_ORDER"),
        ("getsms?orderId=77", "ORDER_EXPIRED"),
        ("cancelorder", "INVALID_ORDER"),
        ("cancelorder?orderId=1.5", "INVALID_ORDER"),
        ("cancelorder?orderId=77", "ORDER_ALREADY_EXPIRED"),
        ("getbalance", "1.20"),
        ("services?country=FR", "INVALID_COUNTRY"),
    ] {
        assert_eq!(fixture.with_key(path), answer, "{path}");
    }
    assert_eq!(fixture.with_key("getbalance"), "1.20", "nothing of that cost anything");
}

#[test]
fn an_order_from_its_making_to_its_code() {
    let fixture = Fixture::open();
    let (order, number) = made(&fixture.with_key("makeorder?serviceId=1"));
    assert!(
        number.starts_with("06")
            && number.len() == 10
            && number.bytes().all(|b| b.is_ascii_digit()),
        "{number}"
    );
    assert_eq!(fixture.with_key("makeorder?serviceId=1"), format!("ORDER_ALREADY_OPEN_{order}"));
    assert_eq!(fixture.with_key("getbalance"), "0.70");
    assert_eq!(fixture.with_key(&format!("getsms?orderId={order}")), "WAITING");
    let e164 = format!("+31{}", &number[1..]);
    fixture.site.send("Uber", &e164, "Your Uber code is 0183.\r\nNever share it. é😀");
    let sms = "SUCCESS_Your Uber code is 0183. Never share it. é😀";
    assert_eq!(fixture.with_key(&format!("getsms?orderId={order}&wait=60")), sms);
    assert_eq!(fixture.with_key(&format!("getsms?orderId={order}")), sms, "repeatable");
    assert_eq!(
        fixture.with_key(&format!("cancelorder?orderId={order}")),
        "ORDER_ALREADY_COMPLETED"
    );
    assert_eq!(fixture.with_key("getbalance"), "0.70");
}

#[test]
fn a_canceled_order_returns_its_money_and_its_number() {
    let fixture = Fixture::open();
    let (order, number) = made(&fixture.with_key("makeorder?serviceId=1&country=nl"));
    assert_eq!(fixture.with_key(&format!("cancelorder?orderId={order}")), "ORDER_CANCELED");
    assert_eq!(fixture.with_key(&format!("cancelorder?orderId={order}")), "ORDER_ALREADY_EXPIRED");
    assert_eq!(fixture.with_key(&format!("getsms?orderId={order}")), "ORDER_EXPIRED");
    assert_eq!(fixture.with_key("getbalance"), "1.20");
    let numbers = [made(&fixture.with_key("makeorder?serviceId=1")).1, number];
    assert!(numbers[0] != numbers[1], "another number was free, and it rested longer");
}

#[test]
fn stock_is_checked_before_the_balance() {
    let fixture = Fixture::open();
    fixture.site.ok(&["service", "add", "Dear", "--price", "9.00"]);
    assert_eq!(fixture.with_key("makeorder?serviceId=2"), "NO_BALANCE");
    assert_eq!(fixture.with_key("makeorder?serviceId=2&country=USA"), "NO_PHONE_AVAILABLE");
}

#[test]
fn another_accounts_order_looks_like_one_that_does_not_exist() {
    let fixture = Fixture::open();
    let bob = fixture.site.customer("bob", "0");
    let (order, _) = made(&fixture.with_key("makeorder?serviceId=1"));
    assert_eq!(fixture.get(&format!("getsms?orderId={order}&key={bob}")), "ORDER_EXPIRED");
    assert_eq!(
        fixture.get(&format!("cancelorder?orderId={order}&key={bob}")),
        "ORDER_ALREADY_EXPIRED"
    );
    assert_eq!(fixture.with_key(&format!("getsms?orderId={order}")), "WAITING");
}

#[test]
fn services_with_price_and_count() {
    let fixture = Fixture::open();
    let expected = r#"{"services":[{"id":1,"name":"Uber","price":"0.50","count":2}]}"#;
    let request =
        format!("GET /api/services?key={}&country=NL HTTP/1.1\r\n{HOST}\r\n", fixture.key);
    let (head, body) = http(&fixture.address, &request);
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert_eq!(body, expected);
    let british = fixture.with_json("services?country=gb");
    assert_eq!(british, r#"{"services":[{"id":1,"name":"Uber","price":"0.80","count":0}]}"#);
    made(&fixture.with_key("makeorder?serviceId=1"));
    assert!(fixture.with_json("services").contains(r#""count":1"#));
}

impl Fixture {
    fn with_json(&self, path: &str) -> String {
        let joint = if path.contains('?') { '&' } else { '?' };
        http(
            &self.address,
            &format!("GET /api/{path}{joint}key={} HTTP/1.1\r\n{HOST}\r\n", self.key),
        )
        .1
    }
}

#[test]
fn key_and_parameters_may_be_in_the_query_the_body_or_a_header() {
    let fixture = Fixture::open();
    let key = &fixture.key;
    let post = |kind: &str, body: &str| {
        let length = body.len();
        let head = format!(
            "POST /api/getsms HTTP/1.1\r\n{HOST}content-type: {kind}\r\ncontent-length: \
             {length}\r\n"
        );
        http(&fixture.address, &format!("{head}\r\n{body}")).1
    };
    let (order, _) = made(&fixture.with_key("makeorder?serviceId=1"));
    assert_eq!(
        post("application/x-www-form-urlencoded", &format!("key={key}&orderId={order}")),
        "WAITING"
    );
    assert_eq!(
        post("application/json", &format!("{{\"key\":\"{key}\",\"orderId\":{order}}}")),
        "WAITING"
    );
    assert_eq!(
        post("application/json", &format!("{{\"key\":\"{key}\",\"orderId\":\"{order}\"}}")),
        "WAITING"
    );
    // The body may have contained a key.
    assert_eq!(post("application/json", "{broken"), "INVALID_REQUEST");
    assert_eq!(post("application/json", "{}"), "NO_KEY_PROVIDED");
    let bearer =
        format!("GET /api/getbalance HTTP/1.1\r\n{HOST}authorization: Bearer {key}\r\n\r\n");
    assert_eq!(http(&fixture.address, &bearer).1, "0.70");
}

#[test]
fn head_and_options_change_nothing() {
    let fixture = Fixture::open();
    for method in ["HEAD", "OPTIONS"] {
        let request = format!(
            "{method} /api/makeorder?serviceId=1&key={} HTTP/1.1\r\n{HOST}\r\n",
            fixture.key
        );
        let (head, body) = http(&fixture.address, &request);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && body.is_empty(), "{method}: {head}");
    }
    assert_eq!(fixture.site.json(&["order", "list"]).as_array().unwrap().len(), 0);
    let (order, _) = made(&fixture.with_key("makeorder?serviceId=1"));
    for method in ["HEAD", "OPTIONS"] {
        let request = format!(
            "{method} /api/cancelorder?orderId={order}&key={} HTTP/1.1\r\n{HOST}\r\n",
            fixture.key
        );
        http(&fixture.address, &request);
    }
    assert_eq!(fixture.with_key(&format!("getsms?orderId={order}")), "WAITING");
}

#[test]
fn a_revoked_key_is_refused() {
    let fixture = Fixture::open();
    fixture.site.ok(&["key", "revoke", &fixture.key[..8]]);
    assert_eq!(fixture.with_key("getbalance"), "UNAUTHORIZED");
}

#[test]
fn a_poll_that_waits_is_refused_when_its_key_is_revoked_or_its_account_suspended() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let number = site.network().numbers().remove(0);
    let key = site.customer("ann", "5");
    let other = site.json(&["key", "add", "ann"])["key"].as_str().unwrap().to_owned();
    let made = made(&site.get(&format!("/api/makeorder?serviceId=1&key={key}")));
    let poll = |key: &str| site.get(&format!("/api/getsms?orderId={}&wait=60&key={key}", made.0));
    std::thread::scope(|scope| {
        let (revoked, suspended) = (scope.spawn(|| poll(&key)), scope.spawn(|| poll(&other)));
        wait_for("both to wait", || site.admin("/status")["polls"] == 2);
        site.ok(&["key", "revoke", &key]);
        wait_for("one answer", || site.admin("/status")["polls"] == 1);
        assert_eq!(revoked.join().unwrap(), "UNAUTHORIZED");
        assert!(!suspended.is_finished(), "a key is not affected by what becomes of others");
        site.ok(&["account", "suspend", "ann"]);
        assert_eq!(suspended.join().unwrap(), "UNAUTHORIZED");
    });
    site.send("Uber", &number, "code 1234");
    wait_for("the message", || site.messages().len() == 1);
    assert_eq!(poll(&other), "UNAUTHORIZED");
    site.ok(&["account", "resume", "ann"]);
    assert_eq!(poll(&other), "SUCCESS_code 1234");
}

#[test]
fn an_expired_order_releases_its_hold() {
    let site =
        Site::with(1, simbridge::simulator::Scenario::default(), "[orders]\nlifetime = \"1s\"\n");
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let key = site.customer("ann", "0.50");
    let (order, _) = made(&site.get(&format!("/api/makeorder?serviceId=1&key={key}")));
    assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "0.00");
    assert_eq!(
        site.get(&format!("/api/getsms?orderId={order}&wait=60&key={key}")),
        "ORDER_EXPIRED"
    );
    assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "0.50");
    assert_eq!(site.json(&["order", "list"])[0]["state"], "expired");
}
