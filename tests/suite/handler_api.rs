//! The dialect of `/stubs/handler_api.php` over real HTTP, byte for byte, as programs for number
//! markets speak it.

use serde_json::{Value, json};

use crate::support::{Daemon, Site, wait_for};

const HOST: &str = "host: x\r\nconnection: close\r\n";
const PATH: &str = "/stubs/handler_api.php";

struct Fixture {
    site: Site,
    key: String,
    _daemon: Daemon,
}

/// An order: its id, and its number with `+`.
struct Bought {
    id: String,
    number: String,
}

impl Fixture {
    /// Two SIMs in the Netherlands, and a service that costs 0.50; the account has 5.00.
    fn open() -> Fixture {
        Fixture::with("")
    }

    fn with(configuration: &str) -> Fixture {
        let site = Site::with(2, Default::default(), configuration);
        let daemon = site.serve_ready();
        let service = ["service", "add", "WhatsApp", "--price", "0.50", "--sender", "^WhatsApp$"];
        site.ok(&[&service[..], &["--code", "wa"]].concat());
        let key = site.customer("ann", "5.00");
        Fixture { site, key, _daemon: daemon }
    }

    /// Sends a request; answers the head and the body of the answer.
    fn send(&self, request: &str) -> (String, String) {
        self.site.http(request)
    }

    /// The body of the answer to a GET without a key.
    fn without_key(&self, query: &str) -> String {
        let (head, body) = self.send(&format!("GET {PATH}?{query} HTTP/1.1\r\n{HOST}\r\n"));
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{query}: {head}");
        assert!(head.contains("access-control-allow-origin: *"), "{query}: {head}");
        let is_json = body.starts_with(['{', '[']);
        let kind = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
        assert!(head.contains(&format!("content-type: {kind}\r\n")), "{query}: {head}");
        body
    }

    /// The body of the answer to an action with its parameters.
    fn ask(&self, query: &str) -> String {
        self.without_key(&format!("api_key={}&action={query}", self.key))
    }

    fn json(&self, query: &str) -> Value {
        let body = self.ask(query);
        serde_json::from_str(&body).unwrap_or_else(|_| panic!("{query}: {body}"))
    }

    fn bought(&self, answer: &str) -> Bought {
        let parts: Vec<&str> = answer.split(':').collect();
        let ["ACCESS_NUMBER", id, number] = parts[..] else { panic!("no number: {answer}") };
        assert!(number.bytes().all(|b| b.is_ascii_digit()), "{answer}");
        Bought { id: id.to_owned(), number: format!("+{number}") }
    }

    fn buy(&self) -> Bought {
        self.bought(&self.ask("getNumber&service=wa&country=48"))
    }

    fn set(&self, order: &Bought, status: i32) -> String {
        self.ask(&format!("setStatus&id={}&status={status}", order.id))
    }

    fn status(&self, order: &Bought) -> String {
        self.ask(&format!("getStatus&id={}", order.id))
    }

    /// Sends an SMS of the service, and waits for what that makes of the order.
    fn receive(&self, order: &Bought, text: &str) -> String {
        self.site.send("WhatsApp", &order.number, text);
        self.ask(&format!("getStatus&id={}&wait=60", order.id))
    }

    fn balance(&self) -> String {
        self.ask("getBalance")
    }
}

