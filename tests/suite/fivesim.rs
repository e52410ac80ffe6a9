//! 5sim's API v1 over real HTTP, as programs for that market speak it.

use serde_json::{Value, json};

use crate::support::{Daemon, Site, wait_for};

const HOST: &str = "host: x\r\nconnection: close\r\n";

struct Fixture {
    site: Site,
    key: String,
    _daemon: Daemon,
}

/// What was answered.
struct Answer {
    status: u16,
    /// The whole value of the header.
    kind: Option<String>,
    text: String,
}

impl Answer {
    /// The JSON of a success.
    fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.kind.as_deref(), Some("application/json"), "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The status and the phrase of a refusal.
    fn phrase(&self) -> (u16, &str) {
        assert_eq!(self.kind.as_deref(), Some("text/plain"), "{}", self.text);
        (self.status, &self.text)
    }
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
        site.ok(&[&service[..], &["--fivesim", "whatsapp"]].concat());
        let key = site.customer("ann", "5.00");
        Fixture { site, key, _daemon: daemon }
    }

    fn send(&self, method: &str, path: &str, header: &str) -> Answer {
        let request =
            format!("{method} /v1/{path} HTTP/1.1\r\n{HOST}{header}content-length: 0\r\n\r\n");
        let (head, text) = self.site.http(&request);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut kinds = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let kind = kinds.next().map(|(_, kind)| kind.to_owned());
        Answer { status: status.unwrap_or_else(|| panic!("{head}")), kind, text }
    }

    /// The answer to a GET with a token.
    fn get_with(&self, token: &str, path: &str) -> Answer {
        self.send("GET", path, &format!("authorization: Bearer {token}\r\n"))
    }

    fn get(&self, path: &str) -> Answer {
        self.get_with(&self.key, path)
    }

    /// The answer to a GET without a token.
    fn guest(&self, path: &str) -> Answer {
        self.send("GET", path, "")
    }

    fn buy(&self) -> Value {
        self.get("user/buy/activation/netherlands/any/whatsapp").json()
    }

    fn order(&self, verb: &str, order: &Value) -> Answer {
        self.get(&format!("user/{verb}/{}", order["id"]))
    }

    /// Sends an SMS of the service to an order's number, and waits until it has so many.
    fn receive(&self, order: &Value, text: &str, count: usize) -> Value {
        self.site.send("WhatsApp", order["phone"].as_str().unwrap(), text);
        wait_for("the SMS", || self.sms_count(order) == count);
        self.order("check", order).json()
    }

    fn sms_count(&self, order: &Value) -> usize {
        self.order("check", order).json()["sms"].as_array().unwrap().len()
    }

    /// What can be spent, and what is held.
    fn funds(&self) -> (Value, Value) {
        let profile = self.get("user/profile").json();
        (profile["balance"].clone(), profile["frozen_balance"].clone())
    }
}

#[test]
fn a_token_is_looked_at_before_everything_else() {
    let fixture = Fixture::open();
    let key = &fixture.key;
    for header in [
        String::new(),
        "authorization: Bearer\r\n".to_owned(),
        "authorization: Bearer wrong\r\n".to_owned(),
        format!("authorization: Basic {key}\r\n"),
    ] {
        for path in ["user/profile", "user/check/1", "user/nothing", "user/buy/activation/atlantis"]
        {
            let answer = fixture.send("GET", path, &header);
            assert_eq!((answer.status, answer.text.as_str()), (401, ""), "{path} with {header}");
        }
    }
    for header in [
        format!("authorization: Bearer {key}\r\n"),
        format!("authorization: bearer {key}\r\n"),
        format!("authorization: {key}\r\n"),
    ] {
        assert_eq!(fixture.send("GET", "user/profile", &header).json()["balance"], 5, "{header}");
    }
    assert_eq!(fixture.get("user/nothing").phrase(), (404, "not found"));
    assert_eq!(fixture.get("vendor/statistic").phrase(), (404, "not found"));
    assert_eq!(fixture.get("guest/nothing").phrase(), (404, "not found"));
    let put = fixture.send("PUT", "user/profile", &format!("authorization: {key}\r\n"));
    assert_eq!(put.phrase(), (405, "method not allowed"));
    let test = fixture.site.json(&["key", "add", "ann", "--test"]);
    let test = test["key"].as_str().unwrap();
    assert_eq!(fixture.get_with(test, "user/profile").status, 401, "it has no sandbox");
    fixture.site.ok(&["account", "suspend", "ann"]);
    let suspended = fixture.get("user/profile");
    assert_eq!((suspended.status, suspended.text.as_str()), (401, ""));
}

