//! What the operator does to customers' orders, by the commands: canceling, refunds, delivery by
//! hand.

use std::time::Duration;

use simbridge::simulator::Scenario;

use crate::endpoints::made;
use crate::support::{Site, wait_for};

fn order(site: &Site, key: &str, service: u32) -> (String, String) {
    made(&site.get(&format!("/api/makeorder?serviceId={service}&key={key}")))
}

fn sms(site: &Site, key: &str, order: &str) -> String {
    site.get(&format!("/api/getsms?orderId={order}&key={key}"))
}

/// Runs a command that must be refused; returns its exit status and what it says.
fn refused(site: &Site, args: &[&str]) -> (i32, String) {
    let output = site.run(args);
    assert!(!output.status.success() && output.stdout.is_empty(), "{args:?}");
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn an_operator_cancels_mends_delivers_and_refunds() {
    let site = Site::with_modems(2);
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    site.ok(&["service", "add", "Acme", "--price", "0.70", "--sender", "^Acme$"]);
    let (first, number) = order(&site, &key, 1);
    site.send("Acme Ltd", &format!("+31{}", &number[1..]), "Your code is 1234");
    wait_for("the message", || site.messages().len() == 1);
    assert_eq!(sms(&site, &key, &first), "WAITING");
    let shown = site.json(&["order", "show", &first]);
    let message = shown["unmatched"][0]["id"].to_string();
    let said = refused(&site, &["order", "deliver", &first, &message]);
    assert!(said.0 == 1 && said.1.contains("`simbridge service set` changes patterns"), "{said:?}");
    site.ok(&["service", "set", "Acme", "--add-sender", "^Acme Ltd$"]);
    let delivered = site.json(&["order", "deliver", &first, &message]);
    assert_eq!((&delivered["state"], &delivered["message"]), (&"completed".into(), &1.into()));
    assert_eq!(sms(&site, &key, &first), "SUCCESS_Your code is 1234");
    assert_eq!(site.json(&["account", "show", "ann"])["balance"], "9.30");

    let refund = ["order", "refund", &first, "--reason", "it had expired"];
    let said = refused(&site, &[&refund[..], &["--amount", "0.71"]].concat());
    assert!(said.1.contains("order 1 was charged 0.70"), "{said:?}");
    assert_eq!(site.json(&refund)["refunded"], "0.70");
    let said = refused(&site, &refund);
    assert!(said.0 == 1 && said.1.contains("order 1 was refunded before: 0.70 USD"), "{said:?}");
    assert_eq!(site.json(&["account", "show", "ann"])["balance"], "10.00");
    assert_eq!(sms(&site, &key, &first), "SUCCESS_Your code is 1234", "it stays the customer's");
    let ledger = site.json(&["account", "ledger", "ann"]);
    let entry = ledger.as_array().unwrap().last().unwrap();
    let words = ["kind", "balance", "held", "note"].map(|name| entry[name].as_str().unwrap());
    assert_eq!(words, ["refund", "0.70", "0.00", "it had expired"]);
    assert_eq!(entry["order"], 1);

    let (second, _) = order(&site, &key, 1);
    assert_eq!(site.json(&["order", "cancel", &second])["state"], "canceled");
    let over = site.get(&format!("/api/cancelorder?orderId={second}&key={key}"));
    assert_eq!(
        (sms(&site, &key, &second).as_str(), over.as_str()),
        ("ORDER_EXPIRED", "ORDER_ALREADY_EXPIRED")
    );
    let audit = site.json(&["audit", "list"]);
    let deeds = audit.as_array().unwrap().iter();
    let deeds: Vec<String> = deeds
        .filter(|row| row["subject"].as_str().is_some_and(|subject| subject.contains("order ")))
        .map(|row| {
            format!("{} {}", row["deed"].as_str().unwrap(), row["subject"].as_str().unwrap())
        })
        .filter(|deed| !deed.starts_with("saw"))
        .collect();
    let expected =
        ["delivered message 1 to order 1", "refunded order 1, 0.70 USD", "canceled order 2"];
    assert_eq!(deeds, expected);
    assert_eq!(site.json(&["verify"])["ok"], true);
}

#[test]
fn what_cannot_be_done_to_an_order_is_refused() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    for (args, code, words) in [
        (&["order", "cancel"][..], 2, "<ID>"),
        (&["order", "cancel", "x"], 2, "invalid"),
        (&["order", "cancel", "7"], 1, "no order 7; `simbridge order list` shows them"),
        (&["order", "refund", "7"], 2, "--reason <TEXT>"),
        (&["order", "refund", "7", "--reason", ""], 2, "it is empty"),
        (&["order", "refund", "7", "--reason", "x"], 1, "no order 7"),
        (&["order", "refund", "7", "--reason", "x", "--amount", "1,5"], 1, "write it like 12.50"),
        (&["order", "refund", "7", "--reason", "x", "--amount", "-1"], 1, "no order 7"),
        (&["order", "deliver", "7"], 2, "<MESSAGE>"),
        (&["order", "deliver", "7", "-1"], 2, "-1"),
        (&["order", "deliver", "7", "9"], 1, "no order 7"),
    ] {
        let (status, said) = refused(&site, args);
        assert_eq!(status, code, "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
}

#[test]
fn a_key_is_bound_named_ended_and_its_last_use_shown() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    let key = site.customer("ann", "1");
    let prefix = &key[..8];
    let balance = || site.get(&format!("/api/getbalance?key={key}"));
    let listed = || site.json(&["key", "list"])[0].clone();
    assert_eq!(listed()["last_used_at"], serde_json::Value::Null);
    site.ok(&["service", "add", "Acme", "--price", "0.70", "--sender", "^Acme$"]);
    let (id, _) = order(&site, &key, 1);
    let used = listed()["last_used_at"].clone();
    assert!(used.is_string());
    let wait = format!("/api/getsms?orderId={id}&key={key}&wait=60");
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| site.get(&wait));
        wait_for("the poll", || site.admin("/status")["polls"] == 1);
        let bound =
            site.json(&["key", "set", prefix, "--allow", "192.0.2.0/24", "--label", "shop"]);
        assert_eq!((&bound["allowed"], &bound["label"]), (&"192.0.2.0/24".into(), &"shop".into()));
        assert_eq!(poll.join().unwrap(), "UNAUTHORIZED", "it waits no longer");
    });
    assert_eq!(balance(), "UNAUTHORIZED");
    site.ok(&["key", "set", prefix, "--allow", "any"]);
    assert_eq!(balance(), "0.30");
    assert_eq!(listed()["label"], "shop");
    let expiring = site.json(&["key", "set", prefix, "--expires", "1s"]);
    assert!(expiring["expires_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{expiring}");
    wait_for("the key to expire", || balance() == "UNAUTHORIZED");
    assert_eq!(
        site.json(&["key", "set", prefix, "--expires", "never"])["expires_at"],
        serde_json::Value::Null
    );
    assert_eq!(balance(), "0.30");
    daemon.terminate();
    let _daemon = site.serve();
    let after = listed()["last_used_at"].clone();
    assert!(after.as_str() > used.as_str(), "{after} {used}");
    assert_eq!(
        site.json(&["key", "revoke", &key])["revoked"],
        prefix,
        "the whole key is not echoed"
    );
    assert_eq!(balance(), "UNAUTHORIZED");
}

