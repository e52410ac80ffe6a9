//! What customers may do at a time and in a day, on the real program.

use std::thread;

use simbridge::simulator::Scenario;

use crate::support::{Site, http};

#[test]
fn an_accounts_limits_hold_for_orders_that_come_at_once_and_are_told() {
    let site = Site::with(6, Scenario::default(), "[limits]\nspend_per_day = \"1.50\"\n");
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "50");
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    for (said, why) in [
        (["--max-open", "0"], "say `none` for no limit, or suspend the account"),
        (["--spend-per-day", "0"], "say `none` for no limit, or suspend the account"),
        (["--orders-per-day", "x"], "x: a limit for orders in a day is a number like 20, `none`"),
    ] {
        let output = site.run(&[&["account", "limit", "ann"], &said[..]].concat());
        assert_eq!(output.status.code(), Some(1));
        let refused = String::from_utf8(output.stderr).unwrap();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(site.run(&["account", "limit", "ann"]).status.code(), Some(2), "nothing is said");
    let limited = site.json(&["account", "limit", "ann", "--max-open", "none"]);
    assert_eq!((&limited["max_open"], &limited["spend_per_day"]), (&().into(), &"1.50".into()));
    assert_eq!(limited["own_limits"], serde_json::json!(["max_open"]));
    let address = site.json(&["status"])["listen"].as_str().unwrap().to_owned();
    let path = format!("/api/makeorder?key={key}&serviceId=1");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let answers: Vec<String> = thread::scope(|scope| {
        let orders: Vec<_> = (0..64).map(|_| scope.spawn(|| http(&address, &request).1)).collect();
        orders.into_iter().map(|order| order.join().unwrap()).collect()
    });
    let made = answers.iter().filter(|answer| answer.starts_with("ORDER_ID_")).count();
    let none = answers.iter().filter(|answer| *answer == "NO_PHONE_AVAILABLE").count();
    assert_eq!((made, none), (3, 61), "{answers:?}");
    let shown = site.json(&["account", "show", "ann"]);
    assert_eq!((&shown["spent_today"], &shown["orders_today"]), (&"1.50".into(), &3.into()));
    assert_eq!(site.json(&["explain", "Uber", "NL", "ann"])["limit"], "spend_per_day");
    assert_eq!(site.json(&["explain", "Uber", "NL"])["limit"], serde_json::Value::Null);
    assert_eq!(site.get(&format!("/api/cancelorder?key={key}&orderId=1")), "ORDER_CANCELED");
    assert_eq!(site.json(&["account", "show", "ann"])["spent_today"], "1.00");
    assert!(site.get(&path).starts_with("ORDER_ID_"));
    assert_eq!(site.get(&path), "NO_PHONE_AVAILABLE");
    site.ok(&["account", "limit", "ann", "--spend-per-day", "2.00"]);
    assert!(site.get(&path).starts_with("ORDER_ID_"));
    assert_eq!(site.json(&["verify"])["ok"], true);
}

