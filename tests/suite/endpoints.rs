//! Every endpoint of the customers' API and every answer in `docs/customer-api.md`, over real HTTP,
//! compared byte for byte.

use std::time::Duration;

use simbridge::simulator::Scenario;
use simbridge::sms::{Address, Deliver, Scts, tpdu};

use crate::support::{Daemon, Site, http, wait_for};

const HOST: &str = "host: x\r\nconnection: close\r\n";
const ENDPOINTS: &[&str] = &[
    "makeorder",
    "getsms",
    "cancelorder",
    "skipnumber",
    "reuse",
    "getbalance",
    "services",
    "rental/new",
    "rental/extend",
    "rental/edit",
    "rental/view",
];

/// A site with its daemon, and the address that customers are served on.
pub struct Fixture {
    pub site: Site,
    daemon: Option<Daemon>,
    pub address: String,
}

impl Fixture {
    pub fn open(modems: usize, configuration: &str) -> Fixture {
        let site = Site::with(modems, Scenario::default(), configuration);
        let daemon = Some(site.serve_ready());
        let address = site.json(&["status"])["listen"].as_str().unwrap().to_owned();
        Fixture { site, daemon, address }
    }

    /// Kills the daemon, runs SQL on its database, and starts it again.
    pub fn meanwhile(&mut self, sql: &str) {
        self.daemon.take().unwrap().kill();
        let conn = rusqlite::Connection::open(self.site.dir.path().join("simbridge.db")).unwrap();
        conn.execute_batch(sql).unwrap();
        drop(conn);
        self.daemon = Some(self.site.serve_ready());
        self.address = self.site.json(&["status"])["listen"].as_str().unwrap().to_owned();
    }

    /// The daemon's process id.
    pub fn daemon_id(&self) -> u32 {
        self.daemon.as_ref().unwrap().id()
    }

    fn raw(&self, method: &str, path: &str) -> (String, String) {
        http(
            &self.address,
            &format!("{method} /api/{path} HTTP/1.1\r\n{HOST}content-length: 0\r\n\r\n"),
        )
    }

    /// The answer, after checking its status and content type. Rentals are asked by POST,
    /// everything else by GET.
    pub fn ask(&self, path: &str) -> String {
        let (head, body) = self.raw(if path.starts_with("rental/") { "POST" } else { "GET" }, path);
        let kind =
            if body.starts_with('{') { "application/json" } else { "text/plain; charset=utf-8" };
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {head}");
        assert!(head.contains(&format!("content-type: {kind}\r\n")), "{path}: {head}");
        assert!(head.contains("\r\ncache-control: no-store\r\n"), "{path}: {head}");
        assert!(body == "ERROR" || !body.contains("ERROR"), "{path}: {body}");
        body
    }

    fn complete(&self, order: &str, number: &str, key: &str, text: &str) {
        self.site.send("Uber", &format!("+31{}", &number[1..]), text);
        assert_eq!(
            self.ask(&format!("getsms?key={key}&orderId={order}&wait=60")),
            format!("SUCCESS_{text}")
        );
    }
}

/// The id and the number in the answer to an order.
pub fn made(answer: &str) -> (String, String) {
    let parts = answer.strip_prefix("ORDER_ID_").and_then(|rest| rest.split_once("_NUMBER_"));
    let (id, number) = parts.unwrap_or_else(|| panic!("no order: {answer}"));
    (id.to_owned(), number.to_owned())
}