#[test]
fn keys_actions_and_parameters_are_looked_at_in_this_order() {
    let fixture = Fixture::open();
    for (query, answer) in [
        ("", "NO_KEY"),
        ("action=getBalance", "NO_KEY"),
        ("api_key=&action=x", "NO_KEY"),
        ("api_key=wrong&action=x", "BAD_KEY"),
        ("api_key=wrong&action=getBalance", "BAD_KEY"),
    ] {
        assert_eq!(fixture.without_key(query), answer, "{query}");
    }
    fixture.site.ok(&["service", "add", "Other", "--price", "9.00", "--code", "zz"]);
    fixture.site.ok(&["service", "add", "Nameless", "--price", "1.00"]);
    for (query, answer) in [
        ("x", "BAD_ACTION"),
        ("", "BAD_ACTION"),
        ("GETBALANCE", "BAD_ACTION"),
        ("getMultiServiceNumber", "BAD_ACTION"),
        ("getBalance", "ACCESS_BALANCE:5.00"),
        ("getBalanceAndCashBack", "ACCESS_BALANCE:5.00"),
        ("getNumber", "BAD_SERVICE"),
        ("getNumber&service=ub&country=999", "BAD_SERVICE"),
        ("getNumber&service=full", "BAD_SERVICE"),
        ("getNumber&service=wa&country=abc", "BAD_COUNTRY"),
        ("getNumber&service=wa&country=999", "BAD_COUNTRY"),
        ("getNumber&service=wa&country=-1", "BAD_COUNTRY"),
        ("getNumber&service=wa&country=48&operator=virtual4", "BAD_OPERATOR"),
        ("getNumber&service=wa&country=999&phoneException=abc", "BAD_COUNTRY"),
        ("getNumber&service=wa&phoneException=abc&maxPrice=0.1", "WRONG_EXCEPTION_PHONE"),
        ("getNumber&service=wa&country=43", "NO_NUMBERS"),
        ("getNumber&service=wa&country=43&maxPrice=0.01", "NO_NUMBERS"),
        ("getNumber&service=wa&country=0", "NO_NUMBERS"),
        ("getNumber&service=wa&forward=1", "NO_NUMBERS"),
        ("getNumber&service=wa&activationType=1", "NO_NUMBERS"),
        ("getNumber&service=wa&verification=true", "NO_NUMBERS"),
        ("getNumber&service=wa&maxPrice=0.49", "WRONG_MAX_PRICE:0.50"),
        ("getNumber&service=wa&maxPrice=abc", "WRONG_MAX_PRICE:0.50"),
        ("getNumber&service=wa&maxPrice=0", "WRONG_MAX_PRICE:0.50"),
        ("getNumber&service=wa&maxPrice=0.60&fixedPrice=1", "NO_NUMBERS"),
        ("getNumber&service=wa&minPrice=0.51", "NO_NUMBERS"),
        ("getNumber&service=zz", "NO_BALANCE"),
        ("getNumber&service=zz&maxPrice=1", "WRONG_MAX_PRICE:9.00"),
        ("getNumberV2&service=ub", "BAD_SERVICE"),
        ("setStatus", "WRONG_ACTIVATION_ID"),
        ("setStatus&id=x&status=8", "WRONG_ACTIVATION_ID"),
        ("setStatus&id=77&status=8", "NO_ACTIVATION"),
        ("setStatus&id=77&status=99", "NO_ACTIVATION"),
        ("setStatus&id=77", "NO_ACTIVATION"),
        ("getStatus&id=x", "WRONG_ACTIVATION_ID"),
        ("getStatus", "WRONG_ACTIVATION_ID"),
        ("getStatus&id=77", "NO_ACTIVATION"),
        ("getStatus&id=99999999999999999999", "NO_ACTIVATION"),
        ("getStatusV2&id=77", "NO_ACTIVATION"),
        ("getFullSms&id=77", "NO_ACTIVATION"),
        ("getAllSms&id=77", "NO_ACTIVATION"),
        ("finishActivation&id=77", "NO_ACTIVATION"),
        ("cancelActivation&id=77", "NO_ACTIVATION"),
        ("getExtraActivation&activationId=77", "NO_ACTIVATION"),
        ("reactivate&id=x", "WRONG_ACTIVATION_ID"),
        ("getPrices&service=ub", "BAD_SERVICE"),
        ("getPrices&country=999", "BAD_COUNTRY"),
        ("getHistory&start=x", "WRONG_DATE"),
        ("getHistory&start=0&end=99999999", "WRONG_DATE"),
    ] {
        assert_eq!(fixture.ask(query), answer, "{query}");
    }
    assert_eq!(fixture.balance(), "ACCESS_BALANCE:5.00", "nothing of that cost anything");
    fixture.site.ok(&["account", "suspend", "ann"]);
    assert_eq!(fixture.ask("x"), "BAD_ACTION");
    assert_eq!(fixture.ask("getBalance"), "BANNED");
}