/// Several operators refund the same orders at once, and the daemon is killed meanwhile.
#[test]
fn nothing_is_refunded_twice_however_often_the_daemon_is_killed() {
    const ORDERS: usize = 4;
    let modem = |n| format!("[[modem]]\nsim.number = \"+3161234000{n}\"\n");
    let modems: String = (0..ORDERS).map(modem).collect();
    let site = Site::with(ORDERS, Scenario::parse(&modems).unwrap(), "");
    let mut daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    site.ok(&["service", "add", "Acme", "--price", "0.70", "--sender", "^Acme$"]);
    let orders: Vec<String> = (0..ORDERS)
        .map(|_| {
            let (id, number) = order(&site, &key, 1);
            site.send("Acme", &format!("+31{}", &number[1..]), &format!("code 100{id}"));
            let came = site.get(&format!("/api/getsms?orderId={id}&key={key}&wait=60"));
            assert!(came.starts_with("SUCCESS_"), "{came}");
            id
        })
        .collect();
    for round in 0..6_u64 {
        let refund = |id| vec!["order", "refund", id, "--reason", "a race"];
        let refunds: Vec<_> =
            orders.iter().chain(&orders).map(|id: &String| refund(id.as_str())).collect();
        site.kill_amid(daemon, &refunds, Duration::from_millis(7 * round));
        daemon = site.serve();
    }
    for id in &orders {
        // Those that came to nothing so far.
        site.run(&["order", "refund", id, "--reason", "a race"]);
        let shown = site.json(&["order", "show", id]);
        let entries = shown["ledger"].as_array().unwrap().iter();
        let refunds: Vec<_> = entries.filter(|entry| entry["kind"] == "refund").collect();
        assert_eq!(refunds.len(), 1, "{shown}");
        assert_eq!(refunds[0]["balance"], "0.70");
    }
    assert_eq!(site.json(&["account", "show", "ann"])["balance"], "10.00");
    assert_eq!(site.json(&["verify"])["ok"], true);
}