#[test]
fn keys_and_parameters_of_every_endpoint() {
    let fixture = Fixture::open(0, "");
    let key = fixture.site.customer("ann", "5");
    for endpoint in ENDPOINTS {
        assert_eq!(fixture.ask(endpoint), "NO_KEY_PROVIDED");
        assert_eq!(fixture.ask(&format!("{endpoint}?key=wrong")), "UNAUTHORIZED");
        for method in ["HEAD", "OPTIONS"] {
            let (head, body) = fixture.raw(method, &format!("{endpoint}?key={key}"));
            assert!(
                head.starts_with("HTTP/1.1 200 OK\r\n") && body.is_empty(),
                "{method} {endpoint}: {head}"
            );
        }
    }
    for (path, answer) in [
        ("makeorder?serviceId=9", "INVALID_SERVICE"),
        ("skipnumber", "INVALID_ORDER"),
        ("skipnumber?orderId=x", "INVALID_ORDER"),
        ("skipnumber?orderId=9", "ORDER_ALREADY_EXPIRED"),
        ("cancelorder?orderId=9", "ORDER_ALREADY_EXPIRED"),
        ("getsms?orderId=9", "ORDER_EXPIRED"),
        ("reuse", "INVALID_ORDER"),
        ("reuse?orderId=1x", "INVALID_ORDER"),
        ("reuse?orderId=9", "NUMBER_OFFLINE"),
        ("rental/new", "INVALID_COUNTRY"),
        ("rental/new?country=FR", "INVALID_COUNTRY"),
        ("rental/new?country=NL&package=2w", "INVALID_PACKAGE"),
        ("rental/new?country=NL&auto_renew=maybe", "INVALID_AUTO_RENEW"),
        ("rental/new?country=NL", "NO_STOCK"),
        ("rental/new?country=uk&package=1y", "NO_STOCK"),
        ("rental/extend", "INVALID_CONTRACT"),
        ("rental/extend?contract_id=x", "INVALID_CONTRACT"),
        ("rental/extend?contract_id=1&package=2w", "INVALID_CONTRACT"),
        ("rental/edit?auto_renew=true", "INVALID_CONTRACT"),
        ("rental/edit?contract_id=1", "INVALID_AUTO_RENEW"),
        ("rental/edit?contract_id=1&auto_renew=true", "INVALID_CONTRACT"),
        ("rental/view", "INVALID_CONTRACT"),
        ("rental/view?contract_id=1", "INVALID_CONTRACT"),
        ("getbalance", "5.00"),
    ] {
        let joint = if path.contains('?') { '&' } else { '?' };
        assert_eq!(fixture.ask(&format!("{path}{joint}key={key}")), answer, "{path}");
    }
    fixture.site.ok(&["account", "suspend", "ann"]);
    assert_eq!(fixture.ask(&format!("getbalance?key={key}")), "UNAUTHORIZED");
    fixture.site.ok(&["account", "resume", "ann"]);
    assert_eq!(fixture.ask(&format!("getbalance?key={key}")), "5.00");
}