#[test]
fn a_request_is_understood_however_it_is_written() {
    let fixture = Fixture::open();
    let (key, form) = (&fixture.key, "content-type: application/x-www-form-urlencoded\r\n");
    let query = format!("api_key={key}&action=getBalance");
    let body = |more: &str| {
        let (length, text) = (query.len() + more.len(), format!("{query}{more}"));
        format!("{HOST}{form}content-length: {length}\r\n\r\n{text}")
    };
    for request in [
        format!("GET {PATH}?{query} HTTP/1.1\r\n{HOST}\r\n"),
        format!("GET {PATH}/?{query} HTTP/1.1\r\n{HOST}\r\n"),
        format!("GET /{PATH}?{query} HTTP/1.1\r\n{HOST}\r\n"),
        format!("GET /stubs/handler_api?{query} HTTP/1.1\r\n{HOST}\r\n"),
        format!("POST {PATH}?{query} HTTP/1.1\r\n{HOST}content-length: 0\r\n\r\n"),
        format!("POST {PATH} HTTP/1.1\r\n{}", body("")),
        format!("POST {PATH} HTTP/1.1\r\n{}", body("&json=1&_=1700000000&lang=en")),
        format!("POST {PATH}?action=getBalance HTTP/1.1\r\n{}", body("&action=x")),
        format!("GET {PATH}?action%20=%20getBalance%20&api_key=%20{key} HTTP/1.1\r\n{HOST}\r\n"),
        format!("GET {PATH}?country=&{query}&ref= HTTP/1.1\r\n{HOST}\r\n"),
    ] {
        assert_eq!(fixture.send(&request).1, "ACCESS_BALANCE:5.00", "{request}");
    }
    for method in ["HEAD", "OPTIONS"] {
        let query = format!("api_key={key}&action=getNumber&service=wa");
        let request = format!("{method} {PATH}?{query} HTTP/1.1\r\n{HOST}\r\n");
        let (head, body) = fixture.send(&request);
        assert_eq!(body, "", "{method}");
        assert!(head.contains("access-control-allow-origin: *\r\n"), "{head}");
    }
    assert_eq!(fixture.balance(), "ACCESS_BALANCE:5.00", "that bought nothing");
    let elsewhere = format!("GET /stubs/handler_api.php5?{query} HTTP/1.1\r\n{HOST}\r\n");
    assert!(fixture.send(&elsewhere).0.starts_with("HTTP/1.1 404"));
}

#[test]
fn a_dialect_that_is_off_is_not_found() {
    let fixture = Fixture::with("[market]\nhandler_api = false\n");
    let request = format!("GET {PATH}?action=getBalance HTTP/1.1\r\n{HOST}\r\n");
    assert!(fixture.send(&request).0.starts_with("HTTP/1.1 404"));
}

#[test]
fn a_number_is_sold_at_its_price_and_given_back_when_it_is_canceled() {
    let fixture = Fixture::with("[orders]\nnumber_format = \"national\"\n");
    for limit in ["maxPrice=0.50", "max_price=0,50", "maxPrice=9", "fixedPrice=true&maxPrice=0.5"] {
        let order = fixture.bought(&fixture.ask(&format!("getNumber&service=WA&{limit}")));
        assert!(order.number.starts_with("+316"), "{}", order.number);
        assert_eq!(fixture.balance(), "ACCESS_BALANCE:4.50", "{limit}");
        assert_eq!(fixture.set(&order, 8), "ACCESS_CANCEL");
        assert_eq!(fixture.balance(), "ACCESS_BALANCE:5.00");
    }
    let first = fixture.bought(&fixture.ask("getNumbers&service=wa&country=any&count=1"));
    let second = fixture.buy();
    assert_ne!(first.number, second.number);
    assert_eq!(fixture.ask("getNumber&service=wa"), "NO_NUMBERS");
    assert_eq!(fixture.ask("getNumber&service=wa&maxPrice=0.1"), "WRONG_MAX_PRICE:0.50");
    fixture.site.ok(&["account", "limit", "ann", "--max-open", "2"]);
    assert_eq!(fixture.ask("getNumber&service=wa"), "CHANNELS_LIMIT", "before the stock");
    assert_eq!(fixture.set(&first, 8), "ACCESS_CANCEL");
    let again = fixture.bought(&fixture.ask("getNumber&service=wa"));
    assert_eq!(again.number, first.number, "there is no other");
    let poor = fixture.site.customer("bob", "0.49");
    let query = format!("api_key={poor}&action=getNumber&service=wa");
    assert_eq!(fixture.without_key(&query), "NO_BALANCE", "before the stock");
    let query = format!("{query}&maxPrice=0.49");
    assert_eq!(fixture.without_key(&query), "WRONG_MAX_PRICE:0.50", "before the balance");
}