#[test]
fn a_profile_has_all_members_and_its_funds_change_with_orders() {
    let fixture = Fixture::open();
    let profile = fixture.get("user/profile").json();
    let expected = json!({
        "id": 1, "email": "account1@example.com", "vendor": "", "default_forwarding_number": "",
        "balance": 5, "rating": 96, "frozen_balance": 0,
        "default_country": { "name": "netherlands", "iso": "nl", "prefix": "+31" },
        "default_operator": { "name": "" }, "total_active_orders": 0, "did_order": false,
        "last_order": "netherlands:whatsapp:virtual4:1:0.5",
        "last_top_orders": "[netherlands:whatsapp:virtual4:1:0.5]", "last_top_idx": 0,
    });
    assert_eq!(profile, expected);
    let order = fixture.buy();
    let profile = fixture.get("user/profile").json();
    assert_eq!((&profile["balance"], &profile["frozen_balance"]), (&json!(4.5), &json!(0.5)));
    assert_eq!((&profile["total_active_orders"], &profile["did_order"]), (&json!(1), &json!(true)));
    fixture.order("cancel", &order).json();
    assert_eq!(fixture.funds(), (json!(5), json!(0)));
}

#[test]
fn an_order_is_bought_and_every_refusal_has_its_phrase() {
    let fixture = Fixture::open();
    let order = fixture.buy();
    let phone = order["phone"].as_str().unwrap();
    assert!(phone.starts_with("+31"), "{phone}");
    let expected = json!({
        "id": 1, "phone": phone, "operator": "virtual4", "product": "whatsapp", "price": 0.5,
        "status": "PENDING", "expires": order["expires"], "sms": [],
        "created_at": order["created_at"], "forwarding": false, "forwarding_number": "",
        "country": "netherlands",
    });
    assert_eq!(order, expected);
    let time = |name: &str| order[name].as_str().unwrap().parse().unwrap();
    let (made, over): (chrono::DateTime<chrono::Utc>, _) = (time("created_at"), time("expires"));
    assert_eq!((over - made).num_minutes(), 15);
    assert_eq!(fixture.funds(), (json!(4.5), json!(0.5)));
    fixture.site.ok(&["service", "add", "Dear", "--price", "9", "--fivesim", "dear"]);
    fixture.site.ok(&["service", "add", "Nameless", "--price", "1"]);
    for (path, phrase) in [
        ("netherlands/any/whatsapp?maxPrice=0.4", "no free phones"),
        ("netherlands/virtual4/whatsapp?maxPrice=0.49", "no free phones"),
        ("netherlands/any/whatsapp?forwarding=true", "no free phones"),
        ("netherlands/any/whatsapp?voice=1", "no free phones"),
        ("germany/any/whatsapp", "no free phones"),
        ("atlantis/any/whatsapp", "bad country"),
        ("atlantis/nothing/nothing", "bad country"),
        ("NL/any/whatsapp", "bad country"),
        ("netherlands/kpn/nothing", "bad operator"),
        ("netherlands/any/nothing", "no product"),
        ("netherlands/any/nameless", "no product"),
        ("netherlands/any/dear", "not enough user balance"),
        ("netherlands/any/dear?maxPrice=8", "no free phones"),
        ("", "select country"),
        ("netherlands", "select operator"),
        ("netherlands/any", "no product"),
    ] {
        let refused = fixture.get(&format!("user/buy/activation/{path}"));
        assert_eq!(refused.phrase(), (400, phrase), "{path}");
    }
    let cheapest = fixture.get("user/buy/activation/any/virtual4/WhatsApp?maxPrice=0,5&reuse=1");
    assert_eq!(cheapest.json()["country"], "netherlands");
    assert_eq!(fixture.funds(), (json!(4), json!(1)));
    let none_left = fixture.get("user/buy/activation/netherlands/any/whatsapp");
    assert_eq!(none_left.phrase(), (400, "no free phones"));
    let poor = fixture.site.customer("poor", "0.40");
    let refused = fixture.get_with(&poor, "user/buy/activation/any/any/whatsapp");
    assert_eq!(refused.phrase(), (400, "not enough user balance"));
}