#[test]
fn skip_and_reuse() {
    let fixture = Fixture::open(1, "[orders]\nnumber_rest = \"0s\"\n");
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    fixture.site.ok(&["service", "add", "Lyft", "--price", "0.50", "--sender", "^Lyft$"]);
    let (ann, bob) = (fixture.site.customer("ann", "0.75"), fixture.site.customer("bob", "5"));
    let (order, number) = made(&fixture.ask(&format!("makeorder?key={ann}&serviceId=1")));
    assert_eq!(
        fixture.ask(&format!("reuse?key={ann}&orderId={order}")),
        "NUMBER_OFFLINE",
        "not completed"
    );
    fixture.complete(&order, &number, &ann, "code 1111");
    assert_eq!(
        fixture.ask(&format!("skipnumber?key={ann}&orderId={order}")),
        "ORDER_ALREADY_COMPLETED"
    );
    assert_eq!(
        fixture.ask(&format!("reuse?key={bob}&orderId={order}")),
        "NUMBER_OFFLINE",
        "somebody else's"
    );
    let (again, same) = made(&fixture.ask(&format!("reuse?key={ann}&orderId={order}")));
    assert!(again != order && same == number);
    assert_eq!(fixture.ask(&format!("getbalance?key={ann}")), "0.00");
    assert_eq!(
        fixture.ask(&format!("reuse?key={ann}&orderId={order}")),
        "NUMBER_OFFLINE",
        "on an open order"
    );
    fixture.complete(&again, &number, &ann, "code 2222");
    assert_eq!(fixture.ask(&format!("reuse?key={ann}&orderId={order}")), "NO_BALANCE");
    fixture.site.ok(&["account", "topup", "ann", "5"]);
    let (lyft, _) = made(&fixture.ask(&format!("makeorder?key={ann}&serviceId=2")));
    assert_eq!(
        fixture.ask(&format!("reuse?key={ann}&orderId={order}")),
        format!("ORDER_ALREADY_OPEN_{lyft}")
    );
    assert_eq!(
        fixture.ask(&format!("skipnumber?key={ann}&orderId={lyft}")),
        "NUMBER_SKIPPED_ORDER_CANCELED"
    );
    assert_eq!(
        fixture.ask(&format!("skipnumber?key={ann}&orderId={lyft}")),
        "ORDER_ALREADY_EXPIRED"
    );
    assert_eq!(fixture.ask(&format!("makeorder?key={ann}&serviceId=2")), "NO_PHONE_AVAILABLE");
    made(&fixture.ask(&format!("makeorder?key={bob}&serviceId=2")));
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn a_rental_byte_for_byte() {
    let mut fixture = Fixture::open(2, "[rentals.packages]\n1y = \"70.00 EUR\"\n");
    let (ann, bob) = (fixture.site.customer("ann", "100"), fixture.site.customer("bob", "1"));
    fixture.site.ok(&["service", "add", "Any", "--price", "0.50"]);
    assert_eq!(fixture.ask(&format!("rental/new?key={bob}&country=NL")), "NO_BALANCE");
    let new = fixture.ask(&format!("rental/new?key={ann}&country=nl&package=3m&auto_renew=FALSE"));
    let rental = fixture.site.json(&["rental", "list"])[0].clone();
    let number = rental["number"].as_str().unwrap().to_owned();
    let (national, end) =
        (format!("0{}", &number[3..]), rental["expires_at"].as_str().unwrap().to_owned());
    let expected = format!(
        "{{\"success\":true,\"contract_id\":1,\"package\":\"3m\",\"auto_renew\":\"false\",\
         \"expire_on\":\"{end}\",\"phone_number\":\"{national}\",\"country\":\"NL\"}}"
    );
    assert_eq!(new, expected);
    assert_eq!(end.len(), "2026-06-22T12:57:03.000000Z".len());
    assert_eq!(fixture.ask(&format!("getbalance?key={ann}")), "67.60", "30 euros at 1.08");
    let extended = fixture.ask(&format!("rental/extend?key={ann}&contract_id=1"));
    let end = fixture.site.json(&["rental", "list"])[0]["expires_at"].as_str().unwrap().to_owned();
    assert_eq!(
        extended,
        format!("{{\"success\":true,\"package\":\"1m\",\"new_expire\":\"{end}\"}}")
    );
    for (asked, auto_renew) in [("1", true), ("false", false), ("TRUE", true)] {
        let edited =
            fixture.ask(&format!("rental/edit?key={ann}&contract_id=1&auto_renew={asked}"));
        assert_eq!(edited, format!("{{\"success\":true,\"auto_renew\":{auto_renew}}}"));
    }
    assert_eq!(
        fixture.ask(&format!("rental/extend?key={ann}&contract_id=1&package=2w")),
        "INVALID_PACKAGE"
    );
    assert_eq!(
        fixture.ask(&format!("rental/extend?key={ann}&contract_id=1&package=1y")),
        "NO_BALANCE"
    );
    for path in ["rental/view", "rental/extend"] {
        assert_eq!(fixture.ask(&format!("{path}?key={bob}&contract_id=1")), "INVALID_CONTRACT");
    }
    fixture.site.send("Uber", &number, "two\nlines ’");
    wait_for("the message", || !fixture.site.messages().is_empty());
    let message = fixture.site.messages().remove(0);
    assert_eq!((&message["rental"], &message["order"]), (&1.into(), &serde_json::Value::Null));
    let received = message["received_at"].as_str().unwrap();
    let view = format!(
        "{{\"success\":true,\"contract_id\":1,\"phone_number\":\"{national}\",\"country\":\"NL\",\
         \"package\":\"3m\",\"renewal_package\":\"1m\",\"auto_renew\":true,\
         \"expire_on\":\"{end}\",\"received_sms\":[{{\"id\":1,\
         \"sender\":\"Uber\",\"body\":\"two\\nlines ’\",\"receive_date\":\"{received}\"}}]}}"
    );
    assert_eq!(fixture.ask(&format!("rental/view?key={ann}&contract_id=1")), view);
    // In both kinds of form and in JSON as well.
    for (kind, body) in [
        ("application/x-www-form-urlencoded", format!("key={ann}&contract_id=1")),
        ("application/json", format!("{{\"key\":\"{ann}\",\"contract_id\":1}}")),
        (
            "multipart/form-data; boundary=xyz",
            format!(
                "--xyz\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{ann}\r\n\
                 --xyz\r\nContent-Disposition: form-data; name=\"contract_id\"\r\n\r\n1\r\n\
                 --xyz--\r\n"
            ),
        ),
    ] {
        let head = format!("POST /api/rental/view HTTP/1.1\r\n{HOST}content-type: {kind}\r\n");
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        assert_eq!(http(&fixture.address, &request).1, view, "{kind}");
    }
    let (head, body) = fixture.raw("GET", &format!("rental/new?key={ann}&country=NL"));
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "INVALID_METHOD", "{head} {body}");
    assert_eq!(fixture.site.json(&["status"])["rentals"]["active"], 1);

    // The end passes while the daemon does not run. 51.40 are left: the package is renewed as long
    // as there is money, by one term a day, and then it ends.
    let shift = 400_i64 * 24 * 3600 * 1_000_000;
    fixture.meanwhile(&format!(
        "UPDATE rental SET started_at = started_at - {shift}, expires_at = expires_at - {shift};
         UPDATE rental SET expires_at = started_at + 1, due_at = started_at + 1, months = 4;"
    ));
    let mut shown = serde_json::Value::Null;
    for day in 1..=4 {
        if day > 1 {
            fixture.meanwhile("UPDATE rental SET due_at = expires_at WHERE state = 'active'");
        }
        shown = fixture.site.json(&["rental", "show", "1"]);
        let terms = shown["ledger"].as_array().unwrap().len();
        assert_eq!(terms, 2 + day.min(3), "one term a day");
    }
    let kinds: Vec<_> =
        shown["ledger"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
    assert_eq!(kinds, ["rental", "extension", "renewal", "renewal", "renewal"]);
    assert_eq!(shown["ledger"][2]["rate"], "1.08");
    assert_eq!(fixture.ask(&format!("getbalance?key={ann}")), "2.80");
    assert_eq!(shown["state"], "ended");
    for path in ["rental/extend?", "rental/edit?auto_renew=true&"] {
        assert_eq!(
            fixture.ask(&format!("{path}key={ann}&contract_id=1")),
            "NUMBER_EXPIRED",
            "{path}"
        );
    }
    assert!(
        fixture
            .ask(&format!("rental/view?key={ann}&contract_id=1"))
            .starts_with("{\"success\":true,")
    );
}

#[test]
fn an_sms_is_shown_only_to_the_customer_it_was_sent_to() {
    let fixture = Fixture::open(2, "");
    let (ann, bob) = (fixture.site.customer("ann", "100"), fixture.site.customer("bob", "5"));
    fixture.site.ok(&["service", "add", "Any", "--price", "0.50"]);
    assert!(
        fixture.ask(&format!("rental/new?key={ann}&country=NL")).starts_with("{\"success\":true,")
    );
    let (order, national) = made(&fixture.ask(&format!("makeorder?key={bob}&serviceId=1")));
    let rented = fixture.site.json(&["rental", "list"])[0]["number"].as_str().unwrap().to_owned();
    let ordered = format!("+31{}", &national[1..]);
    assert_ne!(rented, ordered);
    // Delayed in the network since before anybody had these numbers.
    let earlier = chrono::Utc::now() - Duration::from_secs(3600);
    for number in [&rented, &ordered] {
        let scts = Scts::from_utc(earlier, 0);
        let old = Deliver::compose(None, &Address::parse("Uber"), scts, "somebody's before", 1)
            .remove(0)
            .encode();
        fixture.site.network().send_pdu(number, tpdu(&old).unwrap()).unwrap();
    }
    fixture.site.send("Friend", &rented, "for the tenant");
    wait_for("three messages", || fixture.site.messages().len() == 3);
    assert_eq!(fixture.ask(&format!("getsms?key={bob}&orderId={order}")), "WAITING");
    let view = fixture.ask(&format!("rental/view?key={ann}&contract_id=1"));
    assert!(view.contains("for the tenant") && !view.contains("before"), "{view}");
    let unmatched = fixture.site.json(&["order", "show", &order])["unmatched"].clone();
    assert_eq!(unmatched[0]["text"], "somebody's before");
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn a_client_over_the_limit_gets_429_and_is_told_when_to_retry() {
    let fixture = Fixture::open(0, "[limits]\nkey_per_second = 3\nfailed_keys_per_minute = 2\n");
    let key = fixture.site.customer("ann", "5");
    let asked: Vec<_> =
        (0..60).map(|_| fixture.raw("GET", &format!("getbalance?key={key}"))).collect();
    let refused: Vec<_> =
        asked.iter().filter(|(head, _)| head.starts_with("HTTP/1.1 429 ")).collect();
    assert!(!refused.is_empty() && refused.len() < 58, "{}", refused.len());
    for (head, body) in refused {
        assert!(head.contains("retry-after: 1\r\n") && body == "TOO_MANY_REQUESTS", "{head}");
    }
    assert_eq!(
        [(); 2].map(|()| fixture.ask("getbalance?key=wrong")),
        ["UNAUTHORIZED", "UNAUTHORIZED"]
    );
    let (head, _) = fixture.raw("GET", "getbalance?key=wrong");
    assert!(head.starts_with("HTTP/1.1 429 ") && head.contains("retry-after: 30\r\n"), "{head}");
}

#[test]
fn a_key_may_be_bound_to_networks_and_a_large_request_is_refused() {
    let fixture = Fixture::open(0, "");
    fixture.site.ok(&["account", "add", "ann"]);
    let key = |network: &str| {
        fixture.site.json(&["key", "add", "ann", "--allow", network])["key"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(fixture.ask(&format!("getbalance?key={}", key("127.0.0.0/8"))), "0.00");
    assert_eq!(fixture.ask(&format!("getbalance?key={}", key("192.0.2.0/24"))), "UNAUTHORIZED");
    let wrong = fixture.site.run(&["key", "add", "ann", "--allow", "here"]);
    assert!(
        String::from_utf8(wrong.stderr)
            .unwrap()
            .contains("not an address or a network like 192.0.2.0/24")
    );
    let (head, _) = fixture.raw("GET", &format!("getbalance?key={}", "x".repeat(100_000)));
    assert!(head.starts_with("HTTP/1.1 4"), "{head}");
    let body = "x".repeat(100_000);
    let request =
        format!("POST /api/getsms HTTP/1.1\r\n{HOST}content-length: {}\r\n\r\n{body}", body.len());
    let (head, body) = http(&fixture.address, &request);
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "INVALID_REQUEST", "{head} {body}");
}

#[test]
fn a_wrong_method_and_a_broken_body_are_answered_in_a_word() {
    let fixture = Fixture::open(1, "");
    let key = fixture.site.customer("ann", "5");
    fixture.site.ok(&["service", "add", "Any", "--price", "0.50"]);
    for (method, path) in [
        ("PUT", "makeorder"),
        ("DELETE", "getsms"),
        ("PATCH", "rental/new"),
        ("GET", "rental/view"),
    ] {
        let (head, body) = fixture.raw(method, &format!("{path}?key={key}&serviceId=1"));
        assert!(
            head.starts_with("HTTP/1.1 200 ") && body == "INVALID_METHOD",
            "{method} {path}: {head} {body}"
        );
    }
    let post = |query: &str, body: &str| {
        let head = format!(
            "POST /api/makeorder?{query} HTTP/1.1\r\n{HOST}content-type: application/json\r\n"
        );
        http(&fixture.address, &format!("{head}content-length: {}\r\n\r\n{body}", body.len())).1
    };
    // The key is checked first, because what cannot be read may have been one.
    let broken = "{\"serviceId\": 1";
    assert_eq!(post(&format!("key={key}"), broken), "INVALID_REQUEST");
    assert_eq!(post("key=wrong", broken), "UNAUTHORIZED");
    assert_eq!(post("", broken), "INVALID_REQUEST");
    assert_eq!(post("", "{\"serviceId\": 1}"), "NO_KEY_PROVIDED");
    assert_eq!(fixture.site.admin("/status")["orders"]["open"], 0);
    made(&post(&format!("key={key}"), "{\"serviceId\": 1}"));
    let counted = fixture.site.page("/metrics");
    for words in
        ["endpoint=\"makeorder\",outcome=\"INVALID_METHOD\"} 1", "outcome=\"INVALID_REQUEST\"} 2"]
    {
        assert!(counted.contains(words), "{words}: {counted}");
    }
}

#[test]
fn a_database_that_cannot_be_written_is_answered_error() {
    let fixture = Fixture::open(1, "");
    let key = fixture.site.customer("ann", "5");
    fixture.site.ok(&["service", "add", "Any", "--price", "0.50"]);
    let holder = rusqlite::Connection::open(fixture.site.dir.path().join("simbridge.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(fixture.ask(&format!("makeorder?key={key}&serviceId=1")), "ERROR");
    holder.execute_batch("ROLLBACK").unwrap();
    made(&fixture.ask(&format!("makeorder?key={key}&serviceId=1")));
}

#[test]
fn free_changes_of_a_rental_are_limited() {
    let fixture = Fixture::open(1, "[limits]\nedits_per_minute = 3\n");
    let ann = fixture.site.customer("ann", "100");
    fixture.ask(&format!("rental/new?key={ann}&country=NL"));
    let edit = |auto_renew| {
        fixture.ask(&format!("rental/edit?key={ann}&contract_id=1&auto_renew={auto_renew}"))
    };
    for auto_renew in [false, true, true] {
        assert_eq!(edit(auto_renew), format!("{{\"success\":true,\"auto_renew\":{auto_renew}}}"));
    }
    let edit = format!("rental/edit?key={ann}&contract_id=1&auto_renew=false");
    let (head, body) = fixture.raw("POST", &edit);
    assert!(head.starts_with("HTTP/1.1 429 ") && head.contains("retry-after: "), "{head}");
    assert_eq!(body, "TOO_MANY_REQUESTS");
    let audit = fixture.site.json(&["audit", "list"]);
    let edits = audit.as_array().unwrap().iter();
    let edits = edits.filter(|row| row["deed"].as_str().unwrap().contains("renewal")).count();
    assert_eq!(edits, 2, "one of them changed nothing: {audit}");
}