#[test]
fn numbers_with_these_beginnings_and_those_that_were_canceled_are_avoided() {
    let fixture = Fixture::open();
    let numbers = fixture.site.network().numbers();
    let prefixes: Vec<&str> =
        numbers.iter().map(|number| &number[1..12.min(number.len())]).collect();
    let avoiding = |what: &str| fixture.ask(&format!("getNumber&service=wa&phoneException={what}"));
    let order = fixture.bought(&avoiding(prefixes[0]));
    assert_eq!(order.number, numbers[1]);
    assert_eq!(fixture.set(&order, 8), "ACCESS_CANCEL");
    assert_eq!(avoiding(&prefixes.join(",")), "NO_NUMBERS");
    let given = [fixture.buy().number, fixture.buy().number];
    assert_eq!(given[..], numbers[..], "the one that was canceled comes last");
}

#[test]
fn an_order_in_json_has_the_types_that_clients_read() {
    let fixture = Fixture::open();
    let made = fixture.json("getNumberV2&service=wa&country=48&orderId=job%201");
    let (id, number) =
        (made["activationId"].as_i64().unwrap(), made["phoneNumber"].as_str().unwrap());
    let (from, to) = (&made["activationTime"], &made["activationEndTime"]);
    let (from, to) = (from.as_str().unwrap().to_owned(), to.as_str().unwrap().to_owned());
    let expected = json!({
        "activationId": id, "phoneNumber": number, "activationCost": 0.5, "currency": 840,
        "countryCode": "48", "countryPhoneCode": 31, "canGetAnotherSms": "1",
        "activationTime": from, "activationEndTime": to, "activationOperator": "any",
        "serviceCode": "wa",
    });
    assert_eq!(made, expected);
    let read = |text: &str| chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S");
    let lifetime = read(&to).unwrap() - read(&from).unwrap();
    assert_eq!(lifetime.num_seconds(), 20 * 60);
    for query in ["service=wa&orderId=job%201", "service=wa&orderId=job%201&maxPrice=0.01"] {
        assert_eq!(fixture.ask(&format!("getNumberV2&{query}")), "ORDER_ALREADY_EXISTS");
    }
    assert_eq!(
        fixture.ask("getNumberV2&service=wa&orderId=2&maxPrice=0.01"),
        "WRONG_MAX_PRICE:0.50"
    );
    assert_eq!(fixture.balance(), "ACCESS_BALANCE:4.50");
    fixture.json("getNumberV2&service=wa&orderId=2");
    assert_eq!(fixture.balance(), "ACCESS_BALANCE:4.00");
}

#[test]
fn an_order_that_waits() {
    let fixture = Fixture::open();
    let order = fixture.buy();
    assert_eq!(fixture.status(&order), "STATUS_WAIT_CODE");
    for (status, answer) in [
        (1, "ACCESS_READY"),
        (3, "ACCESS_RETRY_GET"),
        (3, "ACCESS_RETRY_GET"),
        (6, "BAD_STATUS"),
        (2, "BAD_STATUS"),
        (10, "BAD_STATUS"),
    ] {
        assert_eq!(fixture.set(&order, status), answer, "{status}");
        assert_eq!(fixture.status(&order), "STATUS_WAIT_CODE");
    }
    let waiting = json!({"verificationType": 0, "sms": null, "call": null});
    assert_eq!(fixture.json(&format!("getStatusV2&id={}", order.id)), waiting);
    assert_eq!(fixture.ask(&format!("getFullSms&id={}", order.id)), "STATUS_WAIT_CODE");
    let all = json!({"data": [], "meta": {"total": 0, "service": "wa"}});
    assert_eq!(fixture.json(&format!("getAllSms&id={}", order.id)), all);
    let eve = fixture.site.customer("eve", "1");
    for action in ["getStatus", "setStatus&status=8", "getStatusV2", "getExtraActivation"] {
        let query = format!("api_key={eve}&action={action}&id={}", order.id);
        assert_eq!(fixture.without_key(&query), "NO_ACTIVATION", "{action}");
    }
    assert_eq!(fixture.set(&order, 8), "ACCESS_CANCEL");
    assert_eq!(fixture.set(&order, -1), "ACCESS_CANCEL", "again");
    for status in [1, 3, 6] {
        assert_eq!(fixture.set(&order, status), "BAD_STATUS", "{status}");
    }
    for action in ["getStatus", "getStatusV2", "getFullSms"] {
        assert_eq!(fixture.ask(&format!("{action}&id={}", order.id)), "STATUS_CANCEL", "{action}");
    }
    assert_eq!(fixture.balance(), "ACCESS_BALANCE:5.00");
}