#[test]
fn an_order_collects_its_sms_until_it_is_finished() {
    let fixture = Fixture::open();
    let order = fixture.buy();
    assert_eq!(fixture.order("check", &order).json(), order);
    assert_eq!(fixture.order("finish", &order).phrase(), (400, "order no sms"));
    let received = fixture.receive(&order, "Your code is 123-456", 1);
    assert_eq!(received["status"], "RECEIVED");
    let sms = &received["sms"][0];
    let expected = json!({
        "id": sms["id"], "created_at": sms["created_at"], "date": sms["created_at"],
        "sender": "WhatsApp", "text": "Your code is 123-456", "code": "123456",
    });
    assert_eq!(*sms, expected);
    assert!(sms["created_at"].as_str().unwrap().ends_with('Z'));
    let both = fixture.receive(&order, "Your code is 777888", 2);
    assert_eq!((&both["sms"][0], &both["sms"][1]["code"]), (sms, &json!("777888")));
    let inbox = fixture.get(&format!("user/sms/inbox/{}", order["id"])).json();
    assert_eq!(inbox, json!({ "Data": both["sms"], "Total": 2 }));
    for verb in ["cancel", "ban"] {
        assert_eq!(fixture.order(verb, &order).phrase(), (400, "order has sms"));
    }
    assert_eq!(fixture.funds(), (json!(4.5), json!(0)));
    let finished = fixture.order("finish", &order).json();
    assert_eq!((&finished["status"], &finished["sms"]), (&json!("FINISHED"), &both["sms"]));
    assert_eq!(fixture.order("check", &order).json()["status"], "FINISHED");
    assert_eq!(fixture.order("finish", &order).json()["status"], "FINISHED");
    for verb in ["cancel", "ban"] {
        assert_eq!(fixture.order(verb, &order).phrase(), (400, "order has sms"));
    }
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

#[test]
fn an_order_is_given_up_and_a_banned_number_does_not_come_again() {
    let fixture = Fixture::open();
    let order = fixture.buy();
    let post = format!("user/cancel/{}", order["id"]);
    let canceled = fixture.send("POST", &post, &format!("authorization: {}\r\n", fixture.key));
    assert_eq!((&canceled.json()["status"], fixture.funds().0), (&json!("CANCELED"), json!(5)));
    assert_eq!(fixture.order("check", &order).json()["status"], "CANCELED");
    assert_eq!(fixture.order("finish", &order).phrase(), (400, "order no sms"));
    // Both numbers are banned, so that none is left.
    for left in [true, false] {
        let order = fixture.buy();
        assert_eq!(fixture.order("ban", &order).json()["status"], "BANNED");
        assert_eq!(fixture.order("check", &order).json()["status"], "BANNED");
        assert_eq!(fixture.order("finish", &order).phrase(), (400, "order no sms"));
        let again = fixture.get("user/buy/activation/any/any/whatsapp");
        if left {
            assert_ne!(again.json()["phone"], order["phone"]);
            fixture.order("cancel", &again.json()).json();
        } else {
            assert_eq!(again.phrase(), (400, "no free phones"));
        }
    }
    assert_eq!(fixture.funds(), (json!(5), json!(0)));
}

#[test]
fn an_order_times_out_and_is_told_so_by_every_verb() {
    let fixture = Fixture::with("[market]\nfivesim_lifetime = \"1s\"\n");
    let order = fixture.buy();
    wait_for("the end", || fixture.order("check", &order).json()["status"] == "TIMEOUT");
    for verb in ["finish", "cancel", "ban"] {
        assert_eq!(fixture.order(verb, &order).phrase(), (400, "order expired"));
    }
    wait_for("the hold to be given back", || fixture.funds() == (json!(5), json!(0)));
}

#[test]
fn another_accounts_order_is_none() {
    let fixture = Fixture::open();
    let order = fixture.buy();
    let other = fixture.site.customer("bob", "5");
    for id in [order["id"].to_string(), "77".into(), "x".into(), "1000000001".into()] {
        let check = fixture.get_with(&other, &format!("user/check/{id}"));
        assert_eq!(check.phrase(), (404, "order not found"), "{id}");
        for verb in ["finish", "cancel", "ban", "sms/inbox"] {
            let refused = fixture.get_with(&other, &format!("user/{verb}/{id}"));
            assert_eq!(refused.phrase(), (400, "order not found"), "{verb} {id}");
        }
    }
    assert_eq!(fixture.order("check", &order).json()["status"], "PENDING");
    let again = format!("user/reuse/whatsapp/{}", order["phone"].as_str().unwrap());
    assert_eq!(fixture.get_with(&other, &again).phrase(), (400, "reuse not possible"));
}

#[test]
fn a_number_is_bought_again_by_its_digits() {
    let fixture = Fixture::open();
    let order = fixture.buy();
    let phone = order["phone"].as_str().unwrap();
    let digits = &phone[1..];
    let reuse =
        |product: &str, number: &str| fixture.get(&format!("user/reuse/{product}/{number}"));
    assert_eq!(reuse("whatsapp", digits).phrase(), (400, "reuse not possible"), "not completed");
    fixture.receive(&order, "Your code is 123456", 1);
    fixture.order("finish", &order).json();
    for (product, number) in [("nothing", digits), ("whatsapp", "316"), ("whatsapp", "x")] {
        assert_eq!(
            reuse(product, number).phrase(),
            (400, "reuse not possible"),
            "{product} {number}"
        );
    }
    let again = reuse("whatsapp", digits).json();
    assert_eq!((&again["phone"], &again["price"]), (&order["phone"], &json!(0.25)));
    assert_eq!((&again["status"], &again["id"]), (&json!("PENDING"), &json!(2)));
    assert_eq!(reuse("whatsapp", digits).phrase(), (400, "no free phones"), "it is open");
    fixture.order("cancel", &again).json();
    let aliased = fixture.get(&format!("user/buy/reuse/whatsapp/%2B{digits}"));
    assert_eq!(aliased.json()["phone"], order["phone"]);
    fixture.site.ok(&["service", "set", "WhatsApp", "--reuse-window", "0s"]);
    assert_eq!(reuse("whatsapp", digits).phrase(), (400, "reuse false"));
}

#[test]
fn guests_are_told_what_is_sold() {
    let fixture = Fixture::open();
    fixture.site.ok(&["service", "add", "Telegram", "--price", "0.80", "--fivesim", "telegram"]);
    fixture.site.ok(&["service", "add", "Nameless", "--price", "1"]);
    let countries = fixture.guest("guest/countries");
    assert_eq!(
        countries.text,
        "{\"netherlands\":{\"iso\":{\"nl\":1},\"prefix\":{\"+31\":1},\"text_en\":\"Netherlands\",\
         \"text_ru\":\"Нидерланды\",\"virtual4\":{\"activation\":1}}}"
    );
    countries.json();
    let whatsapp = json!({ "Category": "activation", "Qty": 2, "Price": 0.5 });
    let telegram = json!({ "Category": "activation", "Qty": 2, "Price": 0.8 });
    for path in ["any/any", "netherlands/any", "netherlands/virtual4", "any/virtual4/"] {
        let mut products = fixture.guest(&format!("guest/products/{path}")).json();
        let month = products.as_object_mut().unwrap().remove("1month").unwrap();
        assert_eq!((&month["Category"], &month["Qty"]), (&json!("hosting"), &json!(2)), "{path}");
        assert_eq!(products, json!({ "whatsapp": whatsapp, "telegram": telegram }), "{path}");
    }
    for path in ["germany/any", "atlantis/any", "netherlands/kpn"] {
        assert_eq!(fixture.guest(&format!("guest/products/{path}")).json(), json!({}), "{path}");
    }
    let (wa, tg) = (json!({ "cost": 0.5, "count": 2 }), json!({ "cost": 0.8, "count": 2 }));
    let of_country = json!({ "whatsapp": { "virtual4": wa }, "telegram": { "virtual4": tg } });
    let both = json!({ "netherlands": of_country });
    let one = json!({ "netherlands": { "whatsapp": { "virtual4": wa } } });
    for (query, expected) in [
        ("", both.clone()),
        ("?country=netherlands", both),
        ("?country=netherlands&product=whatsapp", one),
        ("?product=whatsapp", json!({ "whatsapp": { "netherlands": { "virtual4": wa } } })),
        ("?country=germany", json!({})),
    ] {
        let prices = fixture.guest(&format!("guest/prices{query}"));
        assert_eq!(prices.json(), expected, "{query}");
    }
    for (query, phrase) in [
        ("?country=atlantis", "country is incorrect"),
        ("?product=nothing", "product is incorrect"),
        ("?product=nameless", "product is incorrect"),
    ] {
        assert_eq!(fixture.guest(&format!("guest/prices{query}")).phrase(), (400, phrase));
    }
    assert_eq!(fixture.guest("guest/flash/en").json(), json!({ "text": "" }));
    let order = fixture.buy();
    let count = || {
        let prices = fixture.get("guest/prices?product=whatsapp").json();
        prices["whatsapp"]["netherlands"]["virtual4"]["count"].clone()
    };
    assert_eq!(count(), 1, "what the account can order now");
    fixture.order("ban", &order).json();
    assert_eq!(count(), 1);
}

#[test]
fn a_month_is_rented_and_ids_of_rentals_are_large() {
    let fixture = Fixture::with("[rentals.packages]\n1m = \"3.00 USD\"\n");
    let product = |name: &str| fixture.get(&format!("user/buy/hosting/netherlands/any/{name}"));
    for (name, phrase) in
        [("3hours", "no product"), ("1day", "no product"), ("whatsapp", "no product")]
    {
        assert_eq!(product(name).phrase(), (400, phrase), "{name}");
    }
    let germany = fixture.get("user/buy/hosting/germany/any/1month");
    assert_eq!(germany.phrase(), (400, "no free phones"));
    let rented = fixture.get("user/buy/hosting/any/any/1month").json();
    let phone = rented["phone"].as_str().unwrap();
    let expected = json!({
        "id": 1_000_000_001, "phone": phone, "operator": "virtual4", "product": "1month",
        "price": 3, "status": "PENDING", "expires": rented["expires"], "sms": [],
        "created_at": rented["created_at"], "forwarding": false, "forwarding_number": "",
        "country": "netherlands",
    });
    assert_eq!(rented, expected);
    let rental = &fixture.site.json(&["rental", "list"])[0];
    assert_eq!((&rental["id"], &rental["auto_renew"]), (&json!(1), &json!(false)));
    assert_eq!(fixture.funds(), (json!(2), json!(0)));
    assert_eq!(product("1month").phrase(), (400, "not enough user balance"));
    fixture.site.send("Anybody", phone, "hello");
    wait_for("the SMS", || fixture.sms_count(&rented) == 1);
    let received = fixture.order("check", &rented).json();
    let sms = &received["sms"][0];
    assert_eq!((&received["status"], &sms["text"]), (&json!("RECEIVED"), &json!("hello")));
    assert_eq!(sms["code"], "");
    let inbox = fixture.get("user/sms/inbox/1000000001").json();
    assert_eq!(inbox, json!({ "Data": [sms], "Total": 1 }));
    for verb in ["cancel", "ban", "finish"] {
        assert_eq!(fixture.order(verb, &rented).phrase(), (400, "hosting order"), "{verb}");
    }
    let listed = fixture.get("user/orders?category=hosting&limit=15&order=id&reverse=true").json();
    let expected = json!({ "Data": [received], "ProductNames": [], "Statuses": [], "Total": 1 });
    assert_eq!(listed, expected);
    assert_eq!(fixture.get("user/orders?category=activation").json()["Total"], 0);
}

#[test]
fn orders_and_payments_are_listed_a_part_at_a_time() {
    let fixture = Fixture::open();
    let ids: Vec<Value> = (0..3)
        .map(|_| {
            let order = fixture.buy();
            fixture.order("cancel", &order).json()["id"].clone()
        })
        .collect();
    let listed = |query: &str| {
        let list = fixture.get(&format!("user/orders?category=activation{query}")).json();
        let orders = list["Data"].as_array().unwrap().iter();
        (orders.map(|order| order["id"].clone()).collect::<Vec<_>>(), list["Total"].clone())
    };
    let total = json!(3);
    assert_eq!(listed(""), (ids.clone(), total.clone()));
    let newest: Vec<Value> = ids.iter().rev().take(2).cloned().collect();
    assert_eq!(listed("&limit=2&order=id&reverse=true"), (newest, total.clone()));
    assert_eq!(listed("&limit=2&offset=2"), (vec![ids[2].clone()], total.clone()));
    assert_eq!(listed("&limit=0"), (vec![], total));
    fixture.site.ok(&["account", "adjust", "ann", "-1.50", "--reason", "typing error"]);
    let payments = fixture.get("user/payments?limit=15&offset=0&order=id&reverse=true").json();
    let row = |at: usize, amount: Value, balance: Value| {
        let row = &payments["Data"][at];
        json!({
            "ID": row["ID"], "TypeName": "charge", "ProviderName": "admin", "Amount": amount,
            "Balance": balance, "CreatedAt": row["CreatedAt"],
        })
    };
    let expected = json!({
        "Data": [row(0, json!(-1.5), json!(3.5)), row(1, json!(5), json!(5))],
        "PaymentTypes": [{ "Name": "charge" }], "PaymentProviders": [{ "Name": "admin" }],
        "Total": 2,
    });
    assert_eq!(payments, expected);
    let oldest = fixture.get("user/payments?limit=1").json();
    assert_eq!((&oldest["Data"][0], &oldest["Total"]), (&payments["Data"][1], &json!(2)));
    assert_eq!(fixture.get("user/max-prices").json(), json!([]));
    for method in ["POST", "DELETE"] {
        let header = format!("authorization: {}\r\n", fixture.key);
        assert_eq!(fixture.send(method, "user/max-prices", &header).status, 400, "{method}");
    }
}

#[test]
fn a_dialect_that_is_off_is_not_there() {
    let fixture = Fixture::with("[market]\nfivesim = false\n");
    for path in ["user/profile", "guest/countries"] {
        assert_eq!(fixture.get(path).status, 404, "{path}");
    }
}

#[test]
fn an_order_is_given_up_only_when_it_is_old_enough() {
    let fixture = Fixture::with("[market]\nmin_cancel_age = \"1h\"\n");
    let order = fixture.buy();
    for verb in ["cancel", "ban"] {
        assert_eq!(fixture.order(verb, &order).phrase(), (400, "you need to wait time"));
    }
    assert_eq!(fixture.order("check", &order).json()["status"], "PENDING");
}
