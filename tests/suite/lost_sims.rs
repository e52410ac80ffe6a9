//! A SIM is pulled in each state of an order.

use serde_json::Value;
use simbridge::simulator::{Fault, Scenario};

use crate::support::{Daemon, Site, wait_for};

/// A site with Dutch modems, and Uber for 0.50, which charges on codes.
fn open(modems: usize) -> (Site, Daemon) {
    let scenario = "[[modem]]\n[modem.sim]\nnumber = \"+3161234000N\"\n";
    let scenario: String = (0..modems).map(|n| scenario.replace('N', &n.to_string())).collect();
    let site = Site::with(modems, Scenario::parse(&scenario).unwrap(), "");
    let daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    (site, daemon)
}

/// Orders Uber; the order's id and the number in international form.
fn order(site: &Site, key: &str) -> (String, String) {
    let made = site.get(&format!("/api/makeorder?serviceId=1&country=NL&key={key}"));
    let words: Vec<&str> = made.split('_').collect();
    let [.., id, _, number] = words[..] else { panic!("{made}") };
    let number = number.strip_prefix('0').unwrap_or_else(|| panic!("{made}"));
    (id.to_owned(), format!("+31{number}"))
}

/// The modem that has a number, by its place in the scenario.
fn modem_of(number: &str) -> usize {
    usize::from(number.as_bytes()[number.len() - 1] - b'0')
}

fn balance(site: &Site, key: &str) -> String {
    site.get(&format!("/api/getbalance?key={key}"))
}

#[test]
fn an_open_order_ends_with_its_sim_and_costs_nothing() {
    let (site, _daemon) = open(2);
    let key = site.customer("ann", "10");
    let (id, number) = order(&site, &key);
    assert_eq!(balance(&site, &key), "9.50");
    let wait = format!("/api/getsms?orderId={id}&key={key}&wait=60");
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| site.get(&wait));
        wait_for("the poll", || site.page("/metrics").contains("simbridge_polls_waiting 1"));
        site.network().fault(modem_of(&number), &Fault::SimOut).unwrap();
        assert_eq!(poll.join().unwrap(), "ORDER_EXPIRED");
    });
    assert_eq!(balance(&site, &key), "10.00");
    let lost = site.json(&["order", "list", "--outcome", "sim_lost"]);
    assert_eq!((&lost[0]["state"], &lost[1]), (&"expired".into(), &Value::Null));
    let shown = site.json(&["order", "show", &id]);
    assert_eq!((&shown["outcome"], &shown["modem"]), (&"sim_lost".into(), &Value::Null));

    let iccid = shown["iccid"].as_str().unwrap().to_owned();
    // The card comes back with the code, which is nobody's: the order has ended.
    site.network().fault(modem_of(&number), &Fault::SimIn { iccid }).unwrap();
    site.send("Uber", &number, "Your code is 123456");
    wait_for("the late code", || site.messages().len() == 1);
    assert_eq!(site.messages()[0]["order"], Value::Null);
    assert_eq!(site.get(&format!("/api/getsms?orderId={id}&key={key}")), "ORDER_EXPIRED");
    assert_eq!(site.json(&["verify"])["ok"], true);
}

#[test]
fn an_order_that_was_shown_a_text_ends_and_a_completed_one_is_not_touched() {
    let (site, _daemon) = open(2);
    for (text, shown, balance_after, outcome) in [
        ("Welcome", "ORDER_EXPIRED", "10.00", "sim_lost"),
        ("Your code is 123456", "SUCCESS_Your code is 123456", "9.50", "code"),
    ] {
        let key = site.customer(outcome, "10");
        let (id, number) = order(&site, &key);
        site.send("Uber", &number, text);
        let sms = format!("/api/getsms?orderId={id}&key={key}");
        assert_eq!(site.get(&format!("{sms}&wait=60")), format!("SUCCESS_{text}"));
        site.network().fault(modem_of(&number), &Fault::SimOut).unwrap();
        let has_left = || site.json(&["order", "show", &id])["modem"].is_null();
        wait_for("the loss", || has_left() && site.get(&sms) == shown);
        assert_eq!(balance(&site, &key), balance_after);
        assert_eq!(site.json(&["order", "show", &id])["outcome"], outcome);
        let canceled = site.get(&format!("/api/cancelorder?orderId={id}&key={key}"));
        let is_over = ["ORDER_ALREADY_EXPIRED", "ORDER_ALREADY_COMPLETED"].contains(&&*canceled);
        assert!(is_over, "{canceled}");
    }
}

#[test]
fn a_rented_sim_that_is_taken_out_is_shown_as_off_the_air() {
    let (site, _daemon) = open(2);
    let key = site.customer("ann", "100");
    let request = format!("POST /api/rental/new?country=NL&key={key} HTTP/1.1\r\nhost: x\r\n");
    let rented = site.http(&format!("{request}content-length: 0\r\nconnection: close\r\n\r\n")).1;
    assert!(rented.contains("contract_id"), "{rented}");
    let state = |word: &str| {
        let sims = site.json(&["sim", "list", "--state", word]);
        sims.as_array().unwrap().first().map(|sim| sim["number"].as_str().unwrap().to_owned())
    };
    let number = state("rented").unwrap();
    assert_eq!(state("rented_off_air"), None);
    site.network().fault(modem_of(&number), &Fault::SimOut).unwrap();
    wait_for("the loss", || state("rented_off_air").as_ref() == Some(&number));
    assert_eq!(state("rented"), None);
}