#[test]
fn a_key_does_what_it_is_for_and_spends_what_it_may() {
    let site = Site::with(6, Scenario::default(), "[orders]\nmax_open_per_account = 9\n");
    let _daemon = site.serve_ready();
    let all = site.customer("ann", "50");
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let key = |terms: &[&str]| {
        let made = site.json(&[&["key", "add", "ann"], terms].concat());
        made["key"].as_str().unwrap().to_owned()
    };
    let read = key(&["--scope", "read", "--expires", "30d", "--spend-per-day", "5.00"]);
    let orders = key(&["--scope", "orders", "--spend-per-day", "1.00"]);
    let rentals = key(&["--scope", "read,rentals"]);
    let post = |path: &str, key: &str| {
        let path = format!("/api/{path}key={key}");
        let head = "host: x\r\nconnection: close\r\ncontent-length: 0";
        site.http(&format!("POST {path} HTTP/1.1\r\n{head}\r\n\r\n")).1
    };
    assert!(post("makeorder?serviceId=1&", &all).starts_with("ORDER_ID_1_"));
    for (path, needs_orders, needs_rentals) in [
        ("getbalance?", false, false),
        ("services?", false, false),
        ("getsms?orderId=1&", false, false),
        ("rental/view?contract_id=9&", false, false),
        ("makeorder?serviceId=9&", true, false),
        ("cancelorder?orderId=9&", true, false),
        ("skipnumber?orderId=9&", true, false),
        ("reuse?orderId=9&", true, false),
        ("rental/new?country=NL&package=2w&", false, true),
        ("rental/extend?contract_id=9&", false, true),
        ("rental/edit?contract_id=9&auto_renew=true&", false, true),
    ] {
        let refused = |key: &str| post(path, key) == "UNAUTHORIZED";
        assert!(!refused(&all), "{path}");
        assert_eq!(refused(&read), needs_orders || needs_rentals, "{path}");
        assert_eq!(refused(&orders), needs_rentals, "{path}");
        assert_eq!(refused(&rentals), needs_orders, "{path}");
    }
    assert!(post("makeorder?serviceId=1&", &orders).starts_with("ORDER_ID_"));
    assert!(post("makeorder?serviceId=1&", &orders).starts_with("ORDER_ID_"));
    assert_eq!(post("makeorder?serviceId=1&", &orders), "NO_PHONE_AVAILABLE");
    assert!(post("makeorder?serviceId=1&", &all).starts_with("ORDER_ID_"));
    let listed = site.json(&["key", "list"]);
    let row = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|row| orders.starts_with(row["prefix"].as_str().unwrap()));
    let row = row.unwrap();
    assert_eq!((&row["scopes"], &row["spend_per_day"]), (&"orders".into(), &"1.00".into()));
    assert_eq!(row["spent_today"], "1.00");
    let set = site.json(&["key", "set", &read[..8], "--scope", "all", "--spend-per-day", "none"]);
    assert_eq!((&set["scopes"], &set["spend_per_day"]), (&"all".into(), &().into()));
    assert_eq!(post("cancelorder?orderId=1&", &read), "ORDER_CANCELED");
    let output = site.run(&["key", "set", &read[..8], "--scope", "money"]);
    let refused = String::from_utf8(output.stderr).unwrap();
    assert!(refused.contains("no scope money; there are read, orders, rentals"), "{refused}");
    assert_eq!(site.json(&["verify"])["ok"], true);
}

#[test]
fn what_keeps_a_customer_from_a_number_is_told_for_orders_and_rentals() {
    let site = Site::with(4, Scenario::default(), "[rentals.packages]\n\"1m\" = \"5.00 USD\"\n");
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "2");
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let told = |what: &str, whom: &[&str]| {
        let told = site.json(&[&["explain", what, "NL"], whom].concat());
        ["price", "balance", "suspended", "limit", "key"].map(|member| told[member].clone())
    };
    let null = serde_json::Value::Null;
    let nobody = ["0.50".into(), null.clone(), null.clone(), null.clone(), null.clone()];
    assert_eq!(told("Uber", &[]), nobody);
    site.ok(&["account", "price", "ann", "Uber", "0.40"]);
    let known = |price: &str, balance: &str, is_suspended: bool, limit: &str, key: &str| {
        let or_null = |word: &str| if word.is_empty() { null.clone() } else { word.into() };
        [price.into(), balance.into(), is_suspended.into(), or_null(limit), or_null(key)]
    };
    assert_eq!(told("Uber", &["ann"]), known("0.40", "2.00", false, "", ""));
    assert_eq!(told("rentals", &["ann"]), known("5.00", "2.00", false, "", ""));
    site.ok(&["account", "limit", "ann", "--spend-per-day", "0.50"]);
    assert_eq!(told("rentals", &["ann"]), known("5.00", "2.00", false, "spend_per_day", ""));
    assert!(site.get(&format!("/api/makeorder?serviceId=1&key={key}")).starts_with("ORDER_ID_1"));
    assert_eq!(told("Uber", &["ann"]), known("0.40", "1.60", false, "max_open", ""));
    site.ok(&["account", "limit", "ann", "--max-open", "2"]);
    assert_eq!(told("Uber", &["ann"]), known("0.40", "1.60", false, "spend_per_day", ""));
    site.ok(&["account", "limit", "ann", "--spend-per-day", "none"]);
    let of_key = |what: &str| told(what, &["--key", &key[..8]]);
    assert_eq!(of_key("Uber"), known("0.40", "1.60", false, "", ""));
    site.ok(&["key", "set", &key[..8], "--spend-per-day", "0.70"]);
    assert_eq!(of_key("Uber"), known("0.40", "1.60", false, "", "spend_per_day"));
    site.ok(&["key", "set", &key[..8], "--scope", "orders"]);
    assert_eq!(of_key("rentals"), known("5.00", "1.60", false, "", "scope"));
    site.ok(&["key", "revoke", &key[..8]]);
    site.ok(&["account", "suspend", "ann"]);
    assert_eq!(of_key("Uber"), known("0.40", "1.60", true, "", "revoked"));
    let shown = site.ok(&["explain", "Uber", "NL", "--key", &key[..8]]);
    assert!(shown.contains("suspended  yes") && shown.contains("balance    1.60"), "{shown}");
    site.ok(&["account", "add", "bob"]);
    for (whom, words) in [
        (&["bob", "--key", &key[..8]][..], "is not one of bob, but of ann"),
        (&["--key", "zzz"], "no key begins with zzz; `simbridge key list` shows them"),
    ] {
        let output = site.run(&[&["explain", "Uber", "NL"], whom].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(words), "{said}");
    }
}