#[test]
fn an_order_with_one_code_and_another() {
    let fixture = Fixture::open();
    let order = fixture.buy();
    assert_eq!(fixture.receive(&order, "Your code is 123-456"), "STATUS_OK:123456");
    assert_eq!(fixture.status(&order), "STATUS_OK:123456", "asked again, said again");
    for status in [1, 8, -1] {
        assert_eq!(fixture.set(&order, status), "BAD_STATUS", "{status}");
    }
    let v2 = fixture.json(&format!("getStatusV2&id={}", order.id));
    let at = v2["sms"]["dateTime"].as_str().unwrap();
    let (text, id) = ("Your code is 123-456", v2["data"]["id"].as_str().unwrap());
    let expected = json!({
        "verificationType": 0, "call": null,
        "sms": {"dateTime": at, "code": "123456", "text": text},
        "data": {
            "id": id, "phoneFrom": "WhatsApp", "code": "123456", "text": text, "service": "wa",
            "date": at, "type": "sms",
        },
    });
    assert_eq!(v2, expected);
    assert_eq!(fixture.ask(&format!("getFullSms&id={}", order.id)), format!("FULL_SMS:{text}"));
    for _ in 0..2 {
        assert_eq!(fixture.set(&order, 3), "ACCESS_RETRY_GET");
        assert_eq!(fixture.status(&order), "STATUS_WAIT_RETRY:123456");
    }
    assert_eq!(fixture.set(&order, 1), "ACCESS_READY");
    assert_eq!(fixture.set(&order, 8), "BAD_STATUS");
    assert_eq!(fixture.json(&format!("getStatusV2&id={}", order.id))["sms"], Value::Null);
    assert_eq!(fixture.ask(&format!("getFullSms&id={}", order.id)), "STATUS_WAIT_CODE");
    assert_eq!(fixture.json("getActiveActivations")["data"][0]["activationStatus"], "3");
    assert_eq!(fixture.receive(&order, "Code: 777888"), "STATUS_OK:777888");
    let all = fixture.json(&format!("getAllSms&id={}&size=1&page=2", order.id));
    assert_eq!((&all["meta"]["total"], &all["data"][0]["code"]), (&json!(2), &json!("123456")));
    assert_eq!(fixture.set(&order, 6), "ACCESS_ACTIVATION");
    assert_eq!(fixture.set(&order, 6), "ACCESS_ACTIVATION", "again");
    for status in [1, 3, 8] {
        assert_eq!(fixture.set(&order, status), "BAD_STATUS", "{status}");
    }
    fixture.site.send("WhatsApp", &order.number, "Code: 999000");
    wait_for("the third SMS", || fixture.site.messages().len() == 3);
    assert_eq!(fixture.status(&order), "STATUS_OK:777888", "it was finished before");
    assert_eq!(fixture.balance(), "ACCESS_BALANCE:4.50", "charged once");
    let history = fixture.json("getHistory");
    assert_eq!((&history[0]["status"], &history[0]["cost"]), (&json!("6"), &json!(0.5)));
}

