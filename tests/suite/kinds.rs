//! Messages that are no text for a customer, with the real program.

use serde_json::Value;
use simbridge::simulator::{Fault, Scenario, SpecialMessage};

use crate::endpoints::made;
use crate::support::{Site, wait_for};

fn texts(messages: &Value) -> Vec<&str> {
    messages.as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect()
}

fn kinds(messages: &Value) -> Vec<&str> {
    let kinds =
        messages.as_array().unwrap().iter().map(|message| message["kind"].as_str().unwrap());
    let mut kinds: Vec<&str> = kinds.collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[test]
fn what_is_no_text_is_shown_to_the_operator_and_never_sold() {
    // The card was in a phone before.
    let stored = "[[modem]]\nsim.stored = [{ from = \"+31612345678\", text = \"see you\", draft = \
                  true }, { from = \"+31612345678\", kind = \"status-report\" }]\n";
    let site = Site::with(1, Scenario::parse(stored).unwrap(), "");
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Any", "--price", "0.50"]);
    let key = site.customer("ann", "10");
    let (order, number) = made(&site.get(&format!("/api/makeorder?serviceId=1&key={key}")));
    let number = format!("+31{}", number.trim_start_matches('0'));
    for kind in SpecialMessage::ALL {
        site.network().send_special(kind, "+31698765432", &number, "").unwrap();
    }
    let count = SpecialMessage::ALL.len() + 2;
    wait_for("all of them", || site.messages().len() == count);
    let answer = |path: &str| site.get(&format!("/api/{path}?key={key}&orderId={order}"));
    assert_eq!((answer("getsms"), answer("getbalance")), ("WAITING".into(), "9.50".into()));
    let open = site.json(&["order", "show", &order]);
    assert_eq!((&open["state"], &open["messages"]), (&"open".into(), &Value::Array(Vec::new())));
    assert_eq!(site.json(&["message", "list"]), Value::Array(Vec::new()));
    let all = site.json(&["message", "list", "--all"]);
    assert_eq!(all.as_array().unwrap().len(), count);
    let expected =
        ["data", "empty", "message-waiting", "outgoing", "probe", "sim-data", "status-report"];
    assert_eq!(kinds(&all), expected);
    let table = site.ok(&["message", "list", "--all"]);
    for words in ["(MMS notification, port 2948)", "(short message type 0)", "see you"] {
        assert!(table.contains(words), "{table}");
    }
    assert_eq!(site.json(&["status"])["alarms"], Value::Array(Vec::new()));

    site.send("Uber", &number, "Your code is 1234");
    wait_for("the code", || answer("getsms") == "SUCCESS_Your code is 1234");
    assert_eq!(answer("getbalance"), "9.50");
    assert_eq!(texts(&site.json(&["message", "list"])), ["Your code is 1234"]);
    assert_eq!(site.json(&["verify"])["ok"], true);
    let page = site.page("/metrics");
    let counted =
        format!("simbridge_modem_other_messages_total{{port=\"{}", site.dir.path().display());
    let line = page.lines().find(|line| line.starts_with(&counted)).unwrap();
    assert!(line.ends_with(&format!(" {count}")), "{line}");
    wait_for("the store to be empty", || site.network().stored(&number) == 0);
}

#[test]
fn a_text_with_u0000_arrives_and_leaves_the_modem() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let key = site.customer("ann", "10");
    let (order, number) = made(&site.get(&format!("/api/makeorder?serviceId=1&key={key}")));
    let number = format!("+31{}", number.trim_start_matches('0'));
    site.send("Uber", &number, "Your code\0 is 1234\0");
    let shown = "Your code\u{FFFD} is 1234\u{FFFD}";
    let answer = || site.get(&format!("/api/getsms?key={key}&orderId={order}"));
    wait_for("the code", || answer() == format!("SUCCESS_{shown}"));
    wait_for("the store to be empty", || site.network().stored(&number) == 0);
    assert_eq!(texts(&site.json(&["message", "list"])), [shown]);
    assert_eq!(site.json(&["order", "show", &order])["messages"][0]["code"], "1234");
}

#[test]
fn one_message_is_shown_with_the_pdus_that_it_was_made_of() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    site.send("Uber", &number, &"a long text ".repeat(20));
    wait_for("it", || site.messages().len() == 1);
    let shown = site.json(&["message", "show", "1"]);
    assert_eq!((&shown["kind"], &shown["detail"]), (&"text".into(), &Value::Null));
    let pdus = shown["pdus"].as_array().unwrap();
    assert_eq!(pdus.len(), 2);
    assert!(pdus.iter().all(|pdu| hex::decode(pdu.as_str().unwrap()).is_ok()));
    site.network().send_pdu(&number, &[0x04, 0x0b, 0x91]).unwrap();
    wait_for("the other", || site.messages().len() == 2);
    let shown = site.ok(&["message", "show", "2"]);
    assert!(shown.contains("undecodable") && shown.contains("00040B91"), "{shown}");
    let refused = site.run(&["message", "show", "3"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("no message 3; `simbridge message list` shows them"), "{said}");
    let audit = site.json(&["audit", "list"]);
    assert!(audit.as_array().unwrap().iter().any(|row| row["subject"] == "message 1"), "{audit}");
}

#[test]
fn a_message_that_the_network_delivers_again_is_one() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    site.network().fault(0, &Fault::Redeliver { messages: 3 }).unwrap();
    site.send("Uber", &number, "once");
    site.send("Uber", &number, &"and a long one ".repeat(20));
    site.send("Uber", &number, "and the last");
    wait_for("all", || site.messages().len() == 3);
    wait_for("the store to be empty", || {
        site.network().stored(&number) + site.network().waiting(&number) == 0
    });
    assert_eq!(site.messages().len(), 3);
}

#[test]
fn the_simulator_sends_each_kind_by_its_name() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    let dir = site.dir.path().join("modems");
    let dir = dir.to_str().unwrap();
    let send = ["simulate", "send", "--dir", dir, "--to", &number, "--from", "+31698765432"];
    for kind in SpecialMessage::ALL {
        site.ok(&[send.as_slice(), &["--kind", kind.as_str()]].concat());
    }
    site.ok(&[send.as_slice(), &["--kind", "voice-mail", "Voice mail: 1"]].concat());
    wait_for("all", || site.messages().len() == SpecialMessage::ALL.len() + 1);
    assert_eq!(texts(&site.json(&["message", "list"])), ["Voice mail: 1"]);
    let refused = site.run(&[send.as_slice(), &["--kind", "prob"]].concat());
    assert!(String::from_utf8(refused.stderr).unwrap().contains("probe"));
    assert!(!site.run(&send).status.success(), "neither a kind nor a text");
}