#[test]
fn a_customer_is_told_and_charged_its_own_price() {
    let site = Site::with(2, Scenario::default(), "");
    let _daemon = site.serve_ready();
    let (ann, bob) = (site.customer("ann", "50"), site.customer("bob", "50"));
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    site.ok(&["account", "price", "ann", "*", "90%"]);
    let prices = site.json(&["account", "price", "ann", "Uber", "--country", "nl", "0.60"]);
    let own = serde_json::json!({ "service": "Uber", "country": "NL", "price": "0.60" });
    assert_eq!(prices.as_array().unwrap().last(), Some(&own));
    assert_eq!(site.json(&["account", "show", "ann"])["prices"], prices);
    let told = |key: &str, country: &str| {
        let answer = site.get(&format!("/api/services?key={key}&country={country}"));
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        answer["services"][0]["price"].as_str().unwrap().to_owned()
    };
    assert_eq!([told(&ann, "NL"), told(&ann, "UK"), told(&bob, "NL")], ["0.60", "0.45", "0.50"]);
    assert!(site.get(&format!("/api/makeorder?key={ann}&serviceId=1")).starts_with("ORDER_ID_1"));
    assert_eq!(site.json(&["order", "show", "1"])["price"], "0.60");
    assert_eq!(site.json(&["account", "show", "ann"])["held"], "0.60");
    site.ok(&["account", "price", "ann", "Uber", "--country", "NL", "default"]);
    assert_eq!(
        (told(&ann, "NL").as_str(), site.json(&["verify"])["ok"].as_bool()),
        ("0.45", Some(true))
    );
    let shown = site.ok(&["account", "show", "ann"]);
    assert!(shown.contains("\nprices\n") && shown.contains("90%"), "{shown}");
}

#[test]
fn who_ordered_from_where_is_shown_and_skips_are_undone() {
    let site = Site::with(2, Scenario::default(), "[http]\ntrusted_proxies = [\"127.0.0.1/32\"]\n");
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "50");
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let ask = |method: &str, path: &str| {
        let head =
            "host: x\r\nx-forwarded-for: 192.0.2.7\r\nconnection: close\r\ncontent-length: 0";
        site.http(&format!("{method} /api/{path}&key={key} HTTP/1.1\r\n{head}\r\n\r\n")).1
    };
    assert!(ask("GET", "makeorder?serviceId=1").starts_with("ORDER_ID_1"));
    assert!(ask("POST", "rental/new?country=NL").starts_with('{'));
    for shown in [["order", "show", "1"], ["rental", "show", "1"]] {
        let shown = site.json(&shown);
        assert_eq!((&shown["key"], &shown["client"]), (&key[..8].into(), &"192.0.2.7".into()));
        assert!(!shown.to_string().contains(&key), "never the whole key");
    }
    let audit = site.json(&["audit", "list"]);
    let rented = audit.as_array().unwrap().iter().find(|row| row["deed"] == "rented").unwrap();
    assert_eq!((&rented["key"], &rented["client"]), (&key[..8].into(), &"192.0.2.7".into()));
    assert_eq!(ask("GET", "skipnumber?orderId=1"), "NUMBER_SKIPPED_ORDER_CANCELED");
    let skips = site.json(&["skip", "list", "ann"]);
    assert_eq!((&skips[0]["service"], &skips[0]["order"]), (&"Uber".into(), &1.into()));
    let number = skips[0]["number"].as_str().unwrap();
    assert_eq!(site.json(&["skip", "undo", "ann", number, "Uber"]), skips);
    let refused = site.run(&["skip", "undo", "ann", number]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(site.json(&["skip", "list", "ann"]), serde_json::json!([]));
    assert_eq!(site.json(&["verify"])["ok"], true);
}