#[test]
fn an_sms_without_a_code_is_one_line_without_colons() {
    let fixture = Fixture::open();
    let of_any_text = ["--charge-on", "sms", "--code", "ot"];
    fixture.site.ok(&[&["service", "add", "Any", "--price", "0.10"][..], &of_any_text].concat());
    let order = fixture.bought(&fixture.ask("getNumber&service=ot"));
    let text = "Doors open\r\nat: noon: come";
    fixture.site.send("Doors", &order.number, text);
    let status = fixture.ask(&format!("getStatus&id={}&wait=60", order.id));
    assert_eq!(status, "STATUS_OK:Doors open at  noon  come");
    assert_eq!(fixture.ask(&format!("getFullSms&id={}", order.id)), format!("FULL_SMS:{text}"));
}

#[test]
fn an_sms_that_completes_nothing_is_shown_and_changes_nothing() {
    let fixture = Fixture::open();
    let order = fixture.buy();
    fixture.site.send("WhatsApp", &order.number, "Welcome!");
    wait_for("the SMS", || fixture.site.messages().len() == 1);
    assert_eq!(fixture.status(&order), "STATUS_WAIT_CODE");
    assert_eq!(fixture.ask(&format!("getFullSms&id={}", order.id)), "FULL_SMS:Welcome!");
    let all = fixture.json(&format!("getAllSms&id={}", order.id));
    assert_eq!(all["data"][0]["code"], "Welcome!");
    assert_eq!(fixture.set(&order, 8), "ACCESS_CANCEL");
}

#[test]
fn a_lifetime_that_is_over() {
    let fixture = Fixture::with("[market]\nlifetime = \"15s\"\n");
    let (silent, loud) = (fixture.buy(), fixture.buy());
    assert_eq!(fixture.receive(&loud, "Code: 123456"), "STATUS_OK:123456");
    assert_eq!(fixture.set(&loud, 3), "ACCESS_RETRY_GET");
    wait_for("the end", || fixture.status(&silent) == "STATUS_CANCEL");
    wait_for("the end of the other", || fixture.status(&loud) == "STATUS_OK:123456");
    assert_eq!(
        (fixture.set(&silent, 8), fixture.set(&silent, 6)),
        ("ACCESS_CANCEL".into(), "BAD_STATUS".into())
    );
    assert_eq!(
        (fixture.set(&loud, 6), fixture.set(&loud, 8)),
        ("ACCESS_ACTIVATION".into(), "BAD_STATUS".into())
    );
    wait_for("the hold", || fixture.balance() == "ACCESS_BALANCE:4.50");
}

#[test]
fn an_order_can_be_canceled_once_it_is_old_enough() {
    let fixture = Fixture::with("[market]\nmin_cancel_age = \"5s\"\n");
    let order = fixture.buy();
    assert_eq!(fixture.set(&order, 8), "EARLY_CANCEL_DENIED");
    wait_for("it to be old enough", || fixture.set(&order, 8) == "ACCESS_CANCEL");
}

#[test]
fn what_is_sold_is_told_in_many_shapes() {
    let fixture = Fixture::open();
    let cost = |count: i64| json!({"cost": 0.5, "count": count, "physicalCount": count});
    let prices = |count: i64| json!({"48": {"wa": cost(count)}});
    for query in [
        "getPrices",
        "getPrices&service=wa",
        "getPrices&country=48",
        "getPrices&service=wa&country=48",
    ] {
        assert_eq!(fixture.json(query), prices(2), "{query}");
    }
    assert_eq!(fixture.ask("getPrices&country=43"), "{}");
    let order = fixture.buy();
    assert_eq!(fixture.json("getPrices"), prices(1));
    assert_eq!(fixture.json("getNumbersStatus&country=48"), json!({"wa": 1, "wa_0": 1}));
    assert_eq!(fixture.json("getNumbersStatus"), json!({"wa": 1, "wa_0": 1}));
    assert_eq!(fixture.ask("getNumbersStatus&country=43"), "{}");
    assert_eq!(fixture.ask("getNumbersStatus&operator=nobody"), "BAD_OPERATOR");
    let other = fixture.buy();
    assert_eq!(fixture.json("getPrices"), prices(0));
    assert_eq!(fixture.set(&order, 8), "ACCESS_CANCEL");
    assert_eq!(fixture.json("getPrices"), prices(1));
    for (query, expected) in [
        ("getPricesVerification", json!({"wa": {"48": {"count": 1, "price": 0.5}}})),
        ("getPricesV2", json!({"48": {"wa": {"0.50": 1}}})),
        ("getPricesV3", json!({"48": {"wa": {"1": {"count": 1, "price": 0.5, "provider_id": 1}}}})),
        (
            "getCountries",
            json!({"48": {
                "id": 48, "rus": "Нидерланды", "eng": "Netherlands", "chn": "荷兰", "visible": 1,
                "retry": 1, "rent": 1, "multiService": 0,
            }}),
        ),
        (
            "getServicesList",
            json!({"status": "success", "services": [{"code": "wa", "name": "WhatsApp"}]}),
        ),
        ("getServicesList&country=43", json!({"status": "success", "services": []})),
        ("getOperators&country=43", json!({"status": "error", "error": "OPERATORS_NOT_FOUND"})),
        (
            "getTopCountriesByService&service=wa",
            json!({"0": {"country": 48, "count": 1, "price": 0.5, "retail_price": 0.5}}),
        ),
        (
            "getTopCountriesByServiceRank&freePrice=true",
            json!({"wa": {"0": {
                "country": 48, "count": 1, "price": 0.5, "retail_price": 0.5,
                "freePriceMap": {"0.50": 1},
            }}}),
        ),
        (
            "getListOfTopCountriesByService&service=wa",
            json!([{"country": 48, "share": 100, "rate": 0}]),
        ),
    ] {
        assert_eq!(fixture.json(query), expected, "{query}");
    }
    let extended = fixture.json("getPricesExtended&freePrice=true");
    assert_eq!(extended["48"]["wa"]["freePriceMap"], json!({"0.50": 1}));
    assert_eq!(fixture.set(&other, 8), "ACCESS_CANCEL");
    let operators = fixture.json("getOperators&country=48");
    assert_eq!(operators["status"], "success");
    let operators = operators["countryOperators"]["48"].as_array().unwrap().clone();
    assert_eq!(operators[0], "any");
    for operator in operators.iter().map(|name| name.as_str().unwrap()) {
        let order = fixture.ask(&format!("getNumber&service=wa&operator={operator}"));
        assert_eq!(fixture.set(&fixture.bought(&order), 8), "ACCESS_CANCEL", "{operator}");
    }
}

#[test]
fn orders_are_listed_while_they_are_active_and_afterwards() {
    let fixture = Fixture::open();
    let nothing = json!({"status": "success", "activeActivations": [], "data": []});
    assert_eq!(fixture.json("getActiveActivations"), nothing);
    assert_eq!(fixture.ask("getHistory"), "[]");
    let order = fixture.buy();
    let active = fixture.json("getActiveActivations");
    let row = json!({
        "activationId": order.id, "serviceCode": "wa", "phoneNumber": &order.number[1..],
        "activationCost": 0.5, "activationStatus": "4", "smsCode": null, "smsText": null,
        "activationTime": active["data"][0]["activationTime"], "discount": "0.00",
        "repeated": "0", "countryCode": "48", "countryName": "Netherlands",
        "canGetAnotherSms": "1", "currency": 840,
    });
    let rows = json!([row]);
    assert_eq!(active, json!({"status": "success", "activeActivations": rows, "data": rows}));
    fixture.receive(&order, "Code: 123456");
    let active = &fixture.json("getActiveActivations")["activeActivations"][0];
    assert_eq!((&active["activationStatus"], &active["smsCode"]), (&json!("2"), &json!("123456")));
    let running = fixture.json("getListOfActiveActivations&start=0&length=5");
    assert_eq!((&running["quant"], &running["existNext"]), (&json!(1), &json!(false)));
    // In seconds since 1970: its only client reads whole numbers.
    let seconds = |member: &str| running["data"][0][member].as_i64().unwrap();
    assert_eq!(seconds("finishDate") - seconds("createDate"), 20 * 60);
    assert_eq!(fixture.json("getCurrentActivations&start=0&length=5"), running);
    fixture.set(&order, 6);
    let canceled = fixture.buy();
    fixture.set(&canceled, 8);
    assert_eq!(fixture.json("getActiveActivations"), nothing);
    let history = fixture.json("getHistory&limit=10");
    let expected = json!([
        {
            "id": canceled.id, "date": history[0]["date"], "phone": &canceled.number[1..],
            "sms": null, "cost": 0.5, "status": "8", "currency": 840,
        },
        {
            "id": order.id, "date": history[1]["date"], "phone": &order.number[1..],
            "sms": "Code: 123456", "cost": 0.5, "status": "6", "currency": 840,
        },
    ]);
    assert_eq!(history, expected);
    assert_eq!(fixture.json("getHistory&limit=1&offset=1"), json!([expected[1]]));
    assert_eq!(fixture.ask("getHistory&start=0&end=86400"), "[]");
    fixture.site.ok(&["order", "refund", &order.id, "--reason", "goodwill"]);
    assert_eq!(fixture.json("getHistory")[1]["status"], "10");
}

#[test]
fn a_number_is_had_once_more() {
    let fixture = Fixture::open();
    let order = fixture.buy();
    let gone = json!({"status": "error", "message": "RENEW_ACTIVATION_NOT_AVAILABLE"});
    let check = || fixture.json(&format!("checkExtraActivation&activationId={}", order.id));
    assert_eq!(check(), gone, "it waits");
    let get = format!("getExtraActivation&activationId={}", order.id);
    assert_eq!(fixture.ask(&get), "NEW_ACTIVATION_IMPOSSIBLE");
    fixture.receive(&order, "Code: 123456");
    fixture.set(&order, 6);
    let number: u64 = order.number[1..].parse().unwrap();
    let offered = json!({
        "status": "success", "cost": 0.25, "service": "wa", "phone": number, "country": 48,
    });
    assert_eq!(check(), offered);
    let price = json!({"data": {"price": 0.25, "currency": 840}});
    assert_eq!(fixture.json(&format!("reactivationPrice&id={}", order.id)), price);
    let again = fixture.bought(&fixture.ask(&get));
    assert_eq!(again.number, order.number);
    assert_eq!(fixture.balance(), "ACCESS_BALANCE:4.25");
    assert_eq!(fixture.ask(&get), "RENEW_ACTIVATION_NOT_AVAILABLE", "it is in use");
    assert_eq!(fixture.json("getActiveActivations")["data"][0]["repeated"], "1");
    fixture.set(&again, 8);
    let reactivated = fixture.json(&format!("reactivate&id={}", order.id));
    assert_eq!(reactivated["activationCost"], json!(0.25));
}

#[test]
fn finishing_and_canceling_answer_nothing_under_their_own_names() {
    let fixture = Fixture::open();
    let (first, second) = (fixture.buy(), fixture.buy());
    fixture.receive(&first, "Code: 123456");
    for (action, order) in [("finishActivation", &first), ("cancelActivation", &second)] {
        let query = format!("api_key={}&action={action}&id={}", fixture.key, order.id);
        let request = format!("GET {PATH}?{query} HTTP/1.1\r\n{HOST}\r\n");
        let (head, body) = fixture.send(&request);
        assert!(head.starts_with("HTTP/1.1 204 "), "{action}: {head}");
        assert_eq!(body, "", "{action}");
    }
    assert_eq!(fixture.status(&first), "STATUS_OK:123456");
    assert_eq!(fixture.status(&second), "STATUS_CANCEL");
}

#[test]
fn too_many_requests_are_told_by_a_word() {
    let fixture = Fixture::with("[limits]\nkey_per_second = 1\n");
    let query = format!("api_key={}&action=getBalance", fixture.key);
    let request = format!("GET {PATH}?{query} HTTP/1.1\r\n{HOST}\r\n");
    let mut refused = None;
    wait_for("a refusal", || {
        let (head, body) = fixture.send(&request);
        refused = head.starts_with("HTTP/1.1 429").then_some((head, body));
        refused.is_some()
    });
    let (head, body) = refused.unwrap();
    assert!(head.contains("retry-after: 1"), "{head}");
    assert_eq!(body, "RATE_LIMIT");
}
